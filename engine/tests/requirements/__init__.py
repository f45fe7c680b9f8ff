"""Setting up a virtual environment from a lock."""
