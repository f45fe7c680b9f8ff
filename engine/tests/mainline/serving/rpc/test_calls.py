"""The Open Inference Protocol over gRPC, by grpcio's own client: the answers of HTTP, its refusals, log and metrics."""

import json
import re
import signal
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import KINDS
from mainline.serving.endpoints.tensors import DATATYPES
from mainline.serving.rpc.calls import STATUS
from mainline.serving.rpc.wire import CLASSES, SERVICE
from tests.mainline.serving import log_reader
from tests.mainline.serving.http.certificates import make_certificate
from tests.mainline.serving.rpc.caller import Caller, certificate
from tests.mainline.serving.running import Running, free_port, refused, running, wait_for
from tests.project import LIMIT

Rows = list[dict[str, Any]]
FIELDS = {"FP64": "fp64_contents", "INT64": "int64_contents", "BYTES": "bytes_contents"}


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that several tests call, with short patience and little room."""
    folder, limits = tmp_path_factory.mktemp("rpc"), {"read_seconds": 1.0, "rows": 50, "body_bytes": 2**16}
    log = {"directory": str(folder / "log"), "flush_seconds": 0.1}
    with running(folder, package_dir, grpc={"port": free_port()}, limits=limits, log=log) as made:
        yield made


def port_of(server: Running) -> int:
    """Return the port of gRPC, which the server prints."""
    assert server.process.stdout is not None
    return int(server.process.stdout.readline().rpartition(":")[2])


@pytest.fixture(scope="module")
def caller(server: Running) -> Iterator[Caller]:
    """A client with a key."""
    with Caller(port_of(server), server.key) as made:
        yield made


def tensors(rows: Rows, model: Model, raw: bool = False) -> dict[str, Any]:
    """Write rows as the tensors of a call: those of fields that each row has."""
    inputs, contents = [], []
    for field in model.predictor.request:
        values = [row.get(field.name) for row in rows]
        if None in values:
            continue
        kind = DATATYPES[field.kind]
        sent = [str(value).encode() for value in values] if kind == "BYTES" else values
        tensor = {"name": field.name, "datatype": kind, "shape": [len(rows)]}
        inputs.append(tensor if raw else tensor | {"contents": {FIELDS[kind]: sent}})
        contents.append(packed(kind, sent))
    return {"model_name": model.name, "inputs": inputs} | ({"raw_input_contents": contents} if raw else {})


def packed(kind: str, values: list[Any]) -> bytes:
    """Write values as a tensor's bytes, as the protocol says."""
    if kind == "BYTES":
        return b"".join(struct.pack("<I", len(value)) + value for value in values)
    return struct.pack(f"<{len(values)}{'d' if kind == 'FP64' else 'q'}", *values)


def whole(rows: Rows) -> Rows:
    """Return the golden rows that lack nothing, so that a tensor can hold each field."""
    return [row for row in rows if None not in row.values() and len(row) == max(map(len, rows))]


def problem(caller: Caller, method: str, /, **given: Any) -> tuple[grpc.StatusCode, str, str]:
    """Make a call that is refused; return the status, the kind of the problem and its words."""
    with pytest.raises(grpc.RpcError) as refusal:
        caller.call(method, **given)
    kind = dict(refusal.value.trailing_metadata()).get("problem", "")
    return refusal.value.code(), kind, refusal.value.details()


def test_each_kind_of_problem_has_a_status() -> None:
    """Whatever the service refuses over HTTP, gRPC has a word for, except for what is of HTTP alone."""
    of_http = {"method-not-allowed", "unsupported-media-type", "headers-too-large", "upgrade-required"}
    assert {status for kind, (status, _) in KINDS.items() if kind not in of_http} <= STATUS.keys()


@pytest.mark.parametrize("raw", [False, True], ids=["typed", "bytes"])
def test_tensors_are_predicted_as_over_http(
    server: Running, caller: Caller, model: Model, rows: Rows, raw: bool
) -> None:
    """Inference has the predictions of `POST /predict` to the last bit, in the form in which it was asked."""
    sent = whole(rows)
    asked = tensors(sent, model, raw)
    answer = caller.call("ModelInfer", **asked, id="42")
    columns = {tensor["name"] for tensor in asked["inputs"]}
    status, body = server.ask("/predict", [{name: row[name] for name in columns} for row in sent])
    assert status == 200
    expected = [item[model.response.name] for item in json.loads(body)["predictions"]]
    (tensor,) = answer.outputs
    found = struct.unpack(f"<{len(sent)}d", answer.raw_output_contents[0]) if raw else tensor.contents.fp64_contents
    assert [*found] == expected
    assert (tensor.name, tensor.datatype, [*tensor.shape]) == (model.response.name, "FP64", [len(sent)])
    assert (answer.id, answer.model_name, bool(answer.raw_output_contents)) == ("42", model.name, raw)


def test_number_that_is_nan_is_absent(caller: Caller, model: Model, rows: Rows) -> None:
    """Messages have no null: NaN of a field that is needed is told as missing, by the field's name."""
    asked = tensors(whole(rows)[:1], model)
    number = next(tensor for tensor in asked["inputs"] if tensor["datatype"] == "FP64")
    number["contents"] = {"fp64_contents": [float("nan")]}
    _, kind, said = problem(caller, "ModelInfer", **asked)
    assert (kind, said.split(";")[0]) == ("invalid-request", f"row 0: {number['name']}: is missing")


def test_metadata_and_health_are_those_of_http(caller: Caller, model: Model) -> None:
    """Server and model describe themselves as over HTTP; health needs no key."""
    described = caller.call("ModelMetadata", name=model.name)
    assert [tensor.name for tensor in described.inputs] == [field.name for field in model.predictor.request]
    assert [*described.outputs[0].shape] == [-1]
    assert caller.call("ServerMetadata").name == "mainline"
    assert caller.call("ServerLive", key="").live
    assert caller.call("ServerReady", key="").ready
    assert caller.call("ModelReady", name=model.name, version=described.versions[0]).ready
    assert not caller.call("ModelReady", name=model.name, version="v9").ready


@pytest.mark.parametrize(
    ("name", "given", "status", "kind"),
    [
        ("ModelInfer", {"key": ""}, "UNAUTHENTICATED", "unauthorized"),
        ("ServerMetadata", {"key": "mainline_000000000000_" + "x" * 43}, "UNAUTHENTICATED", "unauthorized"),
        ("ModelInfer", {"model_name": "other"}, "NOT_FOUND", "not-found"),
        ("ModelMetadata", {"name": "other"}, "NOT_FOUND", "not-found"),
    ],
)
def test_refusals_are_those_of_http(caller: Caller, name: str, given: Any, status: str, kind: str) -> None:
    """A call without a good key, or of a model that is not here, is refused by gRPC's word for it."""
    assert problem(caller, name, **given)[:2] == (grpc.StatusCode[status], kind)


def test_key_of_another_role_is_refused(server: Running, caller: Caller) -> None:
    """An admin's key predicts no more than over HTTP."""
    assert problem(caller, "ServerMetadata", key=server.admin)[:2] == (grpc.StatusCode.PERMISSION_DENIED, "forbidden")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda asked: asked["inputs"][0].update(datatype="FP16"), r"datatype: is 'FP16'; it must be"),
        (lambda asked: asked["inputs"][0].update(shape=[2]), r"data: is 1; the shape says 2 values"),
        (lambda asked: asked["inputs"][0].update(name="other"), r"name: is 'other'"),
        (lambda asked: asked.update(outputs=[{"name": "other"}]), r"outputs: is 'other'; the only output is"),
        (lambda asked: asked.update(raw_input_contents=[b""]), r"raw_input_contents: has 1 entries for \d+ tensors"),
    ],
)
def test_tensors_that_do_not_fit_are_named(
    caller: Caller, model: Model, rows: Rows, change: Callable[[Any], Any], said: str
) -> None:
    """Wrong tensors are refused in the words of HTTP."""
    asked = tensors(whole(rows)[:1], model)
    change(asked)
    status, kind, detail = problem(caller, "ModelInfer", **asked)
    assert (status, kind) == (grpc.StatusCode.INVALID_ARGUMENT, "invalid-request")
    assert re.search(said, detail), detail


@pytest.mark.parametrize(
    ("kind", "raw", "said"),
    [
        ("FP64", b"\0" * 7, "holds 7 bytes, which are no whole number of values"),
        ("INT64", b"\0" * 9, "holds 9 bytes, which are no whole number of values"),
        ("BYTES", b"\2\0\0", "holds a length of less than 4 bytes"),
        ("BYTES", b"\xff\xff\xff\xff", "holds a text that is longer than what is there"),
        ("BYTES", b"\1\0\0\0\xff", "holds text that is not UTF-8"),
    ],
)
def test_bytes_that_are_no_tensor_are_refused(
    caller: Caller, model: Model, rows: Rows, kind: str, raw: bytes, said: str
) -> None:
    """Bytes that lie about what they hold are a client's mistake, told by the tensor's name."""
    asked = tensors(whole(rows)[:1], model, raw=True)
    place = [tensor["datatype"] for tensor in asked["inputs"]].index(kind)
    asked["raw_input_contents"][place] = raw
    status, _, detail = problem(caller, "ModelInfer", **asked)
    assert status == grpc.StatusCode.INVALID_ARGUMENT
    assert detail.startswith(f"{asked['inputs'][place]['name']}: {said}")


def test_too_much_is_refused(caller: Caller, model: Model, rows: Rows) -> None:
    """Rows and bytes beyond the limits are refused as over HTTP, the latter by gRPC itself."""
    one = whole(rows)[:1]
    assert problem(caller, "ModelInfer", **tensors(one * 51, model))[1] == "too-many-rows"
    assert problem(caller, "ModelInfer", **tensors(one * 5000, model))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_message_that_is_none_is_refused(caller: Caller) -> None:
    """Bytes that are no message are a client's mistake, not the service's."""
    with pytest.raises(grpc.RpcError) as refusal:
        caller.call_raw("ModelInfer", b"\xff\xff")
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert dict(refusal.value.trailing_metadata())["problem"] == "malformed-message"


def test_message_that_does_not_come_ends_the_call(server: Running, caller: Caller) -> None:
    """A client that holds a call open without sending its message is told so after `read_seconds`."""
    held = threading.Event()

    def never() -> Iterator[bytes]:
        held.wait(LIMIT)
        yield b""

    method = caller.channel.stream_unary(f"/{SERVICE}/ModelInfer")
    try:
        with pytest.raises(grpc.RpcError) as refusal:
            method(never(), metadata=[("authorization", f"Bearer {server.key}")], timeout=LIMIT)
    finally:
        held.set()
    assert dict(refusal.value.trailing_metadata())["problem"] == "request-timeout"


def test_call_is_logged_and_counted_as_a_request(server: Running, caller: Caller, model: Model, rows: Rows) -> None:
    """A call has its line in the prediction log, by the id that the client gave, and counts in the same metrics."""
    asked = CLASSES["ModelInferRequest"](**tensors(whole(rows)[:2], model)).SerializeToString()
    before = server.metric("mainline_requests_total")
    _, behind = caller.call_raw("ModelInfer", asked, given=[("x-request-id", "by-grpc")])
    assert (behind["x-request-id"], behind["traceparent"][:3]) == ("by-grpc", "00-")
    assert server.metric("mainline_requests_total") == before + 1
    directory = server.directory / "log"
    wait_for(lambda: any(line["request_id"] == "by-grpc" for line in log_reader.lines(directory)))
    (line,) = [line for line in log_reader.lines(directory) if line["request_id"] == "by-grpc"]
    assert len(line["prediction"]) == 2
    assert line["key"] == server.key.split("_")[1]


def test_named_version_says_nothing_of_a_rollout(server: Running, caller: Caller, model: Model, rows: Rows) -> None:
    """A call that names its version is counted apart, as over HTTP."""
    before = server.metric("mainline_named_requests_total")
    version = caller.call("ModelMetadata", name=model.name).versions[0]
    caller.call("ModelInfer", model_version=version, **tensors(whole(rows)[:1], model))
    assert server.metric("mainline_named_requests_total") == before + 1


def test_throttle_is_one_for_both_protocols(package_dir: Path, tmp_path: Path) -> None:
    """A key that has used up its requests over HTTP is throttled by gRPC, and told how long to wait."""
    throttle = {"requests_per_second": 0.001, "burst": 2}
    with (
        running(tmp_path, package_dir, grpc={"port": 0}, throttle=throttle) as server,
        Caller(port_of(server), server.key) as caller,
    ):
        assert caller.call("ServerMetadata").name == "mainline"
        assert server.ask("/v2")[0] == 200
        with pytest.raises(grpc.RpcError) as refusal:
            caller.call("ServerMetadata")
    behind = dict(refusal.value.trailing_metadata())
    assert (behind["problem"], int(behind["retry-after"]) > 900) == ("throttled", True)


def test_limits_are_one_for_both_protocols(package_dir: Path, tmp_path: Path) -> None:
    """Calls under way and connections of HTTP are counted together: where all are taken, health alone is answered."""
    limits = {"connections": 1, "connections_reserved": 5}
    with (
        running(tmp_path, package_dir, grpc={"port": 0}, limits=limits) as server,
        Caller(port_of(server), server.key) as caller,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        wait_for(lambda: _is_overloaded(caller))
        assert caller.call("ServerLive", key="").live


def _is_overloaded(caller: Caller) -> bool:
    try:
        caller.call("ServerMetadata")
    except grpc.RpcError as error:
        return dict(error.trailing_metadata()).get("problem") == "overloaded"
    return False


def test_connections_without_a_call_are_bounded(package_dir: Path, tmp_path: Path) -> None:
    """One client cannot use up the files that a process may open: it is turned away, and a place is free later."""
    limits, preface = (
        {"connections": 4, "connections_reserved": 2},
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4]),
    )
    with running(tmp_path, package_dir, grpc={"port": 0}, limits=limits) as server:
        port, held = port_of(server), []
        for _ in range(20):
            held.append(connection := socket.create_connection(("127.0.0.1", port), LIMIT))
            connection.sendall(preface + bytes(5))
        turned_away = [connection for connection in held if _is_closed(connection)]
        assert len(turned_away) == 20 - 6
        assert server.ask("/readyz")[0] == 200
        for connection in held:
            connection.close()
        with Caller(port, server.key) as caller:
            wait_for(lambda: _is_live(caller))


def _is_live(caller: Caller) -> bool:
    try:
        return bool(caller.call("ServerLive").live)
    except grpc.RpcError:
        return False


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other end closed a connection, instead of saying what it is ready for."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_grpc_has_the_certificate_of_https(package_dir: Path, tmp_path: Path) -> None:
    """With TLS calls are encrypted, nothing else is answered, and a renewed certificate is taken without a restart."""
    files = make_certificate(tmp_path)
    tls = {"certificate": str(files[0]), "private_key": str(files[1])}
    with running(tmp_path / "run", package_dir, grpc={"port": 0}, tls=tls) as server:
        port = port_of(server)
        with Caller(port, server.key, files[0]) as caller:
            assert caller.call("ServerMetadata").name == "mainline"
        with Caller(port, server.key) as caller, pytest.raises(grpc.RpcError):
            caller.call("ServerMetadata")
        before = certificate(port)
        make_certificate(tmp_path)
        wait_for(lambda: certificate(port) != before)


def test_call_under_way_is_answered_at_the_end(package_dir: Path, tmp_path: Path, model: Model, rows: Rows) -> None:
    """A call that began before the server was told to stop is answered, and nobody connects any more."""
    limits = {"connections": 1, "connections_reserved": 5, "read_seconds": LIMIT}
    sent = threading.Event()
    message = CLASSES["ModelInferRequest"](**tensors(whole(rows)[:1], model)).SerializeToString()

    def late() -> Iterator[bytes]:
        sent.wait(LIMIT)
        yield message

    with (
        running(tmp_path, package_dir, grpc={"port": 0}, limits=limits) as server,
        Caller(port := port_of(server), server.key) as caller,
    ):
        method = caller.channel.stream_unary(f"/{SERVICE}/ModelInfer")
        call = method.future(late(), metadata=[("authorization", f"Bearer {server.key}")], timeout=LIMIT)
        wait_for(lambda: _is_overloaded(caller))  # it has the only place
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not _is_open(port) and not _is_open(server.port))  # HTTP does not wait for the call
        sent.set()
        assert CLASSES["ModelInferResponse"].FromString(call.result(LIMIT)).model_name == model.name
        server.process.wait(LIMIT)
    assert "Traceback" not in (tmp_path / "errors").read_text()


def _is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_several_workers_share_the_port(package_dir: Path, tmp_path: Path, model: Model, rows: Rows) -> None:
    """With two workers each client is answered, by the one or the other, and the counts of both add up."""
    with running(tmp_path, package_dir, grpc={"port": 0}, workers=2) as server:
        port, asked = port_of(server), tensors(whole(rows)[:1], model)
        for _ in range(6):
            with Caller(port, server.key) as caller:
                caller.call("ModelInfer", **asked)
        assert server.metric("mainline_requests_total") == 6


def test_port_of_another_server_is_refused(package_dir: Path, tmp_path: Path) -> None:
    """A second server does not share the port of gRPC unnoticed: one line says which key to change."""
    with running(tmp_path, package_dir, grpc={"port": 0}) as server:
        port = port_of(server)
        settings = tmp_path / "second.yaml"
        settings.write_text(f"service: {{port: 0, grpc: {{port: {port}}}}}\n")
        said = refused(package_dir, settings)
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert "declare another service.grpc.port" in said
