"""Artifacts in storage: what is pushed, fetched, checked and cleaned."""
