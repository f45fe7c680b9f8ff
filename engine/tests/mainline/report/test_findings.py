"""What the report takes in: the gate's document, and nothing that only looks like it."""

import json
from pathlib import Path
from typing import Any

import pytest

from mainline.gate import findings
from mainline.gate.findings import FindingsError
from tests.mainline.report import examples
from tests.project import ROOT

SECRET = "PRIVATE-" + "x" * 30
COMPARISON, CANDIDATE = examples.passing().comparison.model_dump(), examples.passing().candidate.model_dump()


def document(**changed: Any) -> bytes:
    """Return the document of a good candidate with some fields replaced."""
    return json.dumps(json.loads(examples.passing().model_dump_json()) | changed).encode()


def test_document_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Writing and reading are inverse."""
    findings.write(examples.failing(), tmp_path / "gate.json")
    assert findings.read((tmp_path / "gate.json").read_bytes()) == examples.failing()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b" " * (findings.MAX_BYTES + 1), r"are 1,000,001 bytes, allowed are 1,000,000\."),
        (b"", r"document: json_invalid\."),
        (b"{" + SECRET.encode(), r"document: json_invalid\."),
        (b"\xff\xfe", r"document: json_invalid\."),
        (b"[" * 100_000, r"document: json_invalid\."),
        (b"[]", r"document: model_type\."),
        (document(**{SECRET: 1}), r"schema: document: extra_forbidden\."),
        (document(production={SECRET: 1}), r"schema: production\."),
        (document(verdict=SECRET), r"verdict: literal_error\."),
        (document(headline=SECRET * 100), r"headline: string_too_long\."),
        (document(headline=7), r"headline: string_type\."),
        (document(format="1"), r"format: literal_error\."),
        (document(checks=[{}] * 101), r"checks"),
        (document(confusion={"classes": ["a", "b"], "rows": [[1, 2], [3]]}), r"confusion: value_error\."),
        (document(metrics=[{"name": SECRET}]), r"metrics\.0\.unit: missing\."),
        (document(skew=[{"column": SECRET, "index": float("nan")}]), r"skew\.0\.index: finite_number\."),
        (document(skew=[{"column": SECRET, "index": float("inf")}]), r"skew\.0\.index: finite_number\."),
        (document(skew=[{"column": SECRET, "index": "1.0"}]), r"skew\.0\.index: float_type\."),
        (document(skew=[{"column": SECRET, "index": 10**400}]), r"skew\.0\.index"),
        (document(comparison=COMPARISON | {"rows": -1}), r"comparison\.rows: greater_than_equal\."),
        (document(comparison=COMPARISON | {"confidence": -1e9}), r"comparison\.confidence: greater_than\."),
        (document(comparison=COMPARISON | {"rows": 10**16}), r"comparison\.rows: less_than_equal\."),
        (document(candidate=CANDIDATE | {"commit": "main"}), r"candidate\.commit: string_pattern_mismatch\."),
        (document(candidate=CANDIDATE | {"commit": "4b825dc\n"}), r"candidate\.commit: string_pattern_mismatch\."),
        (document().replace(b"rmse", b"\\ud800"), r"json_invalid\."),
    ],
)  # fmt: skip
def test_anything_else_is_refused_in_one_line(content: bytes, problem: str) -> None:
    """The line names the place and the kind of problem, and repeats nothing of the content."""
    with pytest.raises(FindingsError, match=problem) as caught:
        findings.read(content)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 160
    assert "PRIVATE" not in str(caught.value)


def test_published_schema_is_the_models() -> None:
    """`engine/docs/gate.schema.json` is what `findings.schema()` gives."""
    published = (ROOT / "engine/docs/gate.schema.json").read_text(encoding="utf-8")
    assert published == json.dumps(findings.schema(), indent=2) + "\n"
