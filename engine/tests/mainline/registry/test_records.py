"""What tags' messages hold: written and read back, or refused."""

import json

import pytest

from mainline.registry import records
from mainline.registry.records import Assignment, RecordError, Release

RELEASE = Release(
    version="v1.1.0",
    digest="ab" * 32,
    replaces="v1.0.0",
    bump="minor",
    reason="model.params.learning_rate",
    verdict="pass",
    headline="The model is 2.0% better than production v1.0.0 in rmse; it may be released.",
    metrics={"test": {"rmse": 14.2, "rows": 100, "low": None}},
    window={"train": ["2013-01"], "test": ["2013-03"]},
    runs=[{"stage": "train", "seconds": 8.3}],
    signature=None,
)
ASSIGNMENT = Assignment(
    version="v1.1.0", environment="production", kind="release", replaces=None,
    main="c" * 40, main_digest="ab" * 32, by="somebody",
)  # fmt: skip


def test_a_record_is_read_as_it_was_written() -> None:
    """People's lines come first, and the record after them is the same again."""
    message = records.write(["model v1.1.0: rmse 14.2", "", "digest ab"], RELEASE)
    assert message.startswith("model v1.1.0: rmse 14.2\n\ndigest ab\n")
    assert records.read_release(message) == RELEASE
    assert records.read_assignment(records.write(["production: v1.1.0"], ASSIGNMENT)) == ASSIGNMENT


@pytest.mark.parametrize(
    "message",
    [
        "",
        "made by hand",
        f"\n{records.MARK}\n",
        f"\n{records.MARK}\n{{}}",
        f"\n{records.MARK}\n[" + "[" * 50_000,
        f"\n{records.MARK}\n" + RELEASE.model_dump_json().replace('"v1.1.0"', '"v1.1.0; rm -rf"'),
        f"\n{records.MARK}\n" + RELEASE.model_dump_json().replace("14.2", "NaN"),
        f"\n{records.MARK}\n" + json.dumps({**RELEASE.model_dump(), "more": 1}),
        f"\n{records.MARK}\n" + RELEASE.model_dump_json() + " " * records.MAX_BYTES,
    ],
    ids=["empty", "by hand", "nothing", "no keys", "deep", "version", "NaN", "unknown key", "oversized"],
)
def test_what_promote_did_not_write_is_refused(message: str) -> None:
    """A message of somebody else is one error, never half a record."""
    with pytest.raises(RecordError, match="a tag's message holds"):
        records.read_release(message)
