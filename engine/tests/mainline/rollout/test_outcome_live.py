"""An A/B test with a real server, real clients that post outcomes, and a kill between outcome and decision."""

import http.client
import itertools
import json
import random
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mainline.__main__ import main
from mainline.declared import rollout
from mainline.declared.rollout import Policy
from mainline.exchange import outcomes, routes
from mainline.exchange.place import Place
from mainline.exchange.routes import Route, Routes
from mainline.rollout import status
from mainline.rollout.driver import Driver
from mainline.rollout.records import Ref
from mainline.rollout.source import Found
from tests.mainline.rollout.test_server_kills import Supervised, driven
from tests.mainline.serving.running import Running, are_more, free_port, running, wait_for
from tests.project import Project
from usecase import interface

CLIENTS = 120
SPREAD = (-0.6, -0.2, 0.1, 0.7)


def policy() -> Policy:
    """Half of the clients have the candidate, which must cost less by 0.3."""
    outcome = {"name": "cost", "better": "lower", "require": "better", "effect": 0.3, "minimum": 30}
    return rollout.read(
        {
            "strategy": "ab",
            "steps": [{"setWeight": 50}, {"pause": {"duration": 0.5}}],
            "sticky": {"by": "header", "header": "x-client"},
            "analysis": {"interval": 0.3, "outcome": outcome},
        }
    )


@pytest.fixture
def server(place: Place, packages: dict[Ref, Path], tmp_path: Path) -> Iterator[Running]:
    """A server that follows the folder's routes, on a port that stays."""
    assert packages
    log = {"directory": str(tmp_path / "log"), "flush_seconds": 0.01}
    options = ("--routing", str(place.routing))
    with running(tmp_path / "server", None, *options, port=free_port(), log=log) as found:
        try:
            yield found
        finally:
            found.process.kill()
            found.process.communicate()


def ask(server: Running, row: Any, client: str) -> tuple[str, str]:
    """Ask as a client; return the request's id and the version that answered."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json", "X-Client": client}
        connection.request("POST", "/predict", json.dumps(row), headers)
        said = json.loads(connection.getresponse().read())
        return said["request_id"], said["version"]
    finally:
        connection.close()


def post(server: Running, events: list[dict[str, Any]]) -> Any:
    """Send outcomes; return what became of them."""
    code, body = server.ask("/outcomes", events)
    assert code == 200, body
    return json.loads(body)


@pytest.mark.parametrize(("difference", "end"), [(-1.0, "served"), (1.0, "aborted")])
def test_kill_between_outcome_and_decision_loses_and_repeats_nothing(
    place: Place, packages: dict[Ref, Path], server: Running, difference: float, end: str
) -> None:
    """What was acknowledged before the kill counts once after it, and decides; so do answers of before the kill."""
    first, second, _ = packages
    row = json.loads((packages[first] / "golden.json").read_text())["requests"][0]
    driver, killed = Driver(place, "production"), Supervised(server, random=None)  # type: ignore[arg-type]
    found = [Found(0.0, wanted=first, verified=True, policy=policy())]
    with driven(driver, found):
        wait_for(lambda: driver.state.stable == first and place.served.exists())
        found.append(Found(0.0, wanted=second, verified=True, policy=policy()))
        wait_for(lambda: driver.state.progress is not None and driver.state.progress.live is not None)
        answers = [ask(server, row, f"client-{number}") for number in range(CLIENTS)]
        assert {version for _, version in answers} == {first.version, second.version}
        events = [
            {"request_id": name, "value": 5 + SPREAD[number % 4] + difference * (version == second.version)}
            for number, (name, version) in enumerate(answers)
        ]
        few = events[:40]  # fewer of each version than the minimum
        assert post(server, few)["counted"] == 40
        wait_for(lambda: server.metric("mainline_log_rows_total") == CLIENTS)
        killed.kill()
        assert driver.state.progress is not None, "it was decided too early"
        assert post(server, few)["repeated"] == 40
        with ThreadPoolExecutor(4) as together:
            said = [*together.map(lambda _: post(server, events), range(4))]
        assert sum(one["counted"] for one in said) == CLIENTS - 40, "whoever was first, each counts once"
        assert sum(one["repeated"] for one in said) == 3 * CLIENTS + 40
        wait_for(lambda: driver.state.progress is None)
    counted = outcomes.read(place.outcomes)
    assert counted is not None
    assert sum(tally["number"] for tally in counted["versions"].values()) == CLIENTS
    assert sum(tally["units"] for tally in counted["versions"].values()) == CLIENTS
    shown = status.read(place.folder)
    assert shown["history"][0]["what"] == end
    words = "better" if end == "served" else "worse"
    sentence = rf"{second.version} is {words} by [01][.\d]* \(95 %: [.\d]+ to [.\d]+\) after {CLIENTS} outcomes"
    assert re.search(sentence, shown["history"][0]["detail"])
    assert driver.state.stable == (second if end == "served" else first)


@pytest.mark.parametrize(("far_is_candidate", "end"), [(False, "served"), (True, "aborted")])
def test_labels_decide_where_the_policy_says_so(
    place: Place, packages: dict[Ref, Path], server: Running, small_project: Project, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, far_is_candidate: bool, end: str,
) -> None:  # fmt: skip
    """Real answers, a real log and `./mainline monitor`: too few labels wait, and the rest of them decides."""
    near, _, far = packages
    stable, candidate = (near, far) if far_is_candidate else (far, near)
    row = json.loads((packages[near] / "golden.json").read_text())["requests"][0]
    flights = [{**row, "flight": 5000 + number} for number in range(CLIENTS)]
    driver, found = Driver(place, "production"), [Found(0.0, wanted=stable, verified=True, policy=by_labels())]
    monkeypatch.chdir(small_project.path)
    with driven(driver, found):
        wait_for(lambda: driver.state.stable == stable and place.served.exists())
        found.append(Found(0.0, wanted=candidate, verified=True, policy=by_labels()))
        wait_for(lambda: driver.state.progress is not None and driver.state.progress.live is not None)
        for number, flight in enumerate(flights):
            ask(server, flight, f"client-{number}")
        wait_for(lambda: server.metric("mainline_log_rows_total") == CLIENTS)
        look(place, tmp_path, flights[:40])
        wait_for(lambda: "after 40 outcomes" in str(status.read(place.folder).get("outcome")))
        shown = status.read(place.folder)["outcome"]
        assert shown is not None
        assert shown["left_out"] == {"without a label yet": CLIENTS - 40}
        assert driver.state.progress is not None, "it was decided too early"
        look(place, tmp_path, flights)
        wait_for(lambda: driver.state.progress is None)
    history = status.read(place.folder)["history"][0]
    assert history["what"] == end
    words = "worse" if far_is_candidate else "better"
    assert re.search(
        rf"{candidate.version} is {words} by [\d.]+ minutes .* after {CLIENTS} outcomes", history["detail"]
    )
    assert driver.state.stable == (stable if far_is_candidate else candidate)


def by_labels() -> Policy:
    """The policy of before, by the absolute error that labels tell."""
    raw = json.loads(json.dumps(policy().raw))
    raw["analysis"]["outcome"] |= {"name": "error", "unit": "minutes", "metric": "mae"}
    return rollout.read(raw)


def look(place: Place, folder: Path, flights: list[dict[str, Any]]) -> None:
    """Let monitoring look while these flights have a label: each came ten minutes late, more or less."""
    keys = {name: [flight[name] for flight in flights] for name in interface.KEY}
    delays = [10 + number % 7 for number in range(len(flights))]
    table = pd.DataFrame({**keys, interface.LABEL: delays, "known_at": "2014-01-01T00:00:00Z"})
    table.to_csv(folder / "labels.csv", index=False)
    options = ["--logs", str(folder / "log"), "--labels", str(folder / "labels.csv")]
    assert main(["monitor", "--state", str(place.folder), *options]) in (1, 2), "most events have no label yet"


@pytest.mark.slow
def test_outcomes_survive_kills_at_random_moments(place: Place, packages: dict[Ref, Path], server: Running) -> None:
    """Twelve kills while clients post: what was acknowledged is there, nothing twice, and the rest is taken again."""
    first, second, _ = packages
    row = json.loads((packages[first] / "golden.json").read_text())["requests"][0]
    shares = [Route(version=ref.version, package=place.package(ref.digest), weight=50) for ref in (second, first)]
    routes.write(place.routing, Routes(revision=1, routes=shares, experiment="kills"))
    killed = Supervised(server, random.Random(5))  # noqa: S311 - repeatable, not secret
    wait_for(lambda: server.ask("/readyz")[0] == 200)
    events: list[dict[str, Any]] = [
        {"request_id": ask(server, row, "")[0], "value": number % 7} for number in range(600)
    ]
    wait_for(lambda: server.metric("mainline_log_rows_total") == len(events))
    acknowledged: set[str] = set()
    ended = threading.Event()

    def keep_posting(offset: int) -> None:
        for place_ in itertools.count(offset, 3):
            if ended.is_set():
                return
            event = events[place_ % len(events)]
            try:
                said = post(server, [event])
            except (OSError, http.client.HTTPException):
                continue
            assert said["counted"] + said["repeated"] == 1, said
            acknowledged.add(event["request_id"])

    with ThreadPoolExecutor(3) as clients:
        posting = [clients.submit(keep_posting, number) for number in range(3)]
        try:
            for _ in range(12):
                wait_for(partial(are_more, acknowledged, len(acknowledged) + killed.random.randrange(3, 20)))
                killed.kill()
        finally:
            ended.set()
        for one in posting:
            one.result()
    seen = set(acknowledged)
    killed.kill()
    wait_for(lambda: server.ask("/readyz")[0] == 200)
    assert post(server, [event for event in events if event["request_id"] in seen])["repeated"] == len(seen)
    rest = [event for event in events if event["request_id"] not in seen]
    assert rest, "every outcome was sent before the last kill"
    said = post(server, rest)
    assert said["counted"] + said["repeated"] == len(rest)

    def tallied() -> tuple[int, float]:
        found = outcomes.read(place.outcomes)
        tallies = found["versions"].values() if found else ()
        origin = found["origin"] if found else 0.0
        number = sum(tally["number"] for tally in tallies)
        return number, sum(tally["sum"] for tally in tallies) + number * origin

    wait_for(lambda: tallied() == (len(events), sum(event["value"] for event in events)))
    print(f"{len(killed.down)} kills, {len(seen)} of {len(events)} outcomes acknowledged before the last one")
