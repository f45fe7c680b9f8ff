"""What a rehearsal declares: the same way from one version to the next, with less to wait for."""

from typing import Any

import pytest
import yaml

from mainline.declared import environments, rollout
from mainline.errors import ParamsError
from mainline.rehearsal import short_policy
from tests.project import FLIGHTS

SHIPPED: dict[str, Any] = yaml.safe_load((FLIGHTS / "deploy/production.yaml").read_text())


def test_the_shipped_canary_keeps_its_steps_and_limits() -> None:
    """Only what is waited for is cut: pauses, intervals, samples. Weights, metrics, limits and counts are declared."""
    before = rollout.read(SHIPPED["rollout"])
    after = rollout.read(short_policy.shorten(SHIPPED["rollout"]))
    kept = [(step.kind, step.value) for step in before.steps if step.kind != "pause"]
    assert [(step.kind, step.value) for step in after.steps if step.kind != "pause"] == kept
    assert {step.value for step in after.steps if step.kind == "pause"} == {short_policy.PAUSE}
    assert after.declared.strategy == "canary"
    for name in ("metrics", "count", "failure_limit", "confidence"):
        assert getattr(after.declared.analysis, name) == getattr(before.declared.analysis, name)
    assert after.declared.analysis.minimum_samples == short_policy.SAMPLES


def test_what_is_shorter_stays() -> None:
    """A pause of a second is not made longer, and 20 samples are not made more."""
    raw = {"strategy": "canary", "steps": [{"setWeight": 20}, {"pause": {"duration": "1s"}}]}
    found = short_policy.shorten({**raw, "analysis": {"minimumSamples": 20}})
    assert found["steps"] == [{"setWeight": 20}, {"pause": {"duration": 1.0}}]
    assert found["analysis"]["minimumSamples"] == 20


def test_nobody_is_waited_for() -> None:
    """An approval and an outcome of days are left out; an environment that waits for a person takes what is on main."""
    outcome = {"name": "error", "metric": "mae", "better": "lower", "effect": 0.5}
    steps = [{"setWeight": 50}, {"approval": {}}, {"pause": {"duration": "1d"}}]
    raw = {"strategy": "canary", "steps": steps, "analysis": {"outcome": outcome}}
    found = short_policy.environment({**SHIPPED, "rollout": raw})
    assert [list(step) for step in found["rollout"]["steps"]] == [["setWeight"], ["pause"]]
    assert "outcome" not in found["rollout"]["analysis"]
    assert found["promotion"] == {"after": None, "approval": "automatic", "signature": "optional"}


@pytest.mark.parametrize("strategy", ["blue-green", "canary", "shadow", "ab"])
def test_steps_that_nobody_wrote_are_cut_too(strategy: str) -> None:
    """Each strategy's usual steps become a policy that can be read."""
    raw: dict[str, Any] = {"strategy": strategy}
    if strategy == "ab":
        raw["sticky"] = {"by": "key"}
    found = rollout.read(short_policy.shorten(raw))
    assert found.declared.strategy == strategy
    assert max(step.value for step in found.steps if step.kind == "pause") == short_policy.PAUSE


def test_the_server_is_alone_on_its_machine(tmp_path: Any) -> None:
    """Whatever address, certificate, keys, log and feed are declared, a rehearsal uses none of them."""
    tls = {"certificate": "a.pem", "private_key": "a.key"}
    declared = {**SHIPPED["service"], "host": "::", "tls": tls, "prefix": "/model", "feed": {"directory": "feed"}}
    file = tmp_path / "service.yaml"
    file.write_text(yaml.safe_dump(short_policy.server({"service": declared})))
    found = environments.load_server(file).service
    assert (found.host, found.port, found.tls, found.prefix, found.feed.directory) == ("127.0.0.1", 0, None, "", None)
    assert (str(found.keys), str(found.log.directory)) == ("keys.yaml", "log")


def test_a_wrong_declaration_is_named() -> None:
    """A typo is said before anything is copied or run."""
    with pytest.raises(ParamsError, match="did you mean 'strategy'"):
        short_policy.environment({"rollout": {"stratgy": "canary"}})
