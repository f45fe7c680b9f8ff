"""The state machine against a small reference model: random versions, policies, verdicts, restarts, kills."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from mainline.declared.rollout import Policy
from mainline.exchange.place import Place
from mainline.rollout import machine, state
from mainline.rollout.machine import advance
from mainline.rollout.records import Live, Measurement, Ref, Seen, State
from tests.mainline.rollout.reference import Reference
from tests.mainline.rollout.worlds import canary, ref

POLICIES = [
    canary({"setWeight": 10}, {"pause": {"duration": 20}}, {"setWeight": 50}, {"pause": {"duration": 20}}),
    canary({"setWeight": 30}, {"pause": {"duration": 10}}, failureLimit=1),
    None,
]
VERDICTS = st.sampled_from(["pass", "pass", "pass", "inconclusive", "fail", None])


class Rollouts(RuleBasedStateMachine):
    """Runs both side by side; every transition is written down, and a kill leaves what was written."""

    steps_done = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = Place(Path(self.folder.name))
        self.state, self.reference = State(), Reference()
        self.now, self.process = 1000.0, 1
        self.up, self.taken = True, False
        self.wanted: Ref | None = None
        self.policy = POLICIES[0]
        self.told: dict[int, tuple[str, str]] = {}

    def teardown(self) -> None:
        """Remove the folder."""
        self.folder.cleanup()

    @rule(number=st.integers(1, 5))
    def assign(self, number: int) -> None:
        """Git assigns a version, new or old."""
        self.wanted = ref(number)
        self.look(None)

    @rule(chosen=st.sampled_from(POLICIES))
    def declare(self, chosen: Policy | None) -> None:
        """Main has another policy, or one that cannot be read."""
        self.policy = chosen
        self.look(None)

    @rule(seconds=st.sampled_from([5, 10, 25]), verdict=VERDICTS)
    def pass_by(self, seconds: int, verdict: str | None) -> None:
        """Time goes by, and the analysis says something."""
        self.now += seconds
        self.look(verdict if self.up else None)

    @rule(number=st.integers(1, 5))
    def fail(self, number: int) -> None:
        """A version is assigned and measured as bad until it is aborted, unless it is not tried at all."""
        self.assign(number)
        for _ in range(2):
            self.pass_by(10, "fail")

    @rule(up=st.booleans())
    def restart(self, up: bool) -> None:
        """The server is gone, or there is a new one."""
        self.up = up
        self.process += 1
        self.look(None)

    @rule()
    def lose_git(self) -> None:
        """What git wants is not known for a while."""
        wanted, self.wanted = self.wanted, None
        self.look(None)
        self.wanted = wanted

    @rule()
    def take_back(self) -> None:
        """Git assigns nothing for a while."""
        wanted, self.wanted, self.taken = self.wanted, None, True
        self.look(None)
        self.wanted, self.taken = wanted, False

    @rule(number=st.integers(1, 5), seconds=st.sampled_from([5, 25]), verdict=VERDICTS, left=st.integers(0, 3))
    def kill(self, number: int, seconds: int, verdict: str | None, left: int) -> None:
        """The follower is killed after some transitions, and another one goes on from what was written."""
        self.wanted = ref(number)
        self.now += seconds
        self.look(verdict if self.up else None, left)

    def look(self, verdict: str | None, killed_after: int = -1) -> None:
        """Let both come to rest."""
        type(self).steps_done += 1
        while True:
            if killed_after == 0:
                self.state = state.read(self.place)
            killed_after -= 1
            after = advance(self.state, self.see(verdict))
            if after is None:
                break
            state.write(self.place, after)
            self.state = after
        for event in self.state.outbox:
            self.told[event.id] = (event.kind, event.version)
        process = str(self.process) if self.up else ""
        self.reference.look(self.now, self.wanted, self.policy, verdict, process, self.taken)

    def see(self, verdict: str | None) -> Seen:
        """Return what is seen now."""
        live = Live(str(self.process), self.state.revision) if self.up else None
        found = Measurement(verdict) if verdict else None  # type: ignore[arg-type]
        withdrawn = "git assigns no version" if self.taken else ""
        return Seen(self.now, self.wanted, True, self.policy, live, found, withdrawn=withdrawn)

    @invariant()
    def agrees(self) -> None:
        """Both serve the same with the same weights, and have told the same."""
        progress = self.state.progress
        assert self.state.stable == self.reference.stable
        assert (progress.candidate if progress else None) == self.reference.candidate
        assert (progress.weight if progress else None) == self.reference.weight()
        assert list(self.state.window) == self.reference.window
        assert [self.told[number] for number in sorted(self.told)] == self.reference.told

    @invariant()
    def is_sound(self) -> None:
        """All requests have an answer, and nothing that is quarantined is tried."""
        shares = machine.weights(self.state)
        assert sum(share for _, share in shares) == (100 if self.state.stable else 0)
        if self.state.progress:
            key = (self.state.progress.candidate.digest, self.state.progress.hash)
            assert machine.quarantine(self.state, *key) is None


def run(examples: int, steps: int) -> int:
    """Run so many histories of at most so many steps; return how many looks there were."""
    Rollouts.steps_done = 0
    run_state_machine_as_test(
        Rollouts, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )
    return Rollouts.steps_done


def test_rollout_agrees_with_the_reference() -> None:
    """Whatever happens in whatever order, the machine does what the reference does."""
    assert run(20, 30) >= 300


@pytest.mark.slow
def test_rollout_agrees_with_the_reference_for_ten_thousand_steps() -> None:
    """The same, for at least 10,000 steps."""
    assert run(300, 60) >= 10_000
