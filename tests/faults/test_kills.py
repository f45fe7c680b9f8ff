"""The short form of the kills; `make faults` has the long one."""

import pytest

from tests.faults import kills
from tests.faults.kills import SCENARIOS, Scenario
from tests.faults.world import World

SHORT = {"push": 3.0, "pull": 3.0, "repro": 4.0, "promote, first": 4.0}
"""Which commands are killed, and within how many seconds."""


@pytest.mark.parametrize(
    "scenario", [scenario for scenario in SCENARIOS if scenario.name in SHORT], ids=lambda scenario: scenario.name
)
def test_a_kill_loses_nothing_and_the_next_run_ends_right(world: World, scenario: Scenario) -> None:
    """With every process of the command gone, no object is lost or wrong and no version half; then it is run again."""
    (tally,) = kills.campaign(world, scenario, kills=1, seed=20130101, length=SHORT[scenario.name])
    assert tally.kills == 1
    assert tally.problems == []
