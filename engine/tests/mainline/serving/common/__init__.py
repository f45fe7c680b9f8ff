"""Tests of what workers share."""
