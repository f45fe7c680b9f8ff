"""A person's decision about one candidate: named checks, with a reason, and nothing else."""

from pathlib import Path

import pytest

from mainline.documents import Verdict
from mainline.errors import MainlineError
from mainline.gate import decisions, description, findings, verdict
from mainline.gate.decisions import Decision
from mainline.gate.findings import Check
from tests.door import typed
from tests.mainline.gate import samples
from tests.mainline.report import examples

CANDIDATE, OTHER = "d" * 64, "e" * 64


def check(name: str, said: Verdict) -> Check:
    """A check with a verdict."""
    return Check(name=name, group="quality", verdict=said, observed="x", limit="y", reason="because")


CHECKS = [
    check("lock", "pass"),
    check("against production", "cannot tell"),
    check("schema", "fail"),
    check("bias", "pass"),
]


def decision(*names: str, digest: str = CANDIDATE, reason: str = "Hours now") -> Decision:
    """Ada accepts checks."""
    return Decision(digest=digest, checks=names, reason=reason, by="Ada")


def test_what_is_accepted_warns_and_says_who_and_why() -> None:
    """The verdict that it had, the person and the reason stay visible; what nobody named stays as it is."""
    found, accepted = decisions.apply(CHECKS, [decision("against production")])
    assert [each.verdict for each in found] == ["pass", "warn", "fail", "pass"]
    assert found[1].reason == "Accepted by Ada (cannot tell): Hours now | because"
    assert [(each.check, each.verdict, each.by) for each in accepted] == [("against production", "cannot tell", "Ada")]
    assert verdict.overall(found) == "fail"
    found, accepted = decisions.apply(CHECKS, [decision("against production", "schema")])
    assert verdict.overall(found) == "warn"
    compared = description._comparison(samples.equal(), samples.shipped())
    said = description.headline("warn", compared, found, accepted)
    assert said.endswith("; Ada accepted: against production, schema; it may be released.")


def test_what_passed_needs_no_acceptance() -> None:
    """A named check that passes by now is a pass."""
    found, accepted = decisions.apply(CHECKS, [decision("bias")])
    assert (found, accepted) == (CHECKS, [])


@pytest.mark.parametrize("name", decisions.NEVER)
def test_integrity_is_never_accepted(name: str) -> None:
    """A model that is not what the lock names, predicts no numbers, or is taken by no server stays refused."""
    with pytest.raises(MainlineError, match=f"nobody may accept '{name}'"):
        decisions.apply([*CHECKS, check(name, "fail")], [decision(name)])
    assert "mainline accept" not in decisions.next_step([check("schema", "fail"), check(name, "fail")])


def test_a_check_that_there_is_not_is_named() -> None:
    """A misspelt name accepts nothing in silence."""
    with pytest.raises(MainlineError, match=r"'shema' is not a check of the gate; did you mean 'schema'\?"):
        decisions.apply(CHECKS, [decision("shema")])


def test_next_step_is_a_decision_or_a_repair() -> None:
    """What can be accepted is named with the command; what nobody may accept, with what mends it."""
    stopping = check("schema", "fail")
    assert decisions.next_step([check("bias", "pass"), stopping]) == (
        "If it is right all the same, a person may accept it: `./mainline accept schema --reason '...'`; "
        "engine/docs/gate.md."
    )
    mend = check("lock", "fail").model_copy(update={"reason": "Run `make repro`."})
    assert decisions.next_step([stopping, mend]) == "Nobody may accept 'lock'. Run `make repro`."
    assert decisions.next_step([check("bias", "warn")]) == ""


def test_a_decision_ends_with_its_candidate(tmp_path: Path) -> None:
    """Another package, by one bit, is another candidate; a new decision leaves only those about its own."""
    file = tmp_path / "accepted.yaml"
    decisions.write(decision("schema"), file)
    assert decisions.load(OTHER, file) == []
    decisions.write(decision("bias", digest=OTHER), file)
    assert decisions.load(CANDIDATE, file) == []
    decisions.write(decision("schema", digest=OTHER), file)
    decisions.write(decision("schema", digest=OTHER, reason="Better said"), file)
    assert [(each.checks, each.reason) for each in decisions.load(OTHER, file)] == [
        (("bias",), "Hours now"), (("schema",), "Better said"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accepted: [{digest: abc, checks: [bias], reason: a, by: b}]", "accepted.0.digest: is 'abc'"),
        (f"accepted: [{{digest: {CANDIDATE}, checks: [], reason: a, by: b}}]", "accepted.0.checks: "),
        (f'accepted: [{{digest: {CANDIDATE}, checks: [bias], reason: "a\\nb", by: b}}]', "accepted.0.reason: "),
        (f"accepted: [{{digest: {CANDIDATE}, checks: [bias], reason: a}}]", "accepted.0.by: is missing"),
        ("acepted: []", "is not a known key|is missing"),
    ],
    ids=["digest", "no check", "two lines", "nobody", "key"],
)
def test_a_file_that_says_less_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Digest, checks, reason and person are all asked for, each in one line."""
    (tmp_path / "accepted.yaml").write_text(text)
    with pytest.raises(MainlineError, match=said):
        decisions.load(CANDIDATE, tmp_path / "accepted.yaml")


def test_the_command_names_everything_in_the_way() -> None:
    """What a refusal prints can be run as it stands."""
    assert "`./mainline accept 'against production' schema --reason '...'`" in decisions.next_step(CHECKS)


def test_accept_writes_what_the_gate_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest is that of the candidate that was looked at, the person is git's."""
    monkeypatch.chdir(tmp_path)
    for name, value in (("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "user.name"), ("GIT_CONFIG_VALUE_0", "Ada")):
        monkeypatch.setenv(name, value)
    with pytest.raises(MainlineError, match=r"gate.json is missing, so there is nothing to accept. Run `make gate`"):
        typed("accept", "schema", "--reason", "Hours now")
    found = examples.failing()
    found = found.model_copy(update={"candidate": found.candidate.model_copy(update={"digest": CANDIDATE})})
    findings.write(found, findings.FILE)
    stopping = [each.name for each in found.checks if each.verdict == "fail"]
    passed = next(each.name for each in found.checks if each.verdict == "pass" and each.name not in decisions.NEVER)
    with pytest.raises(MainlineError, match=f"'{passed}' passes, so there is nothing to accept.*; the gate names: "):
        typed("accept", *stopping, passed, "--reason", "Hours now")
    assert not decisions.FILE.exists()
    with pytest.raises(MainlineError, match="--reason is empty"):
        typed("accept", *stopping, "--reason", " ")
    assert "pull request: it counts once it is merged" in typed("accept", *stopping, "--reason", "Hours now")
    (written,) = decisions.load(CANDIDATE)
    assert (list(written.checks), written.reason, written.by) == (stopping, "Hours now", "Ada")
