"""Tests of the played history."""
