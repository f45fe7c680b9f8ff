"""Mainline: the model on main is the model in production."""
