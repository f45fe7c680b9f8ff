"""The history of the data played period by period, as if this repository had lived it: see `play`."""
