"""Branches that one machine serves side by side, each for as long as it is there."""
