"""What a candidate is held against: the comparison is never switched off by a file of deploy/."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from mainline.gate.findings import Findings
from mainline.registry import reference, tags
from mainline.release import promotion
from tests.mainline.release.conftest import Repository, judge, promote_by, release


@pytest.fixture
def released(repository: Repository) -> Repository:
    """Staging and production have v1.0.0, and another model is on main."""
    release()
    repository.change(model={"depth": 4})
    return repository


def promoted() -> tuple[list[str], str]:
    """Promote main; return the environments that it was held against, and what was said."""
    asked: list[str] = []

    def listen(environment: str) -> Findings:
        asked.append(environment)
        return judge(environment)

    return asked, promote_by(listen)


def replaced(environment: str) -> str | None:
    """Return what the newest assignment of an environment says that it replaced."""
    record = tags.assignments(environment)[-1].record
    assert record is not None
    return record.replaces


def test_one_version_everywhere_is_compared_once(released: Repository) -> None:
    """The last environment that has it speaks for it."""
    assert promoted()[0] == ["production"]
    assert released.has("production") == "v1.1.0"


def test_every_version_that_is_replaced_is_compared(released: Repository) -> None:
    """Where production waits for a person, a new version is held against staging's and against production's."""
    released.declare_environment("production", approval="manual")
    released.merge("Ask a person")
    release()
    released.change(model={"depth": 5})
    assert promoted()[0] == ["staging", "production"]


def test_an_environment_after_production_does_not_switch_the_comparison_off(released: Repository) -> None:
    """A new last environment has no version; what it would take is held against those that have one."""
    released.declare_environment("edge", after="production")
    released.merge("Serve at the edge too")
    asked, _ = promoted()
    assert asked == ["production"]
    assert (released.has("edge"), replaced("edge"), replaced("production")) == ("v1.1.0", None, "v1.0.0")


def test_renamed_environments_are_compared_and_said(released: Repository) -> None:
    """With every file renamed and nothing declared about it, the old names' versions are compared, and named."""
    for name in ("staging", "production"):
        Path(f"deploy/{name}.yaml").unlink()
    released.declare_environment("live")
    released.merge("Rename")
    asked, said = promoted()
    assert sorted(asked) == ["production", "staging"]
    assert "production has v1.0.0 and is not declared in deploy/ any more. If another one took its place, write" in said


def test_renamed_environment_without_a_version_is_not_spoken_of(released: Repository) -> None:
    """An environment whose version was taken back has nothing to carry over, and nothing to be held against."""
    released.run("git", "tag", "--annotate", "--message", "Taken back", "model#production!#2")
    released.run("git", "push", "--quiet", "origin", "model#production!#2")
    Path("deploy/production.yaml").unlink()
    released.merge("Serve no more")
    asked, said = promoted()
    assert asked == ["staging"]
    assert "any more" not in said


def test_a_declared_line_carries_the_version_over(released: Repository) -> None:
    """`was` makes the old name's version the new one's: compared, replaced, and spoken of no more."""
    Path("deploy/production.yaml").unlink()
    released.declare_environment("live", after="staging", was="production")
    released.merge("Rename production to live")
    asked, said = promoted()
    assert asked == ["production"]
    assert (released.has("live"), replaced("live")) == ("v1.1.0", "v1.0.0")
    assert "any more" not in said


def test_its_own_version_goes_before_the_one_carried_over(released: Repository) -> None:
    """Once the new name has had a version, the old name's is not compared any more."""
    Path("deploy/production.yaml").unlink()
    released.declare_environment("live", after="staging", was="production")
    released.merge("Rename production to live")
    promoted()
    released.change(model={"depth": 5})
    assert promoted()[0] == ["live"]
    assert replaced("live") == "v1.1.0"


@pytest.mark.parametrize(
    ("has", "compared"),
    [
        ({"a": "v1", "b": "v2", "c": "v1"}, ["b", "c"]),
        ({"a": "v1", "b": None, "c": "v2"}, ["a", "c"]),
        ({"a": "v1", "b": "", "c": "v1"}, ["c"]),
    ],
    ids=["the last one speaks for a version", "taken back", "never had one"],
)
def test_each_version_is_compared_where_it_is_last(
    has: dict[str, str | None], compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order in which a version reaches the environments; those without a version take no part."""

    def newest(name: str, _: object) -> SimpleNamespace | None:
        version = SimpleNamespace(name=has[name]) if has[name] else None
        return None if has[name] == "" else SimpleNamespace(environment=name, version=version)

    monkeypatch.setattr(reference, "newest", newest)
    assert reference.environments(dict.fromkeys(has)) == compared  # type: ignore[arg-type]


def test_a_renamed_environment_gives_on_what_it_had(repository: Repository) -> None:
    """What waits behind a renamed environment takes the version that is carried over."""
    release()
    Path("deploy/staging.yaml").unlink()
    repository.declare_environment("trial", was="staging")
    repository.declare_environment("production", after="trial", approval="manual")
    repository.declare_environment("edge", after="trial", approval="manual")
    repository.merge("Rename staging to trial")
    assert promotion.approve("edge") == "edge has v1.0.0."
