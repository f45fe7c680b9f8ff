"""What the gate tells a person to do next."""

from typing import Any

import numpy as np
import pytest

from mainline.gate import next_steps
from mainline.gate.findings import Change, Check, Findings
from mainline.gate.scores import Comparison
from mainline.gate.statistics import compare, conclude
from mainline.model.metrics import scorer
from mainline.report import markdown, page
from tests.mainline.report import examples


def comparison(difference: float, half: float, days: int = 30, margin: float = 0.01) -> Comparison:
    """Return a comparison with a symmetric interval around a difference."""
    found = examples.failing().comparison
    return found.model_copy(
        update={
            "conclusion": "cannot tell", "difference": difference, "low": difference - half, "high": difference + half,
            "days": days, "rows": 1000 * days, "margin": margin,
        }
    )  # fmt: skip


def unclear(**update: Any) -> Findings:
    """Return findings that cannot tell whether the candidate is worse."""
    check = Check(name="against production", group="quality", verdict="cannot tell", observed="", limit="", reason="")
    given = {"verdict": "cannot tell", "comparison": comparison(0.0, 0.02), "checks": [check], **update}
    return examples.failing().model_copy(update=given)


def changed(*keys: str) -> dict[str, Any]:
    """Return what a candidate differs in: parameters alone."""
    parameters = [Change(key=key, before="1", after="2") for key in keys]
    return {"parameters": parameters, "features_added": [], "features_removed": [], "code": [], "data": []}


def said(findings: Findings) -> str:
    """Return all steps as one text."""
    return "\n".join(f"{step.text} {step.command}" for step in next_steps.of(findings))


@pytest.mark.parametrize(
    ("difference", "half", "days"),
    [
        (0.0, 0.02, 120),  # no worse, once the half of 2 % is 1 %
        (0.005, 0.015, 270),  # both ways need 9 times as much
        (0.02, 0.03, 67.5),  # worse, once 3 % is 2 %
        (-0.01, 0.04, 120),
        (0.01, 0.02, 120),  # at the margin itself it is never no worse
        (0.002, 0.02, 187.5),  # no worse after 6.25 times as much, long before worse after 100 times
        (0.008, 0.02, 187.5),  # the other way round
    ],
)
def test_missing_days_follow_from_width_and_margin(difference: float, half: float, days: float) -> None:
    """The interval narrows with the root of the days, until it ends within the margin or begins above zero."""
    assert next_steps.needed(comparison(difference, half)) == pytest.approx(days)


@pytest.mark.parametrize("update", [{"low": None}, {"high": None}, {"difference": None}, {"conclusion": "worse"}])
def test_nothing_is_guessed_without_an_interval(update: dict[str, Any]) -> None:
    """Where there is no interval, or a conclusion already, no number of days is named."""
    assert next_steps.needed(comparison(0.0, 0.02).model_copy(update=update)) is None


def test_no_difference_is_never_decided_without_a_margin() -> None:
    """With a margin of nothing, neither end of an interval around nothing ever tells."""
    assert next_steps.needed(comparison(0.0, 0.02, margin=0.0)) is None


def test_so_many_days_do_tell() -> None:
    """On simulated days the promised number suffices: the same difference on so many days has a conclusion."""
    random = np.random.default_rng(3)

    def found(days: int) -> tuple[Any, str]:
        day = np.repeat(np.arange(days), 40)
        other = random.normal(0, 1, days * 40)
        candidate = other + random.normal(0, 0.35, days * 40)
        candidate *= np.sqrt(np.mean(other**2) / np.mean(candidate**2))  # as good on the whole, not on each day
        difference = compare(scorer("regression").primary, np.zeros(len(day)), candidate, other, day, 0.95)
        return difference, conclude(difference, 0.01)

    few, conclusion = found(20)
    assert conclusion == "cannot tell"
    days = next_steps.needed(
        comparison(few.estimate, 0, 20).model_copy(update={"low": few.low, "high": few.high, "days": 20})
    )
    assert days is not None
    assert found(int(days * 1.5))[1] == "no worse"


def test_cannot_tell_names_what_is_missing() -> None:
    """The number of days and of rows that are missing is said, if it is worth waiting for; without time, of rows."""
    assert "about 90 more days of test rows (90,000 rows) tell" in said(unclear())
    timeless = unclear(comparison=unclear().comparison.model_copy(update={"cluster": "group of rows"}))
    assert "about 90,000 more test rows tell" in said(timeless)
    assert "Widen split.test, or add rows to the data." in said(timeless)
    assert "about 38 more days" in said(unclear(comparison=comparison(0.02, 0.03)))  # 67.5 days are 68
    uneven = comparison(0.0, 0.02).model_copy(update={"rows": 30_017})
    assert "(90,100 rows) tell" in said(unclear(comparison=uneven))
    endless = unclear(comparison=comparison(0.0099, 0.2))
    assert "More than 100 times the 30 days" in said(endless)


@pytest.mark.parametrize(("difference", "margin"), [(1e-200, 0.0), (0.0, 1e-200), (1e-320, 0.0)])
def test_a_difference_next_to_nothing_is_never_decided(difference: float, margin: float) -> None:
    """Where the days that are missing are more than a number can hold, data will not decide."""
    close = comparison(difference, 1.0, margin=margin)
    assert "data will not decide it" in said(unclear(comparison=close))


def test_the_only_change_is_what_did_it() -> None:
    """One change is named as the reason; of several it is said how the one is found; none is none."""
    assert "Only one thing differs from production, seed 1 to 2" in said(unclear(**changed("seed")))
    assert "2 things differ from production: seed 1 to 2, window 1 to 2." in said(unclear(**changed("seed", "window")))
    several = "a 1 to 2, b 1 to 2, c 1 to 2, d 1 to 2"
    for keys, more in (("abcd", ""), ("abcde", " and 1 more"), ("abcdef", " and 2 more")):
        told = f"{several}{more}. Take them back one at a time, and compare: ./mainline try"
        assert told in said(unclear(**changed(*keys)))
    assert "Nothing that is declared differs" in said(unclear(**changed()))


@pytest.mark.parametrize(
    ("update", "named"),
    [
        ({"code": ["src/usecase/features.py"]}, "src/usecase/features.py"),
        ({"features_added": ["humid"]}, "the feature humid"),
        ({"features_removed": ["humid"]}, "no feature humid"),
        ({"data": [Change(key="train months", before="1 to 6", after="1 to 7")]}, "train months 1 to 6 to 1 to 7"),
    ],
)
def test_code_features_and_training_data_are_changes(update: dict[str, Any], named: str) -> None:
    """What the model was made from counts as much as a parameter; that it is tested on other rows changes no model."""
    tested = [Change(key="test months", before="8", after="9")]
    data = {"data": [*update.get("data", []), *tested]}
    assert f"Only one thing differs from production, {named}:" in said(unclear(**changed() | update | data))
    assert "Nothing that is declared differs" in said(unclear(**changed() | {"data": tested}))


@pytest.mark.parametrize("verdict", ["fail", "cannot tell"])
@pytest.mark.parametrize("group", ["quality", "slices"])
def test_what_is_worse_or_unclear_has_a_change_to_blame(group: Any, verdict: Any) -> None:
    """Of quality as a whole and of slices, a failure asks for its reason as much as what cannot be told."""
    check = Check(name="checked", group=group, verdict=verdict, observed="", limit="", reason="")
    assert "from production, seed 1 to 2:" in said(unclear(**changed("seed"), checks=[check]))


@pytest.mark.parametrize(("group", "verdict"), [("quality", "warn"), ("integrity", "fail"), ("budgets", "fail")])
def test_other_troubles_have_no_change_to_blame(group: Any, verdict: Any) -> None:
    """A warning, and a failure that is not of quality, are not explained by what differs from production."""
    check = Check(name="checked", group=group, verdict=verdict, observed="", limit="", reason="")
    assert "from production" not in said(unclear(**changed("seed"), checks=[check]))


def test_a_change_that_began_or_ended_is_told_in_a_line() -> None:
    """A key that one side lacks is not set there, and a value as long as a list is cut."""
    keys = [Change(key="a", before="", after="2"), Change(key="b", before="1", after=""),
            Change(key="c", before="1", after="2" * 500)]  # fmt: skip
    told = said(unclear(**changed() | {"parameters": keys}))
    assert "3 things differ from production: a not set to 2, b 1 to not set, c 1 to 2222" in told
    assert "2" * 115 not in told
    data = [Change(key="train rows", before="1", after="2" * 500)]
    assert "2" * 115 not in said(unclear(**changed() | {"data": data}))


def test_steps_stand_in_the_order_in_which_they_are_done() -> None:
    """First what made it worse, then how it becomes known, and what may be accepted last; nothing is an empty step."""
    told = said(unclear(**changed("seed")))
    places = [told.index(part) for part in ("Only one thing differs", "more days of test rows", "./mainline accept")]
    assert places == sorted(places)
    assert all(step.text for step in next_steps.of(unclear(checks=[])))


@pytest.mark.parametrize("update", [{"first_release": True}, {"production": None}], ids=["first", "not to be had"])
def test_without_production_nothing_differs_from_it(update: dict[str, Any]) -> None:
    """A first release, or one whose production cannot be read, has no change that could be to blame."""
    assert "from production" not in said(unclear(**changed("seed"), **update))


def test_what_may_be_accepted_is_said_with_its_command() -> None:
    """A failure that a person may accept ends with the command and with who decides; one that nobody may, does not."""
    assert said(unclear()).endswith("./mainline accept 'against production' --reason '...'")
    assert (
        "a person may accept it (it then counts once a reviewer has merged accepted.yaml; engine/docs/gate.md): ./m"
    ) in said(unclear())
    lock = Check(name="lock", group="integrity", verdict="fail", observed="", limit="", reason="Run `make repro`.")
    assert said(unclear(checks=[lock], verdict="fail", comparison=examples.passing().comparison)).startswith(
        "Nobody may accept 'lock'. Run `make repro`."
    )


def test_what_passes_may_be_merged() -> None:
    """A pass and a warning end with the way to production; a warning names what needs a look."""
    assert said(examples.passing()).endswith("./mainline promote")
    assert "Look at" not in said(examples.passing())
    passed = Check(name="lock", group="integrity", verdict="pass", observed="", limit="", reason="")
    warned = Check(name="skew", group="data", verdict="warn", observed="", limit="", reason="")
    assert said(examples.passing().model_copy(update={"verdict": "warn", "checks": [passed, warned]})).startswith(
        "Look at skew:"
    )


@pytest.mark.parametrize("findings", [examples.passing(), examples.failing(), examples.first(), unclear()])
def test_comment_and_page_say_what_to_do_next(findings: Findings) -> None:
    """Both reports have the steps, each command as code."""
    (*_, step) = next_steps.of(findings)
    assert "#### What to do next" in markdown.render(findings)
    assert "<h2>What to do next</h2>" in page.render(findings)
    assert step.command.split(" --reason")[0] in markdown.render(findings)
