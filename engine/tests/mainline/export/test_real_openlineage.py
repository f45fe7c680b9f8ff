"""Events that OpenLineage's own classes take, in an environment of their own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.export import openlineage
from tests.mainline.export import environments
from tests.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python that has OpenLineage's client."""
    return environments.make(tmp_path_factory.mktemp("tools") / "environment", "openlineage.txt")


def hold(library: Path, events: list[dict[str, Any]], home: Path) -> subprocess.CompletedProcess[str]:
    """Hold events to the classes."""
    file = home / "events.jsonl"
    file.write_text(openlineage.render(events))
    return environments.attempt(library, "hold_events.py", str(file), home=home)


@pytest.mark.usefixtures("here")
def test_the_events_are_those_of_the_client(library: Path, tmp_path: Path) -> None:
    """Each event and facet is what the client would send."""
    events, _ = openlineage.events("mine")
    done = hold(library, events, tmp_path)
    assert done.returncode == 0, done.stderr
    held, facets = json.loads(done.stdout)
    assert held == len(events)
    assert facets > 4 * held


def test_with_a_place_on_the_web_too(library: Path, here: Project, tmp_path: Path) -> None:
    """An origin on the web adds a facet, which is as its class has it."""
    made = here.twin(tmp_path / "project")
    made.run("git", "remote", "set-url", "origin", "https://github.com/owner/name.git")
    made.run("python", "-m", "mainline", "export", "openlineage", str(tmp_path / "events.jsonl"))
    assert "sourceCodeLocation" in (tmp_path / "events.jsonl").read_text()
    done = environments.attempt(library, "hold_events.py", str(tmp_path / "events.jsonl"), home=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "damage",
    [
        lambda event: event["run"].update(runId="1"),
        lambda event: event.update(eventType="DONE"),
        lambda event: event.update(eventTime="yesterday"),
        lambda event: event["run"]["facets"]["tags"].update(owner="somebody"),
        lambda event: event["job"]["facets"]["jobType"].pop("integration"),
    ],
    ids=["number", "type", "time", "key", "required"],
)
@pytest.mark.usefixtures("here")
def test_a_damaged_event_is_refused(library: Path, tmp_path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    """The classes hold what the schema asks for."""
    event = json.loads(json.dumps(openlineage.events("mine")[0][0]))
    damage(event)
    assert hold(library, [event], tmp_path).returncode == 1
