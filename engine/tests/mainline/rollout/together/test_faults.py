"""What servers of one rollout say and do about records, names and a git that are not as they should be."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from mainline.repository import git as programs
from mainline.repository import tree
from mainline.repository.git import GitAwayError, GitError, GitTimeoutError, git
from mainline.rollout.together.notices import RECORD
from tests.mainline.rollout.together.machines import INTERVAL, SILENT, policy
from tests.mainline.rollout.together.test_circle import Make, is_on_trial, until
from tests.mainline.rollout.worlds import ref


def test_record_of_a_newer_state_is_waited_for(machines: Make) -> None:
    """A record whose state is of a newer format is left to the program that wrote it, and nobody stumbles over it."""
    world = machines(2)
    world.serve(1)
    record = world.board().record
    assert record is not None
    newer = json.dumps({**json.loads(RECORD.dump_json(record)), "state": {**record.state, "format": 2}})
    os.chdir(world.all[0].place.clone)
    made = hang_up(newer)
    world.pass_by(8)
    assert world.board().record_id == made
    assert {machine.state.stable for machine in world.all} == {ref(1)}
    for machine in world.all:
        assert machine.problem.startswith("refs/mainline/production/rollout/record holds nothing that this program can")
    git("push", "--quiet", "origin", ":refs/mainline/production/rollout/record")  # as the problem says
    world.wanted = ref(2)
    until(world, lambda: {machine.state.stable for machine in world.all} == {ref(2)})
    assert {machine.problem for machine in world.all} == {""}


@pytest.mark.parametrize("lease", ["1e300", "NaN", "Infinity", "-1", "0"])
def test_lease_that_nobody_may_declare_holds_no_election_up(machines: Make, lease: str) -> None:
    """A lease is believed up to the silence that main declares, since three intervals may not be longer than that."""
    world = machines(2)
    world.serve(1)
    record = world.board().record
    assert record is not None
    os.chdir(world.all[0].place.clone)
    hang_up(json.dumps({**json.loads(RECORD.dump_json(record)), "leader": "gone"}).replace("30.0", lease))
    world.wanted = ref(2)
    world.pass_by(int(SILENT / INTERVAL))
    assert not any(machine.leads for machine in world.all)
    until(world, lambda: {machine.state.stable for machine in world.all} == {ref(2)})


@pytest.mark.parametrize("time", ["1e300", "-1e300", "1e11"])
def test_time_that_is_no_date_ends_no_wait(machines: Make, time: str) -> None:
    """Waits go by what a record says of its time: one that no clock can say is left alone, and removed by hand."""
    world = machines(2)
    world.policy = policy({"setWeight": 50}, {"pause": {"duration": 300}})
    world.serve(1)
    world.wanted = ref(2)
    until(world, lambda: is_on_trial(world) and world.all[1].state.progress.live is not None)  # type: ignore[union-attr]
    record = world.board().record
    assert record is not None
    os.chdir(world.all[0].place.clone)
    made = hang_up(json.dumps({**json.loads(RECORD.dump_json(record)), "leader": "gone", "time": json.loads(time)}))
    world.pass_by(int(2 * SILENT / INTERVAL))
    assert world.board().record_id == made
    assert {machine.state.stable for machine in world.all} == {ref(1)}
    for machine in world.all:
        assert machine.problem.startswith("refs/mainline/production/rollout/record holds nothing that this program can")
    git("push", "--quiet", "origin", ":refs/mainline/production/rollout/record")
    until(world, lambda: {machine.state.stable for machine in world.all} == {ref(2)}, turns=60)


def hang_up(record: str) -> str:
    """Put another record in the place of the one there is; return its id."""
    made = tree.store(record.encode())
    git("push", "--quiet", "--force", "origin", f"{made}:refs/mainline/production/rollout/record")
    return made


def test_two_servers_of_one_name_say_so_and_do_not_decide(machines: Make) -> None:
    """Each notices what the other writes; a third server decides for all, and the end of one ends it."""
    world = machines(3)
    first, second, third = world.all
    second.circle.name = first.circle.name
    world.wanted = ref(1)
    until(world, lambda: bool(first.problem and second.problem))
    said = "another process writes refs/mainline/production/servers/pod-0, so two servers of production are called"
    assert first.problem == second.problem
    assert first.problem.startswith(said)
    until(world, lambda: third.leads)
    until(world, lambda: {machine.state.stable for machine in world.all} == {ref(1)})
    world.pass_by(int(SILENT / INTERVAL) + 1, but=(second,))
    assert first.problem == ""
    world.pass_by(5, but=(second, third))
    assert first.leads


def test_server_that_is_started_again_is_not_its_own_namesake(machines: Make) -> None:
    """What the process before it wrote is no sign of another one."""
    world = machines(2)
    world.serve(1)
    for machine in world.all:
        machine.start()
    for _ in range(8):
        world.pass_by()
        assert [machine.problem for machine in world.all] == ["", ""]


@pytest.mark.parametrize("slow", [15.0, 30.0])
def test_git_that_leaves_too_little_of_the_lease_is_said(machines: Make, slow: float) -> None:
    """A leader decides no more at its next look; the reason names the key to change, and goes as git is fast again."""
    world = machines(2)
    world.serve(1)
    for machine in world.all:
        push = machine.circle.board._push

        def late(*words: str, push: Callable[..., None] = push) -> None:
            push(*words)
            world.now += slow

        machine.circle.board._push = late  # type: ignore[method-assign]
    world.wanted = ref(2)
    until(world, lambda: any("so a lease of 30 s is over" in machine.problem for machine in world.all))
    assert any("Set a longer rollout.follow.interval" in machine.problem for machine in world.all)
    slow = 0.0
    until(world, lambda: {machine.state.stable for machine in world.all} == {ref(2)})
    world.pass_by(2)
    assert [machine.problem for machine in world.all] == ["", ""]


@pytest.mark.parametrize("failing", [("push", GitTimeoutError), ("push", GitAwayError), ("hash-object", GitError)])
def test_push_that_was_not_refused_is_not_taken_for_one(
    machines: Make, monkeypatch: pytest.MonkeyPatch, failing: tuple[str, type[GitError]]
) -> None:
    """A server whose first try has no whole answer, or whose disk is full, waits as if git were away; it goes on."""
    world = machines(1)
    run = programs.raw

    def fail(*words: str, **more: Any) -> bytes:
        if words[0] == failing[0]:
            raise failing[1]("no answer, or no space left")
        return run(*words, **more)

    with monkeypatch.context() as patch:
        patch.setattr(programs, "raw", fail)
        with pytest.raises(GitError):
            world.all[0].turn()
    world.serve(1)
