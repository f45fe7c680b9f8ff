"""Paths behind a proxy, and paths with a slash more."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.declared import environments
from mainline.declared.service import OWN
from mainline.errors import ParamsError
from mainline.serving.graphql import extra as graphql
from mainline.serving.http.app import ENDPOINTS, IF_DECLARED, V2_MODEL
from tests.mainline.serving.asking import Client
from tests.mainline.serving.http.test_fast_path import exchange, request
from tests.mainline.serving.running import running

Rows = list[dict[str, Any]]
V2 = [f"/v2/models/{{name}}{version}{suffix}" for version in ("", "/versions/v1.0.0") for suffix in V2_MODEL]


@pytest.mark.parametrize("path", [*ENDPOINTS, *V2])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_slash_at_the_end_changes_nothing(client: Client, path: str, method: str) -> None:
    """Each path is answered with a slash at its end as without, by itself and not by a redirect."""
    path = path.format(name=client.service.choose().name)
    for key in (client.key, client.admin, ""):
        first, second = (client.ask(one, method=method, key=key) for one in (path, path + "/"))
        assert first.status == second.status
        assert first.headers.keys() == second.headers.keys()


def test_one_slash_is_enough(client: Client) -> None:
    """A path with two slashes at its end is another one."""
    assert client.ask("/predict//").status == 404


@pytest.mark.parametrize("left", ["", "/models/flights"])
def test_service_is_seen_under_its_prefix(make_client: Callable[..., Client], rows: Rows, left: str) -> None:
    """Whether the proxy leaves the prefix in the path or takes it away, every path is answered and names the prefix."""
    client = make_client(prefix="/models/flights")
    assert client.ask(f"{left}/predict", rows[0]).status == 200
    assert client.ask(f"{left}/predict/", rows[0]).status == 200
    assert client.ask(f"{left}/livez", key="").status == 200
    assert client.ask(f"{left}/metrics", key=client.admin).status == 200
    assert client.ask(f"{left}/nothing").json["type"] == "/models/flights/docs#not-found"
    document = client.ask(f"{left}/openapi.json").json
    assert document["servers"] == [{"url": "/models/flights"}]
    assert "/predict" in document["paths"]
    page = client.ask(f"{left}/docs").body.decode()
    assert "<code>POST /models/flights/predict</code>" in page
    assert "<code>POST /predict</code>" not in page


def test_what_only_begins_like_the_prefix_is_another_path(make_client: Callable[..., Client]) -> None:
    """The prefix ends where a part of the path ends, and is taken away once."""
    client = make_client(prefix="/flights")
    for path in ("/flights2/livez", "/flightslivez", "/flights/flights/livez", "/Flights/livez"):
        assert client.ask(path).status == 404


def test_without_a_prefix_the_document_names_the_root(client: Client) -> None:
    """Nothing declared, nothing in front."""
    assert client.ask("/openapi.json").json["servers"] == [{"url": "/"}]
    assert client.ask("/nothing").json["type"] == "/docs#not-found"


@pytest.mark.parametrize("path", ["/flights/predict", "/flights/predict/", "/predict/", "/flights/predict?"])
def test_real_server_has_the_prefix_too(package_dir: Path, rows: Rows, tmp_path: Path, path: str) -> None:
    """The short way and the usual one, and what a connection says by itself, know the prefix."""
    with running(tmp_path, package_dir, prefix="/flights", limits={"body_bytes": 20_000}) as server:
        statuses, _, came = exchange(
            server, request(server, json.dumps(rows[0]).encode(), path) + b"nonsense\r\n\r\n", answers=2
        )
    assert statuses == [200, 400]
    assert b'"type":"/flights/docs#malformed-http"' in came


@pytest.mark.parametrize("prefix", ["flights", "/flights/", "/", "/a//b", "/..", "/a b", "/v2", "/predict/x", "/a?b"])
def test_prefix_that_cannot_work_is_one_line(tmp_path: Path, prefix: str) -> None:
    """A prefix is whole parts of a path, and none that the service's own paths begin with."""
    file = tmp_path / "production.yaml"
    file.write_text(f"service: {{prefix: '{prefix}'}}")
    with pytest.raises(ParamsError, match=r"service\.prefix: is .*(write a path such as|own paths begin)"):
        environments.load_server(file)


def test_refusal_of_a_prefix_names_own_paths_in_one_order(tmp_path: Path) -> None:
    """The same error is the same line in each process."""
    file = tmp_path / "production.yaml"
    file.write_text("service: {prefix: /docs}")
    with pytest.raises(ParamsError, match=rf"begin like this \({', '.join(sorted(OWN))}\); name another one"):
        environments.load_server(file)


def test_own_paths_are_all_known() -> None:
    """What a prefix may not begin with is what the service's paths begin with."""
    assert {path.split("/")[1] for path in (*ENDPOINTS, *IF_DECLARED, graphql.PATH)} == OWN
