"""Tests of the way from rows to predictions."""
