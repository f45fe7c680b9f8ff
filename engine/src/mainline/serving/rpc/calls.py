"""The calls of the Open Inference Protocol: what answers each, and how problems are told by gRPC."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError

from mainline.serving import accounting, authorization
from mainline.serving.admission import Guard, address_of
from mainline.serving.answering.messages import Reply, Request, Sent
from mainline.serving.answering.problems import Problem
from mainline.serving.authorization import Access
from mainline.serving.endpoints import protocol
from mainline.serving.rpc import tensor_contents
from mainline.serving.rpc.wire import CLASSES, SERVICE
from mainline.serving.service import Service

STATUS = {
    400: grpc.StatusCode.INVALID_ARGUMENT, 401: grpc.StatusCode.UNAUTHENTICATED, 403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND, 408: grpc.StatusCode.DEADLINE_EXCEEDED, 413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.INVALID_ARGUMENT, 429: grpc.StatusCode.RESOURCE_EXHAUSTED, 500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}  # fmt: skip
"""How gRPC says what HTTP says by its status."""


async def _server_live(_service: Service, _request: Request, _message: Any) -> Reply:
    return _written("ServerLiveResponse", live=True)


async def _server_ready(service: Service, _request: Request, _message: Any) -> Reply:
    return _written("ServerReadyResponse", ready=bool(service.models()))


async def _server_metadata(_service: Service, _request: Request, _message: Any) -> Reply:
    return _written("ServerMetadataResponse", **protocol.SERVER)


async def _model_ready(service: Service, request: Request, message: Any) -> Reply:
    try:
        protocol.find_model(service, request, message.name, message.version or None)
    except Problem as problem:
        if problem.kind not in ("not-found", "not-ready"):
            raise
        return _written("ModelReadyResponse", ready=False)
    return _written("ModelReadyResponse", ready=True)


async def _model_metadata(service: Service, request: Request, message: Any) -> Reply:
    model = protocol.find_model(service, request, message.name, message.version or None)
    return _written("ModelMetadataResponse", **protocol.described(service, model))


async def _model_infer(service: Service, request: Request, message: Any) -> Reply:
    service.batcher.check_room(1)
    model = protocol.find_model(service, request, message.model_name, message.model_version or None)
    encode = partial(tensor_contents.answer_of, raw=bool(message.raw_input_contents))
    return await protocol.answer(service, request, model, tensor_contents.request_of(message), encode)


@dataclass(frozen=True)
class Call:
    """Who may make a call, and what answers it."""

    access: Access
    answer: Callable[[Service, Request, Any], Awaitable[Reply]]


CALLS: Mapping[str, Call] = {
    "ServerLive": Call("open", _server_live),
    "ServerReady": Call("open", _server_ready),
    "ServerMetadata": Call("predict", _server_metadata),
    "ModelReady": Call("predict", _model_ready),
    "ModelMetadata": Call("predict", _model_metadata),
    "ModelInfer": Call("predict", _model_infer),
}


def handlers(service: Service, guard: Guard) -> grpc.GenericRpcHandler:
    """Return what answers the calls of the protocol."""

    def handler(name: str) -> grpc.RpcMethodHandler:
        async def answer(_messages: Any, context: Any) -> bytes:
            return await _answer(service, guard, name, context)

        # As one of several messages, a request is read when the key was found good, and within a time of our own.
        return grpc.stream_unary_rpc_method_handler(answer)

    return grpc.method_handlers_generic_handler(SERVICE, {name: handler(name) for name in CALLS})


async def _answer(service: Service, guard: Guard, name: str, context: Any) -> bytes:
    """Answer one call: hold it to the limits and its key, read it, and tell, count and log what comes of it."""
    given = [(key.encode(), _encoded(value)) for key, value in context.invocation_metadata() or ()]
    request = Request("POST", f"/{SERVICE}/{name}", given)
    if service.tracer and CALLS[name].access != "open":
        service.tracer.begin(request, f"{SERVICE}/{name}")
    address = address_of(_peer(context.peer()))
    admission = guard.admit(address)
    try:
        if admission == "refused" or (admission == "reserved" and CALLS[name].access != "open"):
            raise Problem("overloaded", "All calls are taken, or all of this address; try again in a second.")
        reply = await _reply(service, request, CALLS[name], CLASSES[f"{name}Request"], context)
    except Problem as problem:
        reply = Reply(b"", counters=problem.counters, outcome=problem.kind)
        context.set_code(STATUS[problem.status])
        context.set_details(problem.detail)
        given = [*problem.headers, (b"problem", problem.kind.encode())]
    except asyncio.CancelledError:
        service.metrics.refused["disconnected"] += 1
        raise
    else:
        given = []
    finally:
        if admission != "refused":
            guard.release(address)
    names = [*given, (b"x-request-id", request.id.encode()), (b"traceparent", request.trace.encode())]
    context.set_trailing_metadata([(key.decode(), value.decode()) for key, value in names])
    accounting.finish(service, [Sent(reply, request, perf_counter() - request.started)])
    return reply.body


async def _reply(service: Service, request: Request, call: Call, kind: Any, context: Any) -> Reply:
    """Return the answer of a call.

    Raises:
        Problem: when there is none.
    """
    if call.access != "open":
        authorization.admit(service, request, call.access)
    try:
        async with asyncio.timeout(service.settings.limits.read_seconds):
            sent = await context.read()
        if request.traced:
            request.traced.begin()
        message = kind.FromString(sent if isinstance(sent, bytes) else b"")
    except TimeoutError as error:
        raise Problem("request-timeout", "The message did not arrive in time.") from error
    except DecodeError as error:
        raise Problem("malformed-message", f"The message cannot be read as {kind.DESCRIPTOR.name}.") from error
    try:
        return await call.answer(service, request, message)
    except (Problem, asyncio.CancelledError):
        raise
    except Exception as error:
        raise accounting.failed(service, request, error) from error


def _written(kind: str, /, **fields: Any) -> Reply:
    return Reply(CLASSES[kind](**fields).SerializeToString())


def _encoded(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8")


def _peer(peer: str) -> tuple[str] | None:
    """Return the other end as a socket names it, from gRPC's `ipv4:127.0.0.1:50000` or `ipv6:%5B::1%5D:50000`."""
    family, _, rest = unquote(peer).partition(":")
    return (rest.rpartition(":")[0].strip("[]"),) if family in ("ipv4", "ipv6") else None
