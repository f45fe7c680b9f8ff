"""The ML test score (Breck, Cai, Nielsen, Salib, Sculley 2017): 28 tests, each from what a program can read."""
