"""Measure features and ageing, or explain one prediction."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--features", default="", metavar="A,B", help="leave out only these, one at a time")
    parser.add_argument("--window", type=int, metavar="PERIODS", help="length of a training window for staleness")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--row", metavar="JSON", help="explain this request: JSON, or a file of it")
    one.add_argument("--golden", type=int, metavar="N", help="explain one of the package's golden requests")
    one.add_argument("--worst", type=int, metavar="N", help="explain the test row with the N-th largest error")
    one.add_argument("--key", metavar="A,B", help="explain the test row with these values of KEY")


def run(arguments: argparse.Namespace) -> str:
    """Explain one request if one is named, and otherwise the model."""
    from mainline.experiments import explanation  # its libraries take long, which `--help` need not wait for

    if arguments.row is not None or arguments.golden is not None:
        return explanation.explain_row(arguments.row, arguments.golden)
    if arguments.worst is not None or arguments.key is not None:
        return explanation.explain_tested(arguments.key, arguments.worst)
    return explanation.explain_model([name for name in arguments.features.split(",") if name], arguments.window)
