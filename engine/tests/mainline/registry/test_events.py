"""What servers say of deployments, from a branch that anybody who may push can write to."""

import json
from typing import Any

import pytest

from mainline.registry import events
from mainline.registry.events import Event, parse
from tests.mainline.registry.registries import Registry, at

GOOD: dict[str, Any] = {"time": "2026-01-02T00:00:00Z", "event": "served", "version": "v1.1.0", "digest": "ab" * 32}


def line(**changes: Any) -> str:
    """Return a good line with some changes."""
    return json.dumps({**GOOD, **changes})


def test_events_come_oldest_first(empty: Registry) -> None:
    """Each line is an event with its time in seconds since 1970, whatever the order and zone they were written in."""
    text = f"{line()}\n{line(time='2026-01-01T13:00:00+01:00', event='aborted', reason='errors')}\n"
    empty.events("production", text)
    found = events.read("production", empty.path)
    assert [(item.when, item.event, item.reason) for item in found.events] == [
        (at(0.5), "aborted", "errors"),
        (at(1), "served", ""),
    ]
    assert (found.bad_lines, found.found) == (0, True)


def test_without_a_branch_there_are_none(empty: Registry) -> None:
    """An environment whose servers report nothing has no events, which is not the same as an empty file."""
    assert events.read("production", empty.path) == events.Events((), 0, False)


def test_the_branch_of_origin_counts_too_and_nothing_twice(empty: Registry) -> None:
    """A line that is on the branch here and on the one of origin is one event."""
    empty.events("production", f"{line()}\n{line(event='aborted')}\n", "refs/remotes/origin/deployments/production")
    empty.events("production", f"{line()}\n")
    assert [item.event for item in events.read("production", empty.path).events] == ["served", "aborted"]


@pytest.mark.parametrize(
    "bad",
    [
        "{", "[]", "null", "[" * 3_000, "\udc80\udcff", json.dumps({"event": "served"}),
        line(time="2026-01-02T00:00:00"), line(time=5), line(event="exploded"), line(version="1.1.0"),
        line(digest="xyz"), line(assignment=-1), line(assignment="2"), line(reason="r" * 601), line(more="m" * 5_000),
    ],
)  # fmt: skip
def test_a_line_that_does_not_fit_is_counted_and_stops_nothing(empty: Registry, bad: str) -> None:
    """The good lines around it are read."""
    content = f"{line()}\n".encode() + bad.encode(errors="surrogateescape") + f"\n\n{line(event='aborted')}".encode()
    empty.events("production", content)
    found = events.read("production", empty.path)
    assert (len(found.events), found.bad_lines) == (2, 1)


def test_what_a_newer_server_adds_is_passed_over() -> None:
    """An unknown key is not an error: servers may be newer than who counts."""
    assert parse(line(server="a").encode()) == Event.model_validate_json(line())
