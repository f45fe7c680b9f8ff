"""Hold production to what its packages promised."""

import argparse
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from mainline import display, faults, progress, usage
from mainline.data import columns
from mainline.declared import environments, params
from mainline.declared import gate as declared_gate
from mainline.declared.environments import Environment
from mainline.errors import MainlineError
from mainline.exchange import place as places
from mainline.exchange.place import Place
from mainline.text import clean

if TYPE_CHECKING:
    from mainline.monitoring.inspection import Asked
    from mainline.monitoring.result import Monitored
    from mainline.monitoring.store import Store

PACKAGE = Path("models/package")
_MARKS = 5
"""Changes of production that are printed; the report has more."""


class AlarmError(MainlineError):
    """Production is not as it was tested; the exit status is 1."""


class UnclearError(MainlineError):
    """Nobody can tell whether production is as it was tested; the exit status is 2."""

    status = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    usage.add_state(parser)
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="the prediction log; the environment's without it")
    usage.add_labels(parser)
    parser.add_argument(
        "--until", metavar="TIME", help="look as at this time, such as 2013-10-05T00:00:00Z; now without it"
    )
    usage.add_packages(parser)
    parser.add_argument(
        "--metrics", type=Path, action="append", metavar="FILE", default=[],
        help="a server's /metrics, saved before: the rows that it counted are held to those rolled up; with an "
        "earlier page of it, too, what it refused in between",
    )  # fmt: skip
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="what is rolled up; STATE/monitoring without it")
    parser.add_argument(
        "--share", action="store_true",
        help="take what other machines saw from the branch monitoring/ENVIRONMENT, and put there what this one saw",
    )  # fmt: skip
    parser.add_argument(
        "--watch", action="store_true", help="look again whenever log or labels change, until Ctrl-C (monitoring.watch)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help="where the report goes; monitoring.report without it, or STORE/report",
    )


def run(arguments: argparse.Namespace) -> str:
    """Check production, write the report and print the checks; return the conclusion. Progress goes to standard error.

    Raises:
        AlarmError: when a check fails that is declared as an alarm.
        UnclearError: when something could not be told or shared, or nothing could be looked at.
    """
    try:
        return _watch(arguments) if arguments.watch else _once(arguments)
    except (AlarmError, UnclearError):
        raise
    except Exception as error:
        expected = faults.explain(error)
        if expected is None:
            raise
        raise UnclearError(str(expected)) from error


def _once(arguments: argparse.Namespace) -> str:
    """Look once, and print what was found."""
    with progress.aside():
        found, page, away = _look(arguments)
    show(found)
    return _conclude(found, page, away)


def _watch(arguments: argparse.Namespace) -> str:
    """Look until told to stop."""
    from mainline.monitoring.watch import Looking

    if arguments.until:
        raise usage.UsageError("--watch looks as at now, so --until has nothing to say; leave out one of them.")
    declared = environments.load(environments.FOLDER / f"{arguments.environment}.yaml")
    place = Place(places.folder(arguments.environment, arguments.state))
    read = filter(None, [arguments.labels, *_packages(arguments, place)])
    policy, log = declared.monitoring.watch, _log(arguments, declared)
    return Looking(lambda: _look_again(arguments), list(read), policy, log).run()


def _look_again(arguments: argparse.Namespace) -> "Monitored":
    """Look as one of many times; what is not shared now is said, and the next look shares it."""
    found, _, away = _look(arguments)
    if away:
        progress.say(clean(f"It is not shared: {away}"))
    return found


def _packages(arguments: argparse.Namespace, place: Place) -> list[Path]:
    return [PACKAGE, place.packages, *arguments.package]


def _look(arguments: argparse.Namespace) -> "tuple[Monitored, Path, str]":
    """Look at production, and write the report; return what was found, the page, and why it is not shared, or ''."""
    from mainline.monitoring import visit
    from mainline.monitoring.store import Store

    place = Place(places.folder(arguments.environment, arguments.state))
    declared = environments.load(environments.FOLDER / f"{arguments.environment}.yaml")
    store = Store(arguments.store or place.monitoring)
    folders = _packages(arguments, place)
    shipped = declared.service.log.ship_seconds is not None
    log = _log(arguments, declared)
    found, away = visit.make(_asked(arguments, declared), place, store, folders, log, arguments.share, shipped)
    if arguments.share and not away and declared.replay.release:
        _offer(arguments, declared, store, folders)
    return found, visit.write(found, _output(arguments, declared, store)), away


def _offer(arguments: argparse.Namespace, declared: Environment, store: "Store", folders: list[Path]) -> None:
    """Put an excerpt of the requests into a release if no store has them; one that cannot be put there is said."""
    from mainline.github import traffic
    from mainline.monitoring import packages, shared_rows
    from mainline.replay import excerpt, masking, sample
    from usecase import interface

    try:
        if shared_rows.is_shared() or not sample.has_rows(store, declared.replay.days):
            return
        known = packages.find([*folders, store.folder / "packages"])
        file = f"{environments.FOLDER}/{arguments.environment}.yaml"
        hidden = masking.hidden_elsewhere(interface, known.values(), declared.replay, file)
        pack = partial(excerpt.pack, store, packages=known, policy=declared.replay, hidden=hidden)
        progress.say(traffic.give(arguments.environment, lambda before: pack(before=before)))
    except MainlineError as error:
        progress.say(clean(f"Requests are not put into a release: {error}"))


def _output(arguments: argparse.Namespace, declared: Environment, store: "Store") -> Path:
    """Return the folder of the report: as typed, as declared, or in the store, which is where the server looks."""
    named: Path | None = arguments.output or (None if arguments.store else declared.monitoring.report)
    return named or store.folder / "report"


def show(found: "Monitored") -> None:
    """Print the checks, and the alarms that are open."""
    from mainline.gate import terminal
    from mainline.monitoring import wording

    for title, checks in wording.tables(found):
        print("\n".join([f"\n{title}", *terminal.table(checks, display.is_coloured())]), flush=True)
    if found.marks:
        told = [f"  {mark.day}  {clean(mark.version)} after {clean(mark.before)}: {wording.of_mark(mark)}"
                for mark in found.marks[-_MARKS:]]  # fmt: skip
        print(display.fold("\n".join(["What changed", "", *told, ""])), flush=True)
    if found.alarms:
        told = [f"  {wording.of_alarm(alarm)}" for alarm in found.alarms]
        print(display.fold("\n".join(["Open alarms", "", *told, ""])), flush=True)


def _conclude(found: "Monitored", page: Path, away: str) -> str:
    said = f"{clean(found.headline)} The report is {page}."
    if away:
        said += f" It is not shared: {clean(away)}"
    if found.verdict == "fail":
        raise AlarmError(said)
    if found.verdict == "cannot tell" or away:
        raise UnclearError(said)
    return said


def _asked(arguments: argparse.Namespace, declared: Environment) -> "Asked":
    """Put together what is checked, from what is declared and typed."""
    from mainline.monitoring import counters, inspection, label_feed, marks
    from usecase import interface

    settings = params.load()
    kind, pages = label_feed.wanted(interface) if interface.KEY else None, counters.read(arguments.metrics)
    return inspection.Asked(
        environment=arguments.environment,
        policy=declared.monitoring,
        evaluation=settings.evaluation,
        bias=declared_gate.load(settings.gate).max_bias,
        slice_rows=settings.evaluation.slice_min_rows,
        until=_until(arguments.until),
        kind=kind,
        fetch=label_feed.bring(arguments.labels, kind),
        written=counters.written(pages),
        unfit=counters.unfit(pages, declared.monitoring.support.unseen),
        commits=cache(marks.committed),
    )


def _until(text: str | None) -> datetime:
    """Return the time as of which production is looked at.

    Raises:
        MainlineError: when it is not a time, or is still to come.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        until = datetime.fromtimestamp(columns.parse_time(text) * 60, UTC)
    except ValueError as error:
        remedy = "write a time in UTC, such as 2013-10-05T00:00:00Z"
        raise MainlineError(f"--until is '{clean(text)}'; {remedy}.") from error
    if until > datetime.now(UTC):
        raise MainlineError(f"--until is '{clean(text)}', which is still to come. Leave it out to look as at now.")
    return until


def _log(arguments: argparse.Namespace, declared: Environment) -> Path | None:
    """Return where the environment's servers log; None on a machine without a log that looks at what others share.

    Raises:
        MainlineError: when none is named or declared.
    """
    directory: Path | None = arguments.logs or declared.service.log.directory
    elsewhere = arguments.share or declared.service.log.ship_seconds is not None
    if elsewhere and arguments.logs is None and (directory is None or not directory.is_dir()):
        return None
    if directory is None:
        name = arguments.environment
        raise MainlineError(f"deploy/{name}.yaml declares no service.log.directory. Name the folder (--logs).")
    return directory
