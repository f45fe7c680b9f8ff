"""A deployment test: whether a service that was just deployed is the declared one, and answers as it was tested to.

It asks as a client does, changes nothing, and asks little: some dozens of requests.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mainline.declared.service import Limits
from mainline.package import manifest as manifests
from mainline.package.responses import Response, differing
from mainline.probe.wire import Answer, ProbeError, Target
from mainline.scoring.acceptance import Check

PREDICT = "/predict"
LONGEST_DAYS = 7.0
"""A certificate that ends sooner is no longer good enough for a deployment."""
MOST = 50
"""Golden requests that are asked one by one."""
_PROBLEM = "application/problem+json"
_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_PROTOCOLS = ("TLSv1.2", "TLSv1.3")


@dataclass(frozen=True)
class Expected:
    """What a service should be: the names that the declared version goes by, its package, and the declared limits."""

    names: frozenset[str]
    version: str
    manifest: Mapping[str, Any]
    golden: Mapping[str, Any]
    limits: Limits


def read(package: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the manifest of a package, and its golden requests with their predictions.

    Raises:
        MainlineError: when it is not a package.
    """
    manifest, contents = manifests.opened(package)
    return manifest, json.loads(contents["golden.json"])


def run(target: Target, expected: Expected) -> Iterator[Check]:
    """Yield each check as it is known; without an answer there is no further one."""
    try:
        yield _health(target)
    except ProbeError as error:
        yield Check("health", False, str(error), "")
        return
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("key", lambda: _key(target, expected)),
        ("version", lambda: _version(target, expected)),
        ("golden requests", lambda: _golden(target, expected)),
        ("limits", lambda: _limits(target, expected)),
        ("bad input", lambda: _bad_input(target)),
        ("headers", lambda: _headers(target, expected)),
    ]
    if target.secure:
        checks.insert(0, ("tls", lambda: _tls(target)))
    for name, check in checks:
        try:
            yield check()
        except ProbeError as error:
            yield Check(name, False, str(error), "")


def refuse_another(target: Target, expected: Expected) -> None:
    """Ask for the version that answers, so often that a small share of another one shows.

    Raises:
        ProbeError: when another version answers, or nobody.
    """
    for _ in range(MOST):
        check = _version(target, expected)
        if not check.passed:
            raise ProbeError(
                f"{check.found} answers, and not {expected.version}, so nothing is recorded. `./mainline status` on "
                "the machine of the service says where its rollout stands."
            )


def _health(target: Target) -> Check:
    found = {path: target.ask(path, key="") for path in ("/livez", "/readyz")}
    good = all(answer.status == 200 for answer in found.values())
    if not good and all(answer.author for answer in found.values()):
        answer = found["/readyz"]
        raise ProbeError(f"/readyz is answered with {answer.said()}{answer.remedy()}.")
    return Check("health", good, _listed(found), "200, without a key")


def _tls(target: Target) -> Check:
    answer = target.ask("/livez", key="")
    found = f"{answer.tls}, certificate valid for {answer.days:.0f} days"
    good = answer.tls in _PROTOCOLS and answer.days >= LONGEST_DAYS
    return Check("tls", good, found, f"a trusted certificate for {LONGEST_DAYS:.0f} days or more, TLS 1.2 or 1.3")


def _key(target: Target, expected: Expected) -> Check:
    row = expected.golden["requests"][0]
    found = {"none": target.ask(PREDICT, row, key=""), "wrong": target.ask(PREDICT, row, key="wrong")}
    good = all(answer.status == 401 for answer in found.values())
    return Check("key", good, _listed(found), "401 without a key and with a wrong one")


def _version(target: Target, expected: Expected) -> Check:
    answer = target.ask(PREDICT, expected.golden["requests"][0])
    if answer.status != 200:
        return Check("version", False, _refused(answer), expected.version)
    found = _said(answer.json(), "version")
    return Check("version", found in expected.names, found or "none", expected.version)


def _golden(target: Target, expected: Expected) -> Check:
    """Ask the golden requests together and one by one, as far as the limits let them be asked together."""
    response, tolerance = Response(expected.manifest), float(expected.manifest.get("parity", {}).get("batch", 0.0))
    requests, wanted = expected.golden["requests"], expected.golden["predictions"]
    together = min(len(requests), expected.limits.rows)
    asked: list[tuple[Any, list[Any]]] = [(requests[:together], wanted[:together])]
    asked += [(row, [prediction]) for row, prediction in zip(requests[:MOST], wanted, strict=False)]
    wrong = 0
    for content, predictions in asked:
        answer = target.ask(PREDICT, content)
        if answer.status != 200:
            return Check("golden requests", False, _refused(answer), "200")
        if (said := _said(answer.json(), "version")) not in expected.names:
            found = f"{said or 'nobody'} answered, while a rollout is under way or another version is served"
            return Check("golden requests", False, found, f"the answers of {expected.version}")
        wrong += _differing(answer.json(), predictions, response, tolerance)
    allowed = f"the predictions in the package, together and one by one, up to {tolerance:g} apart"
    return Check("golden requests", not wrong, f"{wrong} of {sum(len(rows) for _, rows in asked)} differ", allowed)


def _differing(content: Any, wanted: list[Any], response: Response, tolerance: float) -> int:
    rows = content.get("predictions") if isinstance(content, dict) else None
    if not isinstance(rows, list) or len(rows) != len(wanted):
        return len(wanted)
    try:
        found = [row if response.classes else row[response.field.name] for row in rows]
        return differing(wanted, found, tolerance)
    except (KeyError, TypeError):
        return len(wanted)


def _limits(target: Target, expected: Expected) -> Check:
    row, limits = expected.golden["requests"][0], expected.limits
    many = target.ask(PREDICT, raw=json.dumps([row] * (limits.rows + 1)).encode()[: 4 * limits.body_bytes])
    large = target.ask(PREDICT, raw=b" " * (limits.body_bytes + 1) + b"{}")
    found = {f"{limits.rows + 1:,} rows": many, f"{limits.body_bytes + 1:,} bytes": large}
    good = many.status in (413, 422) and large.status == 413
    return Check("limits", good, _listed(found), "422 or 413, and 413")


def _bad_input(target: Target) -> Check:
    """A refusal names what is wrong; no input is the server's own error."""
    found = {name: target.ask(PREDICT, raw=raw) for name, raw in
             (("no JSON", b"{"), ("NaN", b'[{"x": NaN}]'), ("no rows", b"[]"), ("text", b'"x"'))}  # fmt: skip
    plain = [name for name, answer in found.items() if not answer.headers.get("content-type", "").startswith(_PROBLEM)]
    said = _listed(found) + (f"; not {_PROBLEM}: {', '.join(plain)}" if plain else "")
    good = not plain and all(400 <= answer.status < 500 and answer.status != 401 for answer in found.values())
    return Check("bad input", good, said, f"4xx that is not 401, with {_PROBLEM}")


def _headers(target: Target, expected: Expected) -> Check:
    sent = {"X-Request-Id": "smoke-1", "traceparent": _TRACE}
    headers = target.ask(PREDICT, expected.golden["requests"][0], headers=sent).headers
    wrong = []
    for name, value in (("content-type", "application/json"), ("x-content-type-options", "nosniff"),
                        ("cache-control", "no-store"), ("x-request-id", "smoke-1")):  # fmt: skip
        if headers.get(name, "").partition(";")[0] != value:
            wrong.append(f"{name}: {headers.get(name, 'none')[:60]}, not {value}")
    if headers.get("traceparent", "").split("-")[1:2] != _TRACE.split("-")[1:2]:
        wrong.append(f"traceparent: {headers.get('traceparent', 'none')[:60]}, another trace")
    return Check("headers", not wrong, "; ".join(wrong) or "as declared", "type, nosniff, no-store, the request's ids")


def _said(content: Any, name: str) -> str:
    found = content.get(name) if isinstance(content, dict) else None
    return found[:80] if isinstance(found, str) else ""


def _refused(answer: Answer) -> str:
    return f"the answer was {answer.said()}{answer.remedy()}"


def _listed(found: Mapping[str, Answer]) -> str:
    return ", ".join(f"{name} {answer.said()}" for name, answer in found.items())
