"""A copy of a fork that releases, rolls out and rolls back on one machine."""
