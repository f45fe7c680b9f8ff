"""Answers of a connection itself, to what never became a request."""

from mainline.serving.answering.problems import MEDIA_TYPE, Problem


def written(problem: Problem, prefix: str) -> bytes:
    """Return the last answer of a connection, as it is sent."""
    body = problem.body(prefix=prefix)
    head = [
        b"HTTP/1.1 %d %s" % (problem.status, problem.title.encode()),
        b"content-type: " + MEDIA_TYPE,
        b"content-length: %d" % len(body),
        b"connection: close",
        *(name + b": " + value for name, value in problem.headers),
    ]
    return b"\r\n".join([*head, b"", body])


def overloaded() -> Problem:
    """Return the refusal of a connection that is one too many."""
    return Problem("overloaded", "There are too many connections already; try again.", headers=[(b"retry-after", b"1")])
