"""Tests of the examples of sources."""
