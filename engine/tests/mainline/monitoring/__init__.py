"""Tests of what production is measured by."""
