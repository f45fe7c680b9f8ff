"""Tests of what playing a window back allows."""
