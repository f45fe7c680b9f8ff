"""Findings that somebody made up to break out of the report."""

from typing import Any

from hypothesis import strategies as st

from mainline.gate.findings import Findings
from tests.mainline.report import examples

CORPUS = (
    "@everyone", "@org/team", "hello @user.", "![x](http://evil)", "<img src=x onerror=1>", "```\n# h", "````",
    "`", "``a`", "|", "\\|", "\\", "a\\", "</details>", "<!-- ", "-->", "[a](javascript:x)", "[a]: http://evil",
    "[^1]", "[^1]: note", "GH-1", "#1", "owner/repo#1", "owner/repo@4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "4b825dc", "deadbeef", "1234567", "www.evil.com", "http://evil", "https://evil.com/x?y=1&z=2", "me@evil.com",
    "mailto:me@evil.com", "xmpp:me@evil.com", "<http://evil>", "<me@evil.com>", "\u202edelrow", "\u2066x\u2069",
    "\u200b", "a\u200db", "\ufeff", "\u00ad", "\u3164", "\U000e0041", "\x00", "\x1b[31m", "\x7f", "\r\n# h",
    "\n\n- [ ] x", "\u2028", "\u0085", "a\u0300\u0301\u0302\u0303\u0304b", "$math$", "$`x`$", "$$", ":tada:",
    ":+1:", "**b**", "__b__", "~~s~~", "*", "_", "# h", "> q", "- x", "1. x", "---", "===", "%%{init: {}}%%",
    '"]', '" --> "', "&lt;b&gt;", "&#64;user", "&commat;user", "&", "'", '"', "<script>alert(1)</script>",
    '" onload="x',
    "'; DROP", "{{7*7}}", "${x}", " ", "", "   ", "W" * 600, "@ " * 300, "\U0001d54f" * 600,
    "\U0001d54f a " * 200, "` " * 300,
)  # fmt: skip

_text = st.sampled_from(CORPUS) | st.text() | st.lists(st.sampled_from(CORPUS), max_size=4).map(" ".join)
_name, _sentence = _text.map(lambda text: text[:120]), _text.map(lambda text: text[:600])
_hash = st.text("0123456789abcdef", min_size=7, max_size=64)
_number = st.floats(allow_nan=False, allow_infinity=False)
_maybe = st.none() | _number
_count = st.integers(0, 10**15)
_verdict = st.sampled_from(["pass", "warn", "fail", "cannot tell"])


def _few(strategy: st.SearchStrategy[Any], most: int = 4) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, max_size=most)


_model = st.fixed_dictionaries({
    "version": _name, "digest": _hash, "commit": st.none() | _hash, "type": _name, "train": _name, "test": _name,
    "size_bytes": _count,
})  # fmt: skip
_change = st.fixed_dictionaries({"key": _name, "before": _sentence, "after": _sentence})
_point = st.fixed_dictionaries({"x": _number, "y": _number})
_series = st.fixed_dictionaries({"name": _name, "points": _few(_point)})

DOCUMENTS = st.fixed_dictionaries({
    "format": st.just(1), "verdict": _verdict, "headline": _sentence,
    "task": st.sampled_from(["regression", "classification", "multiclass"]), "first_release": st.booleans(),
    "candidate": _model,
    "production": st.none() | _model,
    "comparison": st.fixed_dictionaries({
        "metric": _name, "compared": _name, "unit": _name, "other": _name,
        "conclusion": st.sampled_from(["better", "no worse", "worse", "cannot tell"]), "difference": _maybe,
        "low": _maybe, "high": _maybe, "margin": _number, "confidence": st.floats(0.001, 0.999),
        "rows": _count, "days": _count,
        "identical": st.booleans(), "look": st.integers(1, 10**9), "shown": _maybe,
    }),
    "metrics": _few(st.fixed_dictionaries({
        "name": _name, "unit": _name, "candidate": _number, "other": _maybe, "baseline": _number,
    })),
    "checks": _few(st.fixed_dictionaries({
        "name": _name, "group": st.sampled_from(["integrity", "quality", "slices", "budgets", "data", "compatibility"]),
        "verdict": _verdict, "observed": _sentence, "limit": _sentence, "reason": _sentence,
    })),
    "slices": _few(st.fixed_dictionaries({
        "column": _name, "value": _name, "rows": _count, "thin": st.booleans(), "candidate": _number, "other": _number,
        "difference": _number, "low": _maybe, "high": _maybe, "bias": _number,
    })),
    "threshold": _sentence, "classes": _few(st.fixed_dictionaries({
        "name": _name, "rows": _count, "said": _count, "precision": _number, "recall": _maybe, "f1": _maybe,
        "roc_auc": _maybe, "average_precision": _maybe,
    })),
    "confusion": st.none() | st.integers(0, 12).flatmap(lambda width: st.fixed_dictionaries({
        "classes": st.lists(_name, min_size=width, max_size=width),
        "rows": st.lists(st.lists(_count, min_size=width, max_size=width), min_size=width, max_size=width),
    })),
    "parameters": _few(_change), "features_added": _few(_name), "features_removed": _few(_name), "code": _few(_name),
    "data": _few(_change), "skew": _few(st.fixed_dictionaries({"column": _name, "index": _number})),
    "plots": _few(st.fixed_dictionaries({
        "name": st.sampled_from(["learning", "residuals", "calibration", "staleness"]), "x": _name, "y": _name,
        "series": _few(_series, 2),
    }), 2),
    "worth": _few(st.fixed_dictionaries({
        "feature": _name, "loss": _number, "low": _number, "high": _number, "microseconds": _number,
    })),
    "experiments": _few(st.fixed_dictionaries({
        "name": _name, "base": _name, "metric": _name, "value": _number, "difference": _maybe, "low": _maybe,
        "high": _maybe, "verdict": st.none(), "changed": _name, "note": _name, "is_candidate": st.booleans(),
    }), 3),
    "lineage": _few(_change, 2), "timings": _few(_change, 2),
}).map(Findings.model_validate)  # fmt: skip
"""Any document that the schema allows, with short lists."""


def everywhere(text: str) -> Findings:
    """Return a document of the usual size with one text in every place that takes any text."""
    return Findings.model_validate(_replaced(examples.failing().model_dump(), text))


def _replaced(part: Any, text: str) -> Any:
    if isinstance(part, dict):
        kept = {"verdict", "task", "digest", "commit", "conclusion", "group", "cluster"} | (
            {"name"} if "series" in part else set()
        )
        return {key: value if key in kept else _replaced(value, text) for key, value in part.items()}
    if isinstance(part, list):
        return [_replaced(value, text) for value in part]
    return text[:120] if isinstance(part, str) else part


def largest(pattern: str) -> Findings:
    """Return the largest document that the schema allows, every text made of a pattern."""
    name, sentence, number = (pattern * 120)[:120], (pattern * 600)[:600], -1.234567e-300
    model = {"version": name, "digest": "a" * 64, "commit": "b" * 64, "type": name, "train": name, "test": name}
    change = {"key": name, "before": sentence, "after": sentence}
    points = [{"x": float(index), "y": -1234567.8 - index % 7} for index in range(400)]
    series = [{"name": name, "points": points}] * 6
    kinds = ("learning", "residuals", "calibration", "staleness") * 2
    check = {"name": name, "group": "compatibility", "observed": sentence, "limit": sentence, "reason": sentence}
    part = {"column": name, "value": name, "rows": 10**15, "thin": True, "candidate": number, "other": 9_999_999.0}
    return Findings.model_validate({
        "format": 1, "verdict": "fail", "headline": sentence, "task": "classification", "first_release": False,
        "candidate": {**model, "size_bytes": 10**15}, "production": {**model, "size_bytes": 10**15},
        "comparison": {
            "metric": name, "compared": name, "unit": name, "other": name, "conclusion": "cannot tell",
            "difference": -1e300,
            "low": -1e300, "high": 1e300, "margin": 1e300, "confidence": 0.001, "rows": 10**15, "days": 10**15,
            "identical": False,
        },
        "metrics": [{"name": name, "unit": name, "candidate": number, "other": -9_999_999.0, "baseline": number}] * 20,
        "checks": [check | {"verdict": verdict} for verdict in ["fail"] * 98 + ["cannot tell", "warn"]],
        "slices": [part | {"difference": -1e300, "low": -1e300, "high": 1e300, "bias": number}] * 500,
        "threshold": sentence, "classes": [
            {"name": name, "rows": 10**15, "said": 10**15, "precision": number, "recall": number, "f1": number,
             "roc_auc": number, "average_precision": number}
        ] * 100,
        "confusion": {"classes": [name] * 20, "rows": [[10**15] * 20] * 20},
        "parameters": [change] * 200, "features_added": [name] * 500, "features_removed": [name] * 500,
        "code": [name] * 500, "data": [change] * 50, "skew": [{"column": name, "index": number}] * 500,
        "plots": [{"name": kind, "x": name, "y": name, "series": series} for kind in kinds],
        "worth": [{"feature": name, "loss": 1e300, "low": -1e300, "high": 1e300, "microseconds": number}] * 500,
        "experiments": [
            {"name": name, "base": name, "metric": name, "value": number, "difference": number, "low": number,
             "high": number, "verdict": "cannot tell", "changed": sentence, "note": sentence, "is_candidate": True}
        ] * 30,
        "lineage": [change] * 50, "timings": [change] * 50,
    })  # fmt: skip
