"""Alarms tried on copies of the rehearsal's log: values never seen, a library that changed, data that are too old.

Nothing here ends a rehearsal: an alarm that is not raised is on record as that, and the score counts it.
"""

import json
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from mainline import periods
from mainline.declared import environments, params
from mainline.exchange.place import Place
from mainline.package import manifest
from mainline.rehearsal.fork import Fork
from mainline.rehearsal.monitored_rows import LOG, checks, monitor
from mainline.repository import record
from mainline.text import utc

FAULTY = 25
"""Requests that a copy of the log with a fault in it has."""
_OTHER = "v0.0.0"
_TOO_OLD = "The newest data of the model are "
_SCHEDULED = {"GITHUB_EVENT_NAME": "schedule", "GITHUB_OUTPUT": ""}
Line = dict[str, Any]


def of_values(fork: Fork, digest: str) -> str:
    """Return what the check said of a text that training never had, or without a text of a number that is missing.

    A check cannot tell anything of few rows, so the lack of an alarm is not an error.
    """
    lines = _lines(fork, digest)
    if not lines:
        return "no request had several rows"
    features = lines[0]["features"]
    texts = [name for name, values in features.items() if any(isinstance(value, str) for value in values)]
    name, value, check = (
        (texts[0], "never seen", "unseen values") if texts else (next(iter(features)), None, "missing values")
    )
    for line in lines:
        line["features"][name] = [value] * len(line["stale"])
    return f"{check}: {checks(fork, digest, _write(fork, 'values', lines)).get(check, 'not looked at')}"


def of_library(fork: Fork, digest: str) -> str:
    """Return what monitoring named as changed since a day on which the package answered with another library."""
    before, lines = fork.folder / "another-library", _lines(fork, digest)
    shutil.copytree(Place(fork.folder / "follower").package(digest), before)
    pinned = (before / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found_before = json.loads((before / manifest.NAME).read_bytes())
    name = next((line.partition("==")[0] for line in pinned if "==" in line), "")
    if not (name and lines):
        return "no library is pinned, or no request had several rows"
    other = [f"{name}==0" if line.startswith(f"{name}==") else line for line in pinned]
    (before / "requirements.txt").write_text("\n".join(other) + "\n", encoding="utf-8")
    described = {key: value for key, value in found_before.items() if key not in ("format", "files", "digest")}
    old = {"digest": manifest.seal(before, described), "version": _OTHER}
    day = timedelta(days=1)
    yesterday = [{**line, **old, "time": _moved(line, -day)} for line in lines]
    told = monitor(fork, _write(fork, "library", [*yesterday, *lines]), "--package", str(before))
    changes = [change for mark in told.marks if mark.digest == digest for change in mark.changes]
    found = "; ".join(f"{change.kind}: {change.what}" for change in changes)
    return f"{record.RAISED}{found}" if found.startswith(f"libraries: {name} 0 became ") else f"not raised: {found}"


def of_age(fork: Fork, digest: str) -> str:
    """Return what `./mainline due` said of the package's data by two clocks: on the first day after them, and too late.

    The log is a copy whose requests came on that day.
    """
    lines, data = _lines(fork, digest), params.load(fork.path / "params.yaml").data
    file = fork.path / environments.FOLDER / f"{fork.environment}.yaml"
    policy = environments.load(file).monitoring.retrain
    if not (lines and policy.when.age and data.through):
        return "no age is declared, data has no time, or no request had several rows"
    ended = datetime.combine(periods.span(data.through)[1], time(), UTC)
    said = []
    for days in (1, policy.age_days):
        now = ended + timedelta(days=days, hours=1)
        dated = [{**line, "time": _time(now - timedelta(minutes=1))} for line in lines]
        until = utc(int(now.timestamp()))
        monitor(fork, _write(fork, f"age-{days}", dated), "--until", until, "--share")
        said.append(fork.run("due", also=_SCHEDULED).strip())
    if _TOO_OLD in said[0] or _TOO_OLD not in said[1]:
        return f"not raised: {said[1]}"
    told = f"{_TOO_OLD}{said[1].partition(_TOO_OLD)[2].partition('.')[0]}"
    return f"{record.RAISED}quiet on the day after them; {policy.age_days} days after: {told}"


def _lines(fork: Fork, digest: str) -> list[Line]:
    """Return some lines of the log that the package answered, each of several rows."""
    files = sorted((fork.folder / LOG).glob("*.jsonl"))
    lines = (json.loads(line) for file in files for line in file.open("rb"))
    return [line for line in lines if line["digest"] == digest and len(line["stale"]) > 1][:FAULTY]


def _write(fork: Fork, name: str, lines: Iterable[Line]) -> dict[str, str]:
    """Write a log of lines; return where monitoring reads it and writes, by option."""
    folder = fork.folder / f"planted-{name}"
    folder.mkdir()
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (folder / min((fork.folder / LOG).glob("*.jsonl")).name).write_text(text, encoding="utf-8")
    places = {"--logs": "", "--store": "-store", "--output": "-report"}
    return {"--state": "follower", **{option: f"{folder.name}{end}" for option, end in places.items()}}


def _moved(line: Line, by: timedelta) -> str:
    return _time(datetime.fromisoformat(line["time"]) + by)


def _time(moment: datetime) -> str:
    """Write a moment as the log does."""
    return moment.isoformat(timespec="milliseconds")
