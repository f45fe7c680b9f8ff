"""All of it once, in a copy on this machine: a package is released, served, rolled out and rolled back."""
