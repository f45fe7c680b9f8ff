"""Play the history of the data as if it had been lived."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--from", dest="first", metavar="PERIOD", help="the first period that is lived")
    parser.add_argument("--through", metavar="PERIOD", help="the last one; data.through if it is not named")
    parser.add_argument("--environment", default="production", help="whose monitoring and retraining are declared")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="steps that run at a time; 2")
    parser.add_argument("--write", action="store_true", help="put what it advises into the files that declare it")
    parser.add_argument("--record", type=Path, metavar="FILE", help="put the figures between the marks of a document")


def run(arguments: argparse.Namespace) -> str:
    """Play it, or go on with it."""
    from mainline.backtest import play  # its libraries take long, which `--help` need not wait for

    asked = play.Asked(
        arguments.first, arguments.through, arguments.environment, arguments.processes, arguments.write,
        arguments.record,
    )  # fmt: skip
    return play.play(asked)
