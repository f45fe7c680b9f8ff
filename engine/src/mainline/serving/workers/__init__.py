"""Processes that serve as one: at one port, with one log folder, one word to the follower, one page of metrics."""
