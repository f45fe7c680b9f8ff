"""Taking a later version of the template: its machinery whole, and nothing of what the fork owns."""
