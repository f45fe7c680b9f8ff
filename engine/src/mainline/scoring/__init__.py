"""Predictions without a server: for a file, for lines as they come, and for the trial of a package."""
