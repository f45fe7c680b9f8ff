"""What is said of a stage that was killed."""

from mainline.pipeline import reproduction


def test_a_killed_stage_is_named() -> None:
    """A stage that was killed is said with what the system does that for; one that spoke for itself is not."""
    assert reproduction._stopped(["train"], is_said=True).startswith(
        "train was killed before it could say why, as the system does if memory"
    )
    assert reproduction._stopped([], is_said=False).startswith("the pipeline stopped; what finished is kept")
    assert reproduction._stopped([], is_said=True) == ""
