"""Whether a package may take traffic, found out where it would: what it is, needs, answers, and costs."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

from mainline.declared.service import Budgets
from mainline.errors import MainlineError
from mainline.package import manifest as manifests
from mainline.package.responses import differing
from mainline.serving.answering.metrics import resident_bytes
from mainline.serving.answering.model import Model

ONE_BY_ONE, BULK_ROWS = 300, 1000
TRIES = 5
"""Measurements of one cost; the best of them counts."""


@dataclass(frozen=True)
class Check:
    """One question with its answer."""

    name: str
    passed: bool
    found: str
    allowed: str


@dataclass(frozen=True)
class Verdict:
    """All answers; `passed` when every one is good."""

    package: str
    digest: str
    passed: bool
    checks: list[Check]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def check(directory: Path, budgets: Budgets, signature: Callable[[str], Check]) -> Verdict:
    """Load a package in this process and put it through every check; one that makes the others useless is the last.

    Args:
        directory: the package.
        budgets: what it may cost.
        signature: says of a digest whether it is signed as it must be; no code of a package runs before.
    """
    try:
        manifest, contents = manifests.opened(directory)
    except MainlineError as error:
        return _verdict(directory, "", [Check("manifest", False, str(error), "every file as it was sealed")])
    digest = manifest["digest"]
    checks = [Check("manifest", True, f"{len(contents)} files as sealed", "every file as it was sealed")]
    checks.append(signature(digest))
    if checks[-1].passed:
        checks.append(_dependencies(contents["requirements.txt"].decode()))
    if not checks[-1].passed:
        return _verdict(directory, digest, checks)
    seconds, model = timed_load(directory)
    again = (timed_load(directory)[0] for _ in range(TRIES - 1))
    checks.append(_at_most("load", _best(chain([seconds], again), budgets.load_seconds), budgets.load_seconds, "s"))
    golden = json.loads(contents["golden.json"])
    checks.append(_golden(model, golden))
    checks.append(_schemas(model, contents))
    if checks[-2].passed:
        checks += _load(model, golden["requests"], budgets)
    checks.append(_at_most("memory", resident_bytes() / 2**20, budgets.memory_mib, "MiB"))
    return _verdict(directory, digest, checks)


def _verdict(directory: Path, digest: str, checks: list[Check]) -> Verdict:
    return Verdict(str(directory), digest, all(check.passed for check in checks), checks)


def _dependencies(requirements: str) -> Check:
    wanted = dict(line.split("==") for line in requirements.split())
    here = {name: _installed(name) for name in wanted}
    wrong = [f"{name} {here[name] or 'missing'}, not {wanted[name]}" for name in wanted if here[name] != wanted[name]]
    found = "; ".join(wrong) or ", ".join(f"{name} {here[name]}" for name in here)
    return Check("dependencies", not wrong, found, "the versions in the package's requirements.txt")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _golden(model: Model, golden: dict[str, Any]) -> Check:
    """Predict the golden requests together and alone; they may differ as far as the package says and no further."""
    tolerance = model.predictor.tolerance
    apart = f"up to {tolerance:g} apart" if tolerance else "to the last bit"
    allowed = f"the golden predictions {apart}, together and one by one"
    try:
        together = model.answer(model.reader.read(golden["requests"])).predictions
        alone = [model.answer(model.reader.read([row])).predictions[0] for row in golden["requests"]]
    except Exception as error:  # the package's own code runs here
        return Check("golden requests", False, f"failed: {error!r}", allowed)
    wrong = max(differing(golden["predictions"], found, tolerance) for found in (together, alone))
    return Check("golden requests", not wrong, f"{wrong} of {len(alone)} differ", allowed)


def _schemas(model: Model, contents: Mapping[str, bytes]) -> Check:
    described = json.loads(contents["request.schema.json"])["properties"].keys()
    declared = {field.name for field in model.predictor.request}
    same = described == declared
    found = f"{len(declared)} fields" if same else f"differs in {', '.join(sorted(described ^ declared))}"
    return Check("request schema", same, found, "the fields that the manifest declares")


def _load(model: Model, requests: list[dict[str, Any]], budgets: Budgets) -> list[Check]:
    """Ask one row at a time, then in bulk."""
    latency = _best((_percentile(model, requests) for _ in range(TRIES)), budgets.p99_ms)
    bulk = (requests * (BULK_ROWS // len(requests) + 1))[:BULK_ROWS]
    least = budgets.rows_per_second
    rate = BULK_ROWS / _best((_seconds(lambda: _predict(model, bulk)) for _ in range(TRIES)), BULK_ROWS / least)
    return [
        _at_most("latency of one row, 99th percentile", latency, budgets.p99_ms, "ms"),
        Check("rows a second in bulk", rate >= budgets.rows_per_second, f"{rate:,.0f}", f"at least {least:,}"),
    ]  # fmt: skip


def _best(measured: Iterable[float], enough: float) -> float:
    """Return the least of several measurements, of which no more are taken than are needed.

    What runs beside it on a busy machine only ever makes a package look worse than it is.
    """
    least = math.inf
    for found in measured:
        least = min(least, found)
        if least <= enough:
            break
    return least


def _percentile(model: Model, requests: list[dict[str, Any]]) -> float:
    """Return the 99th percentile of the milliseconds that one row takes."""
    asked = (requests[number % len(requests)] for number in range(ONE_BY_ONE))
    found = sorted(_seconds(partial(_predict, model, [row])) for row in asked)
    return found[int(ONE_BY_ONE * 0.99)] * 1e3


def timed_load(directory: Path) -> tuple[float, Model]:
    """Load a package; return the seconds that took, and it."""
    started = time.perf_counter()
    model = Model.load(directory)
    return time.perf_counter() - started, model


def _predict(model: Model, rows: list[dict[str, Any]]) -> None:
    model.answer(model.reader.read(rows))


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _at_most(name: str, found: float, limit: float, unit: str) -> Check:
    return Check(name, found <= limit, f"{found:.3g} {unit}", f"at most {limit:g} {unit}")
