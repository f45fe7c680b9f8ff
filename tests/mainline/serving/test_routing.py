"""Versions by weight, from a file that is replaced."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.errors import ParamsError
from mainline.serving import keys
from mainline.serving.models import Model
from mainline.serving.routing import Routing, read
from mainline.serving.service import Service
from mainline.serving.settings import Settings
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

    def write(text: str = "", **weights: float) -> None:
        routes = [{"version": v, "package": str(packages[v]), "weight": w} for v, w in weights.items()]
        partial = file.with_suffix(".partial")
        partial.write_text(text or json.dumps({"routes": routes}))
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
def test_bad_file_leaves_the_last_good_models(routed: Any, rows: Rows, text: str) -> None:
    """What cannot be read or loaded is counted, and the version before goes on answering."""
    client, write = routed
    write(**{"v1.0.0": 1})
    write(text)
    assert client.predict(rows[0]).json["version"] == "v1.0.0"
    assert client.service.metrics.failures == {"routing": 1}
    client.service.poll()
    assert client.service.metrics.failures == {"routing": 1}


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
