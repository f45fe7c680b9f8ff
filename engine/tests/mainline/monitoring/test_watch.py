"""Looking again and again: when, what is shown, and how it ends."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.monitoring import Watch
from mainline.errors import MainlineError
from mainline.monitoring import board
from mainline.monitoring.result import Alarm, Monitored
from mainline.monitoring.watch import Looking
from tests.mainline.monitoring import looks

NOW = datetime(2013, 10, 7, 12, 0, tzinfo=UTC)


class Production:
    """A folder that changes during each look, and what each look comes to."""

    def __init__(self, folder: Path, *outcomes: Monitored | BaseException | Callable[[], Monitored]) -> None:
        self.folder, self.outcomes = folder, list(outcomes)

    def look(self) -> Monitored:
        """Return the next outcome, or raise it."""
        (self.folder / f"file-{len(self.outcomes)}").touch()
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome() if callable(outcome) else outcome


def test_changes_are_looked_at_and_a_failing_look_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each change is looked at; a look that fails, expected or not, is a line like the others; Ctrl-C ends it."""
    production = Production(
        tmp_path, looks.look("2013-10-07", looks.version(labels="pass")), MainlineError("the log is away"),
        RuntimeError("odd"), looks.look("2013-10-07", looks.version(labels="fail")), KeyboardInterrupt(),
    )  # fmt: skip
    watching = Looking(production.look, [tmp_path], Watch(every=3600.0, pause=0.0))
    assert watching.run() == "Stopped after 5 looks."
    lines = [line.partition("Z  ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "quiet        Production is pass.",
        "not looked   the log is away",
        "not looked   a fault of the program: RuntimeError('odd')",
        "alarm        Production is fail.",
    ]


def test_sigterm_ends_it_as_ctrl_c_does(tmp_path: Path) -> None:
    """A signal that comes in the middle of a look ends the command, and the former way of the signal is back."""
    before = signal.getsignal(signal.SIGTERM)

    def look() -> Monitored:
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("the signal came late")

    assert Looking(look, [tmp_path], Watch()).run() == "Stopped after 1 look."
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("error", [RuntimeError("Query interrupted"), None])
def test_sigterm_that_a_library_swallows_ends_it_too(tmp_path: Path, error: Exception | None) -> None:
    """A library may make an error of what a signal raises, or a result: no further look comes."""
    looked: list[str] = []

    def look() -> Monitored:
        if looked:
            raise KeyboardInterrupt
        looked.append("once")
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        if error is not None:
            raise error
        return looks.look("2013-10-07", looks.version(labels="pass"))

    assert Looking(look, [tmp_path], Watch(every=0.05, pause=0.0)).run() == "Stopped after 1 look."


def test_without_a_change_it_looks_after_the_declared_time(tmp_path: Path) -> None:
    """Nothing changes, and still the second look comes."""
    quiet = looks.look("2013-10-07", looks.version(labels="pass"))
    outcomes: list[Monitored | BaseException] = [quiet, KeyboardInterrupt()]

    def look() -> Monitored:
        outcome = outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    assert Looking(look, [tmp_path], Watch(every=0.05, pause=0.0)).run() == "Stopped after 2 looks."


def test_pause_holds_back_what_a_change_asks_for(tmp_path: Path) -> None:
    """Within the pause a changed file is not looked at yet: the wait ends by its own time."""
    watching = Looking(lambda: looks.look("2013-10-07"), [tmp_path], Watch(every=0.2, pause=3600.0))
    state = watching.state()
    (tmp_path / "more").touch()
    assert watching.state() != state
    polled: list[str] = []
    watching.state = lambda: polled.append("polled") or state  # type: ignore[method-assign]
    watching.wait(state, time.monotonic())
    assert polled == []


def test_state_tells_files_that_grew_and_places_that_are_not_there(tmp_path: Path) -> None:
    """A file that grew, a new one and one that went are changes; a place that is missing is none."""
    log, labels = tmp_path / "log", tmp_path / "labels.csv"
    watching = Looking(lambda: looks.look("2013-10-07"), [log, labels], Watch())
    states = [watching.state()]
    for change in (log.mkdir, (log / "a").touch, lambda: (log / "a").write_text("more"), labels.touch, labels.unlink):
        change()
        states.append(watching.state())
    assert states[0] == ()
    assert all(one != other for one, other in pairwise(states))


def test_log_that_grows_in_a_folder_of_a_server_is_a_change(tmp_path: Path) -> None:
    """A roll-up reads the log's folders as deep as they go, so what is written there is looked at."""
    log = tmp_path / "log" / "2013" / "server" / "predictions.jsonl"
    log.parent.mkdir(parents=True)
    log.touch()
    watching = Looking(lambda: looks.look("2013-10-07"), [], Watch(), log=tmp_path / "log")
    before = watching.state()
    log.write_text("more", encoding="utf-8")
    assert watching.state() != before


def test_folder_that_goes_while_it_is_listed_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of packages or labels may be replaced at any moment; its files are gone then, and the watch goes on."""
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    assert Looking(lambda: looks.look("2013-10-07"), [tmp_path / "away"], Watch()).state() == ()


def test_what_is_wrong_comes_first_and_no_line_is_beyond_the_window() -> None:
    """In a small window the sentence, the alarm and how to end it are there; what is cut off is counted."""
    version = looks.version(**dict[str, Any]({f"check_{number}": "pass" for number in range(30)}), unseen_values="fail")
    alarm = Alarm(version="v1.0.0", digest=version.digest, check="unseen values", opened="2013-10-05T12:00:00Z",
                  observed="3%", limit="1%", reason="look there")  # fmt: skip
    found = looks.look("2013-10-07", version).model_copy(update={"alarms": [alarm]})
    drawn = board.draw(found, "", NOW, 3600.0, colour=False, lines=14)
    assert len(drawn) == 14
    assert drawn[:3] == ["ALARM", "Production is fail.", ""]
    assert drawn[3:5] == ["Open alarms", "  v1.0.0: unseen values, open since 2013-10-05"]
    assert (
        drawn[10] == f"A taller window shows {len(board.draw(found, '', NOW, 1.0, False, 500)) - 13} more lines; "
        "the report has all."
    )
    assert drawn[-2:] == [
        "Looked at 12:00:00 UTC. Looks again when log, labels or packages change, or at 13:00.",
        "Ctrl-C ends it.",
    ]


def test_look_that_failed_is_said_above_what_was_known_before() -> None:
    """After a failing look the last findings stay, under the line that says what went wrong; nothing hidden passes."""
    found = looks.look("2013-10-07", looks.version(labels="pass"))
    drawn = board.draw(found, "the log is\x1b[2J away", NOW, 3600.0, colour=True, lines=50)
    assert drawn[0] == "\033[1;35mThis look failed\033[0m"
    assert drawn[1] == "the log is\N{REPLACEMENT CHARACTER}[2J away"
    assert drawn[3] == "\033[32mQUIET\033[0m"
    assert board.draw(None, "away", NOW, 60.0, colour=False, lines=50)[:2] == ["This look failed", "away"]
