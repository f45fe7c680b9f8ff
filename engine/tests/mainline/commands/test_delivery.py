"""`delivery` as a table and as JSON."""

import json

from mainline.commands.delivery import delivery
from tests.mainline.registry.registries import Registry, at


def test_the_table_says_what_can_and_what_cannot_be_told(empty: Registry) -> None:
    """Figures with what they are of, then what cannot be told and what the figures rest on."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.assign("v1.0.0", 2.5, "rollback")
    assert (
        delivery("production", False, None, at(8.5), empty.path)
        == """
Delivery to production, 2026-01-02 00:00 to 2026-01-09 12:00 UTC

                                          all    model only  code only  both
  deployments                               3             3          0     0
  of these reported as served               0             0          0     0
  deployment frequency, a week            2.8           2.8          0     0
  time between, median                 18.0 h        18.0 h          -     -
  lead time for changes, median           0 s           0 s          -     -
  change failure rate            33% (1 of 3)  33% (1 of 3)          -     -
  recovery time, median                12.0 h        12.0 h          -     -
  rollback rate                  33% (1 of 3)  33% (1 of 3)          -     -
  rework rate                    33% (1 of 3)  33% (1 of 3)          -     -

Notes:
  no server reports events here: only returns, rollbacks and reverts tell of failures
  no lead time of 2 deployments: the first, rollbacks, and those without a record

engine/docs/delivery.md defines each figure."""
    )


def test_the_json_has_every_deployment(empty: Registry) -> None:
    """For programs: the same figures in seconds and shares, and each deployment with its time in UTC."""
    empty.release("v1.0.0", 1)
    told = json.loads(delivery("production", True, 30, at(8), empty.path))
    assert (told["start"], told["until"]) == ("2025-12-10T00:00:00Z", "2026-01-09T00:00:00Z")
    assert told["deployments"] == [
        {"content": "model", "what": "release", "version": "v1.0.0", "when": "2026-01-02T00:00:00Z", "leads": None,
         "served": False, "failed": None, "fix": False}
    ]  # fmt: skip
    assert told["figures"]["all"]["change_failure_rate"] == 0
    assert told["figures"]["code only"]["change_failure_rate"] is None
