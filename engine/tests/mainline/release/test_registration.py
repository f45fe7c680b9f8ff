"""The summary of a version's tag."""

import pytest

from mainline.release import registration
from tests.mainline.registry.registries import release


@pytest.mark.parametrize(("roc_auc", "said"), [(0.8, ": roc_auc 0.8 on 2013-03"), (None, "")])
def test_first_line_has_the_primary_metric_or_none(roc_auc: float | None, said: str) -> None:
    """A primary metric that the test rows do not define is left out, and the next one does not stand for it."""
    made = release("v1.1.0", 14.0, metrics={"test": {"rows": 100, "roc_auc": roc_auc, "log_loss": 0.3}})
    first, *_ = registration._lines(made)
    assert first.endswith(f"v1.1.0{said}")
