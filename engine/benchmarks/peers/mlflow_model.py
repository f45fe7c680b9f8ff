"""Save the pipeline as an MLflow model: `mlflow_model.py PIPELINE FOLDER`."""

import pickle
import sys

import mlflow

with open(sys.argv[1], "rb") as file:
    pipeline = pickle.load(file)  # noqa: S301 - written by the benchmark
mlflow.sklearn.save_model(pipeline, sys.argv[2], serialization_format="cloudpickle", pip_requirements=["scikit-learn"])
