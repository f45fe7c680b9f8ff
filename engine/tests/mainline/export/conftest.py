"""A real release of the small use case, as `evidence` has it; the gate alone is left out."""

from tests.mainline.evidence.conftest import here, own, shared

__all__ = ["here", "own", "shared"]
