"""`POST /graphql`: rows in as GraphQL's variables, predictions out, with REST's checks, log and counters.

The HTTP around it is that of https://github.com/graphql/graphql-over-http: what cannot be read or does not fit has its
own status, and a row that a model refuses is an error beside `data`, with 200.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError

from mainline.serving import accounting
from mainline.serving.answering import strictjson
from mainline.serving.answering.batching import Rows
from mainline.serving.answering.messages import JSON, Reply, Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import KINDS, Problem, shown
from mainline.serving.endpoints import inference
from mainline.serving.graphql import schema
from mainline.serving.graphql.documents import DocumentError, Documents
from mainline.serving.graphql.operation import Operation, predict
from mainline.serving.service import Service

MEDIA_TYPE = b"application/graphql-response+json"
LONGEST = 300
"""Characters of an error's message; the library's own repeat what was sent."""
INLINE_ROWS, INLINE_BYTES = 40, 2**14
"""Up to so many rows, in a body of so many bytes, are looked at by the event loop itself: two milliseconds at most."""
_MEMBERS: Mapping[str, tuple[type, str]] = {
    "operationName": (str, "text"), "variables": (dict, "an object"), "extensions": (dict, "an object"),
}  # fmt: skip
_OF_HTTP = frozenset({"overloaded", "not-ready"})
"""Problems that proxies and clients act on by the status: nothing was predicted, and the same again may be."""

T = TypeVar("T")


class Asked(NamedTuple):
    """A request as its body has it."""

    query: str
    variables: dict[str, Any]
    operation: str | None


class GraphQL:
    """What answers the path, by the schema of the version that most requests go to."""

    def __init__(self) -> None:
        self._instance = ""

    async def answer(self, service: Service, request: Request) -> Reply:
        """Answer one operation.

        Raises:
            Problem: where nothing of GraphQL was read, or the service cannot predict now.
        """
        body = await request.json_body(service.settings.limits.body_bytes)
        if request.traced:
            request.traced.begin()
        service.batcher.check_room(1)
        asked = _read(strictjson.parse(body))
        self._follow(service.check_ready().models[0])
        try:
            count = _check_rows(asked.variables, service.settings.limits.rows)
            service.batcher.check_room(count)
            return await self._executed(service, request, asked, _Turns(service, count, len(body)))
        except DocumentError as error:
            return _refusal(error.kind, error.errors)
        except Problem as problem:
            if problem.kind in _OF_HTTP:
                raise
            return _refusal(problem.kind, [GraphQLError(str(problem), original_error=problem)])

    async def _executed(self, service: Service, request: Request, asked: Asked, turns: "_Turns") -> Reply:
        """Return the reply of an operation.

        Raises:
            DocumentError: when its document is not sound.
            Problem: where the service cannot predict now.
        """
        documents, operation = self._documents, Operation(self._schema, asked.variables, asked.operation)
        known = documents.known(asked.query)

        def begin() -> tuple[DocumentNode, Rows | ExecutionResult]:
            document = known or documents.read(asked.query)
            return document, operation.begin(document)

        document, begun = await turns.take(begin, is_long=known is None)
        documents.remember(asked.query, document)
        if isinstance(begun, ExecutionResult):
            return _reply(request, None, begun)
        outcome = await _predicted(service, request, begun)
        if isinstance(outcome, Problem) and outcome.kind in _OF_HTTP:
            raise outcome
        return _reply(request, outcome, await turns.take(partial(operation.end, outcome)))

    def _follow(self, model: Model) -> None:
        """Take the schema of a model, unless it is that already."""
        if self._instance != model.instance:
            self._schema = schema.of(model, predict)
            self._documents = Documents(self._schema)
            self._instance = model.instance


class _Turns:
    """Where the parts of an operation are worked on: by the event loop if they are short, else aside."""

    def __init__(self, service: Service, rows: int, size: int) -> None:
        self._batcher, self._rows = service.batcher, rows
        self._is_long = rows > INLINE_ROWS or size > INLINE_BYTES

    async def take(self, work: Callable[[], T], *, is_long: bool = False) -> T:
        """Do a part."""
        return await self._batcher.aside(self._rows, work) if self._is_long or is_long else work()


async def _predicted(service: Service, request: Request, rows: Rows) -> Reply | Problem:
    """Return the answer that REST gives to these rows, of the version that this request is dealt, or its problem."""
    try:
        most = service.settings.limits.rows
        begin = partial(inference.answer, service, request, inference.check_rows(rows, most))
        return await inference.in_future(begin)
    except Problem as problem:
        return problem
    except Exception as error:  # the library would tell the client its words
        return accounting.failed(service, request, error)


def _read(content: Any) -> Asked:
    """Return what a body asks; members that nobody knows are passed over, as the protocol wants it.

    Raises:
        Problem: invalid-request.
    """
    if not isinstance(content, dict):
        raise _invalid("The body is not an object; send one with `query`, and one operation in a request.")
    query = content.get("query")
    if not isinstance(query, str):
        raise _invalid(f"`query` is {shown(query)}; send the document as text.")
    for name, (kind, allowed) in _MEMBERS.items():
        if not isinstance(content.get(name), kind | None):
            raise _invalid(f"`{name}` is {shown(content[name])}; send {allowed}, or leave it out.")
    return Asked(query, content.get("variables") or {}, content.get("operationName"))


def _invalid(detail: str) -> Problem:
    return Problem("invalid-request", detail)


def _check_rows(variables: Mapping[str, Any], most: int) -> int:
    """Return how many rows there are in variables; too many are refused before each is looked at.

    Raises:
        Problem: too-many-rows.
    """
    lists = [value for value in variables.values() if isinstance(value, list) and value]
    for value in lists:
        inference.check_rows(value, most)
    return sum(map(len, lists))


def _reply(request: Request, outcome: Reply | Problem | None, result: ExecutionResult) -> Reply:
    """Return the reply of an operation that was executed, with what is to be counted and logged of it."""
    media_type = _media_type(request)
    if result.data is None:
        return _refusal("invalid-request", result.errors or [])
    content: dict[str, Any] = {"data": result.data}
    if result.errors:
        content = {"errors": [_told(error, "prediction-failed") for error in result.errors], **content}
    body = orjson.dumps(content)
    if isinstance(outcome, Reply):
        outcome.body, outcome.media_type = body, media_type
        return outcome
    reply = Reply(body, media_type=media_type)
    if outcome is not None:
        reply.outcome, reply.counters = outcome.kind, outcome.counters
    return reply


def _refusal(kind: str, errors: Sequence[GraphQLError]) -> Reply:
    """Return the reply to an operation of which nothing was executed."""
    body = orjson.dumps({"errors": [_told(error, kind) for error in errors]})
    return Reply(body, KINDS[kind][0], MEDIA_TYPE, outcome=kind)


def _told(error: GraphQLError, kind: str) -> dict[str, Any]:
    """Write an error in GraphQL's form, short, with what REST would say of it."""
    problem, message = error.original_error, error.message
    formatted: dict[str, Any] = {**error.formatted}
    formatted["message"] = message if len(message) <= LONGEST else f"{message[:LONGEST]}..."
    extensions: dict[str, Any] = {"kind": kind, "status": KINDS[kind][0]}
    if isinstance(problem, Problem):
        extensions = {"kind": problem.kind, "status": problem.status}
        formatted["message"] = problem.detail
        if problem.errors:
            extensions["errors"] = problem.errors
    return formatted | {"extensions": extensions}


def _media_type(request: Request) -> bytes:
    """Return the type of an answer with data: JSON to clients that ask for that and know no other."""
    accepted = request.headers.get(b"accept", b"").lower()
    return JSON if b"application/json" in accepted and MEDIA_TYPE not in accepted else MEDIA_TYPE
