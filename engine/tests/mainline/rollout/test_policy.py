"""The declared policy: what is read, refused, and counted as the same."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.declared import environments, rollout
from mainline.errors import ParamsError
from mainline.serving.answering.metrics import BUCKETS
from tests.project import FLIGHTS


def canary(**more: Any) -> dict[str, Any]:
    """A section with one step."""
    return {"strategy": "canary", "steps": [{"setWeight": 10}, {"pause": {"duration": "5m"}}], **more}


def test_shipped_policies_are_read() -> None:
    """The environments that ship declare steps that can be run."""
    declared = environments.load_all(FLIGHTS / "deploy")
    steps = [str(step) for step in declared["production"].rollout.steps]
    assert steps[:2] == ["setMirror 100 %", "pause 300 s"]
    assert declared["staging"].rollout.declared.strategy == "blue-green"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"strategi": "canary"}, r"deploy/x\.yaml: rollout\.strategi: is not a known key; did you mean 'strategy'\?"),
        ({"strategy": "canari"}, r"rollout\.strategy: is 'canari'"),
        (canary(steps=[{"setWait": 5}]), r"rollout\.steps\.0\.setWait: is not a known key; did you mean 'setWeight'\?"),
        (canary(steps=[{"setWeight": 5, "pause": {}}]), r"rollout\.steps\.0: has 2 keys"),
        (canary(steps=[{"setWeight": 101}]), r"rollout\.steps\.0\.setWeight\.percent: is 101"),
        (canary(steps=[{"pause": {"duratoin": 1}}]), r"steps\.0\.pause\.duratoin: is not a known key; .*'duration'"),
        (canary(steps=[{"pause": {}}]), r"steps\.0\.pause\.duration: is missing"),
        (canary(steps=[{"pause": {"duration": "5 min"}}]), r"a duration is a number of seconds"),
        (canary(analysis={"failurelimit": 1}), r"analysis\.failurelimit: .*did you mean 'failureLimit'\?"),
        (canary(analysis={"metrics": [{"name": "erorr-rate", "limit": 0}]}), r"metrics\.0\.name: is 'erorr-rate'"),
        (canary(analysis={"metrics": [{"name": "latency", "limit": 0.1, "threshold": 0.07}]}), "counted by these"),
        (canary(sticky={"by": "header"}), r"sticky\.header: is ''"),
        (canary(sticky={"by": "header", "header": "a b"}), "letters, digits"),
        ({"strategy": "ab"}, r"sticky\.by: is 'none'; an A/B test needs clients"),
        ({"strategy": "blue-green", "steps": [{"setWeight": 50}]}, "blue-green knows 0 and 100"),
        ({"strategy": "shadow", "steps": [{"setWeight": 50}]}, "shadow has setMirror, pause, approval"),
    ],
)
def test_what_cannot_be_meant_is_refused(section: dict[str, Any], said: str) -> None:
    """A wrong key, value or combination is one line with its place, what is allowed and the nearest known key."""
    with pytest.raises(ParamsError, match=said):
        rollout.read(section, "deploy/x.yaml")


def test_hash_tells_what_shapes_a_rollout() -> None:
    """Steps and limits change the hash; spelling of a duration, the look at git and the window back do not."""
    usual = rollout.read(canary()).hash
    assert rollout.read(canary(steps=[{"setWeight": 10}, {"pause": {"duration": 300.0}}])).hash == usual
    assert rollout.read(canary(follow={"interval": 5.0}, rollbackWindow={"revisions": 1})).hash == usual
    assert rollout.read(canary(steps=[{"setWeight": 11}, {"pause": {"duration": "5m"}}])).hash != usual
    assert rollout.read(canary(analysis={"failureLimit": 1})).hash != usual


def test_every_strategy_has_usual_steps() -> None:
    """Steps may be left out, and the whole section too."""
    for strategy in ("blue-green", "canary", "shadow"):
        assert rollout.read({"strategy": strategy}).steps
    assert rollout.read({"strategy": "ab", "sticky": {"by": "key"}}).steps[-1].kind == "approval"
    assert rollout.read({}).declared.strategy == "blue-green"


def test_thresholds_are_those_that_the_service_counts_by() -> None:
    """Every bound of the latency histogram may be named, and no other number."""
    assert rollout.THRESHOLDS == BUCKETS


def test_promote_refuses_a_wrong_policy(tmp_path: Path) -> None:
    """The environments are read with their rollout, so what cannot be followed is never released."""
    promotion = {"after": None, "approval": "automatic", "signature": "optional"}
    file = tmp_path / "production.yaml"
    file.write_text(yaml.safe_dump({"promotion": promotion, "rollout": {"stratgy": "canary"}}))
    with pytest.raises(ParamsError, match="did you mean 'strategy'"):
        environments.load_all(tmp_path)
