"""From rows to predictions: reading, choosing a version, batching, and what is counted on the way."""
