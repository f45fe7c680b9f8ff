"""The pipeline as a whole: run, and summed up."""
