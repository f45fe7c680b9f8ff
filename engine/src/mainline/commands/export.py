"""Write data checks, versions or runs for other tools."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from mainline import usage
from mainline.errors import MainlineError
from mainline.text import count

FORMS: Mapping[str, Callable[[argparse.Namespace], str]]
OPTIONS = {"great-expectations": ("table", "features"), "mlflow": ("experiment",), "openlineage": ("namespace",)}
"""What one form alone takes."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("form", choices=sorted(FORMS), help="the tool that reads it; engine/docs/exports.md")
    parser.add_argument(
        "target", metavar="TARGET", help="the file that is written, or the address of a tracking server"
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--table", metavar="NAME", help="great-expectations: the table of schema.py; that of the events without it"
    )
    chosen.add_argument(
        "--features", action="store_true", help="great-expectations: data/features, from metrics/profile.json"
    )
    usage.add_environment(parser)
    parser.add_argument(
        "--experiment", metavar="NAME", help="mlflow: where the runs go; the use case's name without it"
    )
    parser.add_argument(
        "--namespace", metavar="NAME", help="openlineage: of jobs and data; the use case's name without it"
    )


def run(arguments: argparse.Namespace) -> str:
    """Write it, and say what was written and how it is read.

    Raises:
        MainlineError: when what it is made from is not there, the target is not a place to write to, or an option is
            another form's.
    """
    for form, options in OPTIONS.items():
        wrong = [name for name in options if getattr(arguments, name) and form != arguments.form]
        if wrong:
            raise MainlineError(f"--{wrong[0]} is an option of `export {form}`; leave it out.")
    return FORMS[arguments.form](arguments)


def _great_expectations(arguments: argparse.Namespace) -> str:
    from mainline import files  # libraries that `--help` need not wait for
    from mainline.declared import environments, params
    from mainline.export import suite

    if arguments.features:
        declared = environments.choose(arguments.environment, environments.load_all())
        made = suite.of_profile(declared.monitoring.support, arguments.environment)
    else:
        made = suite.of_schema(arguments.table or "", params.load())
    files.replace(_file(arguments.target), json.dumps(made.content, indent=2, ensure_ascii=False) + "\n")
    kept = [f"  left out, since the tool has no counterpart: {one}" for one in made.lacking]
    of = count(len(made.content["expectations"]), "expectation")
    return "\n".join([f"{arguments.target}: a suite of {of} of {made.of}", *kept])


def _mlflow(arguments: argparse.Namespace) -> str:
    from mainline.export import runs, tracking  # libraries that `--help` need not wait for
    from mainline.registry import publication
    from usecase import interface

    server = tracking.connect(arguments.target)
    publication.fetch()
    experiment = arguments.experiment or interface.NAME
    sent = tracking.send(server, experiment, runs.read())
    return (
        f"{count(sent.made, 'run')} made in experiment {experiment}, {sent.updated} brought up to date, "
        f"{sent.same} as before.\nMLflow shows them at {sent.page}"
    )


def _openlineage(arguments: argparse.Namespace) -> str:
    from mainline import files  # libraries that `--help` need not wait for
    from mainline.export import openlineage
    from usecase import interface

    file = _file(arguments.target)
    events, silent = openlineage.events(arguments.namespace or interface.NAME)
    files.replace(file, openlineage.render(events))
    left = [f"  left out, since its result came from the cache and no run is on record: {stage}" for stage in silent]
    return "\n".join([f"{file}: {count(len(events), 'event')}, the start and the end of each stage's run", *left])


def _file(target: str) -> Path:
    """Return the file that is meant.

    Raises:
        MainlineError: when it is a folder.
    """
    file = Path(target)
    if file.is_dir():
        raise MainlineError(f"{target} is a folder; name a file in it.")
    return file


FORMS = {"great-expectations": _great_expectations, "mlflow": _mlflow, "openlineage": _openlineage}
