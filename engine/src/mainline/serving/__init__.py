"""The prediction service: a model package behind HTTP. Never imports dvc, pandas or scikit-learn."""
