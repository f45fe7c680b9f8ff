"""The evidence of released versions."""
