"""A service that runs somewhere, asked as its clients ask it."""
