"""Play the history of the data as if it had been lived."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--from", dest="first", metavar="PERIOD", help="the first period that is lived")
    parser.add_argument("--through", metavar="PERIOD", help="the last one; data.through if it is not named")
    parser.add_argument("--environment", default="production", help="whose monitoring and retraining are declared")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="steps that run at a time; 2")


def run(arguments: argparse.Namespace) -> str:
    """Play it, or go on with it."""
    from mainline.backtest import play  # its libraries take long, which `--help` need not wait for

    return play.play(arguments.first, arguments.through, arguments.environment, arguments.processes)
