"""Roll up the prediction log, and say what it holds."""

import argparse
from pathlib import Path

from mainline import usage
from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.exchange import place as places
from mainline.exchange.place import Place

PACKAGE = Path("models/package")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    usage.add_state(parser)
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="the prediction log; the environment's without it")
    parser.add_argument(
        "--package", type=Path, action="append", metavar="FOLDER", default=[],
        help="a package that answered, or a folder of them, besides models/package and the follower's",
    )  # fmt: skip
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="what is rolled up; STATE/monitoring without it")


def run(arguments: argparse.Namespace) -> str:
    """Roll up the log.

    Raises:
        MainlineError: when there is no log, no package, or the store cannot be used.
    """
    from mainline.monitoring import packages, rollup, wording
    from mainline.monitoring.store import Store

    folder = places.folder(arguments.environment, arguments.state)
    logs = arguments.logs or _declared(arguments.environment)
    known = packages.find([PACKAGE, Place(folder).packages, *arguments.package])
    if not known:
        raise MainlineError(f"there is no package in {PACKAGE} or {Place(folder).packages}. Name one (--package).")
    summary = rollup.roll(logs, Store(arguments.store or folder / "monitoring"), known)
    return "\n".join(wording.of_rollup(summary))


def _declared(environment: str) -> Path:
    """Return where the environment's servers log.

    Raises:
        MainlineError: when they do not.
    """
    directory = environments.load(environments.FOLDER / f"{environment}.yaml").service.log.directory
    if directory is None:
        raise MainlineError(f"deploy/{environment}.yaml declares no service.log.directory. Name the folder (--logs).")
    return directory
