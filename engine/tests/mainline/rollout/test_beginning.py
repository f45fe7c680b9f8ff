"""What a follower with an empty folder serves: what others served last, and nothing that one of them aborted."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mainline.declared import rollout
from mainline.registry.events import Event
from mainline.registry.tags import Assigned, Version
from mainline.rollout import beginning, reports
from mainline.rollout.follower import Follower
from mainline.rollout.records import Event as Told
from mainline.rollout.records import Ref
from tests.mainline.rollout.conftest import Followed

POLICY = rollout.read({"strategy": "canary", "rollbackWindow": {"revisions": 1}})
OTHER = rollout.read({"strategy": "canary", "steps": []})
NAMES = ("v1.0.0", "v1.1.0", "v1.2.0")


def digest(name: str) -> str:
    """Return the digest of a version's package."""
    return f"{NAMES.index(name):064x}"


def event(hour: int, kind: str, name: str, **more: Any) -> Event:
    """Return an event of an hour."""
    when = datetime(2026, 1, 1, hour, tzinfo=UTC)
    return Event(time=when, event=kind, version=name, digest=more.pop("digest", digest(name)), **more)  # type: ignore[arg-type]


def assigned(*given: tuple[int, str], archived: str = "") -> list[Assigned]:
    """Return assignments by hour."""
    return [
        Assigned("production", number, Version(name, name, archived=name == archived),
                 int(datetime(2026, 1, 1, hour, tzinfo=UTC).timestamp()), "", "")
        for number, (hour, name) in enumerate(given, 1)
    ]  # fmt: skip


def begin(given: list[Assigned], *told: Event, declared: rollout.Policy | None = POLICY) -> tuple[Any, ...]:
    """Return the names of what is served, of what may return, and of what is quarantined under which policy."""
    version = given[-1].version
    assert version is not None
    found = beginning.begin(Ref(version.name, digest(version.name)), declared, given, told)
    quarantined = [(NAMES[int(entry.digest, 16)], entry.policy) for entry in found.quarantined]
    return found.stable and found.stable.version, [ref.version for ref in found.window], quarantined


GIVEN = assigned((1, "v1.0.0"), (3, "v1.1.0"), (5, "v1.2.0"))
SERVED = event(2, "served", "v1.0.0"), event(4, "served", "v1.1.0")


def test_first_version_of_an_environment_serves_at_once() -> None:
    """Where no server has said anything, there is nothing to compare with."""
    assert begin(assigned((1, "v1.0.0"))) == ("v1.0.0", [], [])


def test_version_on_trial_takes_its_steps_against_what_served_last() -> None:
    """Mid-canary the version that was served last is stable, and the one before it may return."""
    assert begin(GIVEN, *SERVED) == ("v1.1.0", ["v1.0.0"], [])


def test_number_of_the_assignment_says_what_was_served_last_on_whatever_clock() -> None:
    """A server whose clock was ahead served the first version; mid-canary a new machine begins with the second."""
    ahead = event(9, "served", "v1.0.0", assignment=1), event(4, "served", "v1.1.0", assignment=2)
    assert begin(GIVEN, *ahead) == ("v1.1.0", ["v1.0.0"], [])


def test_version_that_was_served_and_not_aborted_serves() -> None:
    """What came through its steps on another machine needs none here, and neither does one that main went back to."""
    assert begin(GIVEN, *SERVED, event(6, "served", "v1.2.0")) == ("v1.2.0", ["v1.1.0"], [])
    back = assigned((1, "v1.0.0"), (3, "v1.1.0"), (5, "v1.0.0"))
    assert begin(back, *SERVED) == ("v1.0.0", ["v1.1.0"], [])


@pytest.mark.parametrize("more", [(), (event(7, "served", "v1.2.0"),), (event(5, "served", "v1.2.0"),)])
def test_aborted_version_is_quarantined_whatever_another_server_did(more: tuple[Event, ...]) -> None:
    """Any abort since the assignment counts, before or after another server served it."""
    told = sorted((*SERVED, event(6, "aborted", "v1.2.0", policy="a" * 12), *more), key=lambda one: one.when)
    assert begin(GIVEN, *told) == ("v1.1.0", ["v1.0.0"], [("v1.2.0", "a" * 12)])


def test_abort_without_its_policy_counts_under_the_present_one() -> None:
    """Servers that do not say under which policy they aborted are believed; with an unreadable policy, under each."""
    abort = event(6, "aborted", "v1.2.0")
    assert begin(GIVEN, *SERVED, abort)[2] == [("v1.2.0", POLICY.hash)]
    assert begin(GIVEN, *SERVED, abort, declared=None)[2] == [("v1.2.0", "")]


def test_version_served_later_under_another_policy_or_assigned_once_more_is_free() -> None:
    """Another policy tries an aborted version again, and so does another assignment."""
    abort = event(6, "aborted", "v1.2.0", policy=POLICY.hash)
    served = event(8, "served", "v1.2.0", policy=OTHER.hash)
    assert begin(GIVEN, *SERVED, abort, served)[0] == "v1.2.0"
    assert begin(GIVEN, *SERVED, abort, event(8, "served", "v1.2.0", policy=POLICY.hash))[0] == "v1.1.0"
    again = assigned((1, "v1.0.0"), (3, "v1.1.0"), (5, "v1.2.0"), (7, "v1.1.0"), (8, "v1.2.0"))
    assert begin(again, *SERVED, abort) == ("v1.1.0", ["v1.0.0"], [])


def test_abort_by_a_server_whose_clock_is_at_1970_counts() -> None:
    """A time before every assignment says that the clock was wrong, not that the abort was of another assignment."""
    early = event(0, "aborted", "v1.2.0").model_copy(update={"time": datetime(1970, 1, 1, tzinfo=UTC)})
    assert begin(GIVEN, early, *SERVED)[2] == [("v1.2.0", POLICY.hash)]


@pytest.mark.parametrize("hour", [0, 6, 7, 20])
def test_number_of_the_assignment_says_which_one_was_aborted_on_whatever_clock(hour: int) -> None:
    """An abort of the second time stands though the clock is hours behind, and one of the first is over."""
    again = assigned((1, "v1.0.0"), (3, "v1.1.0"), (5, "v1.2.0"), (7, "v1.1.0"), (8, "v1.2.0"))
    first, second = (event(hour, "aborted", "v1.2.0", assignment=number) for number in (3, 5))
    assert begin(again, *SERVED, first)[2] == []
    assert begin(again, *SERVED, second)[2] == [("v1.2.0", POLICY.hash)]


def test_aborted_version_is_served_by_nobody_even_if_it_is_all_that_is_known() -> None:
    """Without a version that served, an earlier assignment serves; without that, nothing does."""
    abort = event(6, "aborted", "v1.2.0")
    older = event(0, "aborted", "v1.1.0")
    records = (event(0, "rolled back", "v1.0.0"),)  # it tells the digest
    assert begin(GIVEN, *records, older, abort)[0] == "v1.0.0"
    assert begin(assigned((5, "v1.2.0")), abort) == (None, [], [("v1.2.0", POLICY.hash)])


def test_archived_versions_and_strangers_are_not_served() -> None:
    """An event of an archived version, of another package or of an unknown version brings nothing to serve."""
    assert begin(assigned((1, "v1.0.0"), (3, "v1.1.0"), (5, "v1.2.0"), archived="v1.1.0"), *SERVED)[0] == "v1.0.0"
    strange = (
        event(6, "served", "v1.2.0", digest="f" * 64),
        event(6, "served", "v1.0.0").model_copy(update={"version": "v9.9.9"}),
    )
    assert begin(GIVEN, *SERVED, *strange)[0] == "v1.1.0"


def told(kind: Any, ref: Ref, **more: Any) -> str:
    """Write an event of a follower as others read it."""
    return reports.line(Told(1, 4_000_000_000.0, kind, ref.version, ref.digest, **more))


@pytest.mark.parametrize("aborted", [True, False])
def test_empty_folder_begins_with_what_git_says(followed: Followed, aborted: bool) -> None:
    """A rescheduled follower serves the version before, keeps an aborted one out, and tries one on trial by steps."""
    followed.release()
    followed.source.look()
    first = followed.source.look().wanted
    followed.release(5)
    second = followed.source.look().wanted
    assert first is not None
    assert second is not None
    lines = [told("served", first), *([told("aborted", second, reason="errors")] if aborted else [])]
    reports.append(lines, "production")
    follower = Follower(followed.source, followed.source.place)
    for _ in range(2):
        follower.look()
        follower.tick()
    routes = json.loads(followed.source.place.routing.read_text())["routes"]
    shares = {route["version"]: route["weight"] for route in routes}
    assert shares == ({"v1.0.0": 100} if aborted else {"v1.1.0": 20, "v1.0.0": 80})
    assert not follower.driver.state.outbox, "others know it already"
    assert bool(follower.driver.state.quarantined) == aborted
