"""`POST /predict`: exact answers, or a problem with its reason."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mainline.serving.answering import strictjson
from mainline.serving.answering.model import Model
from tests.mainline.serving.asking import Client

Rows = list[dict[str, Any]]


def test_answers_are_the_package_s_own(client: Client, golden: dict[str, Any]) -> None:
    """One request or a list has the golden predictions, to the last bit of the text."""
    rows, expected = golden["requests"], golden["predictions"]
    name = client.service.choose().response.name
    assert [client.predict(row).json["predictions"] for row in rows] == [[{name: value}] for value in expected]
    assert client.predict(rows).json["predictions"] == [{name: value} for value in expected]


@pytest.mark.parametrize("bad", [[], [[{"bad": 1}]]], ids=["good", "one bad"])
def test_requests_at_the_same_moment_are_answered_as_if_alone(client: Client, golden: dict[str, Any], bad: Any) -> None:
    """Requests that share a batch get their own rows back, and a bad one among them spoils none."""
    rows, expected = golden["requests"], golden["predictions"]
    name = client.service.choose().response.name
    parts = [rows[0:1], rows[1:4], *bad, rows[4:5], rows[5:20]]
    replies = client.ask_all([("/predict", part, None, {}) for part in parts])
    assert [reply.status for reply in replies] == [200, 200, *[422 for _ in bad], 200, 200]
    answered = [item[name] for reply in replies if reply.status == 200 for item in reply.json["predictions"]]
    assert answered == expected


def test_answer_names_version_request_and_what_was_known(client: Client, rows: Rows) -> None:
    """Looked-up and missing features partition the tables' columns, by groups of rows."""
    unknown = rows[0] | {"tailnum": "N0NE"}
    answer = client.predict([rows[0], unknown, rows[0]], headers={"x-request-id": "mine"}).json
    assert (answer["version"], answer["request_id"]) == ("v1.0.0", "mine")
    groups = answer["features"]
    assert sorted(row for group in groups for row in group["rows"]) == [0, 1, 2]
    by_row = {row: group for group in groups for row in group["rows"]}
    assert by_row[0] == by_row[2] != by_row[1]
    assert {"planes.built", "planes.seats"} <= set(by_row[1]["missing"])
    for group in groups:
        assert not set(group["looked_up"]) & set(group["missing"])
        assert len(group["looked_up"]) + len(group["missing"]) == 13


def test_stale_tables_are_named(client: Client, rows: Rows) -> None:
    """For a moment that the package's tables do not reach, the answer names the tables that are behind."""
    later = rows[0] | {"time_hour": "2013-12-24T10:00:00Z"}
    stale = client.predict(later).json["features"][0]
    assert set(stale["stale"]) == {"schedule", "weather", "departures", "origin_arrivals", "dest_arrivals"}
    assert "weather.temp" in stale["missing"]
    assert client.predict(rows[0]).json["features"][0]["stale"] == []
    for both in ([later, rows[0]], [rows[0], later]):
        found = client.predict(both).json["features"]
        assert {row: group["stale"] for group in found for row in group["rows"]} == {
            both.index(later): stale["stale"], both.index(rows[0]): [],
        }  # fmt: skip


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json; charset=latin-1", "application/jsonx"])
def test_other_media_types_are_refused(client: Client, rows: Rows, content_type: str) -> None:
    """Only JSON in UTF-8 is read."""
    assert client.predict(rows[0], headers={"content-type": content_type}).status == 415


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", "Application/JSON"])
def test_json_is_named_in_several_ways(client: Client, rows: Rows, content_type: str) -> None:
    """What means JSON in UTF-8 is read."""
    assert client.predict(rows[0], headers={"content-type": content_type}).status == 200


def test_compressed_bodies_are_refused(client: Client, rows: Rows) -> None:
    """A body that would grow when it is read is not read."""
    assert client.predict(rows[0], headers={"content-encoding": "gzip"}).status == 415


def test_large_bodies_are_refused_before_they_are_read(make_client: Callable[..., Client], rows: Rows) -> None:
    """Too large a body is 413, whether it says its size or comes in parts."""
    client = make_client(limits={"body_bytes": 1000})
    declared = client.predict(rows[0], headers={"content-length": "1001"})
    parts = client.predict(rows[0], chunks=[b" " * 600, b" " * 600, b"{}"])
    whole = client.predict(None, body=b" " * 1001)
    assert [reply.status for reply in (declared, parts, whole)] == [413] * 3
    assert declared.headers["connection"] == "close"
    assert (
        client.predict(rows[0], chunks=[json.dumps(rows[0]).encode()[:50], json.dumps(rows[0]).encode()[50:]]).status
        == 200
    )


@pytest.mark.parametrize("length", ["9" * 400, "-1", "x", "0x10"])
def test_odd_lengths_do_no_harm(client: Client, rows: Rows, length: str) -> None:
    """A length that is not a number, or an endless one, is not an error of ours."""
    assert client.predict(rows[0], headers={"content-length": length}).status in (200, 413)


def test_number_of_rows_is_limited(make_client: Callable[..., Client], rows: Rows) -> None:
    """No rows, and more than allowed, are refused with the limit."""
    client = make_client(limits={"rows": 3})
    assert client.predict(rows[:3]).status == 200
    assert client.predict(rows[:4]).kind == "too-many-rows"
    assert client.predict([]).kind == "invalid-request"


@pytest.mark.parametrize("body", [b"3", b"null", b'"x"', b"true", b"[[]]", b"[null]", b"{}", b"[{}]"])
def test_json_that_is_no_request_is_refused(client: Client, body: bytes) -> None:
    """Other JSON is 422 with what is expected."""
    assert client.predict(None, body=body).kind == "invalid-request"


@pytest.mark.parametrize("depth", [201, 500, 990, 1000, 1023])
@pytest.mark.parametrize("is_value", [False, True], ids=["rows", "value"])
def test_no_depth_is_a_failure_of_the_model(client: Client, rows: Rows, depth: int, is_value: bool) -> None:
    """Lists inside each other, as a row or in one, are the client's error: a model that fails ends its rollout."""
    deep = b"[" * depth + b"]" * depth
    first = next(iter(rows[0]))
    body = json.dumps(rows[0] | {first: "deep"}).encode().replace(b'"deep"', deep) if is_value else deep
    assert client.predict(None, body=body).kind == "malformed-json"
    model = client.service.models()[0]
    path = f"/v2/models/{model.name}/infer"
    tensor = {"name": first, "shape": [1], "datatype": "BYTES", "data": "deep"}
    body = json.dumps({"inputs": [tensor]}).encode().replace(b'"deep"', deep) if is_value else deep
    assert client.ask(path, body=body).status == 400
    assert not model.metrics.outcomes["prediction-failed"]


def test_prediction_outside_the_response_model_is_not_sent(client: Client, rows: Rows, model: Model) -> None:
    """A number that the response schema does not allow is counted and answered with a reason, nothing else."""
    highest = max(item["arr_delay"] for item in client.predict(rows[:2]).json["predictions"])
    model._high = highest - 0.001
    replies = client.ask_all([("/predict", [row], None, {}) for row in rows[:2]])
    assert sorted(reply.status for reply in replies) == [200, 500]
    wrong = next(reply for reply in replies if reply.status == 500)
    assert wrong.kind == "prediction-outside-response-model"
    assert "arr_delay would be" in wrong.json["detail"]
    assert "predictions" not in wrong.json
    assert model.metrics.outside_response == 1


def test_failing_model_is_a_reason_and_not_a_trace(client: Client, rows: Rows, model: Model, monkeypatch: Any) -> None:
    """When the model itself fails, the client learns no internals, and requests beside it are answered."""
    answer = model.answer

    def fail(requests: Any) -> Any:
        if "UA" in requests.given["carrier"]:
            raise RuntimeError("secret")
        return answer(requests)

    monkeypatch.setattr(model, "answer", fail)
    replies = client.ask_all(
        [("/predict", row | {"carrier": code}, None, {}) for row, code in zip(rows, ("UA", "DL"), strict=False)]
    )
    assert [reply.status for reply in replies] == [500, 200]
    assert replies[0].kind == "prediction-failed"
    assert b"secret" not in replies[0].body


def test_refused_request_does_not_slow_those_beside_it(
    client: Client, rows: Rows, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of its batch are still predicted together, in a few parts."""
    answer, sizes = model.answer, list[int]()

    def note(requests: Any) -> Any:
        sizes.append(len(requests.given["carrier"]))
        return answer(requests)

    monkeypatch.setattr(model, "answer", note)
    asked = [rows[number % len(rows)] for number in range(64)]
    asked[40] = asked[40] | {"origin": "?"}
    replies = client.ask_all([("/predict", row, None, {}) for row in asked])
    assert [number for number, reply in enumerate(replies) if reply.status != 200] == [40]
    assert sum(sizes) == 63
    assert len(sizes) <= 6


def test_client_that_hangs_up_is_not_answered(client: Client, rows: Rows) -> None:
    """A body that never ends is given up."""
    assert client.predict(rows[0], chunks=[b"{", b"}"], hang_up=True).status == 0


def test_full_queue_sheds_load(make_client: Callable[..., Client], rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the rows that may wait, requests get 503 and when to come again, unread; the others are answered."""
    client = make_client(limits={"queued_rows": 900})
    model, bulk, read = client.service.choose(), (rows * 50)[:900], list[bytes]()
    monkeypatch.setattr(strictjson, "parse", lambda body, parse=strictjson.parse: read.append(body) or parse(body))
    tensors = f"/v2/models/{model.name}/infer"
    replies = client.ask_all([(path, bulk, None, {}) for path in ("/predict", "/predict", "/predict", tensors)])
    assert [reply.status for reply in replies] == [200, 503, 503, 503]
    assert len(read) == 1
    assert replies[1].headers["retry-after"] == "1"
    assert client.service.metrics.refused["overloaded"] == 3
    assert set(model.metrics.outcomes) == {"ok"}
    assert client.service.batcher.queued_rows == 0
    assert client.predict(rows).status == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3), max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_body_is_an_error_of_ours(client: Client, body: bytes) -> None:
    """Whatever the body, the answer is a 4xx with a problem."""
    reply = client.predict(None, body=body or b" ")
    assert 400 <= reply.status < 500
    assert reply.headers["content-type"] == "application/problem+json"
