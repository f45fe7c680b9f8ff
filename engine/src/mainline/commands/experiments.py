"""Compare DVC's experiments with the commit they began from."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--write", action="store_true", help="keep the table for the pull request's report")


def run(arguments: argparse.Namespace) -> str:
    """Return the table."""
    from mainline.experiments import overview  # which imports what reads data, for which `--help` need not wait

    return overview.show(arguments.write)
