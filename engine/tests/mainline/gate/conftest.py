"""What the tests of the gate's checks begin with."""

import pytest

from mainline.declared.gate import Policy
from mainline.gate.evidence import Evidence
from tests.mainline.gate import samples


@pytest.fixture(scope="module")
def shipped() -> Policy:
    """The policy as it ships, with one fairness rule."""
    return samples.shipped()


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """A candidate as good as production."""
    return samples.equal()
