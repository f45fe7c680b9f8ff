"""An A/B test from the declared policy to its end: followed from git, decided by outcomes, ended by a person."""

import http.client
import json
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from mainline.data import columns, dataset
from mainline.registry import events as told
from tests.end_to_end.whole_loop import World, create
from tests.project import Project
from usecase import interface

CLIENTS = 160
POLICY: dict[str, Any] = {
    "strategy": "ab",
    "steps": [{"setWeight": 50}, {"pause": {"duration": 1}}, {"approval": {}}],
    "sticky": {"by": "header", "header": "x-client"},
    "analysis": {
        "interval": 1.0,
        "minimumSamples": 20,
        "metrics": [{"name": "error-rate", "limit": 0.5}],
        "outcome": {"name": "cost", "unit": "minutes", "better": "lower", "require": "better", "effect": 0.3,
                    "minimum": 30},
    },
    "follow": {"interval": 1.0},
}  # fmt: skip


def ask(world: World, path: str, content: Any, client: str = "") -> Any:
    """Send one request as a client; return the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=60)
    try:
        headers = {"Authorization": f"Bearer {world.keys[0]}", "Content-Type": "application/json", "X-Client": client}
        connection.request("POST", path, json.dumps(content), headers)
        reply = connection.getresponse()
        said = reply.read()
        assert reply.status == 200, said
        return json.loads(said)
    finally:
        connection.close()


@contextmanager
def experiment_of(tmp_path: Path, made: Project, policy: dict[str, Any]) -> Iterator[World]:
    """Serve a first version, and let a second one take half of the clients."""
    world = create(tmp_path, made, None, policy)
    settings = tmp_path / "service.yaml"
    section = yaml.safe_load(settings.read_text())["service"]
    log = {"directory": str(tmp_path / "log"), "flush_seconds": 0.05}
    settings.write_text(yaml.safe_dump({"service": {**section, "log": log}}))
    world.release("Train a first model", model={"params": {"max_iter": 20}})
    with world.service():
        world.wait(lambda: world.stable() == "v1.0.0" and world.is_live("v1.0.0"), "the first version serves")
        world.release("Train longer", model={"params": {"max_iter": 40}})
        world.wait(lambda: bool((world.status()["rollout"] or {}).get("live")), "both versions answer")
        yield world


@pytest.mark.slow
def test_ab_is_read_ended_and_reported(small_project: Project, tmp_path: Path) -> None:
    """Clients keep their version and post what came of it; the better one waits for a person, and git has why."""
    with experiment_of(tmp_path, small_project.twin(tmp_path / "project"), POLICY) as world:
        row = json.loads((world.project.path / "models/package/golden.json").read_text())["requests"][0]
        answers = [ask(world, "/predict", row, f"client-{number}") for number in range(CLIENTS)]
        again = [ask(world, "/predict", row, f"client-{number}")["version"] for number in range(20)]
        assert again == [answer["version"] for answer in answers[:20]], "a client keeps its version"
        events = [
            {"request_id": one["request_id"], "value": 5 + number % 3 - 2 * (one["version"] == "v1.1.0")}
            for number, one in enumerate(answers)
        ]
        assert ask(world, "/outcomes", events)["counted"] == CLIENTS
        world.wait(lambda: (world.status()["rollout"] or {}).get("step") == 2, "the outcome passes")
        said = world.status()["outcome"]["said"]
        assert said.startswith("v1.1.0 is better by ")
        assert said.endswith(f" after {CLIENTS} outcomes")
        page = tmp_path / "ab.html"
        world.run("python", "-m", "mainline", "status", "--state", str(world.state), "--page", str(page))
        assert said in page.read_text()
        assert world.stable() == "v1.0.0", "a person ends the test"
        world.run("python", "-m", "mainline", "approve", "v1.1.0")
        world.wait(lambda: world.stable() == "v1.1.0", "a person ended it")
        world.wait(lambda: said in _told(world), "git has what it came to")


@pytest.mark.slow
def test_ab_is_decided_by_the_labels_of_the_use_case(small_project: Project, tmp_path: Path) -> None:
    """Clients ask and post nothing; monitoring reads how their flights arrived, and the follower goes on by that."""
    outcome = {"name": "error", "unit": "minutes", "better": "lower", "effect": 30.0, "minimum": 30, "metric": "mae"}
    policy = {**POLICY, "analysis": {**POLICY["analysis"], "outcome": outcome}}
    with experiment_of(tmp_path, small_project.twin(tmp_path / "project"), policy) as world:
        month = json.loads((world.project.path / "models/package/manifest.json").read_text())["window"]["test"]
        rows = dataset.read(world.project.path / dataset.FOLDER, month, [one.name for one in interface.REQUEST], [])
        flights = columns.to_rows({name: values[:CLIENTS] for name, values in rows.request.items()}, interface.REQUEST)
        answers = [ask(world, "/predict", flight, f"client-{number}") for number, flight in enumerate(flights)]
        world.wait(lambda: (world.status()["outcome"] or {}).get("said", "").endswith("no labels for this step yet"),
                   "it says who reads labels")  # fmt: skip
        look = ["monitor", "--state", str(world.state), "--logs", str(tmp_path / "log")]
        said = world.project.run("python", "-m", "mainline", *look, succeed=None, env=world.environment)
        assert "Traceback" not in said.stderr
        world.wait(lambda: (world.status()["rollout"] or {}).get("step") == 2, "the labels decide")
        known: dict[str, list[float]] = {answer["version"]: [] for answer in answers}
        for answer, label in zip(answers, rows.label[:CLIENTS].tolist(), strict=True):
            if label == label:
                known[answer["version"]].append(abs(answer["predictions"][0][interface.RESPONSE.name] - label))
        shown = world.status()["outcome"]
        assert shown["points"][-1][0] == sum(map(len, known.values()))
        difference = statistics.mean(known["v1.1.0"]) - statistics.mean(known["v1.0.0"])
        assert shown["points"][-1][1] == pytest.approx(difference, abs=1e-6)


def _told(world: World) -> str:
    """Return the events on the environment's branch at the origin; '' before there are any."""
    world.run("git", "fetch", "--quiet", "origin", "+refs/heads/deployments/*:refs/told/*")
    names = world.run("git", "for-each-ref", "--format=%(refname)", "refs/told/").split()
    return "".join(world.run("git", "show", f"{name}:{told.FILE}") for name in names)
