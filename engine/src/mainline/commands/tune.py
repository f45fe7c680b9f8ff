"""Search the declared hyperparameters; Ctrl-C, and go on."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--write", action="store_true", help="put the best into params.yaml")
    parser.add_argument("--again", action="store_true", help="try anew what is in the table, so that it is of today")


def run(arguments: argparse.Namespace) -> str:
    """Run the search, or go on with it."""
    from mainline.experiments import tuning  # scikit-learn takes more than a second, which `--help` need not wait for

    return tuning.tune(arguments.write, arguments.again)
