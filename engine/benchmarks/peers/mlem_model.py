"""Save the pipeline as an MLEM model: `mlem_model.py PIPELINE ROWS FOLDER`, rows being features as JSON."""

import json
import pickle
import sys
from pathlib import Path

import pandas as pd
from mlem.api import save

with open(sys.argv[1], "rb") as file:
    pipeline = pickle.load(file)  # noqa: S301 - written by the benchmark
sample = pd.DataFrame(json.loads(Path(sys.argv[2]).read_text()))
# MLEM's server takes text as objects, and not as the type that pandas has for it since its version 3.
save(pipeline, sys.argv[3], sample_data=sample.astype(dict.fromkeys(sample.select_dtypes("str"), object)))
