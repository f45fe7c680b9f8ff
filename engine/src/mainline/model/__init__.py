"""From declared parameters to a fitted, exported and measured model."""
