"""Tests of several processes that serve as one."""
