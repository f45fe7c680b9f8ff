"""The ASGI application: finds the endpoint, asks for the key, sends the reply, counts what happened."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any

from mainline.declared.service import Settings
from mainline.serving import accounting, authorization
from mainline.serving.accounting import Ledger
from mainline.serving.answering.messages import Disconnected, Head, Header, Reply, Request, Sent
from mainline.serving.answering.problems import MEDIA_TYPE, Problem
from mainline.serving.authorization import Access
from mainline.serving.endpoints import (
    docs,
    health,
    inference,
    key_page,
    monitor_page,
    openapi,
    outcomes,
    protocol,
    rollout_page,
    telemetry,
)
from mainline.serving.graphql import extra as graphql
from mainline.serving.http.cors import Cors
from mainline.serving.service import Service
from mainline.serving.traces import Tracer
from mainline.serving.websocket import extra

Send = Callable[[dict[str, Any]], Awaitable[None]]
Handler = Callable[[Service, Request], Awaitable[Reply]]

SECURITY: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
HSTS: Header = (b"strict-transport-security", b"max-age=31536000")


@dataclass(frozen=True)
class Endpoint:
    """Who may ask for a path, by which method, and who answers."""

    method: str
    access: Access
    handler: Handler


ENDPOINTS: Mapping[str, Endpoint] = {
    "/predict": Endpoint("POST", "predict", inference.predict),
    "/outcomes": Endpoint("POST", "predict", outcomes.take),
    "/livez": Endpoint("GET", "open", health.live),
    "/readyz": Endpoint("GET", "open", health.ready),
    "/metrics": Endpoint("GET", "admin", telemetry.metrics),
    "/admin/state": Endpoint("GET", "admin", telemetry.state),
    "/monitor": Endpoint("GET", "admin", monitor_page.page),
    "/rollout": Endpoint("GET", "admin", rollout_page.page),
    "/rollout.json": Endpoint("GET", "admin", rollout_page.document),
    "/rollout/look": Endpoint("POST", "admin", rollout_page.look),
    "/openapi.json": Endpoint("GET", "any", openapi.document),
    "/docs": Endpoint("GET", "any", docs.page),
    "/v2": Endpoint("GET", "predict", protocol.server_metadata),
    "/v2/health/live": Endpoint("GET", "open", protocol.server_live),
    "/v2/health/ready": Endpoint("GET", "open", protocol.server_ready),
}
IF_DECLARED = {extra.PATH: Endpoint("GET", "predict", extra.refuse)}
"""Of the paths that only a WebSocket answers, the answer to plain HTTP."""
V2_MODEL = {
    "": Endpoint("GET", "predict", protocol.model_metadata),
    "/ready": Endpoint("GET", "predict", protocol.model_ready),
    "/infer": Endpoint("POST", "predict", protocol.infer),
}


def _of_graphql(declared: Settings) -> Mapping[str, Endpoint]:
    """Return the path of GraphQL, if it is declared."""
    if declared.graphql is None:
        return {}
    from mainline.serving.graphql.endpoint import GraphQL  # an extra

    return {graphql.PATH: Endpoint("POST", "predict", GraphQL().answer)}


class Application:
    """The callable that the server calls for each request."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.security = (*SECURITY, HSTS) if service.settings.tls else SECURITY
        """Headers that every answer has."""
        declared = service.settings
        self._endpoints = {**ENDPOINTS, **(IF_DECLARED if declared.websocket else {}), **_of_graphql(declared)}
        self._prefix = declared.prefix
        self._cors = Cors(declared.origins) if declared.origins else None
        self._ledger = Ledger(service)
        self._open = {"/docs", "/openapi.json"} if declared.open_docs else set[str]()
        self._open |= {"/rollout", "/rollout.json"} if declared.open_rollout else set()
        self._open |= {"/monitor"} if declared.open_monitor else set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Answer one request (or see to start and stop)."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        request = Request(scope["method"], self._own(scope["path"]), scope["headers"], receive)
        if self._service.tracer:
            self._trace(self._service.tracer, request)
        try:
            preflight = self._cors.preflight(request) if self._cors else None
            reply = preflight or await self._endpoint(request).handler(self._service, request)
        except Problem as problem:
            reply = self._of_problem(problem, request)
        except Disconnected:
            self._service.metrics.refused["disconnected"] += 1
            return
        except Exception as error:
            reply = self._of_problem(accounting.failed(self._service, request, error), request)
        headers = [*self._headers(request, reply), *self.security]
        if reply.status == HTTPStatus.NO_CONTENT:
            headers = [header for header in headers if header[0] not in (b"content-type", b"content-length")]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})
        accounting.finish(self._service, [Sent(reply, request, perf_counter() - request.started)])

    @property
    def short_ways(self) -> frozenset[bytes]:
        """The paths by which `predict_directly` is asked for."""
        return frozenset(f"{prefix}/predict{slash}".encode() for prefix in {"", self._prefix} for slash in ("", "/"))

    def is_open(self, path: str) -> bool:
        """Say whether a path is one of those for health, which need no key."""
        endpoint = ENDPOINTS.get(self._own(path))
        return endpoint is not None and endpoint.access == "open"

    def awaits_body(self, head: Head) -> bool:
        """Say whether the answer to `POST /predict` waits for the body; without a valid key `__call__` says so at once.

        A body that is larger than allowed is waited for, too, up to the limit: a client that still sends when the
        connection ends may see a broken pipe in the place of the answer.
        """
        return authorization.find(self._service.keys, head) is not None

    def predict_directly(
        self, head: Head | Iterable[Header], body: bytes, write: Callable[[int, Sequence[Header], bytes], None]
    ) -> None:
        """Answer `POST /predict` as `__call__` does, without a task of its own: what costs most with one row.

        `write` takes the status, the headers beside `security`, and the body.
        """
        request = Request("POST", "/predict", head)
        if self._service.tracer:
            self._service.tracer.begin(request, request.path)
        limit = self._service.settings.limits.body_bytes

        def done(outcome: Reply | Problem) -> None:
            reply = self._of_problem(outcome, request) if isinstance(outcome, Problem) else outcome
            write(reply.status, self._headers(request, reply), reply.body)
            self._ledger.add(reply, request)

        try:
            self._admit(request, ENDPOINTS[request.path])
            request.check_json()
            request.check_size(len(body), limit)
            inference.begin(self._service, request, body, done)
        except Problem as problem:
            done(problem)
        except Exception as error:
            done(accounting.failed(self._service, request, error))

    def _trace(self, tracer: Tracer, request: Request) -> None:
        """Trace a request if it is sampled; those for health, of which there are many, never are."""
        operation = protocol.operation(request.path)
        known = self._endpoints.get(request.path)
        if known is None or known.access != "open":
            of_model = f"/v2/models/{{model}}{operation}" if operation in V2_MODEL else ""
            tracer.begin(request, request.path if known else of_model)

    def _own(self, path: str) -> str:
        """Return a path as the table has it: without the prefix that a proxy may have left, or a slash at the end."""
        if self._prefix and path.startswith(self._prefix) and path[len(self._prefix) :][:1] in ("", "/"):
            path = path[len(self._prefix) :]
        return path[:-1] if path.endswith("/") and path != "/" else path

    def _endpoint(self, request: Request) -> Endpoint:
        """Find who answers; without a key nobody learns what there is.

        Raises:
            Problem: unauthorized, forbidden, throttled, not-found, method-not-allowed.
        """
        endpoint = self._endpoints.get(request.path) or V2_MODEL.get(protocol.operation(request.path))
        if endpoint is None or endpoint.access != "open":
            self._admit(request, endpoint)
        if endpoint is None:
            raise Problem("not-found", f"{request.path[:200]!r} is not a path of this service; /docs lists them.")
        if request.method != endpoint.method and not (request.method == "HEAD" and endpoint.method == "GET"):
            allow = [(b"allow", b"POST" if endpoint.method == "POST" else b"GET, HEAD")]
            raise Problem("method-not-allowed", f"Use {endpoint.method} here.", headers=allow)
        return endpoint

    def _admit(self, request: Request, endpoint: Endpoint | None) -> None:
        if request.path in self._open:
            return
        authorization.admit(self._service, request, endpoint.access if endpoint else None)

    def _of_problem(self, problem: Problem, request: Request) -> Reply:
        as_v2 = request.path.startswith("/v2")
        shown = key_page.render(self._prefix) if key_page.is_due(problem, request) else None
        return Reply(
            body=shown or problem.body(request.id, as_v2=as_v2, prefix=self._prefix),
            # The protocol knows one status for a request that does not fit.
            status=400 if as_v2 and problem.status == 422 else problem.status,
            media_type=key_page.MEDIA_TYPE if shown else b"application/json" if as_v2 else MEDIA_TYPE,
            headers=problem.headers,
            counters=problem.counters,
            outcome=problem.kind,
        )

    def _headers(self, request: Request, reply: Reply) -> list[Header]:
        return [
            (b"content-type", reply.media_type),
            (b"content-length", b"%d" % len(reply.body)),
            (b"x-request-id", request.id.encode()),
            (b"traceparent", request.trace.encode()),
            *reply.headers,
            *(self._cors.headers(request) if self._cors else ()),
        ]

    async def _other(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] != "lifespan":
            await send({"type": "websocket.close"})
            return
        await receive()
        self._service.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._service.stop()
        await send({"type": "lifespan.shutdown.complete"})
