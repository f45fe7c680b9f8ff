"""Tests of what commands do with the repository that they run in."""
