"""What is refused before anything is predicted: documents, variables and bodies that are hostile or wrong."""

from typing import Any

import pytest

from tests.mainline.serving.asking import Client
from tests.mainline.serving.graphql.operations import OWN_TYPE, ask, outcomes

Rows = list[dict[str, Any]]

NESTED = "a{" * 10_000 + "b" + "}" * 10_000
MANY = " ".join(f"a{number}: predict(rows: []) {{ version }}" for number in range(10_000))
BOMB = " ".join(f"a{number}: fields {{ type {{ fields {{ name }} }} }}" for number in range(30))
DEEP = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
HOSTILE = {
    "nothing": ("", 400),
    "brace": ("{", 400),
    "10,000 braces": (f"{{{NESTED}}}", 400),
    "10,000 braces inline": ("{" + "...{" * 10_000 + "}" * 10_001, 400),
    "10,000 aliases": (f"{{{MANY}}}", 400),
    "1,000 times a name": (f"{{{'__typename ' * 1_000}}}", 400),
    "comments": (f"{'#' * 20_000}\n{{ __typename }}", 400),
    "nested list": (f"{{ predict(rows: {'[' * 10_000}) {{ version }} }}", 400),
    "cycle": ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", 422),
    "two names": ("{ a: predict(rows: []) { version } b: predict(rows: []) { version } }", 422),
    "two names of a member": ("{ predict(rows: []) { a: version b: version } }", 422),
    "two arguments": ("{ predict(rows: []) { version } predict(rows: [{}]) { version } }", 422),
    "introspection, many names": (f"{{ __schema {{ types {{ {BOMB} }} }} }}", 422),
    "introspection, deep": (DEEP, 422),
    "mutation": ("mutation { predict(rows: []) { version } }", 422),
    "subscription": ("subscription { predict(rows: []) { version } }", 422),
    "unknown": ("{ " + "x" * 10_000 + " }", 422),
    "many unknown": ("{ " + " ".join(f"x{number}" for number in range(400)) + " }", 422),
    "no selection": ("{ predict(rows: []) }", 422),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_document_is_refused_at_once_and_briefly(client: Client, rows: Rows, name: str) -> None:
    """Nothing is predicted, the answer is small whatever was sent, and the next request is answered."""
    query, status = HOSTILE[name]
    reply = client.ask("/graphql", {"query": query})
    assert (reply.status, reply.headers["content-type"]) == (status, OWN_TYPE)
    kind = {400: "malformed-message", 422: "invalid-request"}[status]
    assert {error["extensions"]["kind"] for error in reply.json["errors"]} == {kind}
    assert len(reply.json["errors"]) <= 11  # the last one says that there are more
    assert len(reply.body) < 6_000
    assert "data" not in reply.json
    assert outcomes(client) == {kind: 1}
    assert "errors" not in ask(client, rows).json


@pytest.mark.parametrize(
    "wrong",
    [
        None, 5, "text", {}, [None], [[]], [5], [{}], [{"distance": "far"}], [{"distance": True}], [{"other": 1}],
        [{"flight": 1.5}], [{"flight": "1"}], [{"flight": True}], [{"carrier": 5}], [{"carrier": {"a": []}}],
        [{"carrier": None}], [{"flight": "1"}] * 50, [{"x" * 10_000: 1}], [{"distance": "x" * 10_000}],
    ],
)  # fmt: skip
def test_variable_of_a_wrong_type_is_refused(client: Client, rows: Rows, wrong: Any) -> None:
    """What does not fit the types is an error of the request, in few words."""
    if isinstance(wrong, list):
        wrong = [{**rows[0], **row} if row else row for row in wrong if isinstance(row, dict)] or wrong
    reply = ask(client, wrong)
    assert reply.status == 422
    assert "$rows" in reply.json["errors"][0]["message"]
    assert max(len(error["message"]) for error in reply.json["errors"]) <= 303
    assert len(reply.json["errors"]) <= 11


def test_rows_are_counted_before_they_are_read(client: Client, rows: Rows) -> None:
    """More than may be sent are refused whatever is in them, and none are refused by the words of REST."""
    reply = ask(client, [5] * 301)
    assert (reply.status, reply.json["errors"][0]["extensions"]["kind"]) == (422, "too-many-rows")
    assert reply.json["errors"][0]["message"] == client.predict(rows * 16).json["detail"].replace("320", "301")
    assert ask(client, []).json["errors"][0]["message"] == client.predict([]).json["detail"]


BODIES = [
    (b"{", 400, "malformed-json"),
    (b'{"query": "{__typename}", "query": "{__typename}"}', 400, "malformed-json"),
    (b'{"query": "{__typename}", "variables": {"rows": [{"a": 1, "a": 2}]}}', 400, "malformed-json"),
    (b'{"query": "{__typename}", "variables": {"rows": NaN}}', 400, "malformed-json"),
    (b'{"query": "{__typename}", "variables": {"rows": 1e999}}', 400, "malformed-json"),
    (b'{"query": "{__typename}", "variables": ' + b"[" * 100_000, 400, "malformed-json"),
    (b'[{"query": "{__typename}"}]', 422, "invalid-request"),
    (b'"{__typename}"', 422, "invalid-request"),
    (b"{}", 422, "invalid-request"),
    (b'{"query": 5}', 422, "invalid-request"),
    (b'{"query": "{__typename}", "variables": []}', 422, "invalid-request"),
    (b'{"query": "{__typename}", "operationName": 5}', 422, "invalid-request"),
    (b'{"query": "{__typename}", "extensions": "x"}', 422, "invalid-request"),
    (b" " * (2**20 + 1), 413, "body-too-large"),
]


@pytest.mark.parametrize(("body", "status", "kind"), BODIES)
def test_body_that_is_no_request_is_a_problem(client: Client, body: bytes, status: int, kind: str) -> None:
    """Before anything of GraphQL is read, the answer is that of REST."""
    reply = client.ask("/graphql", body=body)
    assert (reply.status, reply.kind, reply.headers["content-type"]) == (status, kind, "application/problem+json")
    assert outcomes(client) == {kind: 1}
