"""What a person sees who watches production at a terminal, and the line for each look where a program reads."""

import textwrap
from datetime import datetime, timedelta

from mainline import display
from mainline.documents import Verdict
from mainline.gate import terminal
from mainline.monitoring import wording
from mainline.monitoring.result import Monitored
from mainline.text import clean

WORDS: dict[Verdict, str] = {"pass": "quiet", "warn": "quiet", "fail": "alarm", "cannot tell": "cannot tell"}
"""What a look came to, in the words of the exit status."""
_FAILED = "not looked"
_LATER = "A taller window shows {} more lines; the report has all."


def line(found: Monitored | None, problem: str, now: datetime) -> str:
    """Return what a look came to as one line: the time (UTC), a word, and the sentence."""
    word, said = (_FAILED, problem) if problem or found is None else (WORDS[found.verdict], found.headline)
    return f"{now:%Y-%m-%dT%H:%M:%SZ}  {word:<11}  {clean(said)}"


def draw(found: Monitored | None, problem: str, now: datetime, every: float, colour: bool, lines: int) -> list[str]:
    """Return at most so many lines: the sentence, what is wrong and open alarms first, then checks by version.

    Args:
        found: what the last look found that did not fail; None if there is none yet.
        problem: why the last look failed; '' if it did not.
        now: when it ended.
        every: seconds after which it looks again even if nothing changes.
        colour: whether words have colours.
        lines: how many lines the terminal has.
    """
    again = now + timedelta(seconds=every)
    foot = [
        "",
        f"Looked at {now:%H:%M:%S} UTC. Looks again when log, labels or packages change, or at {again:%H:%M}.",
        "Ctrl-C ends it.",
    ]
    body = [*_head(found, problem, colour), *(_checks(found, colour) if found else [])]
    room = max(lines - len(foot), 3)
    if len(body) > room:
        body = [*body[: room - 1], _LATER.format(len(body) - room + 1)]
    return [*body, *foot]


def _head(found: Monitored | None, problem: str, colour: bool) -> list[str]:
    said = []
    if problem:
        said += [_marked("cannot tell", "This look failed", colour), *_wrapped(problem), ""]
    if found is None:
        return said
    said += [_marked(found.verdict, WORDS[found.verdict].upper(), colour), *_wrapped(found.headline)]
    if found.alarms:
        said += ["", "Open alarms", *(f"  {wording.of_alarm(alarm)}" for alarm in found.alarms)]
    return said


def _checks(found: Monitored, colour: bool) -> list[str]:
    parts = wording.tables(found)
    return [text for title, checks in parts for text in ["", title, *terminal.table(checks, colour)[1:-1]]]


def _marked(verdict: Verdict, text: str, colour: bool) -> str:
    return f"\033[{terminal.MARKS[verdict][1]}m{text}\033[0m" if colour else text


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(clean(text), display.page()) or [""]
