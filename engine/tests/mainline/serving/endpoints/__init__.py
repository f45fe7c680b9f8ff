"""Tests of what each path answers."""
