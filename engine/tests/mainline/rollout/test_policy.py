"""The declared policy: what is read, refused, and counted as the same."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.declared import environments, quantities, rollout
from mainline.errors import ParamsError
from mainline.serving.answering.metrics import BUCKETS
from tests.project import FLIGHTS

COST = {"name": "cost", "better": "lower", "effect": 0.5}


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
        (canary(analysis={"outcome": {"naem": "cost"}}), r"outcome\.naem: is not a known key; did you mean 'name'\?"),
        (canary(analysis={"outcome": {**COST, "better": "less"}}), r"outcome\.better: is 'less'"),
        (canary(analysis={"outcome": {**COST, "effect": 0}}), r"outcome\.effect: is 0"),
        (canary(analysis={"outcome": {**COST, "confidence": 95}}), r"outcome\.confidence: is 95"),
        (canary(analysis={"outcome": {**COST, "minimum": 3}}), r"outcome\.minimum: is 3"),
        (canary(analysis={"outcome": {**COST, "deadline": "a week"}}), r"outcome\.deadline: .*a duration is a number"),
        (canary(analysis={"outcome": {**COST, "undecided": "rollback"}}), r"outcome\.undecided: is 'rollback'"),
        (canary(analysis={"outcome": {**COST, "require": "best"}}), r"outcome\.require: is 'best'"),
        (canary(analysis={"outcome": {**COST, "name": "<b>"}}), r"outcome\.name: is '<b>'"),
        (canary(analysis={"outcome": {**COST, "metric": "mean error"}}), r"outcome\.metric: is 'mean error'"),
        (canary(analysis={"outcome": {"better": "lower", "effect": 1}}), r"outcome\.name: is missing"),
        ({"strategy": "shadow", "analysis": {"outcome": COST}}, r"analysis\.outcome: has no step in which clients get"),
        ({"analysis": {"outcome": COST}}, r"analysis\.outcome: has no step in which clients get both versions"),
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


def test_policy_without_an_outcome_has_the_hash_that_it_had() -> None:
    """Approvals and quarantines of before there were outcomes hold; an outcome is part of how a version rolls out."""
    assert rollout.read({}).hash == "576eded1e450"
    assert rollout.read(canary()).hash == "3b68cd2872fd"
    declared = [rollout.read(canary(analysis={"outcome": {**COST, "effect": effect}})) for effect in (0.5, 0.6)]
    assert len({policy.hash for policy in declared} | {"3b68cd2872fd"}) == 3


def test_policy_whose_outcomes_clients_send_has_the_hash_that_it_had() -> None:
    """Tests that run when a server is upgraded go on; to read labels in the place of events is another policy."""
    by_clients, by_labels = ({"outcome": {**COST, "metric": metric}} for metric in (None, "mae"))
    assert rollout.read(canary(analysis={"outcome": COST})).hash == "ef90e4e80e4a"
    assert rollout.read(canary(analysis=by_clients)).hash == "ef90e4e80e4a"
    assert rollout.read(canary(analysis=by_labels)).hash != "ef90e4e80e4a"


@pytest.mark.parametrize(
    ("better", "require", "limit"),
    [("higher", "better", 0.5), ("higher", "not-worse", -0.5), ("lower", "better", -0.5), ("lower", "not-worse", 0.5)],
)
def test_limit_of_an_outcome_is_in_its_own_unit(better: str, require: str, limit: float) -> None:
    """What the difference must be at least as good as depends on which values are good and what is required."""
    section = canary(analysis={"outcome": {**COST, "better": better, "require": require}})
    outcome = rollout.read(section).declared.analysis.outcome
    assert outcome is not None
    assert outcome.limit == limit


def test_outcome_needs_the_prediction_log(tmp_path: Path) -> None:
    """Which version answered is looked up in the log, so a service without one cannot count outcomes."""
    file = tmp_path / "production.yaml"
    promotion = {"after": None, "approval": "automatic", "signature": "optional"}
    for directory, said in (("logs", ""), (None, r"service\.log\.directory: is null, but rollout\.analysis\.outcome")):
        service = {"log": {"directory": directory}}
        rollout_section = canary(analysis={"outcome": COST})
        file.write_text(yaml.safe_dump({"promotion": promotion, "service": service, "rollout": rollout_section}))
        if said:
            with pytest.raises(ParamsError, match=said):
                environments.load(file)
        else:
            assert environments.load(file).rollout.declared.analysis.outcome


def test_every_strategy_has_usual_steps() -> None:
    """Steps may be left out, and the whole section too."""
    for strategy in ("blue-green", "canary", "shadow"):
        assert rollout.read({"strategy": strategy}).steps
    assert rollout.read({"strategy": "ab", "sticky": {"by": "key"}}).steps[-1].kind == "approval"
    assert rollout.read({}).declared.strategy == "blue-green"


def test_thresholds_are_those_that_the_service_counts_by() -> None:
    """Every bound of the latency histogram may be named, and no other number."""
    assert quantities.THRESHOLDS == BUCKETS


def test_promote_refuses_a_wrong_policy(tmp_path: Path) -> None:
    """The environments are read with their rollout, so what cannot be followed is never released."""
    promotion = {"after": None, "approval": "automatic", "signature": "optional"}
    file = tmp_path / "production.yaml"
    file.write_text(yaml.safe_dump({"promotion": promotion, "rollout": {"stratgy": "canary"}}))
    with pytest.raises(ParamsError, match="did you mean 'strategy'"):
        environments.load_all(tmp_path)


def test_one_rollout_for_all_servers_is_declared_and_checked() -> None:
    """It is off unless declared, waits for at least three looks, and does not go with outcomes; the hash stays."""
    assert rollout.read(canary()).declared.together is None
    declared = rollout.read(canary(together={"silent": "5m"}))
    assert declared.declared.together is not None
    assert declared.declared.together.silent == 300
    assert declared.hash == rollout.read(canary()).hash, "approvals of a rollout under way stay good"
    with pytest.raises(
        ParamsError, match=r"rollout\.together\.silent: is 60 s; use at least 90s: 3 times follow.interval"
    ):
        rollout.read(canary(together={"silent": "1m"}))
    with pytest.raises(ParamsError, match=r"rollout\.together: stands beside analysis\.outcome"):
        rollout.read(canary(together={}, analysis={"outcome": COST}))
