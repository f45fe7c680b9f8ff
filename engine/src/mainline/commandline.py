"""What the parts use to add their commands to the command line."""

import argparse
from collections.abc import Callable

Add = Callable[[str, Callable[[argparse.Namespace], str], str], argparse.ArgumentParser]
"""Takes a command's name, what runs it and returns what to say, and its description."""
