"""Compare the uncommitted change with the last commit."""

import argparse

DEFAULT_SHARE = 0.1


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--sample", type=_share, nargs="?", const=DEFAULT_SHARE, default=1.0, metavar="SHARE",
        help=f"fit both sides on this share of the training rows, {DEFAULT_SHARE:g} without a number: a first look",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> str:
    """Check what can be known at once, then try."""
    from mainline.experiments import attempt
    from mainline.pipeline import checks

    checks.check_quickly()  # what scikit-learn knows is said by the side that loads it
    checks.check_code()
    return attempt.attempt(arguments.sample)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share of the rows, such as 0.1")
    return share
