"""The log of outcomes: a file of JSON lines for each experiment, on the disk before a client hears that it is counted.

Which version answered is looked up among the answers that the prediction log holds, and told by no client. A server
that starts again within an experiment reads both logs, and goes on where it was. It answers predictions meanwhile;
outcomes wait, and the follower is told nothing before all is read.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from mainline.exchange import outcomes
from mainline.exchange.place import Place
from mainline.serving import json_lines, resumption
from mainline.serving.answering.experiment import Experiment, Fate, Found, Unit

FORMER = 2
"""Experiments whose answers are still known after their end, such as the two steps of a usual canary."""
MOST_WAITING = 100
"""Posts that wait for the disk; more are refused."""
MOST_ELSEWHERE = 2**26
"""Bytes of outcomes whose answer is not known that are kept."""
_ELSEWHERE = "unknown.jsonl"
_KEPT = 20
"""Files of former experiments that stay."""


class Event(NamedTuple):
    """What a client says came of an answer."""

    request_id: str
    value: float


class OutcomeLog:
    """The experiment under way and those before, with their files."""

    def __init__(self, place: Place, predictions: Path) -> None:
        """Keep outcomes beside a follower's files; `predictions` is the directory of the prediction log."""
        self._place, self._predictions = place, predictions
        self.experiment: Experiment | None = None
        self._former: deque[Experiment] = deque(maxlen=FORMER)
        self._lock = threading.Lock()
        self._changed = False
        self._closing = threading.Event()
        self._unread: Exception | None = None
        self._waiting, self._counting = 0, threading.Lock()
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="outcomes")

    def begin(self, name: str, versions: Sequence[str]) -> None:
        """Go over to an experiment, '' for none; one that this machine knows goes on where it was, once that is read.

        Raises:
            OSError: when its file cannot be read or made, or the end of the one before cannot be told.
        """
        error = self._unread
        if error is None and name == (self.experiment.name if self.experiment else ""):
            return
        self.publish()
        experiment = Experiment(name, versions) if name else None
        resumed = self._open(name) if name else None
        with self._lock:
            self._unread = None
            if self.experiment and self.experiment.name != name:
                self._former.appendleft(self.experiment)
            self.experiment = experiment
            self._changed = experiment is not None
            if experiment and resumed:
                experiment.whole = False
                self.thread.submit(self._resume, experiment, resumed)
        if error:
            raise error

    def remember(self, request_id: str, unit: Unit) -> None:
        """Note who answered a request of the experiment."""
        if self.experiment:
            self.experiment.remember(request_id, unit)

    def has_room(self) -> bool:
        """Say whether one more post may wait for the disk."""
        return self._waiting < MOST_WAITING

    def submit(self, events: Sequence[Event], key: str) -> Future[list[Fate]]:
        """Have outcomes taken on the thread of the disk."""
        self._wait(1)
        future = self.thread.submit(self.take, events, key)
        future.add_done_callback(lambda _: self._wait(-1))
        return future

    def take(self, events: Sequence[Event], key: str) -> list[Fate]:
        """Write outcomes down, and count those that move the experiment; return what became of each.

        Raises:
            OSError: when they cannot be written, or the logs before them could not be read; none is counted then.
        """
        with self._lock:
            if self.experiment and not self.experiment.whole:
                raise OSError("the outcomes before these are not read yet")
            return self._take(events, key)

    def publish(self) -> None:
        """Tell the follower what changed.

        Raises:
            OSError: when that cannot be written.
        """
        with self._lock:
            experiment = self.experiment
            document = experiment.document() if self._changed and experiment and experiment.whole else None
            self._changed = self._changed and document is None
        if document:
            outcomes.write(self._place.outcomes, document)

    def close(self) -> None:
        """End the thread, after what it works on, and tell the follower the last of it."""
        self._closing.set()
        self.thread.shutdown()
        self.publish()

    def _wait(self, more: int) -> None:
        with self._counting:
            self._waiting += more

    def _take(self, events: Sequence[Event], key: str) -> list[Fate]:
        found: list[tuple[Event, Found]] = []
        seen: dict[str, float] = {}
        for event in events:
            if event.request_id in seen:
                same = seen[event.request_id] == event.value
                found.append((event, Found("repeated" if same else "conflicting")))
                continue
            looked_up = self._look_up(event)
            if looked_up.unit:
                seen[event.request_id] = event.value
            found.append((event, looked_up))
        self._write(found, key)
        for event, known in found:
            self._count(event, known)
        self._changed = True
        return [known.fate for _, known in found]

    def _look_up(self, event: Event) -> Found:
        found = self.experiment.find(*event) if self.experiment else Found("unknown")
        if found.fate == "unknown":
            for former in self._former:
                before = former.find(*event)
                if before.fate != "unknown":
                    return Found("late", before.unit, former.name) if before.unit else before
        return found

    def _count(self, event: Event, found: Found) -> None:
        for former in self._former:
            if former.name == found.former:
                former.settle(event.request_id, event.value)  # one line tells it; sent for ever, it fills no disk
        if self.experiment is None:
            return
        if found.fate == "counted" and found.unit:
            self.experiment.count(event.request_id, event.value, found.unit)
        else:
            self.experiment.left_out[found.fate] += 1

    def _write(self, found: Sequence[tuple[Event, Found]], key: str) -> None:
        """Append what is not on the disk yet; that of an answer that nobody knows to a file of its own."""
        lines: dict[Path, list[bytes]] = {}
        for event, (fate, unit, former) in found:
            if fate in ("repeated", "conflicting", "ambiguous"):
                continue
            line: dict[str, Any] = {"time": time.time(), "key": key, **event._asdict()}
            line |= {"version": unit.version, "client": unit.client} if unit else {}
            line |= {} if fate == "counted" else {"left_out": fate}
            lines.setdefault(self._file(fate, former), []).append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        for file, content in lines.items():
            if file.name != _ELSEWHERE or not file.exists() or file.stat().st_size < MOST_ELSEWHERE:
                json_lines.append(file, b"".join(content))

    def _file(self, fate: Fate, former: str) -> Path:
        name = self.experiment.name if fate == "counted" and self.experiment else former
        return self._place.outcome_log / (f"{name}.jsonl" if name else _ELSEWHERE)

    def _open(self, name: str) -> Path | None:
        """Return the file of an experiment that this machine knows, ready for more lines; begin that of another one."""
        file = self._place.outcome_log / f"{name}.jsonl"
        known = file.exists()
        if known:
            json_lines.cut_half_line(file)  # its client was not told of it, and sends it again
        else:
            self._remove_old()
        if not known or not file.stat().st_size:
            json_lines.append(file, orjson.dumps({"experiment": name, "time": time.time()}) + b"\n")
        return file if known else None

    def _resume(self, experiment: Experiment, file: Path) -> None:
        """Read what this machine knows of an experiment, on the thread behind which its outcomes wait.

        Where that fails, outcomes are refused until the next look, which begins it again and reports why.
        """
        try:
            experiment.whole = resumption.resume(experiment, file, self._predictions, self._closing)
        except Exception as error:  # whatever it is, half of the truth is counted by nobody
            self._unread = error

    def _remove_old(self) -> None:
        files = sorted(self._place.outcome_log.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
        for path in [path for path in files if path.name != _ELSEWHERE][: -_KEPT or None]:
            path.unlink(missing_ok=True)
