"""What a change means: the number after this one."""

import pytest

from mainline.registry.records import Bump
from mainline.release import numbering


@pytest.mark.parametrize(
    ("version", "part", "after"),
    [
        ("v1.2.3", "major", "v2.0.0"),
        ("v1.2.3", "minor", "v1.3.0"),
        ("v1.2.3", "patch", "v1.2.4"),
        ("v9.10.99", "patch", "v9.10.100"),
        ("v1.2.3", "first", "v1.0.0"),
    ],
)
def test_the_next_number(version: str, part: Bump, after: str) -> None:
    """The part that moves goes up by one, what is behind it starts at 0."""
    assert numbering.bump(version, part) == after
