"""Hold a use case that was just written to the contract, in a tree of its own: `python -m mainline.scaffold.proof`."""

import sys

from mainline import faults


def problem() -> str:
    """Return what the use case of the current folder does not keep, in one line; '' if it keeps all."""
    try:
        from mainline.claims import catalogue  # which imports the use case

        broken = ((claim.__name__, catalogue.problem(claim)) for claim in catalogue.ALL)
        return next((f"{name}: {said}" for name, said in broken if said), "")
    except Exception as error:
        expected = faults.explain(error)
        if expected is None:
            raise
        return str(expected)


if __name__ == "__main__":
    sys.exit(problem() or None)
