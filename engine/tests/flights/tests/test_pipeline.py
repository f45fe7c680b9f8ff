"""The pipeline as a whole: few rows of your raw data go through every stage, and a server answers what came out."""

import pytest

from mainline.claims import catalogue, integration


@pytest.mark.parametrize("claim", integration.CLAIMS, ids=lambda claim: claim.__name__)
def test_the_pipeline_works_as_a_whole(claim: catalogue.Claim) -> None:
    """From raw data to an answer over HTTP; `engine/src/mainline/claims/integration.py` says how."""
    catalogue.hold(claim)
