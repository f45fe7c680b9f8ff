"""`migrate`: all that a fork must edit is said at once, and what needs no decision is edited."""

from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from mainline.scaffold.code import fill
from mainline.template import dvc_layout
from tests import project
from tests.project import FLIGHTS, Project


@pytest.fixture
def fork(tmp_path: Path) -> Project:
    """A fork as an upgrade leaves it: its own files are those of before, with mistakes of its own besides."""
    made = project.copy(tmp_path / "fork")
    changes = {
        "dvc.yaml": [("      - split\n", ""), ("      - src/usecase/scoring.py\n", "")],
        "params.yaml": [
            ("  validation:", "  validation_months:"),
            ("  parity:", "  paritty:"),
            ("max_bias:", "max_bais:"),
        ],
        "deploy/production.yaml": [("signature:", "signatur:")],
        "src/usecase/scoring.py": [("def slices(", "def slice_of(")],
        "src/usecase/tables.py": [("from mainline.contract", "from mainline.months")],
    }
    for name, pairs in changes.items():
        text = (made.path / name).read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new, 1)
        (made.path / name).write_text(text, encoding="utf-8")
    (made.path / "src/usecase/card.yaml").unlink()
    return made


def _migrate(fork: Project, *options: str, succeed: bool = False) -> list[str]:
    done = fork.run("python", "-P", "-m", "mainline", "migrate", *options, succeed=succeed)
    return (done.stdout + done.stderr).splitlines()


def test_everything_that_is_left_is_said_at_once(fork: Project) -> None:
    """Pipeline, settings, environments and code are looked at in one run, and nothing is changed by it."""
    before = fork.run("git", "diff").stdout
    said = _migrate(fork)
    wanted = [
        "dvc.yaml: prepare: params: add split",
        "dvc.yaml: train: deps: add src/usecase/scoring.py",
        "src/usecase/card.yaml: is missing; it says what people know of the model",
        "params.yaml: split.validation_months is called validation now",
        "params.yaml: limits.paritty: is not a known key; did you mean 'parity'?",
        "params.yaml: limits.parity: is missing",
        "params.yaml: gate.max_bais: is not a known key; did you mean 'max_bias'?",
        "deploy/production.yaml: promotion.signatur: is not a known key; did you mean 'signature'?",
        "src/usecase/scoring.py offers no 'slices'",
        "ModuleNotFoundError: No module named 'mainline.months'",
    ]
    assert [line for line in wanted if not any(line in each for each in said)] == [], said
    assert not any("Traceback" in line for line in said)
    assert "`./mainline migrate --write` makes the first 4." in said[-1]
    assert not any("dvc exp run -S" in line for line in said)
    assert fork.run("git", "diff").stdout == before


def test_what_needs_no_decision_is_written(fork: Project) -> None:
    """--write edits the pipeline and the names of before, says so, and leaves what a person must decide."""
    said = _migrate(fork, "--write")
    assert any("params.yaml: split.validation_months is now validation" in line for line in said)
    assert not any("makes" in line for line in said)
    assert any("src/usecase/card.yaml: written, every part of it a gap" in line for line in said)
    assert (fork.path / "src/usecase/card.yaml").read_text() == fill("usecase/card.yaml", {})
    fork.run("git", "checkout", "params.yaml", "deploy", "src")
    assert _migrate(fork, succeed=True) == ["Nothing is left to edit. Next: `make repro` and `make test`."]
    assert "exactly the code they run" in fork.run("python", "-P", "-m", "mainline", "deps").stdout


IN_ONE_LINE = """\
features:  # what counts
  - one
  - two

model: {type: Ridge}
gate:
  ignore: [temp, humid]  # the seasons
"""
BY_DVC = """\
features:  # what counts
- one
- two
model: {type: Ridge}
gate:
  ignore:                # the seasons
  - temp
  - humid
"""


def test_lists_are_laid_out_as_dvc_does(fork: Project) -> None:
    """A list in one line is an edit that is left, and --write makes it: DVC's own writer would change nothing more."""
    file = fork.path / "params.yaml"
    text = file.read_text(encoding="utf-8")
    in_one_line = text.replace("ignore:                # the", "ignore: [temp, humid]  # the")
    file.write_text(in_one_line.replace("the seasons move them every month\n    - temp\n    - humid", "the seasons"))
    assert any("dvc exp run -S" in line for line in _migrate(fork))
    assert any("laid out as `dvc exp run -S` does" in line for line in _migrate(fork, "--write"))
    assert dvc_layout.rewritten(file.read_text()) == file.read_text()


def test_dvc_changes_only_what_is_set_in_what_ships(tmp_path: Path) -> None:
    """`dvc exp run -S` changes one line of the shipped params.yaml."""
    file = tmp_path / "params.yaml"
    shipped = (FLIGHTS / "params.yaml").read_text(encoding="utf-8")
    file.write_text(shipped, encoding="utf-8")
    apply_overrides(str(file), ["seed=1"])
    assert file.read_text(encoding="utf-8") == shipped.replace("seed: 2013", "seed: 1")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (IN_ONE_LINE, BY_DVC),
        (IN_ONE_LINE.replace("- two", "# - two"), IN_ONE_LINE.replace("- two", "# - two")),
        ("a: [1, 2\n", "a: [1, 2\n"),
    ],
)  # fmt: skip
def test_no_comment_is_lost(text: str, written: str) -> None:
    """A file is laid out as DVC does, and stays as it is where DVC would drop a comment or cannot read it."""
    assert dvc_layout.kept(text) == written
