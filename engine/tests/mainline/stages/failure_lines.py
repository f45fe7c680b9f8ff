"""How a failure of partitions is told, wherever they are worked on."""

from collections.abc import Iterator

from mainline import faults
from mainline.stages import failures
from mainline.stages.tasks import Outcome


def line(outcomes: Iterator[tuple[int, Outcome]]) -> tuple[list[int], str]:
    """Return the places that came before a failure, and its line or the last one of its traceback."""
    places = []
    try:
        for place, _ in outcomes:
            places.append(place)
    except SystemExit as error:
        return places, str(faults.ended(error))
    except Exception as error:
        expected = faults.explain(error)
        if expected is None and isinstance(error, failures.BugError):
            return places, str(error)
        said = f"{type(error).__module__}.".replace("builtins.", "") + f"{type(error).__name__}: {error}"
        return places, str(expected or said.strip().splitlines()[-1])
    raise AssertionError("nothing failed")
