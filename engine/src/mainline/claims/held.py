"""What became of the claims that were tried in this process, by name. A test may be called whatever anybody likes."""

OUTCOMES: dict[str, str] = {}
"""`passed`, `failed` or `skipped`, as pytest says it."""
