"""What a fork's pipeline lacks is found entry by entry, and written without a change of anything else."""

from functools import cache

import pytest
import yaml

from mainline.errors import ParamsError
from mainline.pipeline import dependencies
from mainline.template import declaration, renames
from mainline.template.declaration import PipelineError
from tests.project import FLIGHTS

NEEDED = cache(dependencies.needed)
SHIPPED = (FLIGHTS / "dvc.yaml").read_text(encoding="utf-8")


def _edits(own: str) -> list[str]:
    return [str(edit) for edit in declaration.edits(own, SHIPPED, NEEDED)]


def _written(own: str) -> str:
    return declaration.edited(own, declaration.edits(own, SHIPPED, NEEDED))


def test_shipped_pipeline_lacks_nothing() -> None:
    """The pipeline that the machinery ships is its own reference."""
    assert _edits(SHIPPED) == []


def test_each_entry_that_is_missing_is_found_and_written() -> None:
    """Whichever entry of a stage is taken away, it is the one edit, and after it nothing is left."""
    entries = [
        (stage, section, name, lines)
        for stage, body in declaration._bodies(SHIPPED)
        for section in declaration.SECTIONS
        for name, lines in declaration._entries(body, section)
    ]
    assert len(entries) > 80
    for stage, section, name, lines in entries:
        head, start, rest = SHIPPED.partition(f"  {stage}:\n")
        own = head + start + rest.replace(lines, "", 1)
        assert _edits(own) == [f"{stage}: {section}: add {name}"]
        assert _edits(_written(own)) == []


def test_outputs_for_git_move_to_metrics_and_plots() -> None:
    """An output that is in git moves to where DVC reuses the stage's runs, and its section goes with the last one."""
    own = SHIPPED.replace("    metrics:\n      - metrics/data.json", "      - metrics/data.json", 1)
    assert _edits(own) == [
        f"validate: {section}: {what} metrics/{name}.json"
        for name in ("data", "quarantine", "personal")
        for section, what in (("outs", "remove"), ("metrics", "add"))
    ]
    assert yaml.safe_load(_written(own)) == yaml.safe_load(SHIPPED)


def test_what_the_fork_added_stays() -> None:
    """Comments, stages, entries, options and plots of the fork stay as they are, to the last byte."""
    own = SHIPPED.replace("      - split\n", "", 1).replace("x: error", "x: mistake")
    own = own.replace("      - data/raw\n", "      - data/raw  # ours\n").replace(
        "  prepare:\n", "  # ours\n  prepare:\n"
    )
    own = own.replace("artifacts:\n", "  label:\n    cmd: make labels\n    deps:\n      - ours.csv\n\nartifacts:\n")
    own += "plots:\n  - metrics/slices.csv: {x: metric}\n"
    made = _written(own)
    assert [line for line in made.splitlines() if line not in own.splitlines()] == []
    assert made.replace("      - split\n", "", 1) == own


def test_sections_of_the_shipped_settings_stand_for_their_keys() -> None:
    """A section that is declared whole takes the place of single keys of it."""
    own = SHIPPED.replace("      - evaluation\n", "      - evaluation.slice_min_rows\n", 1)
    assert _edits(own) == ["train: params: add evaluation", "train: params: remove evaluation.slice_min_rows"]
    assert _edits(_written(own)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("    params:\n      - data\n    outs:", "    params: []\n    outs:"),
            "params of ingest is not written a line",
        ),
        (
            ("\n  prepare:\n", "\n  ours:\n"),
            "dvc.yaml has no stage prepare; copy it from engine/tests/flights/dvc.yaml",
        ),
    ],
)
def test_pipeline_of_another_form_is_left_to_its_owner(change: tuple[str, str], said: str) -> None:
    """What cannot be edited line by line is refused, with the place."""
    own = SHIPPED.replace(*change, 1)
    assert own != SHIPPED
    with pytest.raises(PipelineError, match=said):
        _written(own)


def test_names_of_before_are_told_and_written() -> None:
    """A key that was renamed is found where it stood; values and comments stay, and so does the same word elsewhere."""
    text = "split:   # newest\n  validation_months: 2  # ours\n\n  test_months : 1\ntune:\n  test_months: 3\n"
    names = renames.found(yaml.safe_load(text))
    assert names == {"split.validation_months": "validation", "split.test_months": "test"}
    assert renames.written(text, names) == (
        "split:   # newest\n  validation: 2  # ours\n\n  test : 1\ntune:\n  test_months: 3\n"
    )
    assert renames.found(renames.renamed(yaml.safe_load(text))) == {}
    assert renames.found(["split"]) == {}


@pytest.mark.parametrize(
    "text",
    [
        "split: {test_months: 2}\n",
        'split:\n  "test_months": 2\n',
        "'split':\n  test_months: 2\n",
        "split:\n  test_months: 2\n  test: 1\n",
    ],
)
def test_name_that_cannot_be_written_is_refused(text: str) -> None:
    """A key that stands in another form, or under both names, is left to its owner and not said to be written."""
    names = renames.found(yaml.safe_load(text))
    assert names == {"split.test_months": "test"}
    with pytest.raises(ParamsError, match=r"split.test_months: is called test now, and cannot .* line by line; edit"):
        renames.written(text, names)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("", "dvc.yaml has no stage ingest"),
        ("stages:\n", "dvc.yaml has no stage ingest"),
        ("vars: []\n", "dvc.yaml has no stage ingest"),
        ("stages:\n  ingest:\n", "dvc.yaml has no stage ingest"),
        ("stages: [\n", r"dvc.yaml is not YAML \(line 2, column 1: while parsing"),
    ],
)
def test_file_without_a_pipeline_is_refused(own: str, said: str) -> None:
    """A file that is empty, of something else or half-written is refused in one line."""
    with pytest.raises(PipelineError, match=said) as refused:
        _edits(own)
    assert "\n" not in str(refused.value)
