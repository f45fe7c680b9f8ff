"""Experiments on the declared model: other hyperparameters, fewer features, older data, one row taken apart."""
