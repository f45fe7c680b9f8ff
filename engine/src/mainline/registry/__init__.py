"""Which versions there are and which one an environment has: git tags, read and written."""
