"""What became of the claims that were tried in this process, by name: a test is called what anybody likes to call it."""

OUTCOMES: dict[str, str] = {}
"""`passed`, `failed` or `skipped`, as pytest says it."""
