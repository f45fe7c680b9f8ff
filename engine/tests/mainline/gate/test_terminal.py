"""What the gate says on a terminal."""

import pytest

from mainline.gate import decisions
from mainline.gate.findings import Check, Findings
from mainline.gate.terminal import render
from tests.mainline.report import examples, hostile


def test_what_did_not_pass_stands_last_with_its_reason() -> None:
    """Passes come first; then what could be looked at, what could not be told and failures, nearest the conclusion."""
    lines = render(examples.failing()).splitlines()
    marks = [line.split()[0] for line in lines if line.startswith("  ") and line[2:6].strip()]
    assert marks == ["pass"] * 15 + ["????"] + ["FAIL"] * 2
    failed = next(number for number, line in enumerate(lines) if line.startswith("  FAIL  against production"))
    assert lines[failed].endswith("  up to 1.0% worse")
    assert lines[failed + 1].strip() == "rmse against production v1.3.0: worse."


@pytest.mark.parametrize(
    "findings", [examples.passing(), examples.failing(), hostile.largest("W "), hostile.largest("@")]
)
def test_every_line_fits_a_terminal(findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than 100 columns, whatever the texts are."""
    monkeypatch.setenv("COLUMNS", "100")
    assert max(map(len, render(findings).splitlines())) <= 100


def test_what_nobody_may_accept_is_said_by_the_last_line_alone() -> None:
    """Its reason stands at its check, and what to do in the line with which the command ends; not a third time."""
    reason = "Run `make repro`."
    lock = Check(name="lock", group="integrity", verdict="fail", observed="", limit="", reason=reason)
    findings = examples.failing().model_copy(update={"checks": [lock]})
    assert "Nobody may accept 'lock'" in decisions.next_step(findings.checks)
    assert render(findings).count(reason) == 1
    assert "Nobody may accept" not in render(findings)


def test_texts_from_data_cannot_steer_the_terminal() -> None:
    """An escape sequence in the name of a segment is shown, not obeyed; colours are only ours."""
    said = render(hostile.everywhere("\x1b[2J"))
    assert "\x1b" not in said
    coloured = render(examples.failing(), colour=True)
    assert coloured.count("\x1b[1;31mFAIL\x1b[0m") == 2
