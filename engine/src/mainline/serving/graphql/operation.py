"""One operation of GraphQL, in two parts between which rows are predicted; neither part needs an event loop."""

from collections.abc import Generator
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, execute

from mainline.serving.answering.batching import Rows
from mainline.serving.answering.messages import Reply
from mainline.serving.answering.problems import SHOWN, Problem


class _Wish:
    """What the operation waits for; it leaves the operation as it is, and the outcome comes back in its place."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __await__(self) -> Generator[Rows, Reply | Problem, Reply | Problem]:
        return (yield self._rows)


async def predict(_root: Any, _info: Any, rows: Rows) -> Any:
    """Return the answer that REST gives to these rows.

    Raises:
        Problem: where there is none.
    """
    outcome = await _Wish(rows)
    if isinstance(outcome, Problem):
        raise outcome
    return orjson.loads(outcome.body)


class Operation:
    """One operation of a sound document."""

    def __init__(self, schema: GraphQLSchema, variables: dict[str, Any], name: str | None) -> None:
        self._schema, self._variables, self._name = schema, variables, name
        self._rest: Generator[Rows, Reply | Problem, ExecutionResult]

    def begin(self, document: DocumentNode) -> Rows | ExecutionResult:
        """Return the rows that are to be predicted; the result if there are none."""
        running = execute(
            self._schema, document, variable_values=self._variables, operation_name=self._name,
            max_coercion_errors=SHOWN,
        )  # fmt: skip
        if isinstance(running, ExecutionResult):
            return running
        self._rest = running.__await__()  # one field is awaited, so no other wish is there
        return next(self._rest)

    def end(self, outcome: Reply | Problem) -> ExecutionResult:
        """Return the result, now that the rows are predicted."""
        try:
            self._rest.send(outcome)
        except StopIteration as ended:
            return ended.value
        raise AssertionError("a document that has two predictions is not sound")
