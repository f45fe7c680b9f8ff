"""A person forgotten: from the source's next delivery, data, model, logs and stored objects, and proven to be gone.

Every step looks at what is there now, so after a kill the same command goes on. The keys are nowhere written down but
as hashes, so it is given the same keys again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mainline import files, progress
from mainline.data import local_files, pseudonyms, suppressions
from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.exchange import place
from mainline.exchange.place import Place
from mainline.monitoring import sharing
from mainline.pipeline import reproduction
from mainline.privacy import stored_objects
from mainline.privacy.logs import Found, Kept
from mainline.privacy.stored_objects import Search, Staying
from mainline.privacy.traces import Sought
from mainline.remote import shipments
from mainline.remote.stores import open_remote, others
from mainline.repository import record
from mainline.repository.git import git
from mainline.stages import entries
from mainline.text import count

FOLDERS = (Path("data"), Path("models"), Path("metrics"), place.FOLDER)
"""Where files of the pipeline, and of what serves and monitors, are."""
CODE = ("engine/", "src/", "tests/")
PIPELINE = Path("dvc.yaml")
_SOURCE = "      - src/usecase/source.py\n"
_STAGES = ("ingest", "validate", "prepare")


_RIGHTS = "removing them takes s3:ListBucketVersions and s3:DeleteObjectVersion"


class StillThereError(MainlineError):
    """A key is still in places that this command cannot change."""


@dataclass(frozen=True)
class Plan:
    """What is there of the keys."""

    sought: Sought
    kept: dict[str, tuple[Kept, Found]]
    files: list[Path]
    stored: Search
    staying: Staying


def plan(column: str, keys: Sequence[str]) -> Plan:
    """Look everywhere, and change nothing.

    Raises:
        MainlineError: when a place cannot be read.
    """
    from usecase import interface

    _require_settled()
    field = next((field for field in interface.REQUEST if field.name == column), None)
    if field is not None and field.kind == "time":
        raise MainlineError(
            f"forget: '{column}' is a time, which several may share; name a column that says of whom (--by)."
        )
    sought = Sought(column, tuple(dict.fromkeys(keys)), field, pseudonyms.load())
    kept = {
        name: Kept(declared.service.log.directory, Place(place.folder(name, None)))
        for name, declared in environments.load_all().items()
    }
    if field is not None and not sought.by and any(one.exists for one in kept.values()):
        raise MainlineError(
            f"there are rows of a prediction log, and the key that hides {column} in them is not here; set "
            f"{pseudonyms.VARIABLE} as servers have it. Nothing was changed."
        )
    stores = stored_objects.open_all()
    return Plan(
        sought=sought,
        kept={name: (one, one.find(sought)) for name, one in kept.items()},
        files=list(_holding(sought, [one.log for one in kept.values()])),
        stored=stored_objects.search(stores, sought),
        staying=stored_objects.staying(stores),
    )


def _require_settled() -> None:
    """Refuse to look for somebody while files of a log wait in the store, since only a roll-up reads them.

    Raises:
        MainlineError: naming what takes them in.
    """
    for name, declared in environments.load_all().items():
        if declared.service.log.ship_seconds is not None:
            waiting = len(shipments.listing(open_remote(), name))
            if waiting:
                raise MainlineError(
                    f"{count(waiting, 'file')} of the log of {name} wait in the store, and may hold what is looked "
                    f"for. Take them in: `./mainline monitor --environment {name} --share`. Nothing was changed."
                )


def preview(found: Plan) -> str:
    """Say what would be done, and note that it was tried."""
    record.keep(record.FORGET, record.begin(), {"found": str(len(found.stored.held)), "searched": str(found.stored)})
    gone = found.stored.held - found.staying.oids
    lines = [
        f"{count(len(found.files), 'file')} here: {', '.join(map(str, found.files[:3])) or 'none'}"
        + (" and more" if len(found.files) > 3 else ""),
        *(f"{name}: {logs}" for name, (_, logs) in found.kept.items()),
        f"{count(len(found.stored.held), 'object')} among {found.stored}; {len(gone)} would be removed",
        *(f"stays: {reason}" for reason in found.staying.reasons),
        *(f"stays: {reason}" for reason in sent()),
    ]
    return "\n".join([f"Of {_told(found.sought)} there is:", *(f"  {line}" for line in lines), "Nothing was changed."])


def forget(found: Plan) -> str:
    """Remove the keys from everything, run the pipeline, and look again everywhere.

    Raises:
        StillThereError: when something holds a key that this cannot change, or that must stay and no reason is known.
        MainlineError: when the pipeline stops, or a place does not answer; run it again.
    """
    _declare()
    unknown = unmet(found)
    suppressions.write(suppressions.read().plus(found.sought.column, found.sought.keys))
    for stage in _STAGES:
        entries.forget(stage)
    progress.say(reproduction.reproduce())
    for kept, logs in found.kept.values():
        kept.remove(logs, found.sought)
    used = stored_objects.in_use()
    removed, kept_by = stored_objects.remove(found.stored, found.staying.oids | used.keys())
    remotes = [open_remote(), *map(open_remote, others())]
    for name, (kept, _) in found.kept.items():
        sharing.withdraw(name, kept.stale, remotes)
    again = plan(found.sought.column, found.sought.keys)
    _check(again, used)
    record.keep(record.FORGET, record.begin(), {"removed": str(removed), "searched": str(again.stored)})
    stays = "".join(f"\nStays: {reason}." for reason in again.staying.reasons if again.stored.held)
    stays += "".join(f"\nStays: what the bucket of {name} keeps of older versions; {_RIGHTS}." for name in kept_by)
    stays += "".join(f"\nStays: {reason}." for reason in sent())
    return (
        f"Forgotten: {_told(found.sought)}. {count(removed, 'object')} removed. Searched again: {again.stored}, all "
        f"files of {', '.join(map(str, FOLDERS))}, and the logs: nothing else holds it.{stays}{unknown}\n"
        f"Commit {suppressions.FILE}, {PIPELINE}, dvc.lock and metrics/, then `./mainline push`."
    )


def sent() -> list[str]:
    """Name the destinations of predictions and the container registries, which are out of reach here."""
    everywhere = environments.load_all()
    registries = sorted({declared.packages.registry or "" for declared in everywhere.values()} - {""})
    rows = [
        f"what `predict --send` brought to {destination.place} ({name}), which is not searched; remove the rows there"
        for name, declared in everywhere.items()
        for destination in declared.destinations
    ]
    return rows + [
        f"what {one} has of packages, which is not searched; delete the versions there" for one in registries
    ]


def unmet(found: Plan) -> str:
    """Say so if nothing held the keys and no run before removed them, as after a typing error; '' otherwise."""
    before, column = suppressions.read(), found.sought.column
    known = {before.hash(column, key) for key in found.sought.keys} <= set(before.keys.get(column, ()))
    logged = any(logs.logged or logs.rolled for _, logs in found.kept.values())
    if known or found.files or found.stored.held or logged:
        return ""
    return "\nBefore, nothing here held any of these keys. If the data should have, look how it writes them."


def _check(found: Plan, used: dict[str, str]) -> None:
    """Refuse to call a key forgotten that is still somewhere without a reason.

    Raises:
        StillThereError: naming the places.
    """
    left = sorted(found.stored.held - found.staying.oids)
    places = [f"{used[oid]} (object {oid})" if oid in used else f"object {oid}" for oid in left]
    places += [str(path) for path in found.files]
    places += [f"{name}: {logs}" for name, (_, logs) in found.kept.items() if logs.logged or logs.rolled]
    if places:
        raise StillThereError(
            f"the key is still in {', '.join(places[:5])}{' and more' if len(places) > 5 else ''}. Take it out there, "
            "and run this again."
        )


def _holding(sought: Sought, logs: Iterable[Path | None]) -> Iterator[Path]:
    """Yield the files of the work tree that hold a key: the pipeline's, those of serving, and git's without code."""
    listed = git("ls-files", "-z").split("\0")
    named = {Path(name) for name in listed if name and not name.startswith(CODE)}
    for folder in (*FOLDERS, *(log for log in logs if log is not None)):
        named |= set(folder.rglob("*"))
    for path in sorted(named):
        served = path.is_relative_to(place.FOLDER) and bool({"packages", "clone"} & set(path.parts))
        if path.is_file() and not served and sought.in_file(path.read_bytes()):
            yield path


def _declare() -> None:
    """Let `ingest` depend on the file of forgotten keys, if it does not yet.

    Raises:
        MainlineError: when dvc.yaml is not as it ships there.
    """
    if suppressions.FILE.as_posix() in local_files.dependencies(PIPELINE):
        return
    text = PIPELINE.read_text(encoding="utf-8")
    if text.count(_SOURCE) != 1:
        raise MainlineError(f"{PIPELINE}: add `- {suppressions.FILE}` to the deps of ingest, and run this again.")
    files.replace(PIPELINE, text.replace(_SOURCE, f"{_SOURCE}      - {suppressions.FILE}\n"))


def _told(sought: Sought) -> str:
    return f"{count(len(sought.keys), 'key')} of {sought.column}"
