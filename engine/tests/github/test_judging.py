"""What a pull request changes of what judges it, told by code that it cannot change."""

import json
from pathlib import Path

import pytest
import yaml

from mainline.github import comment, judging
from mainline.github.judging import Judging
from mainline.registry.changes import Difference
from mainline.report import markdown, sections
from mainline.report.figures import UNKNOWN
from tests.github.repository import FULL, Item
from tests.github.standin import GitHub
from tests.mainline.report import examples
from tests.project import Project

RUN = 7
LIMITS = {"gate": {"margin": 0.02, "slices": {"rows": 500}}, "model": {"depth": 3}}


@pytest.fixture
def project(github: GitHub, clone: Path) -> Project:
    """A clone whose main has limits and a workflow, and whose branch `better` began there."""
    here = Project(clone)
    here.run("git", "config", "http.sslCAInfo", str(github.authority))
    here.run("git", "switch", "--quiet", "main")
    _write(here, LIMITS, **{".github/workflows/main.yml": "one\n", "src/usecase/features.py": "one\n"})
    here.run("git", "push", "--quiet", "origin", "main")
    here.run("git", "switch", "--quiet", "--force-create", "better")
    return here


def _write(here: Project, params: object, **files: str) -> None:
    for name, text in {"params.yaml": yaml.safe_dump(params), **files}.items():
        file = here.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    here.run("git", "add", "--all")
    here.run("git", "commit", "--quiet", "--message", "Change")


def _open(github: GitHub, here: Project) -> Item:
    """Push the branch, and open a pull request whose run ended well and left nothing."""
    here.run("git", "push", "--quiet", "--force", "origin", "better")
    pull = github.repository.open("better", "Better")
    github.repository.runs[RUN] = {
        "id": RUN, "path": comment.WORKFLOW, "event": "pull_request", "head_sha": pull["head"]["sha"],
        "conclusion": "success", "html_url": f"{github.url}/{FULL}/actions/runs/{RUN}",
    }  # fmt: skip
    return pull


def _said(github: GitHub, pull: Item) -> str:
    comment.post(RUN, pull["head"]["sha"])
    return str(github.repository.comments[-1]["body"])


def test_wider_limits_and_another_workflow_are_said_first(github: GitHub, project: Project) -> None:
    """Findings that the pull request's own code made up do not hide them; what else is changed is not among them."""
    wider = {"gate": {"margin": 0.9, "slices": {"rows": 500, "relative": 9.0}}, "model": {"depth": 5}}
    _write(project, wider, **{".github/workflows/main.yml": "two\n", "src/usecase/features.py": "two\n"})
    pull = _open(github, project)
    found = json.loads(examples.passing().model_dump_json())
    found["candidate"]["commit"] = pull["head"]["sha"]
    file = github.repository.files / str(RUN) / comment.ARTIFACT / comment.MEMBER
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(found))
    body = _said(github, pull)
    assert body.index("#### ⚠️ It changes what judges it") < body.index("#### Metrics")
    assert "| `gate.margin` | `0.02` | `0.9` |" in body
    assert f"| `gate.slices.relative` | {UNKNOWN} | `9.0` |" in body
    assert "- 1 file: `.github/workflows/main.yml`\n" in body
    assert "model.depth" not in body.partition("#### Metrics")[0]


def test_code_that_every_program_runs_is_said(github: GitHub, project: Project) -> None:
    """A module beside the use case is found before Python's own, so the gate runs it, too."""
    _write(project, LIMITS, **{"src/sitecustomize.py": "one\n", "src/usecase/features.py": "two\n"})
    assert "- 1 file: `src/sitecustomize.py`\n" in _said(github, _open(github, project))


def test_a_run_that_left_nothing_hides_nothing(github: GitHub, project: Project) -> None:
    """Without findings the comment has them all the same."""
    _write(project, {**LIMITS, "gate": {"margin": 0.9}})
    body = _said(github, _open(github, project))
    assert "The run left no findings." in body
    assert "| `gate.margin` | `0.02` | `0.9` |" in body


def test_what_main_changed_meanwhile_is_not_the_pull_requests(github: GitHub, project: Project) -> None:
    """A branch is compared with where it began: other limits of main are not said, nor is a change of the model."""
    _write(project, {**LIMITS, "model": {"depth": 5}})
    project.run("git", "switch", "--quiet", "main")
    _write(project, {**LIMITS, "gate": {"margin": 0.01}}, **{"engine/README.md": "two\n"})
    project.run("git", "push", "--quiet", "origin", "main")
    assert "judges it" not in _said(github, _open(github, project))


@pytest.mark.parametrize("text", ["gate: &a [*a]\n", "[", "- 1\n"])
def test_limits_that_cannot_be_read_are_said(github: GitHub, project: Project, text: str) -> None:
    """A file that no gate could read is no silence."""
    _write(project, LIMITS, **{"params.yaml": text, "engine/README.md": "two\n"})
    body = _said(github, _open(github, project))
    assert "Whether it changes limits or machinery cannot be told: `params.yaml` cannot be read" in body
    assert "- 1 file: `engine/README.md`\n" in body


def test_a_value_from_outside_stays_text() -> None:
    """Limits and names of files are a stranger's words."""
    found = Judging((Difference("gate.x", None, "@team | `#1`"),), ("engine/@team.py",))
    text = markdown.write(judging.add(sections.describe(examples.passing()), found))
    assert "@team" not in text.replace("`@team", "").replace("@team \\|", "").replace("engine/@team.py", "")
    assert "`engine/@team.py`" in text
