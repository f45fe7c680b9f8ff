"""Every claim of the contract in its order, and what keeps one from being true.

Each claim is a function without arguments that returns if it holds and raises if not. Nothing here knows what a use
case predicts: rows are made up from what `interface.py` declares, and data is what the pipeline or the source has.
"""

from collections.abc import Callable

from mainline import faults
from mainline.claims import data, declarations, held, requests
from mainline.claims.batches import NoDataError

Claim = Callable[[], None]

ALL: tuple[Claim, ...] = (*declarations.CLAIMS, *requests.CLAIMS, *data.CLAIMS)


def problem(claim: Claim) -> str:
    """Return what keeps a claim from being true, in one line that names file and remedy; '' if it is true.

    Raises:
        NoDataError: if the claim is about data, and none can be had here.
    """
    try:
        claim()
    except NoDataError:
        raise
    except Exception as error:
        expected = faults.explain(error)
        if expected is None:
            raise
        return " ".join(str(expected).split())
    return ""


def hold(claim: Claim) -> None:
    """Fail the test that calls this if a claim is not true; skip it if the claim is about data and none can be had."""
    import pytest  # here, since only the tests' environment has it

    held.OUTCOMES[claim.__name__] = "failed"
    try:
        found = problem(claim)
    except NoDataError as error:
        held.OUTCOMES[claim.__name__] = "skipped"
        pytest.skip(str(error))
    if found:
        pytest.fail(found, pytrace=False)
    held.OUTCOMES[claim.__name__] = "passed"
