"""The short form of the faults between client and store; `make faults` has the long one."""

import pytest

from tests.faults import network
from tests.faults.world import World
from tests.faulty_proxy import Kind


@pytest.mark.parametrize(("command", "kind"), [("push", "reset"), ("pull", "flip"), ("pull", "black hole")])
def test_a_fault_that_passes_does_no_harm(world: World, command: str, kind: Kind) -> None:
    """The command goes on after it, or says in a line that it could not; everything that it left is sound."""
    (outcome,) = network.campaign(world, (kind,), commands=(command,), lasting=False)
    assert outcome.problems == []
    assert outcome.injected == 2
    assert outcome.succeeded
