"""The dashboard: a form that Grafana takes, limits that are declared, and queries that Prometheus reads."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.cluster import dashboard
from mainline.cluster.target import instance_of
from mainline.commands import render
from mainline.declared import environments
from tests.project import FLIGHTS


def made(environment: str = "production") -> dict[str, Any]:
    """Return the dashboard of what ships."""
    declared = environments.load(FLIGHTS / "deploy" / f"{environment}.yaml")
    return dashboard.file(environment, instance_of(environment), declared)


def test_panels_are_apart_and_lines_are_told_apart() -> None:
    """Each panel has an id and a place of its own in 24 columns, and each query of it a letter and a name."""
    panels = made()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) == 12
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    for panel in panels:
        assert [target["refId"] for target in panel["targets"]] == list("ABCDE")[: len(panel["targets"])]
        assert all(target["legendFormat"] and target["datasource"]["uid"] == "${source}" for target in panel["targets"])


def test_limits_are_those_that_are_declared() -> None:
    """The red lines are the budgets, the latency, the memory, the age and the days of the environment's file."""
    limits = {panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"]
              for panel in made()["panels"]}  # fmt: skip
    assert limits["Share of requests: fail by the service's own fault"] == pytest.approx(0.001)
    assert limits["Share of requests: take longer than 0.05 s"] == pytest.approx(0.01)
    assert (limits["Time to answer"], limits["Requests by version"]) == (0.05, None)
    assert limits["Age of the data of a model"] == 75 * 86_400
    assert limits["Time since monitoring looked"] == 3 * 86_400


def test_environment_without_a_log_has_no_chart_of_monitoring() -> None:
    """Staging logs nothing, so nobody can look at it."""
    assert not [panel["title"] for panel in made("staging")["panels"] if "monitoring" in panel["title"]]


def test_environment_with_websockets_has_a_chart_of_them() -> None:
    """Its line is all connections that the workers of a server take; without the section there is no such chart."""
    declared = environments.load(FLIGHTS / "deploy/production.yaml")
    content = declared.service.model_dump() | {"websocket": {}, "workers": 2}
    service = type(declared.service).model_validate(content)
    spoken = dashboard.file("production", "p", replace(declared, service=service))
    (panel,) = [panel for panel in spoken["panels"] if panel["title"] == "Open WebSockets"]
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"] == 2000
    assert "mainline_open_websockets{" in panel["targets"][0]["expr"]
    assert "Open WebSockets" not in [panel["title"] for panel in made()["panels"]]


def test_command_writes_rules_and_dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`render --way prometheus` needs no version and no repository elsewhere; both files are whole."""
    monkeypatch.chdir(FLIGHTS)
    said = render.render("production", "prometheus", "", tmp_path, "")
    folder = tmp_path / "production/prometheus"
    assert said == f"{folder}: rules.yml, dashboard.json"
    assert json.loads((folder / "dashboard.json").read_text()) == made()
    assert len(yaml.safe_load((folder / "rules.yml").read_text())["groups"]) == 2


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no program named promtool")
def test_prometheus_reads_every_query(tmp_path: Path) -> None:
    """Prometheus' own reader takes the queries of all charts and marks."""
    rules = [{"record": f"check:{number}", "expr": query} for number, query in enumerate(dashboard.queries(made()))]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "charts", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, f"{len(rules)} rules found" in done.stdout) == (0, True), done.stdout + done.stderr


OF_PROMETHEUS = {"step", "tagKeys", "textFormat", "titleFormat"}
"""Members of a mark that Grafana's data source for Prometheus reads, and that no model of dashboards has."""


def test_grafana_s_model_has_every_member() -> None:
    """Read and written again by the classes that Grafana makes of its schema, nothing is lost and nothing changes."""
    models = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason="grafana-foundation-sdk is not here")
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder").JSONEncoder
    pytest.importorskip("grafana_foundation_sdk.cog.plugins").register_default_plugins()
    given = made()
    written = json.loads(json.dumps(models.Dashboard.from_json(given), cls=encoder))
    assert set(lost(given, written)) == {f".annotations.list.0.{name}" for name in OF_PROMETHEUS}


def lost(given: Any, written: Any, place: str = "") -> Iterator[str]:
    """Yield the places of what is missing or other in a document that was written again."""
    if isinstance(given, dict) and isinstance(written, dict):
        for name, value in given.items():
            yield from lost(value, written[name], f"{place}.{name}") if name in written else [f"{place}.{name}"]
    elif isinstance(given, list) and isinstance(written, list) and len(given) == len(written):
        for number, (one, other) in enumerate(zip(given, written, strict=True)):
            yield from lost(one, other, f"{place}.{number}")
    elif given != written:
        yield place
