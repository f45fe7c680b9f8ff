"""From a merge to a version in its environment, and back."""
