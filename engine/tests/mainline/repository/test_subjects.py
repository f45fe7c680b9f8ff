"""What a commit is about."""

import pytest

from mainline.repository import subjects


@pytest.mark.parametrize(
    ("subject", "body", "told"),
    [
        ("Merge pull request #12 from ada/try", "\nLet trees be deeper\n\nMore words", "Let trees be deeper"),
        ("Merge branch 'try' into 'main'", "Let trees be deeper\n\nSee merge request x!3", "Let trees be deeper"),
        ("Merge pull request #12 from ada/try", " \n", "Merge pull request #12 from ada/try"),
        ("Merge branch 'main' of host:repository", "# Conflicts", "Merge branch 'main' of host:repository"),
        ("Train longer", "Since it helps.", "Train longer"),
    ],
)
def test_a_merge_goes_by_the_title_of_what_it_merged(subject: str, body: str, told: str) -> None:
    """Only if a forge wrote it, and if there is a title; any other commit keeps its subject."""
    assert subjects.told(subject, body) == told
