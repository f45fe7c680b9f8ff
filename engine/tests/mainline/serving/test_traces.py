"""Spans of requests: what they say and never say, which requests have some, and that no request waits for them."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mainline.declared.service import Traces
from mainline.errors import ParamsError
from mainline.serving import span_sender
from mainline.serving.answering.messages import Request
from mainline.serving.answering.model import Model
from mainline.serving.rpc.wire import SERVICE
from mainline.serving.span_sender import SpanSender
from mainline.serving.spans import Answered, Encoder
from mainline.serving.traces import Tracer
from tests import span_receiver
from tests.mainline.serving.asking import Client
from tests.mainline.serving.rpc.caller import Caller
from tests.mainline.serving.rpc.test_calls import tensors, whole
from tests.mainline.serving.running import Running, free_port, refused, running, wait_for
from tests.mainline.serving.websocket.clients import opened
from tests.project import LIMIT, ROOT, SEARCH_PATH
from tests.span_receiver import Span, SpanReceiver, is_stage

Rows = list[dict[str, Any]]
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SPAN}-01"
STAGES = ["parse", "check", "features", "predict", "serialise"]


@pytest.fixture
def receiver() -> Iterator[SpanReceiver]:
    """Somebody who takes spans."""
    with span_receiver.receiving() as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience that a test has."""
    for name, seconds in {"PAUSE_SECONDS": 0.01, "SECONDS": 0.3, "SHORTEST": 0.01, "LONGEST": 0.02}.items():
        monkeypatch.setattr(span_sender, name, seconds)


@pytest.fixture
def asking(make_client: Callable[..., Client], receiver: SpanReceiver) -> Iterator[Client]:
    """A client of a service that traces everything."""
    client = make_client(traces={"endpoint": receiver.url, "sample": 1.0})
    tracer = client.service.tracer
    assert tracer is not None
    tracer.sender.start()
    yield client
    tracer.sender.stop()


def answered(route: str = "/predict") -> Answered:
    """An answer without anything special."""
    trace = f"00-{TRACE}-{SPAN}-01"
    return Answered(trace, "", "POST", route, 200, "ok", 200, "m", "v1", 1, 1.0, 0.5, 1e9, [])


def first(spans: list[Span]) -> Span:
    """Return the span of a request."""
    (span,) = [span for span in spans if not is_stage(span)]
    return span


def stages(spans: list[Span], of: Span) -> list[Span]:
    """Return the stages of a request, by their beginning."""
    below = [span for span in spans if span.told.parent_span_id == of.told.span_id]
    assert {span.told.trace_id for span in below} == {of.told.trace_id}
    return sorted(below, key=lambda span: int(span.told.start_time_unix_nano))


def test_a_prediction_is_a_span_with_its_stages(asking: Client, receiver: SpanReceiver, rows: Rows) -> None:
    """The span is the one that the answer names, below the caller's; its stages lie within it, one after the other."""
    reply = asking.predict(rows[:2], headers={"traceparent": SAMPLED})
    spans = receiver.wait(1)
    span, model = first(spans), asking.service.models()[0]
    ids = span.told.trace_id.hex(), span.told.span_id.hex(), span.told.parent_span_id.hex()
    assert reply.headers["traceparent"] == f"00-{ids[0]}-{ids[1]}-01"
    assert (ids[0], ids[2]) == (TRACE, SPAN)
    assert (span.name, span.told.kind) == ("POST /predict", span.told.SPAN_KIND_SERVER)
    assert span.attributes == {
        "http.request.method": "POST", "http.route": "/predict", "http.response.status_code": 200,
        "mainline.model": model.name, "mainline.version": model.version, "mainline.rows": 2,
    }  # fmt: skip
    below = stages(spans, span)
    assert sorted(stage.name for stage in below) == sorted(STAGES)
    assert [stage.name for stage in below] == STAGES
    moments = [span.told.start_time_unix_nano]
    for stage in below:
        moments += [stage.told.start_time_unix_nano, stage.told.end_time_unix_nano]
    assert moments == sorted(moments)
    assert moments[-1] <= span.told.end_time_unix_nano
    assert span.source["service.name"] == "mainline"
    assert receiver.asked[0] == ("/v1/traces", "application/x-protobuf")


def test_other_routes_have_spans_and_health_has_none(asking: Client, receiver: SpanReceiver) -> None:
    """A route is named as the service has it, never as it was asked for; probes of health are not traced."""
    model = asking.service.models()[0]
    for path in ("/livez", "/readyz", "/v2/health/live"):
        asking.ask(path)
    asking.ask(f"/v2/models/{model.name}")
    asking.ask(f"/v2/models/{model.name}/versions/{model.version}/infer", {"inputs": []})
    asking.ask("/no/SECRET", method="SECRET")
    found = {span.name: span.attributes for span in receiver.wait(3) if not is_stage(span)}
    assert found.keys() == {"GET /v2/models/{model}", "POST /v2/models/{model}/infer", "_OTHER"}
    assert found["_OTHER"]["error.type"] == "not-found"


@pytest.mark.parametrize(
    ("cause", "status", "is_error"), [("invalid-request", 422, False), ("prediction-failed", 500, True)]
)
def test_a_problem_is_named_and_only_faults_of_the_service_are_errors(
    asking: Client, receiver: SpanReceiver, rows: Rows, monkeypatch: pytest.MonkeyPatch, cause: str, status: int,
    is_error: bool,
) -> None:  # fmt: skip
    """`error.type` is the kind of the problem; by OpenTelemetry's rule a client's mistake is no error of a server."""
    if is_error:
        monkeypatch.setattr(Model, "answer", lambda *_: 1 / 0)
    row = rows[0] if is_error else {}
    assert asking.predict(row).status == status
    span = first(receiver.wait(1))
    assert span.attributes["error.type"] == cause
    assert (span.told.status.code == span.told.status.STATUS_CODE_ERROR) is is_error
    assert span.attributes["mainline.version"] == asking.service.models()[0].version


def test_a_span_holds_nothing_that_a_client_sent_or_got(asking: Client, receiver: SpanReceiver, rows: Rows) -> None:
    """No value, no key, no id and no path of a request is in what is sent, whether it was answered or refused."""
    ids = {"x-request-id": "SECRET-id", "tracestate": "vendor=SECRET", "user-agent": "SECRET"}
    row = {name: f"SECRET{number}" if isinstance(value, str) else value
           for number, (name, value) in enumerate(rows[0].items())}  # fmt: skip
    replies = [
        asking.predict(rows[0], headers=ids),
        asking.predict(row, headers=ids),
        asking.predict({"SECRET": "SECRET"}, headers=ids),
        asking.ask("/predict", body=b'{"SECRET"'),
        asking.ask("/SECRET?x=SECRET"),
        asking.ask("/v2/models/SECRET/versions/SECRET/infer", {"inputs": []}),
        asking.predict(rows[0], key="SECRET"),
        asking.ask("/predict", method="SECRET"),
    ]
    receiver.wait(len(replies))
    sent = b"".join(receiver.bodies)
    assert b"SECRET" not in sent
    assert asking.key.encode() not in sent
    (key, *_) = asking.service.keys.by_id.values()
    assert key.id.encode() not in sent
    attributes = {value for span in receiver.spans() for value in span.attributes.values()}
    numbers = {value for value in rows[0].values() if isinstance(value, float)}
    numbers |= {value for item in replies[0].json["predictions"] for value in item.values()}
    assert not attributes & numbers


@pytest.mark.parametrize(("given", "sampled"), [("01", True), ("00", False)])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_caller_of_a_trace_decides(given: str, sampled: bool, share: float) -> None:
    """A trace is whole or not there: what its caller decided holds, whatever the share, and is passed on."""
    tracer = Tracer(Traces(endpoint="http://127.0.0.1:4318", sample=share))
    request = Request("POST", "/predict", [(b"traceparent", f"00-{TRACE}-{SPAN}-{given}".encode())])
    tracer.begin(request, "/predict")
    assert (request.traced is not None) is sampled
    assert request.trace.endswith(f"-{given}")


def test_a_share_of_new_traces_is_sampled() -> None:
    """It is chosen by the trace's id, so two services with one share choose the same; the answer says which."""
    share, counted = 0.25, Counter[bool]()
    tracer, other = (Tracer(Traces(endpoint="http://127.0.0.1:4318", sample=share)) for _ in range(2))
    for _ in range(4000):
        request = Request("POST", "/predict", [(b"traceparent", b"not valid")])
        again = Request("POST", "/predict", [])
        again.trace = request.trace
        tracer.begin(request, "/predict")
        other.begin(again, "/predict")
        assert (request.traced is None) == (again.traced is None) == request.trace.endswith("-00")
        counted[request.traced is not None] += 1
    assert 850 < counted[True] < 1150  # five standard deviations


def test_without_the_section_nothing_is_traced(client: Client, rows: Rows) -> None:
    """A service that declares nothing notes no stage, sends nothing, and has no metric of it."""
    assert client.service.tracer is None
    assert client.predict(rows[0], headers={"traceparent": SAMPLED}).status == 200
    assert b"mainline_traced_requests_total" not in client.ask("/metrics", key=client.admin).body


def test_grpc_has_spans(package_dir: Path, model: Model, rows: Rows, receiver: SpanReceiver, tmp_path: Path) -> None:
    """A call is a span with the same stages, named as gRPC names it, below the caller's; a refusal says its kind."""
    port, declared = free_port(), {"endpoint": receiver.url, "sample": 1.0}
    with running(tmp_path, package_dir, grpc={"port": port}, traces=declared) as server:
        with Caller(port, server.key) as caller:
            given = [("traceparent", SAMPLED)]
            caller.call("ModelInfer", given=given, **tensors(whole(rows)[:1], model, raw=True))
            caller.call("ServerLive")
            with pytest.raises(Exception, match="not served"):
                caller.call("ModelMetadata", name="SECRET")
        spans = receiver.wait(2)
        answer, refusal = [span for span in spans if not is_stage(span)]
        assert answer.name == f"{SERVICE}/ModelInfer"
        assert (answer.told.trace_id.hex(), answer.told.parent_span_id.hex()) == (TRACE, SPAN)
        assert answer.attributes["rpc.system.name"] == "grpc"
        assert [stage.name for stage in stages(spans, answer)] == STAGES
        assert refusal.attributes["error.type"] == "not-found"
        assert server.stop() == -15


def test_messages_of_a_websocket_have_spans(
    package_dir: Path, rows: Rows, receiver: SpanReceiver, tmp_path: Path
) -> None:
    """Each message is a span below the caller's, with the stages of a request; a refusal says its kind."""
    declared = {"endpoint": receiver.url, "sample": 0.0}
    with running(tmp_path, package_dir, websocket={}, traces=declared) as server:
        with opened(server, headers={"traceparent": SAMPLED}) as client:
            for sent in (rows[0], "no row"):
                client.send(json.dumps(sent))
                client.recv(LIMIT)
        spans = receiver.wait(2)
        answer, refusal = [span for span in spans if not is_stage(span)]
        assert answer.attributes["http.route"] == "/predict/stream"
        assert (answer.told.trace_id.hex(), answer.told.parent_span_id.hex()) == (TRACE, SPAN)
        assert [stage.name for stage in stages(spans, answer)] == STAGES
        assert refusal.attributes["error.type"] == "invalid-request"
        assert server.stop() == -15


def test_graphql_has_spans(package_dir: Path, rows: Rows, receiver: SpanReceiver, tmp_path: Path) -> None:
    """An operation is a span with the stages of a request; one with a row that is refused says its kind."""
    declared = {"endpoint": receiver.url, "sample": 1.0}
    with running(tmp_path, package_dir, graphql={}, traces=declared) as server:
        query = "query ($rows: [Row!]!) { predict(rows: $rows) { version } }"
        for sent in (rows[0], {**rows[0], "distance": -5}):
            server.ask("/graphql", {"query": query, "variables": {"rows": [sent]}})
        spans = receiver.wait(2)
        answer, refusal = [span for span in spans if not is_stage(span)]
        assert answer.attributes["http.route"] == "/graphql"
        assert [stage.name for stage in stages(spans, answer)] == STAGES
        assert refusal.attributes["error.type"] == "invalid-request"
        assert server.stop() == -15


def test_several_workers_have_spans_and_one_count(
    package_dir: Path, rows: Rows, receiver: SpanReceiver, tmp_path: Path
) -> None:
    """Each worker sends its own, under its number; the metric counts those of all, and a stop sends what waits."""
    declared = {"endpoint": receiver.url, "sample": 1.0, "name": "delays"}
    with running(tmp_path, package_dir, workers=2, traces=declared) as server:

        def workers() -> set[str]:
            assert server.ask("/predict", rows[0])[0] == 200
            return {span.source["mainline.worker"] for span in receiver.spans()}

        wait_for(lambda: workers() == {"0", "1"})
        assert {span.source["service.name"] for span in receiver.spans()} == {"delays"}
        wait_for(lambda: server.metric("mainline_traced_requests_total") > 2)
        server.ask("/predict", rows[0])
        assert server.stop() == -15
    asked = len([span for span in receiver.spans() if span.attributes.get("http.route") == "/predict"])
    assert asked == len([span for span in receiver.spans() if span.name == "serialise"])


def fates(server: Running) -> dict[str, float]:
    """Return the metric by fate."""
    _, page = server.ask("/metrics", key=server.admin)
    lines = [line for line in page.decode().splitlines() if line.startswith("mainline_traced_requests_total{")]
    return {line.split('"')[1]: float(line.split()[1]) for line in lines}


@pytest.mark.parametrize("how", ["away", "slow", "hanging", "refusing"])
def test_no_request_waits_for_a_receiver(
    package_dir: Path, rows: Rows, receiver: SpanReceiver, tmp_path: Path, how: str
) -> None:
    """A receiver that is away, slow, hangs or refuses costs no answer; what is lost is counted, and said once."""
    endpoint = f"http://127.0.0.1:{free_port()}" if how == "away" else receiver.url
    receiver.always = {"slow": -1, "hanging": 0, "refusing": 500}.get(how, 200)
    impatient = "from mainline.serving import span_sender as s; s.SECONDS = 0.2; s.PAUSE_SECONDS = s.SHORTEST = 0.01"
    impatient += "; s.LONGEST = 0.02; s.QUEUED = 20; s.TOGETHER = 10"
    declared = {"endpoint": endpoint, "sample": 1.0}
    with running(tmp_path, package_dir, wrap=impatient, traces=declared) as server:
        assert {server.ask("/predict", rows[0])[0] for _ in range(60)} == {200}
        wait_for(lambda: fates(server)["not-taken"] > 10)
        assert fates(server)["sent"] == 0
        assert server.stop() == -15
    lines = [json.loads(line) for line in (tmp_path / "errors").read_text().splitlines()]
    assert len([line for line in lines if line["event"] == "traces are not taken"]) == 1


def test_a_receiver_that_comes_back_gets_what_waited() -> None:
    """Spans are tried again while it is away; what it takes then is counted as sent, and what it refuses is not."""
    with span_receiver.receiving() as receiver:
        receiver.answers = [503, 429]
        sender = SpanSender(receiver.url, Encoder({}))
        sender.put(answered())
        sender.start()
        assert [span.name for span in receiver.wait(1)] == ["POST /predict"]
        wait_for(lambda: sender.counted["sent"] == 1)
        receiver.refuses = 1
        sender.put(answered())
        wait_for(lambda: sender.counted["not-taken"] == 1)
        sender.stop()


def test_long_answer_of_a_receiver_is_not_read_whole(receiver: SpanReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it sends cannot fill the memory; whatever it says, the next spans are sent."""
    sizes: list[int] = []
    monkeypatch.setattr(Encoder, "refused", lambda _, content: sizes.append(len(content)) or 0)
    receiver.padding = bytes(10**6)
    sender = SpanSender(receiver.url, Encoder({}))
    for sent in range(1, 3):
        sender.put(answered())
        if sent == 1:
            sender.start()
        wait_for(lambda sent=sent: sender.counted["sent"] == sent)  # type: ignore[misc]
    sender.stop()
    assert sizes == [span_sender.MOST_ANSWER] * 2


def test_what_waits_is_bounded() -> None:
    """With the queue full, the spans of a request are dropped and counted; nothing grows."""
    sender = SpanSender("http://127.0.0.1:9", Encoder({}))
    for _ in range(span_sender.QUEUED + 3):
        sender.put(answered())
    assert sender.counted == {"queue-full": 3}


def test_a_stop_does_not_wait_for_a_receiver(
    receiver: SpanReceiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A receiver that hangs keeps no service from ending; the log says how many requests' spans were left."""
    receiver.always = 0
    for name, value in {"SECONDS": 60.0, "TOGETHER": 1, "END_SECONDS": 0.05}.items():
        monkeypatch.setattr(span_sender, name, value)
    sender = SpanSender(receiver.url, Encoder({}))
    for _ in range(3):
        sender.put(answered())
    sender.start()
    wait_for(lambda: len(receiver.asked) == 1)
    sender.stop()
    assert [record.fields for record in caplog.records] == [{"requests": 2}]  # type: ignore[attr-defined]


def test_a_missing_library_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the line says which one to declare and by which command."""
    monkeypatch.setitem(sys.modules, "opentelemetry.proto.collector.trace.v1", None)
    with pytest.raises(ParamsError, match=r"service\.traces: needs .*extras/traces\.in.*requirements/lock\.sh"):
        Tracer(Traces(endpoint="http://127.0.0.1:4318"))


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://user:word@host:4318", "grpc://host", "http://host:0"])
def test_an_endpoint_that_is_none_is_one_line(package_dir: Path, tmp_path: Path, endpoint: str) -> None:
    """What cannot be an endpoint, or would put a password into git, is refused with how to write it."""
    (tmp_path / "production.yaml").write_text(f"service: {{traces: {{endpoint: '{endpoint}'}}}}")
    line = refused(package_dir, tmp_path / "production.yaml")
    assert "service.traces.endpoint: is" in line
    assert "write http://HOST:4318" in line


def test_a_server_without_the_section_does_not_load_the_library() -> None:
    """Off, the library need not be there: serving imports none of it."""
    code = "import sys; import mainline.commands.serve; print([n for n in sys.modules if 'opentelemetry' in n])"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
        env={"PYTHONPATH": SEARCH_PATH},
    )  # fmt: skip
    assert done.stdout == "[]\n"
