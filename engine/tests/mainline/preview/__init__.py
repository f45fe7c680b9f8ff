"""Previews of branches."""
