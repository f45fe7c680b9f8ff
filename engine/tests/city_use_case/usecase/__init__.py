"""Rides of a city's bicycles: at the start of an hour, predict how many begin in it.

A use case of one place: its weather is a feature table without a key, since it is the same for every request, and its
hours are those of the clock of the place, over the Sunday on which it is put forward.
"""
