"""Messages about alarms: one as it opens, passes, fails again and closes, to each declared address, once.

What was sent is a line of `notified.jsonl`, written after the address took it and before the next is sent. A message
that was not taken is sent at the next look. One that was taken without an answer is sent again, with the same `id`.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationError

from mainline import progress
from mainline.declared.monitoring import Notify
from mainline.documents import Part
from mainline.monitoring import alarms, webhook, wording
from mainline.monitoring.alarms import Line
from mainline.monitoring.store import Store
from mainline.text import clean

OLDEST = timedelta(days=7)
"""News of before is sent to nobody, such as all of a log's past to an address that was just declared."""
_WORDS = {"opened": "Alarm", "passed": "Passes again", "failed": "Fails again", "closed": "Closed"}
_JOINER = "\N{ZERO WIDTH SPACE}"


class Sent(Part):
    """A message that an address took."""

    to: Annotated[str, Field(max_length=200)]
    id: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


@dataclass(frozen=True)
class Notice:
    """What happened to an alarm that opened at `since`; `id` is the same on each machine that saw it."""

    id: str
    since: str
    line: Line


def of_lines(lines: Iterable[Line]) -> Iterator[Notice]:
    """Yield what happened to alarms, each change once, whichever machines saw it; `lines` are in the order of time.

    Changes of an alarm are numbered by day, so that an id stays when lines of long ago are forgotten.
    """
    opened: dict[tuple[str, str], str] = {}
    last: dict[tuple[str, str], str] = {}
    number: dict[tuple[str, str, str], int] = {}
    for line in lines:
        alarm = line.alarm
        if line.event not in _next(last.get(alarm, "closed")):
            continue
        of_day = (*alarm, line.time[:10])
        number[of_day] = number.get(of_day, 0) + 1
        last[alarm] = line.event
        if line.event == "opened":
            opened[alarm] = line.time
        name = "\n".join((*of_day, str(number[of_day]), line.event))
        yield Notice(hashlib.sha256(name.encode()).hexdigest()[:16], opened[alarm], line)


def _next(event: str) -> tuple[str, ...]:
    """Return what may happen to an alarm after an event; what was said already, and by another machine, may not."""
    match event:
        case "closed":
            return ("opened",)
        case "passed":
            return ("failed", "closed")
    return ("passed", "closed")


def send(store: Store, environment: str, lines: Sequence[Line], until: str, to: Sequence[Notify]) -> None:
    """Send what no address has taken yet; what goes wrong is said, and changes no verdict."""
    oldest = datetime.fromisoformat(until) - OLDEST
    news = [notice for notice in of_lines(lines) if datetime.fromisoformat(notice.line.time) >= oldest]
    for address in to:
        known = {sent.id for sent in read(store.notified()) if sent.to == address.name}
        waiting = [notice for notice in news if notice.id not in known]
        problem = _deliver(store, environment, address, waiting) if waiting else ""
        if problem:
            progress.say(f"Not told to {address.name}: {problem}. It is tried again at the next look.")
    _forget(store, until)


def _deliver(store: Store, environment: str, address: Notify, waiting: Sequence[Notice]) -> str:
    """Send one after the other; return what went wrong with the first that was not taken, '' if all were."""
    url = os.environ.get(address.url_from, "").strip()
    if not url:
        return f"the variable {address.url_from} is not set here"
    for notice in waiting:
        make = _slack if address.form == "slack" else _generic
        problem = webhook.post(url, make(environment, notice))
        if problem:
            return problem
        add(store, [Sent(to=address.name, id=notice.id)])
    return ""


def read(content: bytes) -> list[Sent]:
    """Read lines; whoever may push to the branch can write one that does not fit, which is left out."""
    found = []
    for line in filter(None, content.splitlines()):
        try:
            found.append(Sent.model_validate_json(line))
        except ValidationError:
            continue
    return found


def write(sent: Iterable[Sent]) -> bytes:
    """Write lines, each once."""
    return "".join(f"{line}\n" for line in sorted({one.model_dump_json() for one in sent})).encode()


def join(*contents: bytes) -> bytes:
    """Add up what several machines sent."""
    return write(one for content in contents for one in read(content))


def add(store: Store, sent: Iterable[Sent]) -> None:
    """Add messages to those that a store has, whatever other jobs add meanwhile."""
    with store.telling():
        store.keep_notified(join(store.notified(), write(sent)))


def recent(content: bytes, lines: Iterable[Line], until: str) -> bytes:
    """Return the messages whose news may be news yet, or was not long ago, to a machine that looked before."""
    oldest = datetime.fromisoformat(until) - 2 * OLDEST
    known = {notice.id for notice in of_lines(lines) if datetime.fromisoformat(notice.line.time) >= oldest}
    return write(one for one in read(content) if one.id in known)


def _forget(store: Store, until: str) -> None:
    """Forget messages of long ago, by the alarms that all jobs here know."""
    with store.telling():
        before = store.notified()
        after = recent(before, alarms.read(store.alarms()), until)
        if after != before:
            store.keep_notified(after)


def _text(environment: str, notice: Notice) -> str:
    line = notice.line
    what = f"{clean(line.check)} of {clean(line.version)}"
    if line.event in ("opened", "failed"):
        what = f"{clean(line.version)} {wording.plain(line.check)} ({clean(line.check)})"
    said = [f"{_WORDS[line.event]} in {clean(environment)}: {what}"]
    if line.observed:
        said.append(f"Observed: {clean(line.observed)}; limit: {clean(line.limit)}")
    said += [f"Since {notice.since[:10]}, looked at {line.time}", clean(line.reason)]
    return "\n".join(filter(None, said))


def _generic(environment: str, notice: Notice) -> dict[str, Any]:
    line = notice.line
    words = {name: clean(getattr(line, name)) for name in ("version", "check", "observed", "limit", "reason")}
    about = {"format": 1, "id": notice.id, "event": line.event, "environment": environment, "since": notice.since}
    return {**about, "time": line.time, **words, "text": _text(environment, notice)}


def _slack(environment: str, notice: Notice) -> dict[str, Any]:
    """Return a message of plain text: no mark-up, no link, and it calls nobody, as `<!channel>` or `@here` would."""
    text = _text(environment, notice).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = {"mrkdwn": False, "parse": "none", "link_names": False, "unfurl_links": False, "unfurl_media": False}
    return {"text": text.replace("@", f"@{_JOINER}"), **plain}
