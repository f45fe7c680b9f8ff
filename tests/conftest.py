"""Real flights for the tests of the use case."""

import pytest
from hypothesis import settings

from flights import Days, first_days

# A busy machine must not fail a test, and CI must not fail on a case that nobody can repeat.
settings.register_profile("mainline", deadline=None, derandomize=True)
settings.load_profile("mainline")


@pytest.fixture(scope="session")
def days() -> Days:
    """The first five days of 2013."""
    return first_days()
