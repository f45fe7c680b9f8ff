"""Answers to messages: each is predicted, counted and logged as the body of a request of `POST /predict` is."""

from collections.abc import Callable, Sequence

from mainline.serving import accounting, authorization
from mainline.serving.accounting import Ledger
from mainline.serving.answering.messages import Header, Reply, Request
from mainline.serving.answering.problems import Problem
from mainline.serving.endpoints import inference
from mainline.serving.service import Service
from mainline.serving.websocket.extra import PATH

Done = Callable[[bytes, str], None]
"""Takes an answer, and its outcome: `ok`, or the kind of its problem."""


class Answers:
    """What all connections of a server ask."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ledger = Ledger(service)

    def count(self, change: int) -> None:
        """Count a connection that was opened (1) or has ended (-1)."""
        self._service.metrics.open_websockets += change

    def have_room(self, body: bytes) -> bool:
        """Say whether the rows of a message may wait for a prediction now."""
        return inference.has_room(self._service, body)

    def begin(self, headers: Sequence[Header], body: bytes, done: Done) -> None:
        """Call `done` with the answer to a message, at once or later.

        Args:
            headers: those that the connection began with; its key is looked at again.
            body: one row or a list of rows as JSON.
            done: takes the answer, which is the body of HTTP's.
        """
        service = self._service
        request = Request("POST", PATH, headers)
        if service.tracer:
            service.tracer.begin(request, PATH)

        def settle(outcome: Reply | Problem) -> None:
            reply = self._of_problem(outcome, request) if isinstance(outcome, Problem) else outcome
            done(reply.body, reply.outcome)
            self._ledger.add(reply, request)

        try:
            authorization.admit(service, request, "predict")
            inference.begin(service, request, body, settle)
        except Problem as problem:
            settle(problem)
        except Exception as error:
            settle(accounting.failed(service, request, error))

    def _of_problem(self, problem: Problem, request: Request) -> Reply:
        body = problem.body(request.id, prefix=self._service.settings.prefix)
        wait = dict(problem.headers).get(b"retry-after")
        if wait:  # a message has no headers
            body = body[:-1] + b',"retry_after":%b}' % wait
        return Reply(body, problem.status, counters=problem.counters, outcome=problem.kind)
