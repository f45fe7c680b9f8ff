"""What production asks of a version in staging: tests that are recorded in git, days and good releases there."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainline.declared import environments
from mainline.declared.service import Settings
from mainline.errors import MainlineError, ParamsError
from mainline.registry import deployment_tests, maker, publication, records, tags
from mainline.registry.deployment_tests import Load
from mainline.registry.publication import Tag
from mainline.release import promotion, rollback
from mainline.repository.git import ask, git
from tests.mainline.release.conftest import Repository, release

ASKED = {"rate": 100.0, "seconds": 30.0, "p99_ms": 50.0}
GOOD = Load(rate=100, seconds=30, rows=1, connections=16, per_second=99.5, p99_ms=20, errors=0.0)
DAY = 86_400


def require(repository: Repository, **promotion: object) -> None:
    """Ask for something before production, on main."""
    repository.declare_environment("production", **promotion)
    repository.merge("Ask for more")


def record_load(load: Load, version: str = "v1.0.0", failed: str = "", service: Settings | None = None) -> str:
    """Record a load test of a version in staging."""
    return deployment_tests.record("load", tags.find(version), "staging", service or Settings(), failed, load)


def event(what: str, version: str, when: float, reason: str = "", **more: int) -> None:
    """Push what a server of staging says."""
    digest = tags.find(version).release.digest  # type: ignore[union-attr]
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
    line = json.dumps(
        {"time": moment, "event": what, "version": version, "digest": digest[:12], "reason": reason, **more}
    )
    branch = "refs/heads/deployments/staging"
    blob = git("hash-object", "-w", "--stdin", given=f"{ask('show', f'{branch}:events.jsonl')}\n{line}\n").strip()
    tree = git("mktree", given=f"100644 blob {blob}\tevents.jsonl\n").strip()
    git("update-ref", branch, git("commit-tree", "-m", "Report", tree).strip())


def now() -> float:
    """Return the time of the clock, in seconds since 1970, whatever `later` says."""
    return datetime.now(UTC).timestamp()


def later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    """Let so many days pass for who asks for the time."""
    moment = now() + days * DAY
    monkeypatch.setattr(time, "time", lambda: moment)


def test_production_waits_for_a_load_test_of_that_version(repository: Repository) -> None:
    """The line says what is asked for, that nothing is recorded, and the command; with the test it is promoted."""
    require(repository, load_test=ASKED)
    assert "waits for staging, where promotion.load_test must be shown" in release()
    assert (repository.has("staging"), repository.has("production")) == ("v1.0.0", None)
    assert (
        "waits: promotion.load_test asks that v1.0.0 keeps 100 requests a second in staging for 30 s, p99 50 ms, 0.10% "
        "errors, and no load test of it is recorded; `./mainline load URL --environment staging --record`"
    ) in release()
    assert record_load(GOOD) == "tested/staging/v1.0.0/load/1"
    assert "v1.0.0 is promoted." in release()
    record = tags.assignments("production")[0].record
    assert record is not None
    assert record.kind == "release"  # a return would count the version before as a failed one


def test_a_person_is_refused_in_one_line(repository: Repository) -> None:
    """Approval comes on top of what is asked for, and not in its place."""
    require(repository, load_test=ASKED, smoke_test=True, approval="manual")
    release()
    with pytest.raises(MainlineError, match=r"production does not take v1.0.0 yet.*smoke test.*there is none") as told:
        promotion.approve("production")
    assert "\n" not in str(told.value)
    deployment_tests.record("smoke", tags.find("v1.0.0"), "staging", Settings(), "")
    with pytest.raises(MainlineError, match="no load test of it is recorded"):
        promotion.approve("production")
    record_load(GOOD)
    assert "waits for a person" in release()
    assert promotion.approve("production") == "production has v1.0.0."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rate": 50.0, "per_second": 50.0}, "asked for 50 a second and reached 50"),
        ({"per_second": 70.0}, "asked for 100 a second and reached 70"),
        ({"seconds": 5.0}, "took 5 s"),
        ({"p99_ms": 80.0}, "had a p99 of 80.0 ms"),
        ({"errors": 0.01}, "had 1.00% errors"),
    ],
    ids=["rate", "reached", "seconds", "latency", "errors"],
)  # fmt: skip
def test_a_test_by_an_older_declaration_does_not_count(
    repository: Repository, changed: dict[str, float], said: str
) -> None:
    """What was measured is held to what is asked for now, so a test that once was enough is no longer."""
    require(repository, load_test=ASKED)
    release()
    record_load(GOOD.model_copy(update=changed))
    assert f"and the newest test {said}" in release()
    assert repository.has("production") is None


def test_more_rows_than_were_sent_are_asked_for(repository: Repository) -> None:
    """A request of ten rows is another load than one of one."""
    require(repository, load_test=ASKED | {"rows": 10})
    release()
    record_load(GOOD)
    assert "keeps 100 requests of 10 rows a second" in (said := release())
    assert "sent requests of 1" in said


def test_a_test_of_a_service_that_was_declared_otherwise_does_not_count(repository: Repository) -> None:
    """More workers, another throttle: it is another service."""
    require(repository, load_test=ASKED, smoke_test=True)
    release()
    other = Settings(workers=2)
    deployment_tests.record("smoke", tags.find("v1.0.0"), "staging", other, "")
    assert "the newest is of another `service` section than staging has now" in release()
    deployment_tests.record("smoke", tags.find("v1.0.0"), "staging", Settings(), "")
    record_load(GOOD, service=other)
    assert "the newest test is of another `service` section than staging has now" in release()


def forge(commit: str, **changed: str) -> None:
    """Tag a commit as tested for v1.1.0 with the record of v1.0.0's test, changed."""
    message = git("for-each-ref", "--format=%(contents)", "refs/tags/tested/staging/v1.0.0/load/1")
    if "digest" in changed:
        release = tags.find(changed["digest"]).release
        changed["digest"] = release.digest if release else ""
    told = records.read(message, deployment_tests.Tested).model_copy(update=changed)
    publication.publish([Tag("tested/staging/v1.1.0/load/1", commit, records.write(["load test"], told))])


FORGED: dict[str, dict[str, str]] = {
    "of another version": {"digest": "v1.1.0"},
    "of another package": {"version": "v1.1.0"},
    "of another environment": {"version": "v1.1.0", "digest": "v1.1.0", "environment": "production"},
    "of another repository": {"version": "v1.1.0", "digest": "v1.1.0", "registry": "fork/model"},
    "at another commit": {"version": "v1.1.0", "digest": "v1.1.0"},
}
"""What is changed in the record of the old version; for a digest, the version that has it."""


@pytest.mark.parametrize("name", FORGED)
def test_the_record_of_something_else_is_none(repository: Repository, name: str) -> None:
    """A record counts for its version, package, environment and repository alone."""
    release()
    record_load(GOOD)
    require(repository, load_test=ASKED)
    repository.change(model={"depth": 4})
    release()
    assert (repository.has("staging"), repository.has("production")) == ("v1.1.0", "v1.0.0")
    changed, new = FORGED[name], tags.find("v1.1.0")
    forge(tags.find("v1.0.0").commit if name == "at another commit" else new.commit, **changed)
    assert "no load test of it is recorded" in release()
    record_load(GOOD, "v1.1.0")
    assert "v1.1.0 is promoted." in release()


def test_a_record_that_was_never_pushed_is_none(repository: Repository) -> None:
    """Evidence is what everybody sees."""
    require(repository, load_test=ASKED)
    release()
    record_load(GOOD)
    repository.run("git", "push", "--quiet", "origin", "--delete", "refs/tags/tested/staging/v1.0.0/load/1")
    with pytest.raises(MainlineError, match=r"tag tested/staging/v1.0.0/load/1 is here but not in origin"):
        release()


def test_the_newest_test_counts(repository: Repository) -> None:
    """A test that failed after one that passed holds a version back, until another one passes."""
    require(repository, smoke_test=True)
    release()
    for failed in ("", "golden requests"):
        deployment_tests.record("smoke", tags.find("v1.0.0"), "staging", Settings(), failed)
    assert "and the newest failed: golden requests; `./mainline smoke URL --environment staging --record`" in release()
    deployment_tests.record("smoke", tags.find("v1.0.0"), "staging", Settings(), "")
    assert "v1.0.0 is promoted." in release()


def test_a_revert_is_held_back_by_nothing(repository: Repository) -> None:
    """The version that production had before comes back at once, though no test and no day of it is recorded."""
    release()
    repository.change(model={"depth": 4})
    release()
    require(repository, load_test=ASKED, smoke_test=True, soak={"days": 30, "releases": 9})
    repository.change(model={"depth": 3})
    assert "v1.0.0 is back" in release()
    assert repository.has("production") == "v1.0.0"


def test_a_rollback_at_once_is_held_back_by_nothing(repository: Repository) -> None:
    """A person who goes back does not wait."""
    release()
    repository.change(model={"depth": 4})
    release()
    require(repository, load_test=ASKED, soak={"days": 30})
    rollback.assign_now("v1.0.0", "production")
    assert repository.has("production") == "v1.0.0"


def test_days_in_staging_are_counted(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days are not three; the line says from when on it is enough."""
    require(repository, soak={"days": 3})
    release()
    later(monkeypatch, 2)
    said = release()
    assert (
        "promotion.soak asks for 3 days of v1.0.0 in staging, and it is there for 2.0; `./mainline promote` from"
        in said
    )
    later(monkeypatch, 3.01)
    assert "v1.0.0 is promoted." in release()


def test_a_version_that_was_away_begins_anew(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days count without a break."""
    require(repository, soak={"days": 3})
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"@{int(now()) - 5 * DAY} +0000")
    release()
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"@{int(now()) - 4 * DAY} +0000")
    repository.change(model={"depth": 4})
    release()
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"@{int(now()) - 2 * DAY} +0000")
    repository.change(model={"depth": 3})
    assert "asks for 3 days of v1.0.0 in staging, and it is there for 2.0" in (release(), release())[1]


def test_days_count_from_when_a_server_served_it(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where servers report, an assignment that none of them followed is not yet a day."""
    require(repository, soak={"days": 3})
    release()
    event("served", "v1.0.0", now() - 9 * DAY)
    later(monkeypatch, 8)
    assert "no server there has reported yet that it serves it" in release()
    event("served", "v1.0.0", now() + 6 * DAY)
    assert "and it is there for 2.0" in release()
    later(monkeypatch, 9.1)
    assert "v1.0.0 is promoted." in release()


def test_days_count_though_the_clock_of_a_server_is_behind(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that names the assignment is of it; its days count from when it was made, and not from before."""
    require(repository, soak={"days": 3})
    release()
    event("served", "v1.0.0", now() - 9 * DAY, assignment=1)
    later(monkeypatch, 2)
    assert "and it is there for 2.0" in release()


def test_an_abort_in_staging_holds_it_back(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it was there."""
    require(repository, soak={"days": 1})
    release()
    event("served", "v1.0.0", now() + 1)
    event("aborted", "v1.0.0", now() + 2, "error-rate")
    later(monkeypatch, 9)
    assert "a server of staging aborted v1.0.0: error-rate" in release()
    assert repository.has("production") is None


def test_good_releases_in_a_row_are_counted(repository: Repository) -> None:
    """The second good one is enough; one that was rolled back begins the count anew."""
    require(repository, soak={"releases": 2})
    release()
    assert "asks for 2 good releases of staging in a row, and there are 1" in release()
    repository.change(model={"depth": 4})
    release()
    repository.change(model={"depth": 3})  # a revert: the second one failed
    release()
    repository.change(model={"depth": 5})
    release()
    assert "and there are 1;" in release()
    repository.change(model={"depth": 6})
    release()
    assert "is promoted." in release()
    assert repository.has("production") == repository.has("staging")


@pytest.mark.parametrize(
    ("promotion", "said"),
    [
        ("{after: null, approval: manual, signature: optional, smoke_test: true}",
         r"promotion.smoke_test: is declared, but nothing says in which environment that is shown; name it under"),
        ("{after: null, approval: manual, signature: optional, soak: {days: 1}}", r"promotion.soak: is declared"),
        ("{after: a, approval: manual, signature: optional, soak: {day: 1}}", r"promotion.soak.day: .*'days'\?"),
        ("{after: a, approval: manual, signature: optional, load_test: {rate: 1}}", r"promotion.load_test.seconds: "),
        ("{after: a, approval: manual, signature: optional, load_test: {rate: 0, seconds: 1, p99_ms: 1}}",
         r"promotion.load_test.rate: "),
    ],
    ids=["smoke without after", "soak without after", "key", "incomplete", "bounds"],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(tmp_path: Path, promotion: str, said: str) -> None:
    """One line with file, place and what is allowed."""
    (tmp_path / "a.yaml").write_text("promotion: {after: null, approval: manual, signature: optional}\n")
    (tmp_path / "b.yaml").write_text(f"promotion: {promotion}\n")
    with pytest.raises(ParamsError, match=said):
        environments.load_all(tmp_path)


def test_a_file_without_the_keys_asks_for_nothing(tmp_path: Path) -> None:
    """A fork from before them promotes as it did."""
    (tmp_path / "b.yaml").write_text("promotion: {after: null, approval: automatic, signature: optional}\n")
    assert environments.load_all(tmp_path)["b"].promotion.tests == ()


@pytest.mark.usefixtures("repository")
def test_tags_of_folders_count_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that names no repository was made where there is none to name, and stays ours."""
    release()
    record_load(GOOD)
    monkeypatch.setattr(maker, "name", lambda *_: "new/model")
    assert deployment_tests.newest("load", tags.find("v1.0.0"), "staging") is not None
