"""The sentence of a look: it claims no more than somebody has asked for."""

import pytest

from mainline.declared.monitoring import Severities
from mainline.documents import Verdict
from mainline.gate.findings import Check
from mainline.monitoring import estimate, promise, result, sections, verdict, wording
from mainline.monitoring.result import Alarm
from mainline.report import markdown
from tests.mainline.monitoring import looks

LOG = Check(name="log", group="integrity", verdict="pass", observed="", limit="", reason="Nothing is missing.")


def sentence(outcome: Verdict, today: str) -> str:
    """Return the sentence of two versions; the newer one answered last, on 7 October."""
    older = looks.version("v1.0.0", skill=outcome).model_copy(update={"last": "2013-10-03"})
    return verdict.headline(
        outcome, "production", LOG, [older, looks.version("v1.1.0", skill=outcome)], today, Severities()
    )


@pytest.mark.parametrize("outcome", ["pass", "warn"])
@pytest.mark.parametrize(("today", "days"), [("2013-10-09", "1 whole day"), ("2013-10-17", "9 whole days")])
def test_days_without_traffic_are_part_of_the_sentence(outcome: Verdict, today: str, days: str) -> None:
    """Quiet is not proof of health if nobody asks: the sentence says since when, and on how many days."""
    said = sentence(outcome, today)
    assert said.startswith("Production is as it was tested")
    assert said.endswith(f"; nobody was answered since 2013-10-07, for {days}.")


@pytest.mark.parametrize("outcome", ["fail", "cannot tell"])
def test_silence_is_part_of_what_is_wrong(outcome: Verdict) -> None:
    """An alarm, and what nobody can tell, is of the last traffic: the sentence says how long ago that was."""
    assert sentence(outcome, "2013-10-09").endswith("; nobody was answered since 2013-10-07, for 1 whole day.")
    assert "nobody was answered" not in sentence(outcome, "2013-10-08")


def test_what_nobody_can_tell_is_named_by_what_would_be_an_alarm() -> None:
    """Drift that cannot be compared is only reported, so it is not why nobody can tell, and is not counted."""
    older = looks.version("v1.0.0", drift_of_features="cannot tell")
    newer = looks.version("v1.1.0", skill="cannot tell", bias="cannot tell", drift_of_features="cannot tell")
    said = verdict.headline("cannot tell", "production", LOG, [older, newer], "2013-10-08", Severities())
    assert "v1.1.0: skill (1 more): skill: look there." in said


def test_version_that_was_replaced_is_not_what_the_sentence_is_about() -> None:
    """After a rollback nobody waits for labels of the version that went: what answers now is told."""
    gone = looks.version("v1.1.0", skill="cannot tell").model_copy(update={"last": "2013-10-05"})
    versions = [looks.version("v1.0.0", skill="fail"), gone]
    said = verdict.headline("fail", "production", LOG, versions, "2013-10-08", Severities())
    assert "v1.1.0" not in said
    assert result.answering(versions) == versions[:1]
    (section, replaced) = (part for part in sections.describe(looks.look("2013-10-08", *versions)).sections
                           if part.name == "checks")  # fmt: skip
    assert "replaced" not in str(section)
    assert "It was replaced, so no check of it is an alarm any more." in str(replaced)
    titles = [title for title, _ in wording.tables(looks.look("2013-10-08", *versions))]
    assert titles == ["The log", "v1.0.0", "v1.1.0, which was replaced"]


@pytest.mark.parametrize("today", ["2013-10-07", "2013-10-08"])
def test_day_that_is_not_over_is_not_silence(today: str) -> None:
    """On the day of the last traffic, and on the next one, nothing is said of silence."""
    assert sentence("pass", today).endswith("v1.1.0 answered 1,000 rows, 2013-10-01 to 2013-10-07.")


TROUBLE = {"warn": "2 lines that no service writes, kept out of all counts.", "cannot tell": "1 never rolled up."}


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("warn", "Production is as it was tested, but look at the log: "),
        ("cannot tell", "Nobody can tell whether production is as it was tested: part of the prediction log is lost "),
    ],
)
def test_trouble_of_the_log_is_said_with_what_it_means_for_production(outcome: Verdict, said: str) -> None:
    """A line that is kept out is not a lost log, and the sentence begins with what a manager asks."""
    log = LOG.model_copy(update={"verdict": outcome, "reason": TROUBLE[outcome]})
    found = verdict.headline(
        outcome, "production", log, [looks.version("v1.0.0", skill="pass")], "2013-10-08", Severities()
    )
    assert found.startswith(said)
    assert found.endswith(TROUBLE[outcome])


def test_lost_log_is_why_nothing_can_be_told_of_its_versions() -> None:
    """If days of a log are gone, versions lack labels and rows: the sentence begins with the cause."""
    log = LOG.model_copy(update={"verdict": "cannot tell", "reason": TROUBLE["cannot tell"]})
    versions = [looks.version("v1.0.0", skill="cannot tell")]
    said = verdict.headline("cannot tell", "production", log, versions, "2013-10-08", Severities())
    assert "part of the prediction log is lost or waits. 1 never rolled up." in said


def test_trouble_of_the_log_is_not_hidden_by_that_of_a_version() -> None:
    """Both are to be looked at, so the sentence names both."""
    log = LOG.model_copy(update={"verdict": "warn", "reason": TROUBLE["warn"]})
    said = verdict.headline(
        "warn", "production", log, [looks.version("v1.0.0", skill="warn")], "2013-10-08", Severities()
    )
    assert said.startswith("Production is as it was tested, but look at the log, and at v1.0.0: skill: ")


def test_alarm_is_said_in_words_before_it_is_in_figures() -> None:
    """Who knows no check reads what is wrong; each other check that fails follows, of another version with its name."""
    versions = [looks.version("v1.0.0", skill="fail", bias="fail"), looks.version("v1.1.0", missing_values="fail")]
    said = verdict.headline("fail", "production", LOG, versions, "2013-10-08", Severities())
    assert said == (
        "Alarm in production: v1.0.0 errs more than it should (skill: 3.0%; the limit is 1.0%); "
        "also bias: 3.0%, v1.1.0: missing values: 3.0%."
    )


def test_every_check_that_can_fail_has_plain_words() -> None:
    """No alarm falls back to words that say nothing."""
    others = {promise.CHECK, estimate.CHECK}
    assert {name for name in verdict.KINDS.keys() - others if wording.plain(name) == wording.plain("no check")} == set()


def test_cost_of_an_alarm_is_what_came_true_beside_what_was_promised() -> None:
    """Who decides whether it is worth a night's work reads what is lost, and not what the alarm says once more."""
    version = looks.version(skill="fail", holdout_against_production="pass")
    alarm = Alarm(version="v1.0.0", digest=version.digest, check="skill", opened="2013-10-07T12:00:00Z",
                  observed="3.0%", limit="1.0%", reason="Retrain.")  # fmt: skip
    said = markdown.write(sections.of_alarm(looks.look("2013-10-07", version), alarm))
    assert "What it costs: 3.0%; 1.0%. holdout against production: look there." in said
    assert "`v1.0.0` in production errs more than it should: 3.0%" in said


def test_issue_says_how_it_is_now_beside_how_it_was_when_it_opened() -> None:
    """An alarm that grows is as large as at the last look, in the heading too; its first figure stays to be read."""
    version = looks.version(skill="fail")
    alarm = Alarm(version="v1.0.0", digest=version.digest, check="skill", opened="2013-10-05T12:00:00Z",
                  observed="1.1%", limit="1.0%", reason="It was small.")  # fmt: skip
    said = markdown.write(sections.of_alarm(looks.look("2013-10-07", version), alarm))
    assert "Observed: 3.0%; limit: 1.0%; when it opened: 1.1%" in said
    assert "What to do: skill: look there." in said
    assert "errs more than it should: 3.0%" in said
    passes = looks.version(skill="pass")
    later = markdown.write(sections.of_alarm(looks.look("2013-10-08", passes), alarm))
    assert "Observed: 1.1%; limit: 1.0%\n" in later
