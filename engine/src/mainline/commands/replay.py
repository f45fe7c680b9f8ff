"""Let another version answer what production was asked."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mainline import files, usage
from mainline.declared import environments, params
from mainline.declared import gate as declared_gate
from mainline.declared.environments import Environment
from mainline.errors import MainlineError
from mainline.exchange import place as places
from mainline.exchange.place import Place
from mainline.text import clean

if TYPE_CHECKING:
    from mainline.replay.examination import Asked
    from mainline.replay.finding import Replay

PACKAGE, NEWEST = Path("models/package"), "newest"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    usage.add_environment(parser)
    usage.add_state(parser)
    parser.add_argument("version", nargs="?", help="whose answers would be new, or newest; the package here without it")
    parser.add_argument("--against", metavar="VERSION", help="whose answers they are held to; the environment's")
    parser.add_argument("--requests", type=int, metavar="N", help="how many are answered; replay.requests without it")
    usage.add_labels(parser)
    usage.add_packages(parser)
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", help="only what is rolled up there; with what servers share without it"
    )
    parser.add_argument(
        "--if-any", action="store_true", help="say in a line why there is nothing to replay, and never fail by that"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", default=Path("metrics/report"), help="where the report goes"
    )


def run(arguments: argparse.Namespace) -> str:
    """Replay, print what moved, and write `replay.json`, `.md` and `.html`.

    A replay of before is removed first, so that none is taken for that of this commit.

    Raises:
        MainlineError: when there is nothing to replay, unless `--if-any` says that this may be.
    """
    from mainline import exclusion

    arguments.output.mkdir(parents=True, exist_ok=True)
    with exclusion.alone(arguments.output / ".replay.lock", "./mainline replay"):
        return _write(arguments)


def _write(arguments: argparse.Namespace) -> str:
    from mainline.replay import console, section
    from mainline.report import markdown, page

    written = arguments.output / "replay.json"
    forms = [written, written.with_suffix(".md"), written.with_suffix(".html")]
    for form in forms:
        form.unlink(missing_ok=True)
    found = _found(arguments)
    if found.answers is None and not arguments.if_any:
        raise MainlineError(f"there is nothing to replay: {found.reason}")
    document = section.alone(found)
    texts = (f"{found.model_dump_json(indent=1)}\n", markdown.write(document), page.write(document))
    for form, text in zip(forms, texts, strict=True):
        files.replace(form, text)
    if found.answers is None:
        return f"No replay: {clean(found.reason)}"
    print(console.render(found), flush=True)
    return f"{clean(section.headline(found))} The report is {forms[-1]}."


def _found(arguments: argparse.Namespace) -> "Replay":
    """Replay as far as it can be done here; what keeps it from that is its reason if `--if-any` was given.

    Raises:
        MainlineError: as `run`.
    """
    from mainline.replay import contenders
    from mainline.replay.finding import Replay

    try:
        return _replay(arguments)
    except MainlineError as error:
        if not arguments.if_any:
            raise
        return Replay(
            environment=arguments.environment[:120], candidate=(arguments.version or "candidate")[:120],
            digest=None if arguments.version else contenders.digest(PACKAGE), commit=_commit(arguments),
            against=(arguments.against or "production")[:120], answers=None, reason=clean(str(error))[:600],
        )  # fmt: skip


def _replay(arguments: argparse.Namespace) -> "Replay":
    import tempfile

    from mainline.monitoring import packages, visit
    from mainline.monitoring.store import Store
    from mainline.replay import contenders, examination
    from mainline.replay.finding import Replay

    environment = arguments.environment
    declared = environments.choose(environment, environments.load_all())
    place = Place(places.folder(environment, arguments.state))
    store = Store(arguments.store or place.monitoring)
    asked = _asked(arguments, declared)
    with tempfile.TemporaryDirectory(prefix="mainline-replay-") as scratch:
        folder, named = Path(scratch), arguments.version
        against = contenders.find(arguments.against, environment, folder)
        named = contenders.newest(against) if named == NEWEST else named
        candidate = contenders.find(named, environment, folder) if named else contenders.here(PACKAGE)
        if arguments.store is None:
            contenders.share(store, environment, asked.policy.days)
            store = contenders.of_release(store, place.requests, asked.policy.days, folder / "requests")
        known = packages.find([PACKAGE, place.packages, *arguments.package, folder])
        known |= visit.bring(store, known)
        answers, reason = examination.replay(store, known, candidate.package, against.package, asked)
        return Replay(
            environment=environment, candidate=candidate.name, digest=candidate.package.digest,
            commit=_commit(arguments), against=against.name, answers=answers, reason=reason,
        )  # fmt: skip


def _commit(arguments: argparse.Namespace) -> str | None:
    """Return the commit whose package is replayed; None for a version, or with changes that no commit holds."""
    from mainline.gate import history

    return (history.head() or None) if not arguments.version and history.is_clean() else None


def _asked(arguments: argparse.Namespace, declared: Environment) -> "Asked":
    """Put together what is replayed, from what is declared and typed."""
    from datetime import UTC, datetime

    from mainline.monitoring import label_feed
    from mainline.replay.examination import Asked
    from usecase import interface

    settings = params.load()
    gate = declared_gate.load(settings.gate)
    policy = declared.replay
    if arguments.requests is not None:
        if arguments.requests < 1:
            raise MainlineError(f"--requests is {arguments.requests}; write how many to answer, 1 or more.")
        policy = policy.model_copy(update={"requests": arguments.requests})
    kind = label_feed.wanted(interface) if interface.KEY else None
    return Asked(
        policy=policy,
        file=f"{environments.FOLDER}/{arguments.environment}.yaml",
        amount=gate.max_bias if policy.moved is None else policy.moved,
        confidence=gate.confidence,
        margin=gate.margin,
        evaluation=settings.evaluation,
        interface=interface,
        kind=kind,
        fetch=label_feed.bring(arguments.labels, kind),
        until=datetime.now(UTC),
    )
