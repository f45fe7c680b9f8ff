"""The page of the rollout: what it shows, who may see it, and how it looks in a real browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.service import Settings
from mainline.rollout import analysis, status
from mainline.rollout.records import Live, Quarantine
from mainline.serving.answering import keys, routing
from mainline.serving.answering.model import Model
from mainline.serving.endpoints import rollout_page
from mainline.serving.service import Service
from tests.browser import WIDTHS, Browser
from tests.mainline.rollout.worlds import PASS, World, canary, ref
from tests.mainline.serving.asking import Client

NOW = 1_767_225_600.0


def document(problem: str = "", hostile: str = "") -> Any:
    """A rollout at its third step, with an abort before it."""
    steps: list[dict[str, Any]] = [
        {"setMirror": 100}, {"pause": {"duration": "5m"}}, {"setWeight": 10}, {"pause": {"duration": "10m"}},
        {"setWeight": 50}, {"pause": {"duration": "10m"}},
    ]  # fmt: skip
    metrics = [{"name": "error-rate", "limit": 0.01}, {"name": "prediction-drift", "limit": 0.25}]
    world = World(canary(*steps, metrics=metrics))
    world.now = NOW
    world.have(1)
    world.wanted = ref(2)
    world.settle()
    world.pass_by(305, measurement=PASS)
    world.state = type(world.state)(
        **{
            **world.state.__dict__,
            "quarantined": (Quarantine("ab" * 32, "0" * 12, hostile or "error-rate: 0.2, limit 0.01", NOW),),
        }
    )
    seconds = {"0.01": 400, "inf": 0}
    counters: Any = {"requests": 400, "failed": 1, "invalid": 0, "seconds": seconds, "predictions": {"1": 400},
                "pairs": {"number": 0, "sum": 0.0, "squares": 0.0}}  # fmt: skip
    judged = analysis.judge(world.policy.declared.analysis, counters, counters | {"requests": 3600, "failed": 3})
    live = Live("1", world.state.revision)
    source: Any = {"url": "https://git.example.org/forecast.git", "commit": "4f0c21d8a9b3", "looked": NOW + 300,
              "problem": problem, "events": ""}  # fmt: skip
    outcome: Any = {
        "name": "cost", "unit": "minutes", "better": "lower", "limit": -0.1, "candidate": "v1.2.0", "stable": "v1.1.0",
        "verdict": "pass", "said": hostile or "v1.2.0 is better by 0.3 minutes", "left_out": {"late": 2},
        "points": [[400.0, -0.1, -1.5, 1.1], [4000.0, -0.4, -0.9, 0.1], [12_400.0, -0.3, -0.6, -0.1]],
    }  # fmt: skip
    return status.describe("production", world.state, judged, live, NOW + 305, source, outcome)


@pytest.fixture
def followed(model: Model, tmp_path: Path) -> Callable[..., Client]:
    """Make a service beside whose routing file a follower has written its status."""

    def make(**section: Any) -> Client:
        file = tmp_path / "keys.yaml"
        key, admin = keys.make(file, "client", "predict"), keys.make(file, "boss", "admin")
        (tmp_path / "status.json").write_text(json.dumps(document()))
        service = Service(Settings(keys=file, **section), routing.single(model), tmp_path / "routing.json")
        return Client(service, key, admin)

    return make


def test_page_shows_versions_weights_steps_analysis_and_history(followed: Callable[..., Client]) -> None:
    """Everything a person asks of a rollout is on the page, and in the JSON beside it."""
    client = followed()
    page = client.ask("/rollout", key=client.admin).body.decode()
    for expected in ("v1.1.0", "v1.2.0", "10 %", "90 %", "setWeight 10 %", "error-rate", "inconclusive",
                     "4f0c21d8a9", "first version skips", "Quarantined",
                     "v1.2.0 is better by 0.3 minutes", "12,400 outcomes", "2 late"):  # fmt: skip
        assert expected in page
    assert client.ask("/rollout.json", key=client.admin).json["candidate"]["version"] == "v1.2.0"
    metrics = client.ask("/metrics", key=client.admin).body.decode()
    assert 'mainline_outcome_difference{end="high"} -0.1' in metrics


def test_page_asks_for_an_administrators_key_unless_opened(followed: Callable[..., Client]) -> None:
    """Without a key nobody sees it; with open_rollout everybody does, and still nobody may call the webhook."""
    client = followed()
    assert client.ask("/rollout", key="").status == 401
    assert client.ask("/rollout").status == 403
    opened = followed(open_rollout=True)
    assert opened.ask("/rollout", key="").status == opened.ask("/rollout.json", key="").status == 200
    assert opened.ask("/rollout/look", key="", method="POST").status == 401


def test_webhook_asks_the_follower_to_look(followed: Callable[..., Client], tmp_path: Path) -> None:
    """A POST leaves a file that the follower sees; without a follower there is nothing to ask."""
    client = followed()
    assert client.ask("/rollout/look", key=client.admin, method="POST").status == 202
    assert (tmp_path / "look").exists()
    (tmp_path / "status.json").unlink()
    reply = client.ask("/rollout", key=client.admin)
    assert reply.status == 404
    assert "No follower works beside this service" in reply.json["detail"]


def test_metrics_tell_of_the_follower(followed: Callable[..., Client]) -> None:
    """Prometheus sees the step, what is quarantined, and whether something keeps the follower from its work."""
    client = followed()
    page = client.ask("/metrics", key=client.admin).body.decode()
    assert "mainline_rollout_step 4\n" in page
    assert "mainline_rollout_quarantined 1\n" in page
    assert "mainline_follower_problem 0\n" in page
    assert f"mainline_follower_looked_seconds {NOW + 300:.0f}\n" in page


def test_problem_and_silence_are_shown() -> None:
    """A reason from outside is escaped; a follower that has said nothing for a while is reported."""
    found = document(problem="git is away: <b>no</b>")
    page = rollout_page.render(found, found["time"])
    assert "git is away: &lt;b&gt;no" in page
    assert "has said nothing" not in page
    assert "has said nothing for 60 s" in rollout_page.render(document(), found["time"] + 60)
    assert "has said nothing for 9.2 days" in rollout_page.render(document(), found["time"] + 795_000)


def test_page_names_who_decides_for_all_servers() -> None:
    """With one rollout for all servers the page says which server decides, and which of them have a problem."""
    servers = [
        {"name": "pod-a", "revision": 3, "silent": False, "problem": ""},
        {"name": "pod-b", "revision": 2, "silent": False, "problem": "storage <is> away"},
        {"name": "pod-c", "revision": 2, "silent": True, "problem": ""},
    ]
    found = document() | {"together": {"name": "pod-b", "leader": "pod-a", "term": 4, "servers": servers}}
    page = rollout_page.render(found, found["time"])
    assert "pod-a decides for all servers, this is pod-b" in page
    assert "Server pod-b: storage &lt;is&gt; away" in page
    assert "Server pod-c is silent" in page
    text = status.render(found, found["time"])
    assert "pod-a decides for 3 servers (term 4); this one is pod-b" in text
    assert "pod-b: storage <is> away" in text


def test_page_fits_every_width(browser: Browser) -> None:
    """From a small phone to a wide screen nothing sticks out, and no foreign element is made."""
    pages = [
        rollout_page.render(document("git is away", hostile), NOW + 305).replace('http-equiv="refresh"', "")
        for hostile in ("", "W" * 300, "<img src=x onerror=alert(1)> " * 20)
    ]
    for width, found in zip(WIDTHS * len(pages), browser.measure(pages), strict=True):
        assert found["scrolled"] <= found["width"] == width
        assert (found["sections"], found["foreign"]) == (7, 0)


def test_page_is_read_at_every_width(browser: Browser) -> None:
    """No word is broken, the numbers of the picture are large enough for a phone, and none lies on another one."""
    pages = []
    for high in (1.1, 0.01):
        found = document("git is away")
        found["outcome"]["points"][0][3] = found["outcome"]["points"][1][3] = high
        pages.append(rollout_page.render(found, NOW + 305, renews=False))
    for measured in browser.measure(pages):
        assert (measured["broken"], measured["meeting"]) == ([], 0)
        assert measured["smallest"] > 8


def test_text_says_the_same() -> None:
    """`./mainline status` writes versions, weights, steps, analysis and history in at most 100 columns."""
    found = document(problem="git is away: no route")
    said = status.render(found, found["time"] + 60)
    assert max(map(len, said.splitlines())) <= 100
    for expected in ("production: progressing", "PROBLEM  git is away", "said nothing for 60 s", "[>] pause 600 s",
                     "10 %", "candidate", "error-rate", "quarantined abababababab"):  # fmt: skip
        assert expected in said, said
