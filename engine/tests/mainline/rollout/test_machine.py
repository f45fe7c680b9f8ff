"""The rollout, transition by transition."""

from dataclasses import replace
from itertools import pairwise

import pytest

from mainline.declared import reading, rollout
from mainline.rollout import machine
from mainline.rollout.measurement import wants_golden
from mainline.rollout.outbox import delivered
from mainline.rollout.records import Beginning, Live, Measurement, Ref
from tests.mainline.rollout.worlds import FAIL, PASS, UNSURE, World, canary, ref


@pytest.fixture
def world() -> World:
    """Version 1 serves, git assigns version 2, and its rollout has begun."""
    made = World().have(1)
    made.wanted = ref(2)
    made.settle()
    return made


def test_first_version_skips_the_steps() -> None:
    """With nothing to compare with, the first version serves at once; one that is not verified does not."""
    world = World(wanted=ref(1))
    assert world.settle(verified=False) == []
    world.settle()
    assert machine.weights(world.state) == [(ref(1), 100)]
    assert world.events == [("served", "v1.1.0")]


def test_another_model_begins_anew() -> None:
    """Its version serves without steps once it is at hand, under whatever name; what was known was of the former."""
    world = World().have(1)
    world.settle(model="bikes")
    world.wanted = ref(2)
    world.settle(model="bikes")
    assert (world.state.model, world.weight) == ("bikes", 10)
    other = Ref("v1.1.0", "f" * 64)
    world.wanted = other
    world.settle(model="trips", beginning=Beginning(other, ready=False), verified=False)
    assert machine.weights(world.state) == [(ref(1), 100)]
    world.settle(model="trips", beginning=Beginning(other, ready=True))
    assert machine.weights(world.state) == [(other, 100)]
    assert (world.state.model, world.state.window, world.state.progress) == ("trips", (), None)
    assert [event.model for event in world.state.outbox] == ["", "trips"]


def test_events_name_the_newest_assignment_that_was_known() -> None:
    """One that is not known now, such as while git is away, takes nothing back; another model's are counted anew."""
    world = World().have(1)
    world.wanted = ref(2)
    world.settle(model="bikes", assignment=7)
    world.settle(model="bikes", assignment=0)
    world.pass_by(30, model="bikes", measurement=FAIL)
    other = Ref("v1.0.0", "f" * 64)
    world.settle(model="trips", beginning=Beginning(other, ready=True), assignment=1)
    told = [(event.kind, event.assignment) for event in world.state.outbox]
    assert told == [("served", 0), ("aborted", 7), ("revert", 7), ("served", 1)]


def test_another_model_that_is_not_known_waits() -> None:
    """Without what others told of it, nothing of it is compared with what serves."""
    world = World().have(1)
    world.settle(model="bikes")
    world.wanted = ref(2)
    assert world.settle(model="trips") == []


def test_steps_are_taken_one_by_one(world: World) -> None:
    """10 % for half a minute, 50 % for half a minute, then everything; each only after it passed."""
    assert world.weight == 10
    world.pass_by(25, measurement=PASS)
    assert world.weight == 10
    world.pass_by(5, measurement=PASS)
    assert world.weight == 50
    world.pass_by(30, measurement=PASS)
    assert machine.weights(world.state) == [(ref(2), 100)]
    assert world.events[-1] == ("served", "v1.2.0")
    assert world.state.window == (ref(1),)


def test_step_waits_until_the_server_takes_it() -> None:
    """Time counts from when the server serves the weight, and a server that never does ends the rollout."""
    world = World().have(1)
    world.wanted = ref(2)
    behind = Live("1", 0)
    world.settle(live=behind)
    world.pass_by(300, measurement=PASS, live=behind)
    assert world.weight == 10
    world.pass_by(400, measurement=PASS, live=behind)
    assert world.events[-2:] == [("aborted", "v1.2.0"), ("revert", "v1.1.0")]
    assert "did not take the step" in world.state.outbox[-1].reason


@pytest.mark.parametrize("measurement", [UNSURE, None])
def test_too_little_traffic_is_never_success(world: World, measurement: Measurement | None) -> None:
    """However long it lasts, what is inconclusive or was not measured does not end a step."""
    world.pass_by(100_000, measurement=measurement)
    assert world.weight == 10
    world.pass_by(10, measurement=PASS)
    assert world.weight == 50


def test_golden_requests_decide_where_declared() -> None:
    """After the step's time with too little traffic they let it end, or abort; before, and undeclared, they do not."""
    for golden, weight in ((PASS, 50), (FAIL, None)):
        world = World(canary(goldenRequests=True)).have(1)
        world.wanted = ref(2)
        world.settle()
        world.pass_by(25, measurement=UNSURE, golden=golden)
        assert world.weight == 10
        world.pass_by(5, measurement=UNSURE, golden=golden)
        assert world.weight == weight
    undeclared = World().have(1)
    undeclared.wanted = ref(2)
    undeclared.settle()
    undeclared.pass_by(100, measurement=UNSURE, golden=PASS)
    assert undeclared.weight == 10


def test_abort_gives_everything_to_stable_and_quarantines(world: World) -> None:
    """One transition takes all traffic away; the same version under the same policy is not tried again."""
    world.now += 10
    (after,) = world.settle(measurement=FAIL)
    assert machine.weights(after) == [(ref(1), 100)]
    assert world.events[1:] == [("aborted", "v1.2.0"), ("revert", "v1.1.0")]
    world.pass_by(1000, measurement=PASS)
    assert world.state.progress is None


def test_quarantine_is_of_the_version_under_the_policy(world: World) -> None:
    """Another policy tries an aborted version again, from the first step."""
    world.now += 10
    world.settle(measurement=FAIL)
    world.policy = canary({"setWeight": 5}, {"pause": {"duration": 30}})
    world.settle()
    assert world.weight == 5


def test_version_that_is_assigned_once_more_after_its_abort_is_tried_again() -> None:
    """The revert of the revert is a person's word; until then neither time nor the revert itself lifts a quarantine."""
    world = World().have(1)
    world.wanted = ref(2)
    world.settle(assignment=2)
    world.pass_by(10, measurement=FAIL, assignment=2)
    assert world.events[-2:] == [("aborted", "v1.2.0"), ("revert", "v1.1.0")]
    world.pass_by(1000, assignment=2)
    assert world.state.progress is None
    world.wanted = ref(1)
    world.settle(assignment=3)
    world.wanted = ref(2)
    world.settle(assignment=2)  # the tag of the revert was deleted by hand: nobody assigned anything again
    assert world.state.progress is None
    world.settle(assignment=4)
    assert world.weight == 10
    world.pass_by(10, measurement=FAIL, assignment=4)
    world.pass_by(1000, assignment=4)
    assert world.state.progress is None


def test_failed_measurements_are_allowed_as_declared() -> None:
    """With failureLimit 2 the third failure in a step aborts; a step's failures do not count for the next."""
    world = World(canary(failureLimit=2)).have(1)
    world.wanted = ref(2)
    world.settle()
    for measurement in (FAIL, FAIL, PASS):
        world.pass_by(10, measurement=measurement)
    assert world.weight == 50
    for _ in range(2):
        world.pass_by(10, measurement=FAIL)
    assert world.weight == 50
    world.pass_by(10, measurement=FAIL)
    assert world.weight is None


def test_window_returns_without_steps(world: World) -> None:
    """A version that was fully promoted before is back with one transition, and so is the one it replaced."""
    world.pass_by(60, measurement=PASS)
    world.wanted = ref(1)
    assert len(world.settle()) == 1
    assert machine.weights(world.state) == [(ref(1), 100)]
    assert world.events[-2:] == [("rolled back", "v1.2.0"), ("served", "v1.1.0")]
    world.wanted = ref(2)
    assert len(world.settle()) == 1


def test_window_works_while_the_policy_is_wrong(world: World) -> None:
    """The way back needs no policy; a new version does."""
    world.pass_by(60, measurement=PASS)
    world.wanted = ref(3)
    assert world.settle(policy=None) == []
    world.wanted = ref(1)
    world.settle(policy=None)
    assert world.state.stable == ref(1)


def test_newer_version_starts_again_against_the_last_promoted_one(world: World) -> None:
    """Mid-rollout the candidate is dropped first, then the newer one begins at the first step."""
    world.pass_by(30, measurement=PASS)
    assert world.weight == 50
    world.wanted = ref(3)
    states = world.settle()
    assert machine.weights(states[0]) == [(ref(1), 100)]
    assert machine.weights(states[1]) == [(ref(3), 10), (ref(1), 90)]
    assert world.state.stable == ref(1)


def test_newer_version_that_cannot_be_had_ends_the_rollout_of_the_older(world: World) -> None:
    """What git no longer asks for is not promoted, even while what it asks for is not there."""
    world.wanted = ref(3)
    world.settle(verified=False)
    assert machine.weights(world.state) == [(ref(1), 100)]


def test_unknown_wish_and_wrong_policy_leave_a_rollout_as_it_is(world: World) -> None:
    """Without git, or with a policy that cannot be read, a rollout goes on under the policy that it began with."""
    world.more |= {"wanted": None, "policy": None}
    world.pass_by(60, measurement=PASS)
    assert world.state.stable == ref(2)


def test_candidate_that_git_takes_back_is_withdrawn(world: World) -> None:
    """Where git can be read and lets the candidate come no more, stable has everything, and nothing is promoted."""
    world.pass_by(30, measurement=PASS)
    assert world.weight == 50
    world.more |= {"wanted": None, "withdrawn": "git assigns no version to production"}
    world.pass_by(60, measurement=PASS)
    assert machine.weights(world.state) == [(ref(1), 100)]
    last = world.state.history[-1]
    assert (last.what, last.version, last.detail) == ("withdrawn", "v1.2.0", "git assigns no version to production")
    world.more |= {"wanted": ref(2), "withdrawn": ""}
    world.settle()
    assert world.weight == 10


def test_another_policy_starts_again(world: World) -> None:
    """A rollout belongs to its policy: with another one it begins at the first step."""
    world.pass_by(30, measurement=PASS)
    world.policy = canary({"setWeight": 20}, {"pause": {"duration": 30}})
    world.settle()
    assert world.weight == 20
    assert [entry.what for entry in world.state.history][-4:-1] == ["withdrawn", "started", "step"]


def test_approval_waits_for_a_person() -> None:
    """Only the word for this version, policy and step lets it go on, and analysis goes on meanwhile."""
    world = World(canary({"setWeight": 10}, {"approval": {}}, {"setWeight": 50}, {"pause": {"duration": 5}})).have(1)
    world.wanted = ref(2)
    world.pass_by(
        1000, measurement=PASS, approved=frozenset({("v1.2.0", "other", 1), ("v1.2.0", world.policy.hash, 0)})
    )
    assert world.weight == 10
    aborted = machine.advance(replace(world.state), replace(world.see(measurement=FAIL), now=world.now + 10))
    assert aborted is not None
    assert aborted.progress is None
    world.settle(approved=frozenset({("v1.2.0", world.policy.hash, 1)}))
    assert world.weight == 50


def test_restarted_server_begins_the_step_again(world: World) -> None:
    """Its counters are gone, so the step's time and measurements begin anew; too many restarts abort."""
    world.pass_by(25, measurement=PASS)
    world.process = "2"
    world.pass_by(25, measurement=PASS)
    assert world.weight == 10
    world.pass_by(10, measurement=PASS)
    assert world.weight == 50
    for number in range(3, 6):
        world.process = str(number)
        world.settle()
    assert world.weight == 50
    world.process = "6"
    world.settle()
    assert world.events[-2] == ("aborted", "v1.2.0")


def test_without_a_server_no_step_ends(world: World) -> None:
    """Time in which nobody is served proves nothing."""
    world.pass_by(20, measurement=PASS)
    world.pass_by(1000, measurement=None, live=None)
    assert world.weight == 10


def test_mirror_is_seen_by_analysis_and_answers_nobody() -> None:
    """A mirrored candidate has no weight, and can be aborted."""
    world = World(canary({"setMirror": 100}, {"pause": {"duration": 30}})).have(1)
    world.wanted = ref(2)
    world.settle()
    assert machine.weights(world.state) == [(ref(2), 0), (ref(1), 100)]
    world.pass_by(10, measurement=FAIL)
    assert world.events[1] == ("aborted", "v1.2.0")


def test_golden_requests_that_cannot_tell_do_not_let_a_step_end() -> None:
    """Only an answer decides; without one the step waits."""
    world = World(canary(goldenRequests=True)).have(1)
    world.wanted = ref(2)
    world.settle()
    world.pass_by(100, measurement=UNSURE, golden=UNSURE)
    assert world.weight == 10


def test_golden_requests_are_asked_for_when_they_can_decide(world: World) -> None:
    """At the end of a step's time, where they are declared and traffic was too little; never otherwise."""
    assert not wants_golden(World().have(1).state, 1e9)
    assert not wants_golden(world.state, 1e9), "they are not declared"
    declared = World(canary(goldenRequests=True)).have(1)
    declared.wanted, declared.now = ref(2), 1000.0
    declared.settle()
    progress = declared.state.progress
    assert progress is not None
    nobody, over = (
        replace(declared.state, progress=replace(progress, **more)) for more in ({"live": None}, {"step": 4})
    )
    assert not wants_golden(nobody, 1e9), "nobody serves the step"
    assert not wants_golden(over, 1e9), "it was the last step"
    assert not wants_golden(declared.state, declared.now + 29.9)
    assert wants_golden(declared.state, declared.now + 30)
    declared.pass_by(25, measurement=PASS)
    assert not wants_golden(declared.state, declared.now + 1e6), "traffic was enough"


def test_a_step_without_metrics_takes_its_time_alone() -> None:
    """Where nothing is to be measured, the time of the step is all there is to wait for."""
    world = World(canary(metrics=[])).have(1)
    world.wanted = ref(2)
    world.settle()
    world.pass_by(25)
    assert world.weight == 10
    world.pass_by(5)
    assert world.weight == 50


def test_each_measurement_counts_once_and_what_a_restart_forgot_not_at_all() -> None:
    """With a count of 3 two passes are too few, and those before a restart are gone with the counters."""
    world = World(canary(count=3, failureLimit=1)).have(1)
    world.wanted = ref(2)
    world.settle()
    world.pass_by(10, measurement=FAIL)
    world.pass_by(10, measurement=PASS)
    assert world.state.progress is not None
    assert (world.state.progress.measured, world.state.progress.failures) == (2, 1)
    before, world.process = world.state.progress, "2"
    world.settle(live=Live("2", 0))
    assert world.state.progress == replace(
        before, process="2", restarts=1, live=None, entered=world.now, measured=0, failures=0, last=0.0, verdict=None,
        reason="", baseline={},
    )  # fmt: skip
    assert world.state.history[-1].what == "step again"
    assert world.state.history[-1].detail == "the server restarted"
    assert (world.state.history[-1].time, world.state.history[-1].version) == (world.now, "v1.2.0")


def test_every_change_of_what_is_served_has_a_number_of_its_own(world: World) -> None:
    """A server that serves an earlier revision never counts as serving this one, on every way through the machine."""
    states = [world.state]
    for wanted, measurement in ((2, PASS), (1, None), (3, PASS), (4, FAIL), (3, None)):
        world.wanted = ref(wanted)
        for _ in range(20):
            world.now += 5
            states += world.settle(measurement=measurement)
    for before, after in pairwise(states):
        changed = machine.weights(before) != machine.weights(after)
        assert after.revision - before.revision in ((1,) if changed else (0, 1))
    assert len({state.revision for state in states}) > 7
    assert [event.time for event in states[-1].outbox] == [0, 60, 105, 105, 265, 315, 315], "each when it happened"


def test_a_return_says_why_and_keeps_the_window_as_declared(world: World) -> None:
    """What it replaces may come back, what returned is not in its own window, and both events bear their reasons."""
    world.pass_by(60, measurement=PASS)
    world.wanted, world.now = ref(1), 777.0
    world.settle()
    assert world.state.window == (ref(2),)
    told = [(event.kind, event.time, event.reason) for event in world.state.outbox[-2:]]
    assert told == [
        ("rolled back", 777.0, "main went back to v1.1.0"),
        ("served", 777.0, "within the rollback window: without steps"),
    ]  # fmt: skip


def test_an_abort_says_when_and_why(world: World) -> None:
    """Quarantine, history and what others are told bear the moment and the measurement's reason."""
    world.now += 10
    world.settle(measurement=FAIL)
    (entry,) = world.state.quarantined
    assert (entry.reason, entry.time) == ("error-rate: too high", world.now)
    assert [(event.reason, event.time) for event in world.state.outbox[-2:]] == [
        ("error-rate: too high", world.now)
    ] * 2


def test_the_window_keeps_as_many_versions_as_declared() -> None:
    """With a window of two, the version before those needs its steps again."""
    world = World(rollout.read({"strategy": "canary", "steps": [{"setWeight": 10}, {"pause": {"duration": 5}}],
                               "rollbackWindow": {"revisions": 2}})).have(1)  # fmt: skip
    for number in (2, 3, 4):
        world.wanted = ref(number)
        world.pass_by(20)
    assert world.state.window == (ref(3), ref(2))
    assert world.state.history[-1].detail == "every step passed"


def test_what_was_delivered_is_told_once(world: World) -> None:
    """Only the events that arrived are forgotten; the others are sent again."""
    world.now += 10
    world.settle(measurement=FAIL)
    first, second, third = world.state.outbox
    left = delivered(world.state, frozenset({first.id, third.id}))
    assert left == replace(world.state, outbox=(second,))


def test_times_follow_a_clock_that_was_set() -> None:
    """A bad candidate is found, and a good one goes on, in the time that it takes with any other clock."""
    for verdict, stable in ((FAIL, ref(1)), (PASS, ref(2))):
        for jump in (-3600.0, 86_400.0):
            world = World(wanted=ref(1)).have(1)
            world.now = 7200.0
            world.wanted = ref(2)
            world.pass_by(5, measurement=verdict)
            world.now += jump
            world.state = machine.shift(world.state, jump)
            world.settle(measurement=verdict)
            assert world.weight == 10, "no wait is over"
            world.pass_by(60, measurement=verdict)
            assert (world.state.stable, world.state.progress) == (stable, None)
    assert machine.shift(World().have(1).state, 5.0) == World().have(1).state


def test_policy_is_checked_when_it_is_read_and_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollout goes from its start to its end with the policy that it was given as a value."""
    world = World().have(1)
    monkeypatch.setattr(reading, "check_section", None)
    monkeypatch.setattr(rollout, "check_section", None)
    world.wanted = ref(2)
    world.settle()
    for _ in range(20):
        world.now += 10
        world.settle(measurement=PASS)
    assert world.state.stable == ref(2)
