"""Deliveries of a town, of which one week was recorded in seconds: a history whose bad release is known."""
