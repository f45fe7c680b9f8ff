"""What a rollout sees, made up: versions, policies, servers."""

from typing import Any

from mainline.declared import rollout
from mainline.declared.rollout import Policy
from mainline.rollout.machine import advance
from mainline.rollout.records import Live, Measurement, Ref, Seen, State

PASS, FAIL, UNSURE = Measurement("pass"), Measurement("fail", "error-rate: too high"), Measurement("inconclusive")


def ref(number: int) -> Ref:
    """Return a version by its number."""
    return Ref(f"v1.{number}.0", f"{number:064x}")


def canary(*steps: dict[str, Any], **analysis: Any) -> Policy:
    """A canary with these steps (10 %, half a minute and 50 %, half a minute), one metric measured every 10 seconds."""
    chosen = list(steps) or [
        {"setWeight": 10}, {"pause": {"duration": 30}}, {"setWeight": 50}, {"pause": {"duration": 30}},
    ]  # fmt: skip
    section = {"interval": 10.0, "metrics": [{"name": "error-rate", "limit": 0.01}], **analysis}
    return rollout.read({"strategy": "canary", "steps": chosen, "analysis": section})


class World:
    """A rollout with a clock that the test sets and a server that takes what is asked unless told otherwise."""

    def __init__(self, declared: Policy | None = None, wanted: Ref | None = None) -> None:
        self.state = State()
        self.now = 0.0
        self.policy = declared or canary()
        self.wanted = wanted
        self.process = "1"
        self.more: dict[str, Any] = {"verified": True}

    def settle(self, **seen: Any) -> list[State]:
        """Make transitions until there are none; return every state on the way."""
        states = []
        while (after := advance(self.state, self.see(**seen))) is not None:
            self.state = after
            states.append(after)
            assert len(states) < 50, "it never comes to rest"
        return states

    def see(self, **seen: Any) -> Seen:
        """Return what is seen now."""
        live = Live(self.process, self.state.revision)
        usual = {"wanted": self.wanted, "policy": self.policy, "live": live, **self.more}
        return Seen(self.now, **{**usual, **seen})

    def pass_by(self, seconds: float, **seen: Any) -> None:
        """Let time go by in steps of five seconds."""
        for _ in range(int(seconds // 5)):
            self.now += 5
            self.settle(**seen)

    def have(self, number: int) -> "World":
        """Serve a version as the stable one."""
        self.wanted = ref(number)
        self.settle()
        assert self.state.stable == ref(number)
        return self

    @property
    def events(self) -> list[tuple[str, str]]:
        """What others were told."""
        return [(event.kind, event.version) for event in self.state.outbox]

    @property
    def weight(self) -> int | None:
        """Percent that the candidate has; None without one."""
        return self.state.progress.weight if self.state.progress else None
