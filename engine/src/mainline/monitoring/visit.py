"""One visit to production: what others saw, the checks, alarms and notices, the report, and what others may see."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from mainline import files, progress
from mainline.errors import MainlineError
from mainline.exchange.place import Place
from mainline.monitoring import (
    alarms,
    inspection,
    label_outcomes,
    notices,
    packages,
    promise,
    reference,
    result,
    retention,
    sections,
    sharing,
    shipping,
)
from mainline.monitoring.disclosure import Known
from mainline.monitoring.inspection import Asked
from mainline.monitoring.packages import Packaged
from mainline.monitoring.result import Monitored
from mainline.monitoring.sharing import Taken
from mainline.monitoring.store import Store
from mainline.registry import tags
from mainline.remote import packages as released
from mainline.report import markdown, page
from mainline.repository.git import GitError
from mainline.text import clean

_PROMISES = 1000
"""Promises of the gate that a result names; the store has all."""


def make(
    asked: Asked,
    place: Place,
    store: Store,
    folders: Sequence[Path],
    log: Path | None,
    share: bool = False,
    shipped: bool = False,
) -> tuple[Monitored, str]:
    """Look at production, and keep what happened to its alarms; return what was found, and why it is not shared, or ''.

    A machine with a log looks also while git is away: rows are rolled up before the log drops them, alarms are told,
    and the next look shares all of it.

    Args:
        asked: what is checked, and as of when.
        place: the follower's folder.
        store: what is rolled up.
        folders: packages that answered, or folders of them.
        log: the prediction log; None on a machine that has none.
        share: take what other machines saw first, and give them what this one saw.
        shipped: roll up the files that servers put into the store, too; those that are shared leave it.

    Raises:
        MainlineError: when there is no package, or there is no log and what is shared cannot be fetched.
    """
    known, away = packages.find(folders), ""
    if share:
        try:
            _say_taken(sharing.take(store, asked.environment, inspection.DAYS))
            before, _ = sharing.result(asked.environment)
            asked = replace(asked, log=before.checks[0] if before and before.checks else None)
        except GitError as error:
            if log is None:
                raise
            away = str(error)
        known |= bring(store, known)
    if shipped:
        shipping.receive(store, asked.environment)
    if not known:
        raise MainlineError(f"there is no package in {' or '.join(map(str, folders))}. Name one (--package).")
    policy = asked.policy
    found = inspection.inspect(log, store, known, asked)
    alarms.add(store, alarms.update(alarms.read(store.alarms()), found, policy.quiet_days))
    lines = alarms.read(store.alarms())
    still = [alarm for alarm in alarms.fold(lines) if not alarm.closed]
    promises = promise.add(store, found.promises)
    found = found.model_copy(update={"alarms": still, "promises": promises[-_PROMISES:]})
    notices.send(store, asked.environment, lines, found.until, policy.notify)
    _count_outcomes(place, store, known, asked)
    if share and not away:
        try:
            commit = sharing.give(store, asked.environment, found, _known(known), policy.keep)
        except MainlineError as error:
            away = str(error)
        else:
            if shipped:
                since = retention.horizon(found.until, datetime.now(UTC), policy.keep)
                shipping.settle(store, asked.environment, commit, since)
    return found, away


def write(found: Monitored, folder: Path) -> Path:
    """Write the report in three forms; return the page."""
    written = result.write(found, folder)
    document = sections.describe(found)
    for suffix, text in ((".md", markdown.write(document)), (".html", page.write(document))):
        files.replace(written.with_suffix(suffix), text)
    return written.with_suffix(".html")


def _count_outcomes(place: Place, store: Store, known: Mapping[str, Packaged], asked: Asked) -> None:
    """Tell the follower what labels say of the experiment under way; one that cannot be counted waits."""
    try:
        label_outcomes.update(place, store, known, asked)
    except MainlineError as error:
        progress.say(clean(f"What came of the rollout's answers is not counted: {error}"))


def _say_taken(taken: Taken) -> None:
    if taken.strange:
        progress.say(f"{taken.strange} files of the branch are not what a machine writes there, and were left out.")


def bring(store: Store, known: Mapping[str, Packaged]) -> dict[str, Packaged]:
    """Bring released packages that answered on other machines; rows of one that cannot be had are left out.

    Args:
        store: whose rows name the packages; they are kept in it.
        known: those that are here, by digest.
    """
    answered = {rolled.digest: rolled.version for record in store.records().values() for rolled in record.days}
    for digest, version in answered.items():
        if digest not in known:
            try:
                released.fetch(tags.find(version), store.folder / "packages")
            except MainlineError as error:
                progress.say(clean(f"The package {digest[:12]} is not here: {error}"))
    return packages.find([store.folder / "packages"])


def _known(known: Mapping[str, Packaged]) -> Known:
    """Return what tells the values that training had."""
    load = cache(lambda digest: reference.load(known[digest]))
    return lambda digest, name: load(digest).seen.values(name) if digest in known else None
