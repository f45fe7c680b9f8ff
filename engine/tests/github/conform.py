"""Hold requests and answers against GitHub's own description of its REST interface (`openapi.json`)."""

import json
import re
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.github.extract_openapi import FILE

_DESCRIBED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


class NonconformError(AssertionError):
    """Something is not as GitHub describes it."""


def find(method: str, path: str) -> tuple[str, dict[str, Any]]:
    """Return the template and the operation that a path belongs to.

    Raises:
        NonconformError: when GitHub describes none, or none that was extracted.
    """
    for template, methods in _DESCRIBED["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in methods:
            return template, methods[method.lower()]
    raise NonconformError(f"{method} {path} is not an operation of {FILE.name}")


def check_request(method: str, path: str, query: dict[str, str], body: Any) -> None:
    """Refuse a request that GitHub does not describe: an unknown parameter, a body that does not fit.

    Raises:
        NonconformError: naming the first thing wrong.
    """
    template, operation = find(method, path)
    unknown = set(query) - set(operation["query"])
    if unknown:
        raise NonconformError(f"{method} {template} knows no parameter {sorted(unknown)[0]}")
    if operation["body"] is not None and body is not None:
        _validate(operation["body"], body, f"the body of {method} {template}")
        known = _properties(operation["body"])
        if known and set(body) - known:
            raise NonconformError(f"{method} {template} knows no field {sorted(set(body) - known)[0]}")


def check_answer(method: str, path: str, status: int, body: Any) -> None:
    """Refuse an answer that GitHub would not give.

    Raises:
        NonconformError: naming the first thing wrong.
    """
    template, operation = find(method, path)
    if status >= 400:
        return  # every operation may refuse
    if str(status) not in operation["answers"]:
        raise NonconformError(f"{method} {template} never answers {status}")
    schema = operation["answers"][str(status)]
    if schema is not None:
        _validate(schema, body, f"the answer of {method} {template}")


def answer(method: str, path: str, status: int, given: Any) -> Any:
    """Complete what the stand-in knows with plain values for everything else that GitHub always sends."""
    schema = find(method, path)[1]["answers"].get(str(status))
    return given if schema is None else fill(schema, given)


def fill(schema: dict[str, Any], given: Any = None) -> Any:
    """Return `given` with every required property of a schema in it."""
    schema = _resolve(schema)
    for key in ("anyOf", "oneOf"):
        if key in schema and "properties" not in schema:
            options = [_resolve(option) for option in schema[key]]
            if given is None and {"type": "null"} in options:
                return None
            return fill(next(option for option in options if option != {"type": "null"}), given)
    if "allOf" in schema:
        for part in schema["allOf"]:
            given = fill(part, given)
        return given
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        if given is None:
            return None
        kind = kind[0]
    if kind == "array":
        return [fill(schema.get("items", {}), item) for item in given or []]
    if kind == "object" and (given is None or isinstance(given, dict)):
        return _object(schema, given or {})
    return _plain(schema, kind) if given is None else given


def _object(schema: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    names = [*given, *(name for name in schema.get("required", []) if name not in given)]
    return {name: fill(properties.get(name, {}), given.get(name)) for name in names}


def _plain(schema: dict[str, Any], kind: str | None) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    texts = {"uri": "https://example.org/", "date-time": "2024-01-01T00:00:00Z", "email": "a@example.org"}
    return {
        "string": texts.get(schema.get("format", ""), "text"), "integer": 1, "number": 1.0, "boolean": False,
    }.get(kind or "")  # fmt: skip


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = _DESCRIBED["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _properties(schema: dict[str, Any]) -> set[str]:
    """Name the fields that a body may have; empty where that depends on its content."""
    schema = _resolve(schema)
    if any(key in schema for key in ("anyOf", "oneOf", "allOf")) and "properties" not in schema:
        return set()
    return set(schema.get("properties", {}))


def _validate(schema: dict[str, Any], body: Any, what: str) -> None:
    found = next(iter(_validator(json.dumps(schema, sort_keys=True)).iter_errors(body)), None)
    if found is not None:
        raise NonconformError(f"{what}: {'.'.join(map(str, found.absolute_path)) or 'body'}: {found.message[:300]}")


@lru_cache(maxsize=64)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": _DESCRIBED["components"]})
