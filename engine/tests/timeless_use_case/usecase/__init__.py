"""Diabetes: from one examination, predict how far the disease will have gone a year later.

The use case without time: one batch of rows, split by a hash of the patient's number.
"""
