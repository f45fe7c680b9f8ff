"""The rendered queries, asked of a real Prometheus that scrapes two real servers under load."""

import contextlib
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline import files
from mainline.cluster import alerts, dashboard, manifests, queries
from mainline.declared import environments, rollout
from mainline.declared.rollout import Policy
from mainline.rollout import analysis
from tests.end_to_end.load import Load
from tests.mainline.cluster.test_manifests import wanted
from tests.mainline.package.test_predictor import extended, resealed
from tests.mainline.serving.endpoints import test_monitor_page
from tests.mainline.serving.running import Running, free_port, running, wait_for
from tests.project import FLIGHTS

CANDIDATE, STABLE = "v1.2.0", "v1.1.0"
INSTANCE = "mainline-production"
BAD = """
import time
_respond, _asked = respond, iter(range(10**9))
def respond(raw, columns):
    number = next(_asked)
    if number % 5 == 0:
        raise ValueError("a defect")
    if number % 5 == 1:
        return _respond(raw, columns) * 0 + 1e9
    if number % 5 == 2:
        time.sleep(0.15)
    return _respond(raw, columns)
"""
"""A fifth fails, a fifth is outside the response model, and a fifth is slow."""
METRICS = [
    {"name": "error-rate", "limit": 0.1},
    {"name": "invalid-outputs", "limit": 0.1},
    {"name": "latency", "limit": 0.1, "threshold": 0.1},
]
SECTION = {"interval": 20, "minimumSamples": 100, "metrics": METRICS}
POLICY = rollout.read({"strategy": "canary", "steps": [{"setWeight": 50}], "analysis": SECTION})


class Prometheus:
    """A server that scrapes others every second, as one that a cluster's pods are declared to."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, query: str) -> list[float]:
        """Return the values of an instant query."""
        text = urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{text}", timeout=20) as reply:
            return [float(found["value"][1]) for found in json.load(reply)["data"]["result"]]

    def counted(self, version: str) -> float:
        """Return how many requests it has seen a version of production answer."""
        labels = f'version="{version}",app_kubernetes_io_instance="{INSTANCE}"'
        return sum(self.ask(f"mainline_requests_total{{{labels}}}"))


def _answers(found: "Prometheus", query: str) -> bool:
    return found.ask(query) != []


@contextlib.contextmanager
def prometheus(
    folder: Path, targets: list[tuple[Running, str]], rules: Mapping[str, Any] | None = None
) -> Iterator[Prometheus]:
    """Run a Prometheus with rules that scrapes servers, each with the label of its pod that names its environment."""
    port = free_port()
    jobs = [
        {
            "job_name": f"pod-{number}",
            "authorization": {"credentials": server.admin},
            "static_configs": [
                {"targets": [f"127.0.0.1:{server.port}"], "labels": {"app_kubernetes_io_instance": instance}}
            ],
        }
        for number, (server, instance) in enumerate(targets)
    ]
    (folder / "rules.yml").write_text(yaml.safe_dump(rules or {"groups": []}))
    every = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    held = {"global": every, "rule_files": ["rules.yml"], "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(held))
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stderr=log)
    try:
        asked = Prometheus(port)
        wait_for(lambda: _scrapes(asked, process, len(jobs)))
        yield asked
    finally:
        process.terminate()
        process.wait(60)


def _scrapes(asked: Prometheus, process: "subprocess.Popen[bytes]", number: int) -> bool:
    assert process.poll() is None, "Prometheus ended"
    with contextlib.suppress(OSError):
        return asked.ask("count(mainline_requests_total{outcome='ok'})") == [float(number)]
    return False


@contextlib.contextmanager
def pod(folder: Path, package: Path, version: str, log: Path | None = None) -> Iterator[Running]:
    """A server of one version that says what it counted."""
    folder.mkdir()
    routing = folder / "routing.json"
    route = {"version": version, "package": str(package.absolute()), "weight": 1}
    routing.write_text(json.dumps({"revision": 1, "routes": [route]}))
    section = {"directory": str(log) if log else None}
    with running(folder, None, "--routing", str(routing), "--state", str(folder / "state"), log=section) as server:
        yield server


def counted(server: Running, version: str) -> Any:
    """Return what a server counted."""
    return json.loads((server.directory / "served.json").read_bytes())["versions"][version]


def asked_queries(declared: Policy) -> dict[str, dict[str, Any]]:
    """Return the metrics of the rendered template by name, with the version in place."""
    rendered = json.dumps(queries.deciding(declared, "", INSTANCE)).replace("{{args.version}}", CANDIDATE)
    return {metric["name"]: metric for metric in json.loads(rendered)}


def verdict(metric: Mapping[str, Any], result: list[float]) -> str:
    """Judge as Argo Rollouts does: the conditions of a metric, over the values of its query."""
    for name, said in (("successCondition", "pass"), ("failureCondition", "fail")):
        limit = re.fullmatch(r"len\(result\) > 0 && result\[0\] (<=|>) (\S+)", metric[name])
        assert limit
        if result and (result[0] <= float(limit[2]) if limit[1] == "<=" else result[0] > float(limit[2])):
            return said
    return "inconclusive"


def load(server: Running, rows: list[dict[str, Any]]) -> Load:
    """Return clients of a server."""
    return Load(server.port, [server.key] * 2, rows, rate=25.0)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no program named prometheus")
@pytest.mark.parametrize("bad", [False, True], ids=["as good", "bad"])
def test_prometheus_says_what_our_analysis_says(package_dir: Path, tmp_path: Path, bad: bool) -> None:
    """On the same requests both come to the same share, within 1 %, and to the same verdict, for every metric.

    Nothing is said before the declared minimum of requests, nor by the requests of another environment.
    """
    candidate = package_dir
    if bad:
        extended(package_dir, tmp_path / "bad", "code/scoring.py", BAD)
        resealed(tmp_path / "bad")
        candidate = tmp_path / "bad"
    rows = json.loads((package_dir / "golden.json").read_text())["requests"]
    asked = asked_queries(POLICY)
    with contextlib.ExitStack() as stack:
        new = stack.enter_context(pod(tmp_path / "new", candidate, CANDIDATE))
        old = stack.enter_context(pod(tmp_path / "old", package_dir, STABLE))
        other = stack.enter_context(pod(tmp_path / "other", package_dir, CANDIDATE))
        targets = [(new, INSTANCE), (old, INSTANCE), (other, "mainline-staging")]
        found = stack.enter_context(prometheus(tmp_path, targets))
        with load(other, rows), load(old, rows) as steady:
            wait_for(lambda: counted(old, STABLE)["requests"] > 150 and counted(other, CANDIDATE)["requests"] > 150)
            assert [found.ask(_query(metric)) for metric in asked.values()] == [[], [], []]
            with load(new, rows) as trial:
                wait_for(lambda: counted(new, CANDIDATE)["requests"] > 250)
        wait_for(lambda: found.counted(STABLE) == counted(old, STABLE)["requests"] == len(steady.answers))
        wait_for(lambda: found.counted(CANDIDATE) == counted(new, CANDIDATE)["requests"] == len(trial.answers))
        judged = analysis.judge(POLICY.declared.analysis, counted(new, CANDIDATE), counted(old, STABLE))
        said = {name: found.ask(_query(metric)) for name, metric in asked.items()}
    ours = {finding.metric: finding for finding in judged.findings}
    print({name: (values, ours[name].estimate, ours[name].verdict) for name, values in said.items()})
    for name, values in said.items():
        assert values == [pytest.approx(ours[name].estimate, abs=0.01)]
        assert verdict(asked[name], values) == ours[name].verdict == ("fail" if bad else "pass")


def _query(metric: Mapping[str, Any]) -> str:
    return metric["provider"]["prometheus"]["query"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no program named promtool")
def test_every_rendered_query_parses(tmp_path: Path) -> None:
    """Prometheus' own reader takes the queries that ship, and those of blue-green and of every bound."""
    chosen = [wanted(), wanted(strategy="blue-green", analysis={"metrics": METRICS})]
    made = [manifests.argo(one)["analysis-step.yaml"]["spec"]["metrics"] for one in chosen]
    rules = [
        {"record": f"check:{number}", "expr": metric["provider"]["prometheus"]["query"]}
        for number, metric in enumerate(metric for metrics in made for metric in metrics)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "analysis", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, f"{len(rules)} rules found" in done.stdout) == (0, True), done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no program named prometheus")
def test_alert_fires_and_every_chart_has_data(package_dir: Path, tmp_path: Path) -> None:
    """A real server with a report of monitoring: its open alarm fires, and each query of the dashboard answers."""
    declared = environments.load(FLIGHTS / "deploy/production.yaml")
    rows = json.loads((package_dir / "golden.json").read_text())["requests"]
    board = dashboard.file("production", INSTANCE, declared)
    rules = alerts.file("production", INSTANCE, declared)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(pod(tmp_path / "pod", package_dir, STABLE, tmp_path / "log"))
        test_monitor_page.write(test_monitor_page.found(), tmp_path / "pod/state/monitoring/report")
        found = stack.enter_context(prometheus(tmp_path, [(server, INSTANCE)], rules))
        with load(server, rows):
            labels = 'alertname="MainlineProductionAlarm",alertstate="firing",check="unseen values",version="v1.0.0"'
            wait_for(lambda: found.ask(f"ALERTS{{{labels}}}") == [1.0])
            both = [
                {"version": name, "package": str(package_dir.absolute()), "weight": 1} for name in (STABLE, CANDIDATE)
            ]
            files.replace(tmp_path / "pod/routing.json", json.dumps({"revision": 2, "routes": both}))
            for query in dashboard.queries(board):
                wait_for(partial(_answers, found, query))
            firing = found.ask('group by (alertname) (ALERTS{alertstate="firing"})')
    assert len(firing) == 2  # and the dead man's switch
