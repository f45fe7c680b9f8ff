"""The first month of a fork: each step ends in a release, or in a refusal whose named next step works."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.project import Project


class Clone(Project):
    """Somebody's clone of a repository on a host, which git finds in a folder beside."""

    def mainline(self, *words: str, succeed: bool | None = True) -> str:
        """Run a command of ours and return all that it said."""
        done = self.run("python", "-m", "mainline", *words, succeed=succeed)
        return done.stdout + done.stderr

    def follow(self, said: str, *beginning: str) -> str:
        """Run the command that a message names between backquotes and that begins so; return what it said."""
        text = " ".join(said.split()).replace("`./mainline", "`mainline")
        named = [
            words
            for words in map(shlex.split, re.findall("`([^`]+)`", text))
            if words[: len(beginning)] == [*beginning]
        ]
        assert named, f"no `{' '.join(beginning)} ...` in: {text}"
        words = ["It was looked at." if word == "..." else word for word in named[-1]]
        if words[0] == "make":
            words = ["mainline", *words[1:]]
        return self.mainline(*words[1:]) if words[0] == "mainline" else self.run(*words).stdout

    def train(self, before: str, after: str, file: str = "params.yaml") -> None:
        """Replace a text that stands in a file once, run the pipeline, and bring the result to the default branch."""
        content = (self.path / file).read_text()
        assert content.count(before) == 1
        (self.path / file).write_text(content.replace(before, after))
        self.mainline("repro")
        self.bring(f"{before.strip()} becomes {after.strip()}")

    def bring(self, message: str) -> None:
        """Commit everything and push it to the default branch."""
        self.commit(message)
        self.run("git", "push", "--quiet", "origin", "HEAD")


def clone(folder: Path, name: str, person: str) -> Clone:
    """Clone a repository of the host as a person."""
    made = Clone(folder / person)
    made.path.mkdir()
    bare = folder / f"{Path(name).name}.git"
    made.run("git", "clone", "--quiet", str(bare), ".")
    made.run("git", "config", "user.name", person)
    made.run("git", "config", "user.email", f"{person}@example.org")
    point(made, folder, name)
    return made


def point(made: Project, folder: Path, name: str) -> None:
    """Let the origin of a clone be a repository of the host."""
    url = f"https://host.example/{name}.git"
    made.run("git", "config", "remote.origin.url", url)
    made.run("git", "config", f"url.{folder / Path(name).name}.git.insteadOf", url)


def allow_small_data(project: Project) -> None:
    """Let the gate judge by the few rows of the small use case."""
    policy = project.path / "params.yaml"
    few = policy.read_text().replace("min_rows: 2000", "min_rows: 50")
    policy.write_text(few.replace("relative_to_whole: 1.6", "relative_to_whole: 3.0"))


@pytest.fixture
def template(tmp_path: Path, other_project: Project) -> str:
    """A repository that has released its model from a store of its own; return its name on the host."""
    folder = tmp_path / "ours"
    author = Clone(other_project.twin(folder / "author").path)
    allow_small_data(author)
    author.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder / "template.git"))
    author.run("git", "remote", "add", "origin", "elsewhere")
    point(author, folder, "team/template")
    author.bring("Train")
    assert "v1.0.0 is released." in author.mainline("promote")
    return "team/template"


@pytest.mark.slow
def test_the_first_month_of_a_fork(tmp_path: Path, template: str) -> None:
    """Forked, released, replaced, short of data, lost, renamed and shared: nobody is left without a way on."""
    folder = tmp_path / "ours"
    shutil.copytree(folder / "template.git", folder / "samples.git")
    ann = clone(folder, "somebody/samples", "ann")
    _begin(ann, template)
    _replace_the_use_case(ann)
    _have_little_data(ann)
    _lose_the_store(ann)
    _change_the_libraries(ann)
    _rename(ann, folder)
    _meet(ann, folder)


def _begin(ann: Clone, template: str) -> None:
    """The tags that the fork got do not count; the first release is asked for, and then made."""
    ann.train("C: 1.0", "C: 0.5")
    said = ann.mainline("promote", succeed=False)
    assert f"made by {template} and do not count in somebody/samples" in said
    assert "tags of other repositories are removed" in ann.follow(said, "mainline", "registry", "--remove")
    assert "v1.0.0 is released." in ann.mainline("promote")


def _replace_the_use_case(ann: Clone) -> None:
    """A model that answers another question is not compared; under a name of its own it is a first release."""
    interface = "src/usecase/interface.py"
    ann.train('RESPONSE = Field("malignant", "number", "Prob', 'RESPONSE = Field("cancer", "number", "Prob', interface)
    said = ann.mainline("promote", succeed=False)
    assert "give it a name of its own: artifacts in dvc.yaml" in " ".join(said.split())
    pipeline = ann.path / "dvc.yaml"
    pipeline.write_text(
        pipeline.read_text().replace("\n  model:\n    path: models/package", "\n  cancer:\n    path: models/package")
    )
    ann.bring("Begin a line of its own")
    assert "v1.0.0 is released." in ann.mainline("promote")
    assert "cancer@v1.0.0" in ann.run("git", "tag").stdout.split()


def _have_little_data(ann: Clone) -> None:
    """A holdout that is smaller than the policy asks for is accepted by a person, for this candidate alone."""
    policy = ann.path / "params.yaml"
    policy.write_text(policy.read_text().replace("min_rows: 50", "min_rows: 2000"))
    ann.train("C: 0.5", "C: 0.6")
    said = ann.mainline("promote", succeed=False)
    assert "cannot be released before this is known: holdout" in said
    ann.follow(said, "mainline", "accept")
    ann.bring("Accept the little data")
    assert "v1.1.0 is released." in ann.mainline("promote")
    policy.write_text(policy.read_text().replace("min_rows: 2000", "min_rows: 50"))
    ann.bring("Ask for less")


def _lose_the_store(ann: Clone) -> None:
    """What is lost everywhere is made again, version by version, as the refusal says."""
    shutil.rmtree(ann.path / ".git/mainline/storage")
    shutil.rmtree(ann.path / ".dvc/cache")
    ann.train("C: 0.6", "C: 0.7")
    said = ann.mainline("promote", succeed=False)
    assert "the package of v1.1.0" in said
    assert "v1.1.0 is whole" in ann.follow(said, "mainline", "rebuild", "v1.1.0")
    said = ann.mainline("promote", succeed=False)
    assert "cannot be released before this is known: slow decay" in said
    assert "v1.0.0 is whole" in ann.follow(said, "mainline", "rebuild", "v1.0.0")
    assert "v1.2.0 is released." in ann.mainline("promote")


def _change_the_libraries(ann: Clone) -> None:
    """A lock of libraries that came to main without a run of the pipeline is refused, and run."""
    libraries = ann.path / "requirements/pipeline.txt"
    libraries.write_text(libraries.read_text() + "# Resolved again.\n")
    ann.bring("Resolve the libraries again")
    said = ann.mainline("promote", succeed=False)
    assert "requirements/pipeline.txt changed since the last run" in said
    ann.follow(said, "make", "repro")
    ann.bring("Run the pipeline with them")
    assert "Nothing is released: this commit leaves the model as it is." in ann.mainline("promote")


def _rename(ann: Clone, folder: Path) -> None:
    """The repository and its default branch get other names; its versions are taken over, and go on."""
    (folder / "samples.git").rename(folder / "tissue.git")
    ann.run("git", "-C", str(folder / "tissue.git"), "branch", "--move", "main", "trunk")
    said = ann.mainline("promote", succeed=False)
    assert "git remote set-url origin URL" in said
    point(ann, folder, "somebody/tissue")
    ann.run("git", "branch", "--move", "main", "trunk")
    ann.train("C: 0.7", "C: 0.8")
    said = ann.mainline("promote", succeed=False)
    ann.follow(said, "mainline", "registry", "--adopt")
    ann.bring("Take over what was released under the old name")
    assert "v1.3.0 is released." in ann.mainline("promote")


def _meet(ann: Clone, folder: Path) -> None:
    """A second person has what the shared store has; both release one commit once, and it is taken back."""
    ann.mainline("remote", str(folder / "store"))
    ann.mainline("push", "--all")
    ann.bring("Share the store")
    bob = clone(folder, "somebody/tissue", "bob")
    bob.mainline("pull")
    bob.train("C: 0.8", "C: 0.9")
    ann.run("git", "pull", "--quiet", "origin", "trunk")
    said = ann.mainline("pull", succeed=False)
    assert "is neither here nor sound in the remote" in said
    bob.follow(said, "mainline", "push", "--all")
    ann.mainline("pull")
    assert "v1.4.0 is released." in bob.mainline("promote")
    assert "Nothing is released" in ann.mainline("promote")
    said = bob.mainline("rollback", "--now")
    assert "production has v1.3.0 instead of v1.4.0." in said
    assert "The revert is on branch rollback/v1.3.0" in bob.follow(said, "mainline", "rollback", "v1.3.0")
