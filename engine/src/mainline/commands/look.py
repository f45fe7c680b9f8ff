"""See what a table or the pipeline's own data holds."""

import argparse
from pathlib import Path

from mainline import usage
from mainline.scaffold import options

PAGE = Path("metrics/report/look.html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "table", nargs="*", type=Path,
        help="CSV or Parquet files of the same columns, or folders of them; none: what the pipeline made",
    )  # fmt: skip
    parser.add_argument("--label", default="", metavar="COLUMN", help="the column to predict")
    options.add_table(parser)
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE", help="where the page is written")


def run(arguments: argparse.Namespace) -> str:
    """Print the summary, and write the page.

    Raises:
        UsageError: when a label is named without a table: the pipeline's data has its own.
        MainlineError: when the table cannot be read, or the pipeline has not run.
    """
    from mainline import files, progress
    from mainline.look import (
        portraits,
        poster,
        screen,
        sources,
    )  # pandas takes a second, which `--help` need not wait for
    from mainline.scaffold.findings import Wishes
    from mainline.scaffold.table import Options

    if arguments.label and not arguments.table:
        raise usage.UsageError("--label goes with a table; the label of the pipeline's data is that of interface.py.")
    with progress.clock("looking at each column"):
        if arguments.table:
            wishes = Wishes(time=arguments.time, period=arguments.period)
            sheet = sources.of_files(arguments.table, arguments.label, Options.given(arguments), wishes)
        else:
            sheet = sources.of_pipeline()
        gallery = portraits.paint(sheet)
        text = poster.render(gallery)
    files.replace(arguments.page, text)
    return f"{screen.render(gallery)}\n\nThe page, with pictures and some rows: {arguments.page}"
