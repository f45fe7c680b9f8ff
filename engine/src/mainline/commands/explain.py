"""Measure features and ageing; explain a row or a slice."""

import argparse
import json
from pathlib import Path

from mainline.usage import UsageError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--window", type=int, metavar="PERIODS", help="length of a training window for staleness")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--row", metavar="JSON", help="explain this request: JSON, or a file of it")
    one.add_argument("--golden", type=int, metavar="N", help="explain one of the package's golden requests")
    one.add_argument("--worst", type=int, metavar="N", help="explain the test row with the N-th largest error")
    one.add_argument("--key", metavar="A,B", help="explain the test row with these values of KEY")
    one.add_argument("--slice", metavar="COLUMN=VALUE", help="what the model relies on in this slice of the test rows")
    parser.add_argument(
        "--only",
        default="",
        metavar="A,B",
        help="only these features; of the model: leave out only these, one at a time",
    )
    parser.add_argument("--sentence", action="store_true", help="print the sentence for a client, and no more")
    parser.add_argument("--graph", action="store_true", help="draw it too, into metrics/report/explanation.{png,svg}")


def run(arguments: argparse.Namespace) -> str:
    """Explain one request or one slice if one is named, and otherwise the model.

    Raises:
        UsageError: when a sentence is asked for without a request or a slice, or beside a picture.
        MainlineError: when there is no such row, slice or feature, or no model yet.
    """
    from mainline.experiments import explanation, valuation  # its libraries take long, which `--help` need not wait for

    named = tuple(name.strip() for name in arguments.only.split(",") if name.strip())
    form = explanation.Form(arguments.sentence, named, arguments.graph)
    if form.sentence and form.graph:
        raise UsageError("--sentence prints a sentence alone; --graph goes with the whole text.")
    if arguments.row is not None or arguments.golden is not None:
        return _shown(explanation.explain_row(arguments.row, arguments.golden, form))
    if arguments.worst is not None or arguments.key is not None:
        return _shown(explanation.explain_tested(arguments.key, arguments.worst, form))
    if arguments.slice is not None:
        return explanation.explain_slice(arguments.slice, form)
    if form.sentence:
        raise UsageError(
            "--sentence is of one prediction or one slice: name it by --row, --golden, --worst, --key or --slice."
        )
    return valuation.explain_model(named, arguments.window, form.graph)


def _shown(explained: str) -> str:
    """Return what was explained, and keep for `score` of which package it was."""
    from mainline.package import manifest
    from mainline.repository import lock, record

    digest = json.loads((Path(lock.PACKAGE) / manifest.NAME).read_bytes())["digest"]
    record.keep(record.EXPLAIN, record.begin(), {"digest": digest})
    return explained
