"""What the workers of one server have in common: a channel to each other, and the tokens of keys."""
