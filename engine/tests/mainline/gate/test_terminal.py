"""What the gate says on a terminal."""

import pytest

from mainline.documents import Verdict
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


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize(
    "findings", [examples.passing(), examples.failing(), hostile.largest("W "), hostile.largest("@")]
)
def test_every_line_fits_a_narrow_terminal(findings: Findings, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty columns suffice, whatever the texts are."""
    monkeypatch.setenv("COLUMNS", columns)
    assert max(map(len, render(findings).splitlines())) <= int(columns)


def test_a_limit_is_broken_below_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit beside name and observation goes on in the column of the limits."""
    monkeypatch.setenv("COLUMNS", "66")
    check = Check(
        name="lock", group="integrity", verdict="pass", observed="true", limit="never changed " * 5, reason=""
    )
    title, first, more, *_ = render(examples.passing().model_copy(update={"checks": [check]})).splitlines()[1:]
    place = title.index("limit")
    assert first[place:].startswith("never changed")
    assert more == " " * place + more[place:].strip()
    assert more.strip().startswith(("never", "changed"))


@pytest.mark.parametrize(("verdict", "below"), [("pass", []), ("fail", ["Look at it."])])
def test_a_limit_is_never_beside_the_rest_of_a_long_observation(
    verdict: Verdict, below: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An observation that takes more than a line goes on below itself, and the limit has a line of its own."""
    monkeypatch.setenv("COLUMNS", "100")
    check = Check(name="unseen values", group="data", verdict=verdict, observed=", ".join(["carrier: 3.0%"] * 7),
                  limit="1.0%", reason="Look at it.")  # fmt: skip
    lines = render(examples.failing().model_copy(update={"checks": [check]})).splitlines()
    first = next(number for number, line in enumerate(lines) if "unseen values" in line)
    place = lines[first].index("carrier")
    assert lines[first + 1].index("carrier") == place
    assert [line.strip() for line in lines[first + 2 : first + 3 + len(below)]] == ["Limit: 1.0%", *below]


def test_a_narrow_terminal_has_the_limits_of_what_did_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no column is left for limits, a check that passed has none, and any other has its own in its reason."""
    monkeypatch.setenv("COLUMNS", "60")
    cells: tuple[tuple[Verdict, str], ...] = ("pass", "of the first"), ("fail", "of the second")
    checks = [
        Check(name="a" * 20, group="data", verdict=verdict, observed="b" * 20, limit=limit, reason="Look at it.")
        for verdict, limit in cells
    ]
    lines = render(examples.failing().model_copy(update={"checks": checks})).splitlines()
    assert lines[1].split() == ["check", "observed"]
    assert "of the first" not in "\n".join(lines)
    place = next(number for number, line in enumerate(lines) if "FAIL" in line)
    assert [line.strip() for line in lines[place + 1 : place + 3]] == ["Limit: of the second", "Look at it."]


@pytest.mark.parametrize(("findings", "told"), [(examples.passing(), True), (examples.failing(), False)])
def test_what_is_not_committed_is_committed_first(findings: Findings, told: bool) -> None:
    """A pull request has what is committed, so a candidate that may be merged is committed before."""
    step = "Commit it first: a pull request has what is committed. `git add --all && git commit`"
    assert (step in render(findings, is_committed=False)) == told
    assert step not in render(findings)
    if told:
        said = render(findings, is_committed=False)
        assert said.index(step) < said.index("It may be merged")
