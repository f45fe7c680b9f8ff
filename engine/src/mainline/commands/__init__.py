"""What a person types: one module for each command, with its options and what runs it; nothing imports them."""
