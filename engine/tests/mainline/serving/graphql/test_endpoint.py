"""`POST /graphql`: REST's answers in GraphQL's form, with REST's words where there is none."""

import asyncio
import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from graphql import build_client_schema, get_introspection_query, parse, print_ast, validate

from mainline.declared.service import Settings
from mainline.errors import MainlineError
from mainline.serving.answering import keys, routing
from mainline.serving.answering.messages import Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.routing import Routing
from mainline.serving.graphql import extra
from mainline.serving.graphql.endpoint import GraphQL
from mainline.serving.service import Service
from tests.mainline.package import samples
from tests.mainline.serving import log_reader
from tests.mainline.serving.asking import Client
from tests.mainline.serving.graphql.operations import JSON, OWN_TYPE, QUERY, SHORT, ask, outcomes
from tests.mainline.serving.http.proxies import PREFIX, proxy
from tests.mainline.serving.running import refused, running, wait_for

Rows = list[dict[str, Any]]


def test_answers_are_those_of_rest(client: Client, rows: Rows) -> None:
    """One row and many have every member that `/predict` has, to the last bit."""
    for part in (rows[:1], rows, (rows * 15)[:250]):
        reply = ask(client, part, headers={"x-request-id": "mine"})
        assert (reply.status, reply.headers["content-type"]) == (200, OWN_TYPE)
        assert reply.json == {"data": {"predict": client.predict(part, headers={"x-request-id": "mine"}).json}}


def test_rows_may_stand_in_the_document(client: Client, rows: Rows) -> None:
    """Literals are read as variables are, names and enquiries about types aside."""
    row = ", ".join(f"{name}: {json.dumps(value)}" for name, value in rows[0].items())
    query = f"{{ delay: predict(rows: [{{{row}}}]) {{ __typename predictions {{ arr_delay }} }} }}"
    expected = client.predict(rows[0]).json["predictions"]
    found = client.ask("/graphql", {"query": query}).json["data"]["delay"]
    assert found == {"__typename": "Prediction", "predictions": expected}


def test_tools_learn_the_schema(client: Client, rows: Rows) -> None:
    """A client that reads the schema, as tools ask for it, finds its document sound and one with a typo not."""
    answer = client.ask("/graphql", {"query": get_introspection_query(specified_by_url=True)}).json
    schema = build_client_schema(answer["data"])
    document = parse(QUERY)
    assert not validate(schema, document)
    assert "arr_dely" in str(validate(schema, parse(QUERY.replace("arr_delay", "arr_dely")))[0])
    assert "data" in ask(client, rows, print_ast(document)).json
    kinds = {name: str(field.type) for name, field in schema.type_map["Row"].fields.items()}  # type: ignore[attr-defined]
    assert (kinds["dep_delay"], kinds["flight"], kinds["tailnum"]) == ("Float!", "Integer!", "String")


def test_row_that_the_model_refuses_has_rest_s_words(client: Client, rows: Rows) -> None:
    """It is an error beside `data`, counted once, as one of the model's."""
    wrong = [rows[0], {**rows[0], "distance": -5.0}, {**rows[0], "carrier": "x" * 1001}]
    told = client.predict(wrong).json
    before = outcomes(client)
    reply = ask(client, wrong)
    (error,) = reply.json["errors"]
    assert (reply.status, reply.json["data"], error["path"]) == (200, {"predict": None}, ["predict"])
    assert error["message"] == told["detail"]
    assert error["extensions"] == {"kind": "invalid-request", "status": 422, "errors": told["errors"]}
    assert outcomes(client) == {**before, "invalid-request": before["invalid-request"] + 1}


def test_error_that_nobody_foresaw_says_nothing(client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words are for the service's log."""
    monkeypatch.setattr(Model, "answer", lambda *_: 1 / 0)
    assert ask(client, rows).json["errors"][0]["extensions"] == {"kind": "prediction-failed", "status": 500}
    monkeypatch.setattr(Service, "choose", lambda *_: 1 / 0)
    reply = ask(client, rows)
    assert reply.json["errors"][0]["message"] == "The service's log says why."
    assert b"zero" not in reply.body


def test_door_is_that_of_rest(make_client: Callable[..., Client], rows: Rows) -> None:
    """Keys, roles, throttles, methods and types are looked at first; without the section there is no path."""
    client = make_client(graphql={}, throttle={"requests_per_second": 0.001, "burst": 3})
    asked = {"query": SHORT, "variables": {"rows": rows[:1]}}
    assert client.ask("/graphql", asked, key="").kind == "unauthorized"
    assert client.ask("/graphql", asked, key=client.admin).kind == "forbidden"
    assert client.ask("/graphql", asked, headers={"content-type": "text/plain"}).kind == "unsupported-media-type"
    got = client.ask("/graphql")
    assert (got.status, got.headers["allow"]) == (405, "POST")
    assert client.ask("/graphql", asked).status == 200
    throttled = client.ask("/graphql", asked)
    assert (throttled.status, throttled.kind) == (429, "throttled")
    assert make_client().ask("/graphql", asked).status == 404


def test_service_that_is_full_or_empty_says_so_by_its_status(make_client: Callable[..., Client], rows: Rows) -> None:
    """A proxy or client that may try again sees 503, and when."""
    client = make_client(graphql={}, limits={"queued_rows": 20})
    asked = {"query": SHORT, "variables": {"rows": rows}}
    few = {**asked, "variables": {"rows": rows[:15]}}
    sent: list[tuple[Any, bytes | None]] = [(few, None), (few, None), ({}, b"{")]
    first, *full = client.ask_all([("/graphql", content, body, {}) for content, body in sent])
    assert "errors" not in first.json
    assert [(each.status, each.kind) for each in full] == [(503, "overloaded"), (400, "malformed-json")]
    assert full[0].headers["retry-after"] == "1"
    first, unread = client.ask_all([("/graphql", asked, None, {}), ("/graphql", {}, b"{", {})])
    assert "errors" not in first.json
    assert (unread.status, unread.kind) == (503, "overloaded")  # reading what is refused then would cost others
    client.service.routing = None
    assert client.ask("/graphql", asked).kind == "not-ready"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (None, OWN_TYPE), ("*/*", OWN_TYPE), (JSON, JSON), (f"{JSON}, */*", JSON), ("text/html", OWN_TYPE),
        (f"{OWN_TYPE}, {JSON};q=0.9", OWN_TYPE),
    ],
)  # fmt: skip
def test_type_of_an_answer_is_one_that_the_client_knows(
    client: Client, rows: Rows, accept: str | None, given: str
) -> None:
    """A client that knows JSON alone gets it where there is data; errors without any are GraphQL's own type."""
    headers = {"accept": accept}
    assert ask(client, rows, headers=headers).headers["content-type"] == given
    assert ask(client, rows, "{", headers=headers).headers["content-type"] == OWN_TYPE


def test_document_with_several_operations_needs_a_name(client: Client, rows: Rows) -> None:
    """The one that is named is answered, and what nobody knows in a body is passed over."""
    query = f"{SHORT.replace('query', 'query One')} query Two {{ __typename }}"
    asked = {"query": query, "variables": {"rows": rows}, "later": 1, "extensions": None}
    assert client.ask("/graphql", {**asked, "operationName": "Two"}).json == {"data": {"__typename": "Query"}}
    assert "version" in client.ask("/graphql", {**asked, "operationName": "One"}).json["data"]["predict"]
    assert client.ask("/graphql", asked).status == 422
    assert client.ask("/graphql", {**asked, "operationName": "Three"}).status == 422


def test_schema_is_that_of_the_version_that_most_requests_go_to(
    client: Client, model: Model, package_dir: Path, rows: Rows
) -> None:
    """With another one it is another, and versions are dealt as for REST."""
    marked = Model.load(package_dir, "v2.0.0", slack=0.5)
    query = QUERY.replace("model", "unusual { rows feature reason } model")
    odd = [{**rows[0], "carrier": "ZZ"}]
    assert ask(client, odd, query).status == 422
    client.service.routing = Routing((marked, model), (0.75, 0.25))
    assert {ask(client, rows, SHORT).json["data"]["predict"]["version"] for _ in range(12)} == {"v1.0.0", "v2.0.0"}
    client.service.routing = routing.single(marked)
    found = ask(client, odd, query).json["data"]["predict"]["unusual"]
    assert found == client.predict(odd).json["unusual"]
    assert found == [{"rows": [0], "feature": "carrier", "reason": "unseen"}]


def test_schema_is_built_again_when_the_version_changes(client: Client, model: Model, package_dir: Path) -> None:
    """A server that goes on tells what its next version answers, and no document that fitted the last one fits it."""
    endpoint, service = GraphQL(), client.service
    body = json.dumps({"query": "{ predict(rows: []) { unusual { feature } } }"}).encode()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    def status() -> int:
        request = Request("POST", "/graphql", [(b"content-type", JSON.encode())], receive)
        return asyncio.run(endpoint.answer(service, request)).status

    found = []
    for each in (model, Model.load(package_dir, "v2.0.0", slack=0.5), model):
        service.routing = routing.single(each)
        found += [status(), status()]
    assert found == [422, 422, 200, 200, 422, 422]


def test_prediction_is_logged_and_counted_once(package_dir: Path, tmp_path: Path, rows: Rows) -> None:
    """Two workers answer at their one port; each answer has the line of REST, and what refuses has none."""
    log = {"directory": str(tmp_path / "log"), "flush_seconds": 0.1}
    with running(tmp_path / "run", package_dir, graphql={}, workers=2, log=log) as server:
        assert server.process.stdout is not None
        assert server.process.stdout.readline().strip() == f"GraphQL at http://127.0.0.1:{server.port}/graphql"
        ids = []
        for number in (1, 2, 5):
            _, body = server.ask("/graphql", {"query": QUERY, "variables": {"rows": rows[:number]}})
            ids.append(json.loads(body)["data"]["predict"]["request_id"])
        server.ask("/graphql", {"query": "{ predict(rows: []) { version } }"})
        _, body = server.ask("/predict", rows[:2])
        wait_for(lambda: len(log_reader.lines(tmp_path / "log")) >= 4)
        assert server.metric("mainline_rows_total") == 10
        assert server.metric("mainline_requests_total") == 4
        assert server.stop() == -15
    lines = {line["request_id"]: line for line in log_reader.lines(tmp_path / "log")}
    assert lines.keys() == {*ids, json.loads(body)["request_id"]}
    rest = lines.pop(json.loads(body)["request_id"])
    for name in rest.keys() - {"request_id", "trace_id", "time", "seconds"}:
        assert lines[ids[1]][name] == rest[name], name
    assert "Traceback" not in (tmp_path / "run/errors").read_text()


@pytest.mark.parametrize(("name", "labels"), [("nginx", samples.CLASSES), ("haproxy", samples.CODES)])
def test_classes_behind_a_proxy_are_those_of_rest(tmp_path: Path, name: str, labels: tuple[str | int, ...]) -> None:
    """Texts of any letters and whole numbers, one row and as many as go beside the event loop, under a prefix."""
    package = samples.plain_classes(tmp_path / "made", labels)
    rows = [{"measured_at": "2024-06-01T07:00:00Z", "petal_length": number / 20} for number in range(120)]
    query = "query ($rows: [Row!]!) { predict(rows: $rows) { predictions { class probabilities } } }"
    with (
        running(tmp_path / "run", package, graphql={}, prefix=PREFIX) as server,
        proxy(name, server.port, tmp_path / "proxy") as port,
    ):
        outside = replace(server, port=port)
        for part in (rows[:1], rows):
            asked = {"query": query, "variables": {"rows": part}}
            status, body = outside.ask(f"{PREFIX}/graphql", asked)
            expected = json.loads(outside.ask(f"{PREFIX}/predict", part)[1])["predictions"]
            assert (status, json.loads(body)) == (200, {"data": {"predict": {"predictions": expected}}})
    assert {each["class"] for each in expected} == {*labels}


def test_field_without_a_name_in_graphql_stops_the_start(tmp_path: Path) -> None:
    """One line names the field and says what to do."""
    package = samples.number(tmp_path)
    file, settings = tmp_path / "keys.yaml", tmp_path / "production.yaml"
    keys.make(file, "client", "predict")
    settings.write_text(yaml.safe_dump({"service": {"port": 0, "keys": str(file), "graphql": {}}}))
    said = refused(package, settings)
    assert "service.graphql: the field 'measured at' of flowers" in said
    assert "src/usecase/interface.py" in said


def test_version_without_a_name_in_graphql_is_not_taken(tmp_path: Path, package_dir: Path) -> None:
    """A rollout goes no further with it, and the version that serves goes on."""
    file, routes = tmp_path / "keys.yaml", tmp_path / "served/routing.json"
    keys.make(file, "client", "predict")
    routes.parent.mkdir()

    def route(version: str, package: Path) -> None:
        partial = tmp_path / "partial"
        content = {"routes": [{"version": version, "package": str(package), "weight": 1}], "mirror": None}
        partial.write_text(json.dumps({**content, "revision": int(version[1])}))
        partial.rename(routes)

    route("v1", package_dir)
    service = Service(Settings.model_validate({"keys": file, "graphql": {}}), None, routes)
    route("v2", samples.number(tmp_path / "sample"))
    service.poll()
    assert [model.version for model in service.models()] == ["v1"]
    assert sum(service.metrics.failures.values()) == 1


def test_missing_library_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which line installs it."""
    settings = Settings.model_validate({"graphql": {}})
    extra.check(settings)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    extra.check(Settings())
    with pytest.raises(MainlineError, match=r"graphql-core.*-r extras/graphql\.in"):
        extra.check(settings)
