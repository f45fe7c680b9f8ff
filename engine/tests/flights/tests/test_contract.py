"""Your use case keeps the contract of `engine/src/mainline/contract.py`, whatever it predicts."""

import pytest

from mainline.claims import catalogue


@pytest.mark.parametrize("claim", catalogue.ALL, ids=lambda claim: claim.__name__)
def test_the_use_case_keeps_the_contract(claim: catalogue.Claim) -> None:
    """One claim at a time; `engine/src/mainline/claims/` says of each what it asks for, and why."""
    catalogue.hold(claim)
