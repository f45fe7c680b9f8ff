"""Bad input of every kind costs a 4xx: never an answer 5xx, a crash, or memory."""

import copy
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from tests.mainline.serving.http.corpus import RAW, VALUES, WHOLE
from tests.mainline.serving.running import Running, running
from tests.project import LIMIT

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that is not throttled and ends half requests soon."""
    throttle, limits = {"requests_per_second": 1e9, "burst": 10**9}, {"read_seconds": 1.0}
    log = {"directory": str(tmp_path_factory.mktemp("log"))}
    with running(tmp_path_factory.mktemp("bad"), package_dir, throttle=throttle, limits=limits, log=log) as made:
        yield made
        assert made.process.poll() is None, "the server ended"
        errors = (made.directory / "errors").read_text()
        assert "Traceback" not in errors, errors
        assert "request failed" not in errors, errors


@pytest.fixture
def session(server: Running) -> Iterator[requests.Session]:
    """A connection with a key."""
    with requests.Session() as made:
        made.headers.update({"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"})
        yield made


def is_ours(reply: requests.Response) -> bool:
    """Say whether an answer is an error of the service; a prediction that may not be sent is none."""
    return reply.status_code >= 500 and "outside-response-model" not in reply.text


def bad_bodies(rows: Rows, document: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Make a body for each place of a request and each bad value, for both ways of asking."""
    infer = next(path for path in document["paths"] if path.endswith("/infer"))
    tensors = document["paths"][infer]["post"]["requestBody"]["content"]["application/json"]["example"]
    for path, example in (("/predict", rows[0]), (infer, tensors)):
        for whole in WHOLE:
            yield path, whole
        for place in _places(example):
            marked = copy.deepcopy(example)
            _set(marked, place, "@@")
            for value in VALUES:
                yield path, json.dumps(marked).encode().replace(b'"@@"', value)


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from _places(inner, (*at, key))


def _set(value: Any, place: tuple[Any, ...], new: Any) -> None:
    for key in place[:-1]:
        value = value[key]
    value[place[-1]] = new


def test_corpus_of_bad_bodies_is_refused(server: Running, session: requests.Session, rows: Rows) -> None:
    """Thousands of bodies, each bad in one place, cost no error of ours and no growth of memory."""
    base = f"http://127.0.0.1:{server.port}"
    document = session.get(f"{base}/openapi.json").json()
    bodies = list(bad_bodies(rows, document))
    assert len(bodies) > 3000
    process = psutil.Process(server.process.pid)
    ours, first = [], 0
    for number, (path, body) in enumerate(bodies):
        reply = session.post(base + path, data=body)
        if is_ours(reply):
            ours.append((path, body[:200], reply.status_code))
        if number == 1000:
            first = process.memory_info().rss
    assert ours == []
    assert process.memory_info().rss < first + 10 * 2**20


def test_corpus_of_bad_requests_is_refused(server: Running, rows: Rows) -> None:
    """Bytes that are not proper HTTP are answered with a 4xx or an end, and the next client is served."""
    for sent in RAW:
        with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as client:
            answer = b""
            try:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                while part := client.recv(65536):
                    answer += part
            except OSError:
                pass
        assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200")), (sent[:80], answer[:80])
    assert server.ask("/predict", rows[0])[0] == 200


def test_random_bytes_are_refused(server: Running, session: requests.Session, rows: Rows) -> None:
    """Valid bodies with random bytes changed are answered without an error of ours."""
    mutate(server, session, rows, 1500)


@pytest.mark.slow
def test_many_random_bytes_are_refused(server: Running, session: requests.Session, rows: Rows) -> None:
    """The same, ten thousand times over, and memory stays where it was."""
    mutate(server, session, rows, 2000)
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    mutate(server, session, rows, 10_000)
    assert process.memory_info().rss < before + 10 * 2**20


def mutate(server: Running, session: requests.Session, rows: Rows, times: int) -> None:
    """Send bodies with bytes replaced, removed and put in."""
    chance = random.Random(0)  # noqa: S311 - repeatable
    whole = [json.dumps(row).encode() for row in rows] + [json.dumps(rows[:3]).encode()]
    for _ in range(times):
        body = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(body))
            body[at : at + chance.randint(0, 3)] = chance.choice(
                [b"", bytes([chance.randrange(256)]), b'"', b"{", b"1e999"]
            )
        reply = session.post(f"http://127.0.0.1:{server.port}/predict", data=bytes(body))
        assert not is_ours(reply), bytes(body)


@pytest.mark.parametrize("examples", [pytest.param(1000, marks=pytest.mark.slow), 15])
def test_requests_made_from_the_document_are_answered(server: Running, examples: int) -> None:
    """No request that schemathesis makes up from the OpenAPI document, right or wrong, is an error of ours."""
    base = f"http://127.0.0.1:{server.port}"
    _, page = server.ask("/openapi.json")
    schema = schemathesis.openapi.from_dict(json.loads(page))
    sent = [0]
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        positive, both = schemathesis.GenerationMode.POSITIVE, list(schemathesis.GenerationMode)
        for mode in both if list(operation.body) else [positive]:

            @settings(
                max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                reply = case.call(base_url=base, headers={"Authorization": f"Bearer {server.key}"})
                sent[0] += 1
                assert reply.status_code < 500 or "outside-response-model" in reply.text, (case, reply.text)

            ask()
    assert sent[0] >= examples * 6
