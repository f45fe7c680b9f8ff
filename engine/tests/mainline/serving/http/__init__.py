"""Tests of connections and paths."""
