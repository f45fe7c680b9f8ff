"""Versions by weight, from a file that is replaced."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mainline.declared.service import Settings
from mainline.errors import ParamsError
from mainline.exchange.routes import Sticky, read
from mainline.serving import server_report, watching
from mainline.serving.answering import keys
from mainline.serving.answering.messages import Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.routing import Routing, _point
from mainline.serving.endpoints.tensors import DATATYPES
from mainline.serving.service import Service
from tests.mainline.package.test_predictor import extended
from tests.mainline.serving.asking import Client

Rows = list[dict[str, Any]]
RAISED = "\n_respond = respond\ndef respond(raw, columns):\n    return _respond(raw, columns) + 100\n"


@pytest.fixture(scope="module")
def raised_dir(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version of the package, whose predictions are 100 higher."""
    target = tmp_path_factory.mktemp("raised") / "package"
    extended(package_dir, target, "code/scoring.py", RAISED)
    return target


@pytest.fixture
def routed(package_dir: Path, raised_dir: Path, tmp_path: Path) -> tuple[Client, Callable[..., None]]:
    """A service that follows a routing file, and what writes the file and lets the service look."""
    file, held = tmp_path / "routing.json", tmp_path / "keys.yaml"
    key, admin = keys.make(held, "client", "predict"), keys.make(held, "boss", "admin")
    client = Client(Service(Settings(keys=held), None, file), key, admin)
    packages = {"v1.0.0": package_dir, "v1.1.0": raised_dir}

    def write(text: str = "", mirror: Any = None, revision: int = 0, **weights: float) -> None:
        routes = [{"version": v, "package": str(packages[v]), "weight": w} for v, w in weights.items()]
        partial = file.with_suffix(".partial")
        partial.write_text(text or json.dumps({"routes": routes, "mirror": mirror, "revision": revision}))
        partial.replace(file)
        client.service.poll()

    return client, write


def test_weights_are_kept_closely(model: Model) -> None:
    """Of any thousand requests each version gets its share, within one percent."""
    other, third = Model("v2.0.0", model.predictor), Model("v3.0.0", model.predictor)
    chosen = Counter(Routing((model, other, third), (7.0, 3.0, 0.0)).choose(n).version for n in range(5000, 6000))
    assert abs(chosen["v1.0.0"] - 700) <= 10
    assert chosen["v3.0.0"] == 0


def test_versions_are_swapped_and_weighted(routed: Any, rows: Rows, golden: dict[str, Any]) -> None:
    """The file decides who answers, from not ready to one version, to a canary, to the other; each by its own code."""
    client, write = routed
    assert client.ask("/readyz", key="").status == 503
    assert client.predict(rows[0]).kind == "not-ready"
    write(**{"v1.0.0": 1})
    assert client.ask("/readyz", key="").status == 200
    first = client.predict(rows[0]).json
    write(**{"v1.0.0": 9, "v1.1.0": 1})
    answers = [client.predict(rows[0]).json for _ in range(100)]
    count = Counter(answer["version"] for answer in answers)
    assert 8 <= count["v1.1.0"] <= 12
    for answer in answers:
        higher = 100 if answer["version"] == "v1.1.0" else 0
        assert answer["predictions"][0]["arr_delay"] == pytest.approx(golden["predictions"][0] + higher)
    write(**{"v1.1.0": 1})
    assert client.predict(rows[0]).json["version"] == "v1.1.0"
    assert first["version"] == "v1.0.0"


def test_version_that_stays_is_not_loaded_again(routed: Any) -> None:
    """A change of weights keeps the loaded models and their counters."""
    client, write = routed
    write(**{"v1.0.0": 1})
    before = client.service.choose()
    write(**{"v1.0.0": 1, "v1.1.0": 1})
    assert before in client.service.models()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"routes": []}', '{"routes": [{"version": "v9", "package": "/nowhere", "weight": 1}]}',
     '{"routes": [{"version": "v9", "package": "/nowhere", "weight": 0}]}', '{"routes": [{"version": "a b"}]}'],
)  # fmt: skip
def test_bad_file_leaves_the_last_good_models(
    routed: Any, rows: Rows, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read or loaded is counted, and the version before goes on answering."""
    monkeypatch.setattr(watching, "SHORTEST", watching.LONGEST)
    client, write = routed
    write(**{"v1.0.0": 1})
    write(text)
    assert client.predict(rows[0]).json["version"] == "v1.0.0"
    assert client.service.metrics.failures == {"routing": 1}
    client.service.poll()
    assert client.service.metrics.failures == {"routing": 1}


def test_package_that_comes_later_is_served(
    routed: Any, raised_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What a file names and cannot be loaded is tried again, and said once."""
    monkeypatch.setattr(watching, "SHORTEST", 0.0)
    client, write = routed
    write(**{"v1.0.0": 1})
    late = tmp_path / "late"
    write(json.dumps({"routes": [{"version": "v3", "package": str(late), "weight": 1}]}))
    for _ in range(2000):
        client.service.poll()
    assert client.service.metrics.failures["routing"] == 2001
    assert [record.message for record in caplog.records if "not read" in record.message] == [
        "routing not read; what was read before stays in use"
    ]
    shutil.copytree(raised_dir, late)
    client.service.poll()
    assert [model.version for model in client.service.models()] == ["v3"]
    client.service.poll()
    assert client.service.metrics.failures["routing"] == 2001


def test_changed_package_is_not_served(routed: Any, rows: Rows, package_dir: Path, tmp_path: Path) -> None:
    """A package that is not what its manifest says is refused, and the version before goes on answering."""
    client, write = routed
    write(**{"v1.0.0": 1})
    shutil.copytree(package_dir, tmp_path / "broken")
    (tmp_path / "broken/model_card.md").write_text("changed")
    routes = {"routes": [{"version": "v2", "package": str(tmp_path / "broken"), "weight": 1}]}
    write(json.dumps(routes))
    assert client.predict(rows[0]).json["version"] == "v1.0.0"
    assert client.service.metrics.failures == {"routing": 1}


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ([{"version": "v1", "package": "p", "weigth": 1}], r"routes\.0\.(weight|weigth)"),
        ([{"version": "v1", "package": "p", "weight": 0}], "have no weight"),
        ([{"version": "v1", "package": "p", "weight": 1}] * 2, "name a version twice"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, routes: Any, message: str) -> None:
    """A file that says nothing usable says why."""
    (tmp_path / "routing.json").write_text(json.dumps({"routes": routes}))
    with pytest.raises(ParamsError, match=message):
        read(tmp_path / "routing.json")


def test_clients_keep_their_version(model: Model) -> None:
    """A client's place does not change while the candidate's weight grows, so it moves to it once and never back."""
    candidate = Model("v2.0.0", model.predictor)
    sticky = Sticky(by="header", header="x-client", salt="a")
    requests = [Request("POST", "/predict", [(b"x-client", b"%d" % number)]) for number in range(2000)]
    before: set[int] = set()
    for weight in (5, 40, 60, 95):
        pairs = sorted([(candidate, weight), (model, 100 - weight)], key=lambda pair: -pair[1])
        place = next(n for n, pair in enumerate(pairs) if pair[0] is candidate)
        routing = Routing(
            tuple(m for m, _ in pairs), tuple(w for _, w in pairs), sticky=sticky, order=(place, 1 - place)
        )
        chosen = {n for n, request in enumerate(requests) if routing.choose(n, request) is candidate}
        assert chosen == {n for n, request in enumerate(requests) if routing.choose(n + 77, request) is candidate}
        assert before <= chosen
        assert abs(len(chosen) / 2000 - weight / 100) < 0.04  # binomial, 99.9 %
        before = chosen


def test_sticky_falls_back_to_the_key() -> None:
    """A client that does not send the header is known by its API key."""
    sticky = Sticky(by="header", header="x-client")
    points = set()
    for number in range(3):
        request = Request("POST", "/predict", [])
        request.key = SimpleNamespace(id=f"{number:012x}")  # type: ignore[assignment]
        points.add(_point(sticky, request))
    assert len(points) == 3


def test_mirrored_requests_are_counted_and_sent_to_nobody(routed: Any, rows: Rows) -> None:
    """The mirroring version answers the same requests unseen; how far the two are apart is measured."""
    client, write = routed
    write(**{"v1.0.0": 100, "v1.1.0": 0}, mirror={"version": "v1.1.0", "share": 1.0}, revision=7)
    answers = [client.predict(rows[0]).json["version"] for _ in range(20)]
    assert set(answers) == {"v1.0.0"}
    said = server_report.describe(client.service.started, client.service.routing)
    assert said["revision"] == 7
    mirrored = said["versions"]["v1.1.0"]
    assert (mirrored["requests"], mirrored["mirrored"]) == (20, 20)
    assert mirrored["pairs"]["sum"] / mirrored["pairs"]["number"] == pytest.approx(100)
    assert said["versions"]["v1.0.0"]["requests"] == 20


def test_failing_mirror_is_counted_as_the_candidates(routed: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate that fails on mirrored requests harms no client, and is seen to fail."""
    client, write = routed
    write(**{"v1.0.0": 100, "v1.1.0": 0}, mirror={"version": "v1.1.0", "share": 1.0})
    candidate = client.service.version("v1.1.0")
    monkeypatch.setattr(candidate, "answer", lambda _: 1 / 0)
    assert {client.predict(rows[0]).status for _ in range(5)} == {200}
    assert server_report.describe(client.service.started, client.service.routing)["versions"]["v1.1.0"]["failed"] == 5


def test_half_of_the_requests_are_mirrored(model: Model) -> None:
    """A share of the requests is mirrored, whichever version the others go to."""
    candidate = Model("v2.0.0", model.predictor)
    routing = Routing((model, candidate), (80.0, 20.0), mirror=(candidate, 0.5))
    answered = [n for n in range(4000) if routing.choose(n) is model]
    assert abs(sum(routing.mirrors(n, model) is candidate for n in answered) / len(answered) - 0.5) < 0.02


def test_server_says_what_it_serves(routed: Any, rows: Rows, tmp_path: Path) -> None:
    """The file beside the routing file names the process, the revision and what was counted, and is whole."""
    client, write = routed
    write(**{"v1.0.0": 1}, revision=3)
    client.predict(rows[:2])
    client.service.poll()
    said = json.loads((tmp_path / "served.json").read_text())
    assert said["revision"] == 3
    assert said["versions"]["v1.0.0"]["requests"] == 1
    assert sum(said["versions"]["v1.0.0"]["seconds"].values()) == 1
    write("{")
    assert json.loads((tmp_path / "served.json").read_text())["revision"] == 3


def test_start_with_one_sound_version_serves_it(
    package_dir: Path, raised_dir: Path, tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one package is damaged at the start, the other answers alone; the routes are live once it is well."""
    monkeypatch.setattr(watching, "SHORTEST", 0.0)
    file, held = tmp_path / "routing.json", tmp_path / "keys.yaml"
    key = keys.make(held, "client", "predict")
    good = {"version": "v1.0.0", "package": str(package_dir), "weight": 50}
    bad = {"version": "v1.1.0", "package": str(tmp_path / "nothing"), "weight": 50}
    file.write_text(json.dumps({"revision": 5, "routes": [bad, good]}))
    client = Client(Service(Settings(keys=held), None, file), key)
    assert client.predict(rows[0]).json["version"] == "v1.0.0"
    assert server_report.describe(client.service.started, client.service.routing)["revision"] == 0
    shutil.copytree(raised_dir, tmp_path / "nothing")
    client.service.poll()
    assert server_report.describe(client.service.started, client.service.routing)["revision"] == 5
    assert {model.version for model in client.service.models()} == {"v1.0.0", "v1.1.0"}


def test_sharing_is_what_was_declared(model: Model) -> None:
    """Over any stretch of requests each version's share lies within the binomial 99.9 % interval of its weight."""
    candidate = Model("v2.0.0", model.predictor)
    for weight in (1, 10, 50, 90):
        routing = Routing((model, candidate), (100.0 - weight, float(weight)))
        for start in (0, 12_345):
            got = sum(routing.choose(n) is candidate for n in range(start, start + 1000))
            assert abs(got - 10 * weight) <= 3.29 * (10 * weight * (1 - weight / 100)) ** 0.5


def test_requests_that_name_a_version_decide_no_rollout(
    routed: Any, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks one version by name changes nothing that a rollout is judged by; they are counted apart."""
    client, write = routed
    write(**{"v1.0.0": 100, "v1.1.0": 0}, mirror={"version": "v1.1.0", "share": 1.0})
    model = client.service.models()[0]
    name, fields = model.name, model.predictor.request
    tensors = [
        {"name": field.name, "shape": [1], "datatype": DATATYPES[field.kind], "data": [rows[0].get(field.name)]}
        for field in fields
    ]
    before = server_report.describe(client.service.started, client.service.routing)
    asked = [f"/v2/models/{name}/versions/{version}/infer" for version in ("v1.0.0", "v1.1.0")]
    assert [client.ask(path, {"inputs": tensors}).status for path in asked] == [200, 200]
    monkeypatch.setattr(client.service.version("v1.1.0"), "answer", lambda _: 1 / 0)
    assert client.ask(asked[1], {"inputs": tensors}).status == 500
    assert server_report.describe(client.service.started, client.service.routing) == before
    page = client.ask("/metrics", key=client.admin).body.decode()
    assert 'mainline_requests_total{version="v1.1.0",outcome="prediction-failed"} 0' in page
    assert 'mainline_named_requests_total{version="v1.1.0",outcome="prediction-failed"} 1' in page
    assert 'mainline_request_seconds_count{version="v1.1.0"} 0' in page
    assert client.ask(f"/v2/models/{name}/infer", {"inputs": tensors}).status == 200
    assert server_report.describe(client.service.started, client.service.routing)["versions"]["v1.0.0"]["requests"] == 1


def test_mirrored_requests_are_in_the_metrics_without_a_follower(routed: Any, rows: Rows) -> None:
    """What a version answered unseen is shown whoever writes the routes, also where no follower says how it is."""
    client, write = routed
    write(**{"v1.0.0": 100, "v1.1.0": 0}, mirror={"version": "v1.1.0", "share": 1.0})
    client.predict(rows[0])
    page = client.ask("/metrics", key=client.admin).body.decode()
    assert 'mainline_mirrored_total{version="v1.1.0",outcome="ok"} 1' in page
