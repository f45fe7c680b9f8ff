"""Make a use case of a table."""

import argparse
import sys
import tempfile
from pathlib import Path

from mainline import usage
from mainline.scaffold import options

TASKS = ("regression", "classification", "multiclass")
LOSSES = ("squared_error", "poisson", "gamma")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "table", nargs="*", type=Path, help="CSV or Parquet files of the same columns, or folders of them"
    )
    parser.add_argument("--label", metavar="COLUMN", help="the column to predict")
    parser.add_argument("--sql", nargs=2, metavar=("URL", "QUERY"), help="rows of sqlite:///FILE in place of files")
    parser.add_argument("--task", choices=TASKS, help="a number, one of two classes, or one of several")
    parser.add_argument("--positive", metavar="CLASS", help="the class whose probability is predicted")
    parser.add_argument("--loss", choices=LOSSES, help="what a regression is fitted by; poisson is for counts")
    parser.add_argument("--key", metavar="COLUMN", help="what tells the rows apart; none: nothing does")
    parser.add_argument("--group", metavar="COLUMN", help="the entity whose rows stay together; none: there is none")
    options.add_table(parser)
    parser.add_argument("--zone", help="the clock of times that name no zone, such as Europe/Berlin")
    parser.add_argument("--keep", action="append", default=[], metavar="COLUMN", help="make it a feature")
    parser.add_argument("--drop", action="append", default=[], metavar="COLUMN", help="make it no feature")
    parser.add_argument("--plan", action="store_true", help="show what is inferred, and write nothing")
    parser.add_argument("--yes", action="store_true", help="ask nothing, also on a terminal")
    parser.add_argument("--force", action="store_true", help="write over a use case of your own")


def run(arguments: argparse.Namespace) -> str:
    """Read the table, show the plan, ask what is unsure, and write the use case.

    Raises:
        UsageError: when no label or no table is named.
        MainlineError: when the table or the place does not allow it; then nothing was changed.
    """
    from mainline.scaffold import writing  # pandas takes a second, which `--help` need not wait for

    if not arguments.label:
        raise usage.UsageError("name the column to predict: --label COLUMN. `./mainline look TABLE` lists the columns.")
    if bool(arguments.table) == bool(arguments.sql):
        raise usage.UsageError("name a table, or say --sql URL QUERY; one of the two.")
    with tempfile.TemporaryDirectory(prefix="mainline-new-") as scratch:
        asks = sys.stdin.isatty() and sys.stdout.isatty() and not arguments.yes
        return writing.new(arguments, Path(scratch), asks)
