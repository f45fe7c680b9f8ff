"""Tissue samples: when a sample is measured, predict the probability that it is malignant.

The second use case: it shows that this folder and `params.yaml` are all that another problem replaces.
"""
