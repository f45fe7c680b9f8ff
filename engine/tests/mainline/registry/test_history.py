"""What the history tells of versions and assignments."""

import pytest

from mainline.registry import history
from mainline.registry.history import HistoryError
from tests.mainline.registry.registries import Registry, at, digest


def test_versions_come_newest_first_with_what_their_records_say(empty: Registry) -> None:
    """Time, tagger, digest, primary metric, its change, what it replaced and where it is now."""
    empty.release("v1.0.0", 1, rmse=16.0)
    commit = empty.release("v1.1.0", 2, rmse=14.0)
    newest, oldest = history.read(repository=empty.path).versions
    assert (newest.version, newest.commit, newest.when, newest.by) == ("v1.1.0", commit, at(2), "Ada")
    assert (newest.digest, newest.bump, newest.replaced) == (digest("v1.1.0"), "minor", "v1.0.0")
    assert newest.quality == history.Quality("rmse", 14.0, 17.0, 14.0 / 16.0 - 1, True)
    assert oldest.quality == history.Quality("rmse", 16.0, 17.0, None, None)
    assert (newest.environments, oldest.environments) == (["production"], [])


def test_a_change_between_different_months_is_marked(empty: Registry) -> None:
    """A version tested on other months than the one it replaced is not said to be comparable."""
    empty.release("v1.0.0", 1)
    empty.release("v1.0.1", 2, window={"test": ["2013-04"]})
    newest = history.read(repository=empty.path).versions[0]
    assert newest.quality is not None
    assert newest.quality.same_rows is False


def test_assignments_say_why_who_what_they_replaced_and_until_when(empty: Registry) -> None:
    """Newest first; what an environment has now has no end."""
    empty.release("v1.0.0", 1)
    empty.release("v1.1.0", 2)
    empty.assign("v1.0.0", 3, "rollback")
    told = history.read(repository=empty.path).assignments
    assert [(item.number, item.version, item.kind, item.replaced) for item in told] == [
        (3, "v1.0.0", "rollback", "v1.1.0"),
        (2, "v1.1.0", "release", "v1.0.0"),
        (1, "v1.0.0", "release", None),
    ]
    assert [(item.when, item.until) for item in told] == [(at(3), None), (at(2), at(3)), (at(1), at(2))]
    assert {item.by for item in told} == {"Grace"}


def test_tags_without_a_record_are_told_as_far_as_they_go(empty: Registry) -> None:
    """A lightweight version and an assignment by hand have a commit, a time and a predecessor, and no more."""
    empty.release("v1.0.0", 1)
    commit = empty.commit(2)
    empty.git("tag", "model@v1.0.1")
    empty.tag("model#production#2", 3, "by hand")
    told = history.read(repository=empty.path)
    version, given = told.versions[0], told.assignments[0]
    assert (version.version, version.commit, version.when) == ("v1.0.1", commit, at(2))
    assert {version.by, version.digest, version.quality, version.bump, version.reason, version.replaced} == {None}
    assert (given.version, given.by, given.replaced, given.kind, given.main) == ("v1.0.1", "Ada", "v1.0.0", None, None)


def test_an_environment_sees_its_own_versions_only(empty: Registry) -> None:
    """Of three versions, the two that staging had are told, though production has another."""
    for number in range(3):
        empty.release(f"v1.{number}.0", number + 1)
    empty.assign("v1.0.0", 5, environment="staging")
    empty.assign("v1.1.0", 6, "approval", "staging")
    told = history.read("staging", empty.path)
    assert [version.version for version in told.versions] == ["v1.1.0", "v1.0.0"]
    assert {item.environment for item in told.assignments} == {"staging"}


def test_archived_and_taken_back_are_told(empty: Registry) -> None:
    """An archived version stays in the list, and an environment without one has none."""
    empty.release("v1.0.0", 1)
    empty.tag("model#production!#2", 2, "taken back")
    empty.tag("model@v1.0.0!", 3, "archived")
    told = history.read(repository=empty.path)
    assert (told.versions[0].archived, told.versions[0].environments) == (True, [])
    assert (told.assignments[0].version, told.assignments[0].replaced) == (None, "v1.0.0")


def test_within_an_environment_the_number_counts_and_not_the_clock(empty: Registry) -> None:
    """A tag made on a machine whose clock is behind is still the newest."""
    empty.release("v1.0.0", 5)
    empty.commit(5, "Train", dvc_dot_lock="other")
    empty.register("v1.1.0", 2)
    empty.assign("v1.1.0", 2)
    assert [item.number for item in history.read(repository=empty.path).assignments] == [2, 1]


def test_an_unknown_environment_names_the_nearest(empty: Registry) -> None:
    """Known is what was assigned, what deploy/ declares, and production."""
    empty.release("v1.0.0", 1)
    empty.commit(2, deploy__staging_dot_yaml="")
    assert history.read("staging", empty.path).versions == []
    with pytest.raises(HistoryError, match=r"there is no environment 'stagin'; did you mean 'staging'\?"):
        history.read("stagin", empty.path)
    with pytest.raises(HistoryError, match=r"no environment 'x'; known: production, staging"):
        history.read("x", empty.path)


def test_a_metric_of_which_more_is_better_changes_by_what_it_lacks(empty: Registry) -> None:
    """The first metric of a record is the one that versions are compared by; 0.8 after 0.9 is 100 % worse."""
    empty.release("v1.0.0", 1, metrics={"test": {"rows": 100, "roc_auc": 0.9, "log_loss": 0.3}})
    empty.release("v1.1.0", 2, metrics={"test": {"rows": 100, "roc_auc": 0.8, "log_loss": 0.3}})
    newest = history.read(repository=empty.path).versions[0]
    assert newest.quality is not None
    assert newest.quality.change == pytest.approx(1.0)
    assert newest.quality == history.Quality("roc_auc", 0.8, None, newest.quality.change, True)


def test_a_version_whose_primary_metric_is_not_a_number_has_no_quality(empty: Registry) -> None:
    """A primary metric that its test rows do not define is unknown; the next of the record does not stand for it."""
    undefined = {"rows": 100, "roc_auc": None, "log_loss": 0.3}
    empty.release("v1.0.0", 1, metrics={"test": undefined})
    empty.release("v1.1.0", 2, metrics={"test": {"rows": 100, "roc_auc": 0.8, "log_loss": 0.2}})
    newest, oldest = history.read(repository=empty.path).versions
    assert oldest.quality is None
    assert newest.quality == history.Quality("roc_auc", 0.8, None, None, None)
