"""What promote and rollback write is what history, lineage and delivery read."""

import json
import time

from mainline.registry import delivery, history, lineage, tags
from mainline.release import rollback
from tests.door import typed
from tests.mainline.release.conftest import Repository, release


def test_a_release_and_a_rollback_are_told_as_they_were_made(repository: Repository) -> None:
    """Two releases and a rollback: versions, kinds, metrics, lineage by digest, and a failed deployment mended."""
    release()
    repository.change(model={"depth": 4})
    release()
    rollback.assign_now("v1.0.0", "production")
    told = history.read("production")
    assert [(item.version, item.kind, item.replaced) for item in told.assignments] == [
        ("v1.0.0", "rollback", "v1.1.0"), ("v1.1.0", "release", "v1.0.0"), ("v1.0.0", "release", None),
    ]  # fmt: skip
    assert [item.environments for item in history.read().versions] == [["staging"], ["production"]]
    assert told.versions[0].quality == history.Quality("rmse", 14.2, None, 0.0, True)
    newest = tags.versions()[0]
    assert newest.release is not None
    found = lineage.trace(newest.release.digest[:12])
    assert (found.version, found.replaced, found.signature.signed) == ("v1.1.0", "v1.0.0", False)
    assert found.parameters is not None
    assert found.parameters["model"] == {"depth": 4}
    figures = delivery.measure("production", time.time()).figures["all"]
    assert (figures.deployments, figures.failed, figures.fixes, figures.changes) == (3, 1, 1, 1)


def test_a_merge_that_no_run_released_is_told_until_it_is(repository: Repository) -> None:
    """The history names main's model and who lacks it, for people and programs; a rollback at once is no gap."""
    release()
    assert "could take it" not in typed("history")
    assert json.loads(typed("history", "--json"))["unreleased"] is None
    repository.change(model={"depth": 4})
    said = typed("history").splitlines()[-1]
    assert said.startswith("main has had a model that no run released since 20")
    assert said.endswith(
        "), and staging, production could take it and did not. `./mainline promote` on it gives it to them."
    )
    one = json.loads(typed("history", "--environment", "production", "--json"))["unreleased"]
    assert (one["version"], one["environments"]) == (None, ["production"])
    release()
    assert "could take it" not in typed("history")
    rollback.assign_now("v1.0.0", "production")
    assert "could take it" not in typed("history")


def test_a_declaration_with_an_error_keeps_no_history_back(repository: Repository) -> None:
    """Who edits a file of deploy/ reads the history all the same."""
    release()
    (repository.path / "deploy/staging.yaml").write_text("promotion: {after: nowhere}\n")
    assert "v1.0.0" in typed("history")
