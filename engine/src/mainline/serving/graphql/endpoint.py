"""`POST /graphql`: rows in as GraphQL's variables, predictions out, with REST's checks, log and counters.

The HTTP around it is that of https://github.com/graphql/graphql-over-http: what cannot be read or does not fit has its
own status, and a row that a model refuses is an error beside `data`, with 200.
"""

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLResolveInfo, execute

from mainline.serving import accounting
from mainline.serving.answering import strictjson
from mainline.serving.answering.messages import JSON, Reply, Request
from mainline.serving.answering.model import Model
from mainline.serving.answering.problems import KINDS, SHOWN, Problem, shown
from mainline.serving.endpoints import inference
from mainline.serving.graphql import schema
from mainline.serving.graphql.documents import DocumentError, Documents
from mainline.serving.service import Service

MEDIA_TYPE = b"application/graphql-response+json"
LONGEST = 300
"""Characters of an error's message; the library's own repeat what was sent."""
_MEMBERS: Mapping[str, tuple[type, str]] = {
    "operationName": (str, "text"), "variables": (dict, "an object"), "extensions": (dict, "an object"),
}  # fmt: skip
_OF_HTTP = frozenset({"overloaded", "not-ready"})
"""Problems that proxies and clients act on by the status: nothing was predicted, and the same again may be."""


class Asked(NamedTuple):
    """A request as its body has it."""

    query: str
    variables: dict[str, Any]
    operation: str | None


class Ask:
    """One operation under way: whom it asks, and what became of its prediction."""

    def __init__(self, service: Service, request: Request) -> None:
        self.service, self.request = service, request
        self.outcome: Reply | Problem | None = None


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
        ask = Ask(service, request)
        try:
            _check_rows(asked.variables, service.settings.limits.rows)
            document = self._documents.read(asked.query)
        except DocumentError as error:
            return _refusal(error.kind, error.errors)
        except Problem as problem:
            return _refusal(problem.kind, [GraphQLError(str(problem), original_error=problem)])
        running = execute(
            self._schema, document, context_value=ask, variable_values=asked.variables,
            operation_name=asked.operation, max_coercion_errors=SHOWN,
        )  # fmt: skip
        result = await running if inspect.isawaitable(running) else running
        return _reply(ask, result)

    def _follow(self, model: Model) -> None:
        """Take the schema of a model, unless it is that already."""
        if self._instance != model.instance:
            self._schema = schema.of(model, _predict)
            self._documents = Documents(self._schema)
            self._instance = model.instance


async def _predict(_root: Any, info: GraphQLResolveInfo[Ask], rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return the answer that REST gives to these rows, of the version that this request is dealt.

    Raises:
        Problem: see `problems.KINDS`.
    """
    ask = info.context
    try:
        most = ask.service.settings.limits.rows
        begin = partial(inference.answer, ask.service, ask.request, inference.check_rows(rows, most))
        ask.outcome = reply = await inference.in_future(begin)
        return orjson.loads(reply.body)
    except Problem as problem:
        ask.outcome = problem
    except Exception as error:  # the library would tell the client its words
        ask.outcome = accounting.failed(ask.service, ask.request, error)
    raise ask.outcome


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


def _check_rows(variables: Mapping[str, Any], most: int) -> None:
    """Refuse too many rows before each is looked at.

    Raises:
        Problem: too-many-rows.
    """
    for value in variables.values():
        if isinstance(value, list) and value:
            inference.check_rows(value, most)


def _reply(ask: Ask, result: ExecutionResult) -> Reply:
    """Return the reply of an operation that was executed, with what is to be counted and logged of it.

    Raises:
        Problem: where the service could not predict now.
    """
    outcome, media_type = ask.outcome, _media_type(ask.request)
    if isinstance(outcome, Problem) and outcome.kind in _OF_HTTP:
        raise outcome
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
    if outcome:
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
