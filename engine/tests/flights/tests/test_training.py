"""Your declared model can be trained, whatever it is: on a few rows of your data, or of your source."""

import pytest

from mainline.claims import catalogue, training


@pytest.mark.parametrize("claim", training.CLAIMS, ids=lambda claim: claim.__name__)
def test_the_declared_model_trains(claim: catalogue.Claim) -> None:
    """It memorises, its loss falls, it is finite, it repeats; `engine/src/mainline/claims/training.py` says how."""
    catalogue.hold(claim)
