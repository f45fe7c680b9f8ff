"""Where operations of GraphQL are worked on: the event loop, in which everybody waits, has the short ones alone."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from graphql import DocumentNode, GraphQLField, GraphQLInt, GraphQLObjectType, GraphQLSchema

from mainline.serving.answering.messages import Request
from mainline.serving.graphql.documents import Documents
from mainline.serving.graphql.endpoint import GraphQL
from mainline.serving.graphql.operation import Operation
from tests.mainline.serving.asking import Client
from tests.mainline.serving.graphql.operations import JSON, SHORT

Rows = list[dict[str, Any]]
ABOUT = "{ __schema { queryType { name } } }"


def test_event_loop_works_on_short_operations_alone(
    client: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that is new, one about types, many rows and large bodies are worked on where large batches are."""
    endpoint, workers = GraphQL(), list[tuple[str, bool]]()

    def note(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def noted(*given: Any) -> Any:
            workers.append((name, threading.current_thread() is threading.main_thread()))
            return real(*given)

        monkeypatch.setattr(owner, name, noted)

    for owner, name in ((Documents, "read"), (Operation, "begin"), (Operation, "end")):
        note(owner, name)

    def turns(query: str, **variables: Any) -> list[tuple[str, bool]]:
        body = json.dumps({"query": query, "variables": variables}).encode()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        workers.clear()
        request = Request("POST", "/graphql", [(b"content-type", JSON.encode())], receive)
        assert asyncio.run(endpoint.answer(client.service, request)).status == 200
        return [*workers]

    inline, aside = [("begin", True), ("end", True)], [("begin", False), ("end", False)]
    about = [("read", False), ("begin", False)]
    assert turns(SHORT, rows=rows[:1]) == [*about, ("end", True)]
    assert turns(SHORT, rows=rows[:1]) == turns(SHORT, rows=(rows * 3)[:40]) == inline
    assert turns(SHORT, rows=(rows * 3)[:41]) == turns(SHORT, rows=rows[:1], more="x" * 20_000) == aside
    assert turns(ABOUT) == turns(ABOUT) == about


def test_documents_that_are_remembered_are_few() -> None:
    """Of many that one client sends, the last ones are known."""
    documents = Documents(GraphQLSchema(GraphQLObjectType("Query", {"x": GraphQLField(GraphQLInt)})))
    texts = [f"query Q{number} {{ x }}" for number in range(40)]
    for text in texts:
        documents.remember(text, documents.read(text))
    assert [text for text in texts if documents.known(text)] == texts[-16:]


def test_rows_that_wait_aside_are_rows_that_wait(
    make_client: Callable[..., Client], rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large operations cannot fill the memory: where too many rows wait, one more is refused and not begun."""
    begun, real = list[Operation](), Operation.begin

    def begin(operation: Operation, document: DocumentNode) -> Any:
        begun.append(operation)
        return real(operation, document)

    monkeypatch.setattr(Operation, "begin", begin)
    client = make_client(graphql={}, limits={"queued_rows": 100})
    body = json.dumps({"query": SHORT, "variables": {"rows": (rows * 5)[:60]}}).encode()
    replies = client.ask_all([("/graphql", None, body, {})] * 5)
    assert sorted(reply.status for reply in replies) == [200, 503, 503, 503, 503]
    assert (len(begun), client.service.batcher.queued_rows) == (1, 0)
