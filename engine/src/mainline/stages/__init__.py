"""One thin module per DVC stage: the only places that open the pipeline's files."""
