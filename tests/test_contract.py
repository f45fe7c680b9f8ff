"""Your use case keeps the contract of `engine/src/mainline/contract.py`, whatever it predicts."""

import pytest

from mainline import claims


@pytest.mark.parametrize("claim", claims.ALL, ids=lambda claim: claim.__name__)
def test_the_use_case_keeps_the_contract(claim: claims.Claim) -> None:
    """One claim at a time; `engine/src/mainline/claims/` says of each what it asks for, and why."""
    try:
        problem = claims.problem(claim)
    except claims.NoDataError as error:
        pytest.skip(str(error))
    if problem:
        pytest.fail(problem, pytrace=False)
