"""Servers that roll out together: one decides, by what all of them counted, and the others do it."""

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from mainline.repository.git import GitError
from mainline.rollout import status
from mainline.rollout.together.reasons import NotAllowedError
from mainline.serving.watching import signature
from tests.mainline.rollout.together.machines import PACE, SILENT, Machine, Machines, policy
from tests.mainline.rollout.worlds import ref

Make = Callable[[int], Machines]


def history(world: Machines) -> list[tuple[str, str]]:
    """Return what happened, from the record in git."""
    record = world.board().record
    assert record is not None
    return [(entry.what, entry.detail) for entry in record.decided.history]


def until(world: Machines, reached: Callable[[], bool], turns: int = 40, but: tuple[Machine, ...] = ()) -> None:
    """Let time go by until something is so."""
    for _ in range(turns):
        if reached():
            return
        world.pass_by(but=but)
    raise AssertionError(history(world))


def is_on_trial(world: Machines) -> bool:
    """Whether a rollout is under way."""
    return world.all[0].state.progress is not None


def in_a_step(machines: Make, seconds: float) -> Machines:
    """Return two servers that give half of the requests to a candidate, and then pause for so long."""
    world = machines(2)
    world.policy = policy({"setWeight": 50}, {"pause": {"duration": seconds}})
    world.serve(1)
    world.wanted = ref(2)
    until(world, lambda: is_on_trial(world) and world.all[1].state.progress.live is not None)  # type: ignore[union-attr]
    return world


def test_one_decides_and_all_serve_by_its_steps(machines: Make) -> None:
    """Four servers have one rollout: each step once, one report to others, and minimum samples by all together."""
    world = machines(4)
    for machine in world.all:
        machine.rate = 10  # a server alone would have 100 samples after much longer
    world.serve(1)
    world.wanted = ref(2)
    until(world, lambda: all(machine.state.stable == ref(2) for machine in world.all))
    steps = [detail for what, detail in history(world) if what == "step"]
    assert steps == ["1 of 2: setWeight 50 %", "2 of 2: pause 30 s"]
    assert [what for what, _ in history(world)].count("started") == 1
    assert world.events == [("pod-0", "served", "v1.1.0"), ("pod-0", "served", "v1.2.0")]
    assert {machine.state.revision for machine in world.all} == {world.all[0].state.revision}


def test_samples_of_all_count_for_the_minimum(machines: Make) -> None:
    """The verdict is about the requests of all servers since they took the step."""
    world = machines(3)
    world.serve(1)
    world.policy = policy(minimumSamples=10**9)
    world.wanted = ref(2)
    until(world, lambda: is_on_trial(world) and world.all[0].state.progress.measured >= 2)  # type: ignore[union-attr]
    judged = world.leader().driver.judgement
    assert judged is not None
    samples = judged.findings[0].samples
    counted = [machine.circle.tally.said().recent["v1.2.0"]["requests"] for machine in world.all]
    assert min(counted) > 0
    assert max(counted) < samples <= sum(counted), (samples, counted)


def test_members_look_at_git_only_if_it_changed(machines: Make) -> None:
    """A member reads one ref in each interval, and the whole of git only once for a version."""
    world = machines(3)
    world.serve(1)
    before = [machine.looks for machine in world.all]
    world.pass_by(10)
    assert [machine.looks - earlier for machine, earlier in zip(world.all, before, strict=True)] == [10, 0, 0]
    world.wanted = ref(2)
    world.pass_by(3)
    assert [machine.looks - earlier for machine, earlier in zip(world.all, before, strict=True)] == [13, 1, 1]


def test_member_looks_once_while_its_package_is_under_way(machines: Make) -> None:
    """As long as a package is not here, a member only goes on bringing it: the whole of git is looked at once."""
    world = machines(3)
    world.serve(1)
    world.all[2].broken = True
    world.wanted = ref(2)
    world.pass_by(2)
    before = world.all[2].looks
    world.pass_by(5)
    assert world.all[2].looks == before
    world.all[2].broken = False
    world.pass_by(1)
    assert world.all[2].found.verified
    assert world.all[2].looks == before


def test_look_that_outlasts_a_turn_is_not_repeated(machines: Make) -> None:
    """A member whose look at git ends between two turns knows what it saw, and does not look again."""
    world = machines(2)
    world.serve(1)
    member, begun = world.all[1], threading.Event()
    look = member.look_whole

    def slow(begins: bool) -> bool:
        begun.wait(60)
        return look(begins)

    member.look_whole = slow  # type: ignore[method-assign]
    member.pace = replace(PACE, interval=0.01)
    before, world.wanted = member.looks, ref(2)
    world.pass_by(2)
    begun.set()
    member.circle.errand.wait(60)
    world.pass_by(3)
    assert member.looks == before + 1


def test_routes_are_written_only_if_they_are_others(machines: Make) -> None:
    """Each measurement changes the record, and no server reads its routes again for that."""
    world = in_a_step(machines, 300)
    states = [machine.state for machine in world.all]
    before = [signature(machine.place.routing) for machine in world.all]
    world.pass_by(4)
    assert all(machine.state != state for machine, state in zip(world.all, states, strict=True))
    assert [signature(machine.place.routing) for machine in world.all] == before


def test_bad_candidate_is_aborted_once_for_all(machines: Make) -> None:
    """One server on which the candidate fails is enough if all together are beyond the limit; nobody goes on."""
    world = machines(3)
    for machine in world.all:
        machine.failing = {"v1.2.0": 0.6 if machine.number else 0.4}
    world.serve(1)
    world.wanted = ref(2)
    until(world, lambda: ("pod-0", "aborted", "v1.2.0") in world.events)
    world.pass_by(2)
    assert {machine.state.stable for machine in world.all} == {ref(1)}
    assert {machine.state.progress for machine in world.all} == {None}
    assert [event[1] for event in world.events].count("aborted") == 1
    assert {len(machine.state.quarantined) for machine in world.all} == {1}


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_leader_that_is_gone_is_replaced_and_the_rollout_goes_on(machines: Make, step: int) -> None:
    """Whenever it goes, another one decides after the lease, in the next term, and no step is done twice."""
    world = machines(3)
    world.serve(1)
    world.wanted = ref(2)
    if step >= 0:
        until(world, lambda: is_on_trial(world) and world.all[0].state.progress.step >= step)  # type: ignore[union-attr]
    gone = world.leader()
    world.pass_by(3, but=(gone,))
    assert world.others() == world.all, "nobody decides before the lease is over"
    until(world, lambda: world.all[1].state.stable == ref(2), but=(gone,))
    record = world.board().record
    assert record is not None
    assert (record.term, record.leader) == (2, "pod-1")
    steps = [detail for what, detail in history(world) if what == "step"]
    assert steps == ["1 of 2: setWeight 50 %", "2 of 2: pause 30 s"]
    assert [event[1:] for event in world.events] == [("served", "v1.1.0"), ("served", "v1.2.0")]


def test_leader_that_was_cut_off_writes_nothing_and_follows(machines: Make) -> None:
    """What it would have decided meanwhile is nowhere: not in git, and not on its own machine."""
    world = machines(3)
    world.serve(1)
    cut = world.leader()
    world.wanted = ref(2)
    until(world, lambda: world.all[1].state.stable == ref(2), but=(cut,))
    assert cut.state.stable == ref(1)
    world.wanted = ref(3)
    cut.turn()
    assert not cut.leads
    world.pass_by(1)
    assert cut.state.stable == ref(2)


def test_leader_whose_lease_ends_within_its_look_decides_nothing(machines: Make) -> None:
    """A look that takes longer than the lease is not acted on."""
    world = machines(2)
    world.serve(1)
    leader = world.leader()
    before = world.board()
    world.wanted = ref(2)
    look = leader.look_whole

    def slow(begins: bool) -> bool:
        world.now += 100
        return look(begins)

    leader.look_whole = slow  # type: ignore[method-assign]
    leader.turn()
    assert not leader.leads
    assert world.board().record_id == before.record_id


def test_new_server_comes_into_the_present_step(machines: Make) -> None:
    """It starts no rollout, holds nobody up while it fetches, and serves both versions by the same weights."""
    world = in_a_step(machines, 300)
    added = Machine(world, 2)
    world.all.append(added)
    world.pass_by(1)
    assert added.state == world.all[1].state
    routes = json.loads(added.place.routing.read_text())
    assert [(route["version"], route["weight"]) for route in routes["routes"]] == [("v1.2.0", 50), ("v1.1.0", 50)]
    assert [what for what, _ in history(world)].count("started") == 1
    world.pass_by(2)
    assert len(world.board().reports) == 3


def test_server_without_the_package_holds_the_rollout_back_and_is_named(machines: Make) -> None:
    """No server takes the candidate before all have it; the reason is in the leader's status."""
    world = machines(3)
    world.serve(1)
    world.all[2].broken = True
    world.wanted = ref(2)
    world.pass_by(6)
    assert {machine.state.progress for machine in world.all} == {None}
    record = world.board().record
    assert record is not None
    assert [(one.name, one.problem) for one in record.servers if one.problem] == [("pod-2", "storage is away")]
    world.all[2].broken = False
    until(world, lambda: all(machine.state.stable == ref(2) for machine in world.all))


def test_server_that_loses_the_candidate_within_a_rollout_ends_it(machines: Make) -> None:
    """A step that a server does not take within the deadline aborts, as with one server alone."""
    world = machines(2)
    world.policy = policy({"setWeight": 10}, {"setWeight": 50}, {"pause": {"duration": 30}})
    world.serve(1)
    world.wanted = ref(2)
    until(world, lambda: is_on_trial(world))
    world.all[1].place.package(ref(2).digest).rmdir()
    world.all[1].broken = True
    until(world, lambda: ("pod-0", "aborted", "v1.2.0") in world.events)
    assert ("aborted", "the server did not take the step within 120 s") in history(world)


def test_silent_server_is_left_out_after_the_declared_time(machines: Make) -> None:
    """Until then the rollout waits for it; afterwards the others go on, and the status says so."""
    world = machines(3)
    world.serve(1)
    silent = world.all[2]
    world.wanted = ref(2)
    world.pass_by(2, but=(silent,))
    assert not is_on_trial(world)
    world.pass_by(int(SILENT / 10) + 1, but=(silent,))
    assert is_on_trial(world)
    record = world.board().record
    assert record is not None
    assert [one.name for one in record.servers if one.silent] == ["pod-2"]
    until(world, lambda: world.all[0].state.stable == ref(2), but=(silent,))
    world.pass_by(30, but=(silent,))
    assert set(world.board().reports) == {"pod-0", "pod-1"}, "its report is taken down in the end"


def test_server_that_starts_anew_again_and_again_ends_the_rollout(machines: Make) -> None:
    """A candidate that one server cannot stay up with is aborted, though others serve it well."""
    world = in_a_step(machines, 3000)
    for _ in range(4):
        world.all[1].process += 1
        world.pass_by()
    world.pass_by(2)
    assert ("aborted", "server pod-1 started anew 4 times in this step") in history(world)


def test_counts_survive_a_restart_of_server_and_follower(machines: Make) -> None:
    """What a server counted in a step before it started anew stays in the sum."""
    world = machines(1)
    world.policy = policy({"setWeight": 50}, {"pause": {"duration": 3000}})
    world.serve(1)
    world.wanted = ref(2)
    until(world, lambda: is_on_trial(world) and world.all[0].state.progress.live is not None)  # type: ignore[union-attr]
    world.pass_by(3)
    one = world.all[0]
    before = one.circle.tally.said().recent["v1.2.0"]["requests"]
    one.process, one.counted = 2, {}
    one.speak()
    one.start()
    one.speak()
    assert one.circle.tally.said().recent["v1.2.0"]["requests"] == before + 2 * one.rate
    assert one.circle.tally.said().restarts == 1


def test_without_git_nobody_decides_and_what_serves_stays(machines: Make) -> None:
    """A leader decides nothing beyond its lease, and all go on when git is back."""
    world = machines(2)
    world.serve(1)
    routes = [machine.place.routing.read_text() for machine in world.all]
    world.origin.rename(world.path / "away.git")
    world.wanted = ref(2)
    for machine in world.all:
        with pytest.raises(GitError):
            machine.turn()
    world.now += 100
    assert not any(machine.leads for machine in world.all)
    assert [machine.place.routing.read_text() for machine in world.all] == routes
    (world.path / "away.git").rename(world.origin)
    until(world, lambda: all(machine.state.stable == ref(2) for machine in world.all))


def test_server_that_may_not_push_is_refused_at_its_start(machines: Make) -> None:
    """One line names the ref, what git said and what to do; a server that could push before only waits."""
    world = machines(2)
    hook = world.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'no rights here' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(NotAllowedError, match=r"cannot write refs/mainline/production/servers/pod-0 .*remove rollout"):
        world.all[0].turn()
    hook.unlink()
    world.serve(1)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    world.now += 10
    with pytest.raises(GitError):
        world.leader().turn()


def test_servers_that_go_apart_leave_no_old_record(machines: Make) -> None:
    """If main takes the declaration back, the record is removed, so that nobody begins with it later."""
    world = machines(2)
    world.serve(1)
    world.is_together = False
    os.chdir(world.all[0].place.clone)
    world.all[0].circle.leave()
    assert world.board().record is None
    world.now += 10
    world.all[1].turn()
    assert world.board().record is None, "a server asks main before it stands for election"


def test_return_to_an_earlier_version_waits_for_nobody(machines: Make) -> None:
    """A rollback does not wait for a server that cannot fetch."""
    world = machines(3)
    world.serve(1)
    world.wanted = ref(2)
    until(world, lambda: all(machine.state.stable == ref(2) for machine in world.all))
    world.all[2].place.package(ref(1).digest).rmdir()
    world.wanted = ref(1)
    world.pass_by(1)
    assert {machine.state.stable for machine in world.all} == {ref(1)}


def test_status_names_the_leader_and_the_servers(machines: Make) -> None:
    """The document of every server says who decides, and what each of them does."""
    world = machines(2)
    world.serve(1)
    for machine in world.all:
        shown = machine.circle.shown()
        assert shown is not None
        assert (shown["leader"], shown["term"], len(shown["servers"])) == ("pod-0", 1, 2)
    member = world.all[1]
    member.driver.together = member.circle.shown()
    member.driver.tick(member.found, {"problem": ""}, alone=False)
    text = status.render(status.read(member.place.folder), 0.0)
    assert "  together pod-0 decides for 2 servers (term 1); this one is pod-1" in text


def test_differences_that_overflow_together_say_nothing(machines: Make) -> None:
    """Sums of pairs that are finite on each server, and not in all, do not spoil what is written down."""
    world = machines(2)
    world.serve(1)
    for machine in world.all:
        machine.pairs = {"number": 2, "sum": 1e308, "squares": 1e308}
    world.wanted = ref(2)
    until(world, lambda: {machine.state.stable for machine in world.all} == {ref(2)})
