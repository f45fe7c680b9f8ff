"""Options of the commands that read a table."""

import argparse

PERIODS = ("day", "week", "month", "quarter", "year")


def add_table(parser: argparse.ArgumentParser) -> None:
    """Declare what a person says about a table's time, and about the way in which its files are written."""
    parser.add_argument("--time", metavar="COLUMN", help="when a row is; none: the data has no time")
    parser.add_argument("--period", choices=PERIODS, help="what the data is cut into, if it has a time")
    parser.add_argument(
        "--date-format", default="", metavar="FORMAT", help="how dates are written, such as %%d/%%m/%%Y"
    )
    parser.add_argument(
        "--missing", nargs=2, action="append", default=[], metavar=("COLUMN", "TEXT"),
        help="TEXT stands for a missing value in it",
    )  # fmt: skip
    parser.add_argument("--encoding", default="", help="of a CSV file")
    parser.add_argument("--delimiter", default="", help="between the cells of a CSV file")
    parser.add_argument("--decimal", default="", choices=("", ".", ","), help="before the fraction of a number")
