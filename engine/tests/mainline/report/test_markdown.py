"""The comment on a pull request."""

import re

import pytest
from hypothesis import HealthCheck, given, settings

from mainline.gate.findings import Findings
from mainline.gate.scores import Confusion
from mainline.report import markdown, shortening
from mainline.report.figures import percent
from mainline.report.sections import describe
from mainline.score import section
from tests.mainline.report import examples, hostile, reading

ORDER = [
    "Metrics", "What changed", "Classes", "Slices that moved most", "Checks of the gate", "What to do next",
    "Plots and features", "Lineage", "Reproduce",
]  # fmt: skip
PATTERNS = ["W", "@ ", "1 @ ", "`", "|", "<", "\U0001d54f", "\U0001d54f a ", "</details>", "\u202e"]


FOLDED = re.compile(r"^<details>$.*?^</details>$", flags=re.DOTALL | re.MULTILINE)


def folded(text: str) -> str:
    """Return what is hidden until a click."""
    return "".join(FOLDED.findall(text))


@pytest.mark.parametrize(
    ("findings", "start"),
    [
        (examples.passing(), "### ✅ Pass: Better than production by 2.5% (rmse 14.23 against 14.60 minutes)\n"),
        (examples.warning(), "### ⚠️ Warning: Better than production by 2.5%, but 2 features moved"),
        (examples.failing(), "### ❌ Fail: Worse than production by 6.2%"),
        (examples.passing(verdict="cannot tell"), "### ❔ Cannot tell: "),
    ],
)
def test_verdict_is_the_first_line(findings: Findings, start: str) -> None:
    """The first line is the verdict and what it means, in words."""
    assert markdown.render(findings).startswith(start)


@pytest.mark.parametrize("findings", [examples.passing(), examples.warning(), examples.failing()])
def test_sections_come_in_the_order_of_reading(findings: Findings) -> None:
    """Quality comes first, then its reasons, then what is looked up."""
    classes = ["Classes"] if findings.classes or findings.confusion else []
    assert reading.headings(markdown.render(findings)) == [*ORDER[:2], *classes, *ORDER[3:]]


def test_primary_metric_has_its_interval() -> None:
    """The primary metric is first and marked, with difference and interval; its table fits a phone."""
    lines = markdown.render(examples.passing()).replace("\u00a0", " ").splitlines()
    assert "| metric | candidate | production | difference | 95 % interval |" in lines
    row = "| **`rmse`** minutes (primary) | **14.23** | **14.60** | **−2.5 % 🟢** | −3.6 to −1.5 % |"  # noqa: RUF001
    assert lines[lines.index("| metric | candidate | production | difference | 95 % interval |") + 2] == row


def test_first_release_is_compared_with_the_baseline() -> None:
    """Without production the columns name the baseline, and nothing claims to have changed."""
    text = markdown.render(examples.first())
    assert "| metric | candidate | baseline | difference |" in text
    assert "against the baseline: a first release" in text
    assert "production" not in text.split("#### Lineage")[0].split("#### Checks")[0].replace("than production", "")


def test_what_did_not_pass_is_seen_at_once() -> None:
    """Failures come first, then unknowns and warnings, none of them folded; what passed is folded."""
    warned = [check.model_dump() for check in (examples.warning().checks[0], *reversed(examples.failing().checks))]
    text = markdown.render(examples.passing(verdict="fail", checks=warned))
    visible = FOLDED.sub("", text)
    assert re.findall(r"^- (\S+) \*\*(.*?)\*\*", visible, flags=re.MULTILINE) == [
        ("❌", "slices against production"), ("❌", "against production"), ("❔", "memory"), ("⚠️", "skew"),
    ]  # fmt: skip
    assert folded(text).count("- ✅ ") == 15
    assert "2 failed, 1 cannot be told, 1 warn, 15 passed." in visible


def test_check_says_what_was_observed_what_is_allowed_and_why() -> None:
    """One entry answers all three."""
    entry = "- ❔ **memory** (budgets): not measured; limit: 1.5x<br>The cost could not be measured."
    assert entry in markdown.render(examples.failing()).splitlines()


def test_thin_slices_are_marked_and_last() -> None:
    """A slice of 25 flights that moved by 16 % is not shown before sound ones; in the full table it is marked."""
    text = markdown.render(examples.passing())
    assert "thin" not in text.split("#### Slices")[1].split("🟢 better")[0]
    assert "| `carrier` `HA` thin | 25 |" in folded(text)
    assert folded(text).index("`hour` `18`") < folded(text).index("`HA`")


def test_marks_by_chance_are_announced_and_thin_slices_have_none() -> None:
    """Of many slices some are surely better or worse by chance alone; 17 flights are never enough to say so."""
    text = markdown.render(examples.passing())
    assert "worse: the whole interval is on that side of zero, as with about 1 of 21 by chance alone." in text
    parts = [part.model_dump() | {"low": 0.1, "high": 0.2, "thin": True} for part in examples.passing().slices]
    slices = markdown.render(examples.passing(slices=parts)).split("#### Slices")[1].split("#### Checks")[0]
    assert slices.count("🔴") == 1  # the legend


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"low": -0.01, "high": 0.03}, "the interval includes zero and ends beyond the margin of 1 %."),
        ({"low": None, "high": None}, "there is no interval."),
    ],
)
def test_what_cannot_be_told_says_why(bounds: dict[str, float | None], said: str) -> None:
    """An interval that is too wide is not the same as none."""
    compared = examples.passing().comparison.model_dump() | {"conclusion": "cannot tell", **bounds}
    text = markdown.render(examples.passing(comparison=compared)).replace("\u00a0", " ")
    assert f"the candidate is **neither shown to be worse nor shown not to be**: {said}" in text


@pytest.mark.parametrize(
    ("look", "shown", "said"),
    [
        (
            3,
            0.0105,
            "can tell an improvement of 1.05 % or more from chance. This is candidate 3 on these test periods.\n",
        ),
        (1, 0.0105, "These 27,010 rows of 30 days can tell an improvement of 1.05 % or more from chance.\n"),
        (3, None, ""),
    ],
)
def test_what_the_holdout_could_have_shown_is_said(look: int, shown: float | None, said: str) -> None:
    """The smallest difference that is more than chance, and how often the test periods were looked at before."""
    compared = examples.passing().comparison.model_dump() | {"look": look, "shown": shown}
    text = markdown.render(examples.passing(comparison=compared)).replace("\u00a0", " ")
    assert said in text if said else "from chance" not in text


def test_production_that_could_not_be_had_is_no_first_release() -> None:
    """Where storage lost production, the baseline is not shown under its name, and nothing claims a first release."""
    metrics = [metric.model_dump() | {"other": None} for metric in examples.passing().metrics]
    text = markdown.render(examples.passing(production=None, metrics=metrics))
    assert "against production whose package could not be had" in text
    assert "| `mae` minutes | 10.27 | – | – | – |" in text  # noqa: RUF001
    assert "first release" not in text


def test_a_candidate_in_no_commit_is_to_be_committed() -> None:
    """Commands that would make another model are not shown."""
    candidate = examples.passing().candidate.model_dump() | {"version": "4b825dc + changes", "commit": None}
    text = markdown.render(examples.passing(candidate=candidate))
    assert "Candidate `4b825dc + changes` against production" in text
    assert "No commit holds this candidate. Commit and push what changed" in text
    assert "git switch --detach origin/BRANCH" in text


def test_plots_are_open_and_everything_long_is_not() -> None:
    """Mermaid measures labels while it draws, so charts are in an open part; tables to look up are closed."""
    text = markdown.render(examples.passing())
    assert text.count("```mermaid") == 4
    assert "```mermaid" not in folded(text)
    for looked_up in (
        "| `temp` | 0.28 |",
        "`dest_gain` | +4.1",
        "git switch --detach 4b825dc",
        "| `train` | `9.8 s` |",
    ):
        assert looked_up in folded(text)


def test_experiments_that_came_with_it_are_shown() -> None:
    """Each experiment has its metric, difference, interval, change and note, and the candidate is marked."""
    text = markdown.render(examples.passing())
    assert "2 experiments came with it" in text
    assert "The candidate is `coarse`." in text
    (row,) = [line for line in text.splitlines() if line.startswith("| `coarse` (candidate)")]
    assert "| 16.26 |" in row
    assert "1.2 to +0.7" in row
    assert "| `max_leaf_nodes 31 -> 15`: smaller trees |" in row
    tried = [one | {"is_candidate": False} for one in examples.passing().model_dump()["experiments"]]
    assert "The candidate is none of these models." in markdown.render(examples.passing(experiments=tried))
    assert "came with it" not in markdown.render(examples.passing(experiments=[]))


def test_nothing_changed_is_said() -> None:
    """A change of tests alone has no differences to list."""
    same = examples.passing(parameters=[], features_added=[], features_removed=[], code=[], data=[])
    assert "Nothing declared: parameters, data, features and code are production's." in markdown.render(same)


def test_identical_predictions_are_said() -> None:
    """Where the candidate predicts what production predicts, that is the conclusion."""
    compared = examples.passing().comparison.model_dump() | {"identical": True}
    assert "**the same as production**: all predictions are identical." in markdown.render(
        examples.passing(comparison=compared)
    )


def test_examples_are_shown_whole() -> None:
    """A real report is far from the limit, so nothing is left out of it."""
    for findings in (examples.passing(), examples.warning(), examples.failing(), examples.first(), examples.several()):
        text = markdown.render(findings)
        assert len(text) < 12_000
        assert "Left out" not in text


@pytest.mark.parametrize("pattern", PATTERNS)
def test_largest_document_fits_a_comment(pattern: str) -> None:
    """Whatever its texts are, what the schema allows fits, with verdict, metrics and each check that did not pass."""
    text = markdown.render(hostile.largest(pattern))
    assert shortening.length(text) <= shortening.ROOM
    assert text.startswith("### ❌ Fail: ")
    assert [text.count(f"\n- {mark} **") for mark in ("❌", "❔", "⚠️")] == [98, 1, 1]
    table = text.split("#### Metrics\n\n")[1].split("\n\n")[0].splitlines()
    assert len(table) == 2 + 20
    assert "it is shortened" not in text
    assert text.splitlines()[-1].startswith(
        "This report is shortened to fit a comment; all of it is in the run's artifact."
    )
    assert reading.strange(text) == []


def test_long_tables_are_shortened_before_parts_are_left_out() -> None:
    """A report that is too long by 500 slices loses rows of them, not its plots."""
    part = examples.passing().slices[0].model_dump()
    many = examples.passing(
        slices=[part] * 500, code=["src/" + "x" * 100] * 500,
        worth=[{"feature": "x" * 48, "loss": 0.1, "low": 0.1, "high": 0.1, "microseconds": 1.0}] * 500,
    )  # fmt: skip
    text = markdown.render(many)
    assert "400 more rows are in the full report." in text
    assert "Left out" not in text
    assert "```mermaid" in text


@pytest.mark.parametrize("stale", [True, False])
def test_worth_of_an_earlier_model_is_said(stale: bool) -> None:
    """What was measured on another trained model than the candidate stands there, with how to measure this one."""
    worth = {"feature": "seats", "loss": 0.1, "low": 0.1, "high": 0.1, "microseconds": 1.0, "stale": stale}
    said = "Measured on an earlier model or by another metric; `./mainline explain` measures this one."
    assert (said in markdown.render(examples.passing(worth=[worth]))) == stale


def test_parts_are_left_out_in_the_declared_order() -> None:
    """Each level has a part less, and those that must stay are on no list."""
    left = [room.left_out for room in shortening.rooms()]
    assert [names[-1] for names in left if names][: len(shortening.LEFT_OUT_FIRST)] == list(shortening.LEFT_OUT_FIRST)
    assert not {"metrics", "checks"} & set(shortening.LEFT_OUT_FIRST)


def test_every_part_that_may_be_left_out_has_a_name() -> None:
    """The declared order names parts that reports have."""
    real = (examples.passing(), examples.several())
    found = {name for findings in real for name in markdown.names(describe(findings))}
    assert set(shortening.LEFT_OUT_FIRST) - {section.NAME} <= found


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(hostile.DOCUMENTS)
def test_nothing_from_outside_is_more_than_text(findings: Findings) -> None:
    """No document makes a link, a picture, a mention, a reference, a tag, a row or a cell of its own, or a heading."""
    text = markdown.render(findings)
    assert reading.strange(text) == []
    assert set(reading.headings(text)) <= set(ORDER)
    lines = [re.sub("<summary>.*", "<summary>", line) for line in text.replace(" open>", ">").splitlines()]
    assert lines.count("<details>") == lines.count("</details>") == lines.count("<summary>")
    assert text.replace("\n", "").replace("⚠️", "").replace("\u00a0", "").isprintable()
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert shortening.length(text) <= shortening.ROOM


@pytest.mark.parametrize("text", hostile.CORPUS)
def test_no_field_is_forgotten(text: str) -> None:
    """A text that tries to break out is only ever code, wherever the document may hold it."""
    assert reading.strange(markdown.render(hostile.everywhere(text))) == []


def test_same_findings_give_the_same_bytes() -> None:
    """Neither time nor place nor the order of keys in the document changes the comment."""
    findings = examples.failing()
    reordered = Findings.model_validate(dict(reversed(findings.model_dump().items())))
    assert markdown.render(findings) == markdown.render(reordered)


def test_classes_are_scored_and_counted_against_each_other() -> None:
    """Three classes have a row each, and a cell for each pair; what is right is bold."""
    text = markdown.render(examples.several())
    assert "| class | rows | precision | recall | F1 |" in text
    assert "| true / said | `setosa` | `versicolor` | `virginica` |\n|---|---:|---:|---:|\n" in text
    assert "| `virginica` | 1 | 4 | **11** |" in text
    assert "40 of 50 are right." in text
    assert "On `1 - recall of virginica`, the candidate is" in text


def test_metrics_of_which_more_is_better_differ_by_the_two_numbers() -> None:
    """An accuracy of 0.9 after 0.8 is 0.1 more, which nobody can take for a loss; a loss differs relatively."""
    metrics = [
        {"name": name, "unit": "", "candidate": candidate, "other": other, "baseline": 0.5}
        for name, candidate, other in (("log_loss", 0.2, 0.4), ("accuracy", 0.9, 0.8), ("roc_auc", 0.7, 0.8))
    ]
    text = markdown.render(examples.passing(metrics=metrics))
    assert f"| `log_loss` | 0.2000 | 0.4000 | {percent(-0.5)} |" in text
    assert "| `accuracy` | 0.9000 | 0.8000 | +0.1000 |" in text
    assert "| `roc_auc` | 0.7000 | 0.8000 | \N{MINUS SIGN}0.1000 |" in text
    assert "more of a metric is better, the difference is that of the two numbers;" in text
    assert "more of a metric is better" not in markdown.render(examples.passing())


def test_primary_metric_of_which_more_is_better_has_a_row_for_what_is_compared() -> None:
    """From 0.96 to 1 is +0.04, and in a row of its own the loss that is gone; the interval stands beside that loss."""
    metrics = [{"name": "accuracy", "unit": "", "candidate": 1.0, "other": 0.96, "baseline": 0.5}]
    found = examples.passing(metrics=metrics)
    compared = found.comparison.model_copy(
        update={"metric": "accuracy", "compared": "1 - accuracy", "difference": -1.0, "low": -1.0, "high": -0.5}
    )
    lines = markdown.render(found.model_copy(update={"comparison": compared})).replace("\N{NO-BREAK SPACE}", " ")
    minus, dash = "\N{MINUS SIGN}", "\N{EN DASH}"
    lost = f"{minus}100.0 % \N{LARGE GREEN CIRCLE}"
    rows = [line for line in lines.splitlines() if "accuracy`" in line and line.startswith("|")]
    assert rows == [
        f"| **`accuracy`** (primary) | **1.000** | **0.9600** | +0.04000 | {dash} |",
        f"| `1 - accuracy` (compared) | 0 | 0.04000 | **{lost}** | {minus}100.0 to {minus}50.0 % |",
    ]
    assert "The simple baseline has 0.5000 in `accuracy`; against it the difference is +0.5000." in lines


def test_of_many_classes_the_pairs_are_shown_that_are_confused_most() -> None:
    """A table that is wider than a comment is left to the page."""
    names, counts = [f"c{place}" for place in range(9)], [[5] * 9 for _ in range(9)]
    counts[3][7] = 40
    text = markdown.render(examples.several().model_copy(update={"confusion": Confusion(classes=names, rows=counts)}))
    assert "| true | said most often instead | rows |\n|---|---|---:|\n| `c3` | `c7` | 40 |\n" in text
    assert "| true / said |" not in text


def test_threshold_of_two_classes_is_said() -> None:
    """A person reads from which probability on a row counts as positive, and where that comes from."""
    text = markdown.render(examples.passing(threshold="0.25 or more counts as Yes; the default"))
    assert "Threshold of accuracy, precision, recall and F1: 0.25 or more counts as Yes; the default." in text
