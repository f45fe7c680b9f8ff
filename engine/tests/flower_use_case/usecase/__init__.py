"""Irises: when a flower is measured, predict its species, one of three.

The third use case: several classes, whose labels are text as the data has them, and no feature table.
"""
