"""What was trained on what, how good it is, and what to do next."""

import hashlib
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mainline import digits, display
from mainline.errors import MainlineError
from mainline.package.manifest import size
from mainline.periods import told
from mainline.registry import artifact
from mainline.repository import lock
from mainline.repository.git import ask, blob

METRICS, PACKAGE = Path("metrics"), Path(lock.PACKAGE)
_INTERFACE = "src/usecase/interface.py"

NO_INTERVAL = "no interval from a single day or group"
_LEAST = (8, 8)
"""Columns of a terminal that a metric of the model and of the baseline have at least."""
_SHARE = re.compile(r"(?P<snapshot>.*?), (?P<share>\d+ to \d+ %) by (?P<fields>.*)", re.DOTALL)
"""A part of data without time, as the manifest names it."""
_NAMED = 2
"""Fields by which rows are split that are named; of more it is the whole request."""
NEXT = {
    "edit, then `./mainline try`": "another model or feature, held against the last commit in seconds",
    "`make gate`": "may this model be released? Each check with its limit",
    "`./mainline plots`": "residuals, calibration, slices, learning curve as pictures",
    "`dvc exp run -S seed=1`": "an experiment (`source .venv/bin/activate` first)",
}
KEEP = {"`git add --all && git commit`": "keep it: metrics and dvc.lock say what this model is"}
"""What to do next, and why; the last if something is not committed."""


def text(headline: str) -> str:
    """Render the summary from the metrics and the package's manifest.

    Raises:
        MainlineError: when one of them is not there, because nothing was run or pulled yet.
    """
    metrics = {name: _read(METRICS / f"{name}.json") for name in ("data", "train", "validation", "test", "baseline")}
    manifest = _read(PACKAGE / "manifest.json")
    window, model, response = manifest["window"], manifest["model"], manifest["response"]
    lines = [
        "",
        headline,
        "",
        f"{model['type'].rpartition('.')[2]} predicts {response['name']}: {response['description']}",
        f"  trained on   {metrics['train']['rows']:>9,} rows{_of(window['train'], manifest)}",
        f"  validated on {metrics['validation']['rows']:>9,} rows{_of(window['validation'], manifest)}",
        f"  tested on    {metrics['test']['rows']:>9,} rows{_of(window['test'], manifest)}{_later(manifest)}",
        *_refit(manifest),
        "",
        *table(metrics["test"], metrics["baseline"], response["unit"]),
        "",
        f"Rows: {', '.join(f'{count:,} {name}' for name, count in metrics['data'].items())}",
        f"Package: {PACKAGE} ({size(PACKAGE) / 1e6:.1f} MB, {model['format']}, digest {manifest['digest'][:12]})",
        "",
        *since_commit(metrics),
        "",
        *next_lines(NEXT | (KEEP if ask("status", "--porcelain") else {})),
    ]
    return display.fold("\n".join(lines))


def _refit(manifest: Mapping[str, Any]) -> list[str]:
    """Say that the served model is another one than the measured model; nothing if it is the same."""
    if "refit" not in manifest:
        return []
    rows = manifest["refit"]["rows"]
    return [f"  fitted again {rows:>9,} rows, all of these, to serve; the figures are of the measured model"]


def next_lines(steps: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each step; on a narrow terminal the reason is broken within its column."""
    yield "What next:"
    width = max(map(len, steps)) + 4
    for step, reason in steps.items():
        yield textwrap.fill(f"  {step:<{width - 2}}{reason}", display.columns(), subsequent_indent=" " * width)


def since_commit(metrics: dict[str, dict[str, Any]]) -> list[str]:
    """Set the primary metric beside that of the last commit, validation first; nothing without such a commit."""
    commit = ask("rev-parse", "--short", "HEAD")
    before = {name: _committed(name) for name in ("validation", "test")}
    if not commit or not all(before.values()):
        return ["No commit has results yet."]
    if artifact.committed() != artifact.name():
        return [f"The last commit ({commit}) has results of another model: {artifact.committed()}."]
    if not _are_of_their_commit():
        return [f"The last commit ({commit}) has results of another use case, or of one that was edited since."]
    primary = next(name for name in metrics["baseline"] if name in metrics["test"] and name != "rows")
    if all(before[name] == metrics[name] for name in before):
        return [f"Metrics are those of the last commit ({commit})."]
    lines = (_beside(name, primary, metrics[name], before[name]) for name in before)
    return [f"Against the last commit ({commit})", *lines]


def _are_of_their_commit() -> bool:
    """Say whether the last commit's results are of its own use case; yes, if its lock does not tell."""
    locked, content = (blob(f"HEAD:{path}") for path in (lock.LOCK, _INTERFACE))
    try:
        stages = lock.entries((locked or b"stages: {}").decode())
    except lock.LockError:
        return True
    deps = [dep for entry in stages.values() for dep in entry.get("deps") or [] if dep["path"] == _INTERFACE]
    now = hashlib.md5(content or b"", usedforsecurity=False).hexdigest()
    return all(dep["md5"] == now for dep in deps)


def _beside(part: str, primary: str, now: dict[str, Any], before: dict[str, Any]) -> str:
    if primary not in before:
        return f"  {part:<10} {primary} {_number(now.get(primary))}, was not measured at the last commit"
    rows = "" if now["rows"] == before["rows"] else f" on other rows ({before['rows']:,})"
    return f"  {part:<10} {primary} {_number(now.get(primary))}, was {_number(before[primary])}{rows}"


def _committed(name: str) -> dict[str, Any]:
    content = blob(f"HEAD:{METRICS}/{name}.json")
    return dict(json.loads(content)) if content else {}


def _of(part: Sequence[str], manifest: Mapping[str, Any]) -> str:
    """Say which periods the rows of a part are of, or, of data without time, which share and by what."""
    found = _SHARE.fullmatch(part[0]) if "snapshot" in manifest else None
    if found is None:
        return f" of {told(part)}"
    fields = found["fields"].split(", ")
    by = "the whole request" if len(fields) > _NAMED else " and ".join(fields)
    return f", {found['share']} of the snapshot '{found['snapshot']}' by a hash of {by}"


def _later(manifest: dict[str, Any]) -> str:
    return "" if "snapshot" in manifest else ", which come after both"


def table(test: dict[str, Any], baseline: dict[str, Any], unit: str) -> list[str]:
    """Set model and baseline side by side; the first metric is the one models are compared by."""
    names = [name for name in baseline if name in test and name != "rows"]
    title = f"On the test rows{f', {unit}' if unit else ''}"
    width = max(len(title), *(len(name) + 2 for name in names)) + 2
    cells = [(_number(test[name]), _number(baseline[name])) for name in names]
    left, right = (
        max(least, *map(len, column)) for least, column in zip(_LEAST, zip(*cells, strict=True), strict=True)
    )
    rows = [f"  {name:<{width - 2}}{a:>{left}}  {b:>{right}}" for name, (a, b) in zip(names, cells, strict=True)]
    interval = (
        NO_INTERVAL if test["low"] is None else f"95 % interval {_number(test['low'])} to {_number(test['high'])}"
    )
    verdict = f"  {names[0]} {_compared(test['ratio'])}; {interval}"
    return [f"{title:<{width}}{'model':>{left}}  {'baseline':>{right}}", *rows, verdict]


def _compared(ratio: float | None) -> str:
    """Say how the model stands to the baseline; no ratio: either has no metric, or the baseline no error."""
    if ratio is None:
        return "cannot be compared with the baseline"
    if ratio == 1:
        return "is as good as the baseline"
    return f"is {abs(1 - ratio):.0%} {'better' if ratio < 1 else 'worse'} than the baseline"


def _number(value: float | None) -> str:
    return "-" if value is None else digits.four(value)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MainlineError(f"there is no {path}. Run `make repro` first.")
    return dict(json.loads(path.read_text(encoding="utf-8")))
