"""Predict the rows of files, or a stream of JSON lines."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import get_args

from mainline import usage
from mainline.declared import deploy_files, environments
from mainline.declared.destinations import Destination
from mainline.declared.environments import Environment
from mainline.declared.monitoring import Batch, Monitoring
from mainline.declared.service import MOST_SLACK
from mainline.errors import MainlineError, ParamsError, UnknownError
from mainline.monitoring import batch_prediction
from mainline.package import manifest as manifests
from mainline.scoring import lines, redis_stream, row_answers
from mainline.serving.answering.model import Model


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files", nargs="*", type=Path, help="a .parquet or .csv file with the request's columns; several are predicted "
        "where compute.yaml says, and those that are done are left out"
    )  # fmt: skip
    parser.add_argument("--raw", action="store_true", help="a file is as the source has it; src/usecase/ reads it")
    parser.add_argument(
        "--stream", nargs="?", const="standard", choices=("standard", "redis"), help="JSON lines from standard input "
        "to standard output; redis: entries of the stream of Redis that the environment declares, until it is stopped"
    )  # fmt: skip
    parser.add_argument("--example", action="store_true", help="print a request that the package was tried with")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where predictions go; the same one goes on")
    parser.add_argument(
        "--unusual", type=_share, metavar="SLACK", help="say which rows are outside of what the model has seen; "
        "0.1: numbers by more than a tenth of their range"
    )  # fmt: skip
    parser.add_argument(
        "--unlike", choices=get_args(Batch), help="predict a file that is unlike training all the same, or refuse it; "
        "monitoring.batch of the environment without it"
    )  # fmt: skip
    parser.add_argument(
        "--send", action="store_true", help="bring predictions to the destinations of the environment; twice is as once"
    )
    usage.add_environment(parser)
    parser.add_argument(
        "--package", type=Path, default=Path("models/package"), metavar="FOLDER", help="the package that predicts"
    )


def run(arguments: argparse.Namespace) -> str:
    """Predict a file or a stream, or show what a request looks like."""
    if arguments.example:
        return example(arguments.package)
    if bool(arguments.stream) == bool(arguments.files):
        raise MainlineError("name a file, or say --stream; one of the two.")
    if arguments.stream and arguments.send:
        raise MainlineError("--send takes files, not a stream; pipe its output on, or name files without --stream.")
    if arguments.stream:
        return _answer_stream(arguments)
    policy, declared = _declared(arguments.environment)
    if arguments.send:
        _load_destinations().check(declared, environments.FOLDER / f"{arguments.environment}.yaml", arguments.files)
    if arguments.unlike:
        policy = policy.model_copy(update={"batch": arguments.unlike})
    said = batch_prediction.predict(
        arguments.package, arguments.files, arguments.output, policy, arguments.raw, arguments.unusual
    )
    if not arguments.send:
        return said
    print(said, flush=True)
    for line in _send(arguments.package, arguments.files, arguments.output, declared):
        print(line, flush=True)  # each at once: a later destination may fail
    return ""


def _answer_stream(arguments: argparse.Namespace) -> str:
    """Answer lines until there are no more, or the declared stream of Redis until told to stop.

    Raises:
        MainlineError: when none is declared, or it cannot be used.
    """
    if arguments.stream == "standard":
        refused = lines.through_standard_streams(Model.load(arguments.package, slack=arguments.unusual))
        if refused:
            print(f"{refused} lines were refused; their answers say why", file=sys.stderr)
        return ""
    declared = _load(arguments.environment)
    if declared is None or declared.stream is None:
        remedy = "declare where Redis is, such as {url: redis://redis:6379/0}; engine/docs/ways.md shows every key"
        file = f"{environments.FOLDER}/{arguments.environment}.yaml"
        raise ParamsError("stream", "is null, so there is nothing to read", remedy, file)
    model = Model.load(arguments.package, slack=arguments.unusual)
    return redis_stream.answer_until_told(declared.stream, partial(row_answers.contents, model))


def _load_destinations() -> ModuleType:
    """Import what sends, which needs the libraries of the pipeline.

    Raises:
        MainlineError: when they are not here, as in an image that serves.
    """
    try:
        from mainline.scoring import destinations
    except ImportError as error:
        raise MainlineError(f"--send needs the libraries of the pipeline ({error}); run it where they are.") from error
    return destinations


def _send(
    package: Path, sources: Sequence[Path], output: Path | None, declared: Sequence[Destination]
) -> Iterator[str]:
    """Bring the predictions of each file to all destinations; yield a line for each."""
    from mainline.scoring import outgoing

    for folder, source in batch_prediction.folders(sources, output).items():
        yield from _load_destinations().send(declared, outgoing.gather(package, folder, source.stem))


def _declared(environment: str) -> tuple[Monitoring, list[Destination]]:
    """Return what an environment declares for files; the defaults where nothing is declared, as in an image.

    Raises:
        MainlineError: as `_load`.
    """
    found = _load(environment)
    return (found.monitoring, found.destinations) if found else (Monitoring(), [])


def _load(name: str) -> Environment | None:
    """Return what an environment declares; None where nothing is declared, as in an image.

    Raises:
        MainlineError: when there is no such environment among others, or its file is wrong.
    """
    file = environments.FOLDER / f"{name}.yaml"
    known = [found.stem for found in deploy_files.environment_files()]
    if known and name not in known:
        raise UnknownError(name, f"environment of {environments.FOLDER}/", known)
    return environments.load(file) if known else None


def _share(text: str) -> float:
    """Read a slack.

    Raises:
        ArgumentTypeError: saying what it may be.
    """
    try:
        slack = float(text)
    except ValueError:
        slack = -1.0
    if not 0 <= slack <= MOST_SLACK:
        raise argparse.ArgumentTypeError(
            f"{text} is not a number from 0 to {MOST_SLACK:g}; 0.1 is a tenth of the range."
        )
    return slack


def example(package: Path) -> str:
    """Return the golden request of a package that has most fields, as JSON.

    Raises:
        PackageError: when the package cannot be used.
    """
    _, contents = manifests.opened(package)
    return json.dumps(max(json.loads(contents["golden.json"])["requests"], key=len), ensure_ascii=False)
