"""The alerts: written from what is declared; on quiet series quiet, on burning ones firing, by Prometheus' own tool."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.cluster import alerts
from mainline.cluster.target import instance_of
from mainline.declared import environments
from mainline.declared.environments import Environment
from mainline.declared.reading import check_section
from mainline.errors import ParamsError
from tests.project import FLIGHTS

PODS = 'app_kubernetes_io_instance="mainline-production",instance="a:8080"'
START = f"process_start_time_seconds{{{PODS}}}"
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no program named promtool")
QUIET = {
    f'mainline_requests_total{{{PODS},version="v1",outcome="ok"}}': "0+1000x5000",
    f'mainline_requests_total{{{PODS},version="v1",outcome="prediction-failed"}}': "0x5000",
    f'mainline_refused_total{{{PODS},reason="overloaded"}}': "0x5000",
    f'mainline_request_seconds_bucket{{{PODS},version="v1",le="0.05"}}': "0+1000x5000",
    f'mainline_request_seconds_count{{{PODS},version="v1"}}': "0+1000x5000",
    f'mainline_model_weight{{{PODS},version="v1",digest="d"}}': "1x5000",
    f'mainline_model_age_seconds{{{PODS},version="v1"}}': "86400+60x5000",
    f"process_resident_memory_bytes{{{PODS}}}": "300000000x5000",
    START: "0x5000",
    f"mainline_log_dropped_total{{{PODS}}}": "0x5000",
    f"mainline_log_failing{{{PODS}}}": "0x5000",
    f"mainline_follower_problem{{{PODS}}}": "0x5000",
    f"mainline_follower_seen_seconds{{{PODS}}}": "0+60x5000",
    f"mainline_monitor_seen_seconds{{{PODS}}}": "0+60x5000",
    f'mainline_monitor_verdict{{{PODS},verdict="cannot tell"}}': "0x5000",
}
"""Series of a minute's steps over three and a half days, on which nothing but the dead man's switch fires."""
REQUESTS, FAILED, REFUSED, QUICK, COUNT = list(QUIET)[:5]
UNFIT = f'mainline_requests_total{{{PODS},version="v1",outcome="invalid-request"}}'
NONSENSE = f'mainline_refused_total{{{PODS},reason="invalid-request"}}'
SEEN = f"mainline_monitor_seen_seconds{{{PODS}}}"
UNCLEAR = f'mainline_monitor_verdict{{{PODS},verdict="cannot tell"}}'
FAIL, SLOW = ({f"MainlineRequests{what} {window}" for window in ("1h", "6h", "3d")} for what in ("Fail", "Slow"))
BURNING: dict[str, tuple[str, dict[str, str | None], set[str]]] = {
    "a fiftieth fails": ("4h", {FAILED: "0+20x5000"}, FAIL),
    "one in a hundred fails": ("7h", {FAILED: "0+10x5000"}, FAIL - {"MainlineRequestsFail 1h"}),
    "one in 400 fails for days": ("80h", {FAILED: "0+2.5x5000"}, {"MainlineRequestsFail 3d"}),
    "it failed, and does no more": ("7h", {FAILED: "0+20x200 4000x4800"}, {"MainlineRequestsFail 3d"}),
    "few requests, all of them bad": ("20m", {REQUESTS: "0x5000", FAILED: "0+40x5000", QUICK: "0x5000",
                                              COUNT: "0x5000"}, set()),
    "overloaded": ("4h", {REFUSED: "0+50x5000"}, FAIL),
    "a client sends another unit": ("4h", {UNFIT: "0+20x5000"}, {"MainlineRequestsUnfit"}),
    "a client sends nonsense": ("4h", {NONSENSE: "0+20x5000"}, {"MainlineRequestsUnfit"}),
    "nothing fits": ("4h", {UNFIT: "0+900x5000", REQUESTS: "0x5000", QUICK: "0x5000", COUNT: "0x5000"},
                     {"MainlineRequestsUnfit"}),
    "nothing ever fitted": ("4h", {UNFIT: "0+900x5000", REQUESTS: None, FAILED: None, QUICK: None, COUNT: None},
                            {"MainlineRequestsUnfit"}),
    "one in 200 does not fit": ("4h", {UNFIT: "0+5x5000"}, set()),
    "few requests, none of which fits": (
        "4h", {UNFIT: "0+10x5000", REQUESTS: "0x5000", QUICK: "0x5000", COUNT: "0x5000"}, set()),
    "a fifth is slow": ("4h", {QUICK: "0+800x5000"}, SLOW),
    "nobody is scraped": ("10m", dict.fromkeys(QUIET), {"MainlineServersSilent"}),
    "it leaks": ("14h", {f"process_resident_memory_bytes{{{PODS}}}": "300000000+60000x5000"}, {"MainlineMemoryGrows"}),
    "it leaks fast": ("14h", {f"process_resident_memory_bytes{{{PODS}}}": "300000000+700000x5000"},
                      {"MainlineMemoryGrows", "MainlineMemoryRunsOut"}),
    "it just started": ("5h", {f"process_resident_memory_bytes{{{PODS}}}": "300000000+700000x5000"}, set()),
    "old data": ("2h", {f'mainline_model_age_seconds{{{PODS},version="v1"}}': "6500000x5000"}, {"MainlineModelOld"}),
    "old data that gets no request": (
        "2h", {f'mainline_model_age_seconds{{{PODS},version="v0"}}': "6500000x5000",
               f'mainline_model_weight{{{PODS},version="v0",digest="c"}}': "0x5000"}, set()),
    "rows are lost": ("1h", {f"mainline_log_failing{{{PODS}}}": "1x5000"}, {"MainlineLogLosesRows"}),
    "the follower is silent": (
        "1h", {f"mainline_follower_seen_seconds{{{PODS}}}": "0x5000"}, {"MainlineFollowerStuck"}),
    "monitoring found something": (
        "1h", {f'mainline_monitor_alarm{{{PODS},version="v1",check="skill"}}': "1x5000"}, {"MainlineProductionAlarm"}),
    "monitoring cannot tell": ("75h", {UNCLEAR: "1x5000"}, {"MainlineMonitoringUnclear"}),
    "monitoring looked once": ("73h", {SEEN: "0x5000"}, {"MainlineMonitoringSilent"}),
    "monitoring looked two days ago": ("48h", {SEEN: "0x5000"}, set()),
    "nobody ever looked": ("75h", {SEEN: None, UNCLEAR: None}, {"MainlineMonitoringAbsent"}),
}  # fmt: skip
"""When it is looked at, which series are other than quiet (None: not there), and what fires, with its window."""


def declared(environment: str = "production") -> Environment:
    """What ships."""
    return environments.load(FLIGHTS / "deploy" / f"{environment}.yaml")


def rules(environment: str = "production", given: Environment | None = None) -> dict[str, dict[str, Any]]:
    """Return alerts by name and window."""
    made = alerts.file(environment, instance_of(environment), given or declared(environment))
    return {_name(rule["alert"], rule["labels"]): rule for rule in made["groups"][1]["rules"]}


def test_thresholds_are_those_that_are_declared() -> None:
    """Budgets, their windows, the least requests, ages and days come from the environment's file alone."""
    found = rules()
    assert "> 0.0144 " in found["MainlineRequestsFail 1h"]["expr"]
    assert "> 0.006 " in found["MainlineRequestsFail 6h"]["expr"]
    assert found["MainlineRequestsFail 3d"]["expr"].endswith(">= 1000")
    assert f"> {75 * 86400} " in found["MainlineModelOld"]["expr"]
    assert found["MainlineMonitoringSilent"]["expr"].endswith(f"> {3 * 86400}")
    assert found["MainlineMonitoringAbsent"]["for"] == "3d"
    changed = declared().monitoring.model_copy(update={
        "silent_days": 9, "objectives": declared().monitoring.objectives.model_copy(
            update={"availability": 0.99, "days": 15, "min_requests": 7}),
    })  # fmt: skip
    other = rules(given=Environment(declared().promotion, declared().service, declared().rollout, changed))
    assert "> 0.072 " in other["MainlineRequestsFail 1h"]["expr"]
    assert other["MainlineRequestsFail 1h"]["expr"].endswith(">= 7")
    assert other["MainlineMonitoringAbsent"]["for"] == "9d"


def test_alert_that_would_need_more_than_every_request_is_left_out() -> None:
    """A tenth may be slow: 14.4 times that is more than there are requests, so the hour says nothing of it."""
    found = declared().monitoring.objectives
    loose = found.model_copy(update={"latency": found.latency.model_copy(update={"share": 0.9})})
    changed = declared().monitoring.model_copy(update={"objectives": loose})
    other = rules(given=Environment(declared().promotion, declared().service, declared().rollout, changed))
    assert "MainlineRequestsSlow 1h" not in other
    assert "MainlineRequestsSlow 6h" in other


def test_environment_without_a_log_has_no_alert_of_monitoring() -> None:
    """Nobody can look at staging, which logs nothing: an alert that nobody looks would always fire."""
    assert not [name for name in rules("staging") if "Monitoring" in name or "Production" in name]
    assert "MainlineDeadMansSwitch" in rules("staging")


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"latency": {"threshold": 0.07}}, "latency is counted by these seconds"),
        ({"availability": 1.0}, "less than 1"),
        ({"avail": 0.9}, "availability"),
    ],
)
def test_wrong_objective_is_one_line(section: dict[str, Any], said: str) -> None:
    """A threshold that no bucket has, a promise that has no budget, and a typo are refused as they are read."""
    from mainline.declared.monitoring import Monitoring

    with pytest.raises(ParamsError, match=said):
        check_section(Monitoring, {"objectives": section}, "monitoring", "deploy/x.yaml")


@needs_promtool
def test_each_fault_of_hours_fires_its_alert_and_no_other(tmp_path: Path) -> None:
    """On quiet series only the switch fires; what burns fires, what is young, rare or a client's fault does not."""
    quiet = _case("10m 3h 7h", QUIET, set())
    _promtool(tmp_path, [quiet, *(_burning(name) for name in BURNING if not _lasts_for_days(name))])


@pytest.mark.slow
@needs_promtool
def test_each_fault_of_days_fires_its_alert_and_no_other(tmp_path: Path) -> None:
    """Three days without a look, without a verdict or without a report are an alert; two days are none."""
    quiet = _case("75h", QUIET, set())
    _promtool(tmp_path, [quiet, *(_burning(name) for name in BURNING if _lasts_for_days(name))])


def test_every_alert_has_a_fault_that_fires_it() -> None:
    """No alert is rendered that no test has seen firing."""
    seen = {name.partition(" ")[0] for _, _, fires in BURNING.values() for name in fires}
    assert seen | {"MainlineDeadMansSwitch"} == {name.partition(" ")[0] for name in rules()}


@needs_promtool
def test_tool_tells_a_rule_that_does_not_fire(tmp_path: Path) -> None:
    """The test itself can fail: a fault that is expected on quiet series is missed."""
    with pytest.raises(AssertionError, match="MainlineModelOld"):
        _promtool(tmp_path, [_case("3h", QUIET, {"MainlineModelOld"})])


def _lasts_for_days(name: str) -> bool:
    return int(BURNING[name][0].removesuffix("h").removesuffix("m")) > 20 and BURNING[name][0].endswith("h")


def _burning(name: str) -> dict[str, Any]:
    moment, changed, fires = BURNING[name]
    return _case(moment, {**QUIET, **changed}, fires)


def _name(alert: str, labels: Mapping[str, str]) -> str:
    return f"{alert} {labels['window']}" if "window" in labels else alert


def _case(moments: str, series: Mapping[str, str | None], fires: set[str]) -> dict[str, Any]:
    """Ask which alerts fire at some moments, by the metric that Prometheus keeps of them."""
    given = [{"series": name, "values": values} for name, values in series.items() if values is not None]
    expected = [{"labels": f'{{name="{name}"}}', "value": 1} for name in sorted(fires | {"MainlineDeadMansSwitch"})]
    firing = 'label_join(ALERTS{alertstate="firing"}, "joined", " ", "alertname", "window")'
    query = f'group by (name) (label_replace({firing}, "name", "$1", "joined", "(.*?) ?"))'
    tests = [{"expr": query, "eval_time": moment, "exp_samples": expected} for moment in moments.split()]
    return {"interval": "1m", "input_series": given, "promql_expr_test": tests}


def _promtool(folder: Path, cases: list[dict[str, Any]]) -> None:
    made = alerts.file("production", instance_of("production"), declared())
    (folder / "rules.yml").write_text(yaml.safe_dump(made))
    held = {"rule_files": ["rules.yml"], "evaluation_interval": "5m", "tests": cases}
    (folder / "tests.yml").write_text(yaml.safe_dump(held))
    done = subprocess.run(
        ["promtool", "test", "rules", "tests.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
