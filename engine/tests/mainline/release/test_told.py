"""What promote and rollback write is what history, lineage and delivery read."""

import time

from mainline.registry import delivery, history, lineage, tags
from mainline.release import rollback
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
