"""Events of a log that holds hashes of their keys: found by every key that is given, and by none that is not."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.contract import Field
from mainline.data import pseudonyms
from mainline.data.pseudonyms import VARIABLE
from mainline.monitoring import key_hashes

FIELD = Field("customer", "integer", "Which", 4711)
PACKAGE: Any = SimpleNamespace(hidden=(FIELD, Field("name", "string", "Who", "Ada")))
KEY = ["day", "customer"]
NEW, OLD = "n" * 32, "o" * 32
LABELS = pd.DataFrame({"day": [1, 1, 2, 3], "customer": [17, 18, 17, 19], "label": [0.0, 1.0, 2.0, 3.0]})


def logged(rows: list[tuple[int, int, int]], monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Return rows of the log, each a day, a customer, and the place of the key that it was hidden by."""
    monkeypatch.setenv(VARIABLE, f"{NEW},{OLD}")
    by = pseudonyms.load()
    hashed = [by[place].column(FIELD, np.array([customer]))[0] for _, customer, place in rows]
    return pd.DataFrame({"day": [day for day, *_ in rows], "customer": hashed})


def test_labels_of_both_sides_of_a_new_key_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows hidden by the key of before and by the new one get their labels; a label of nobody stays, once."""
    log = logged([(1, 17, 1), (1, 18, 1), (2, 17, 0)], monkeypatch)
    found = key_hashes.as_logged(LABELS, KEY, PACKAGE, log)
    assert log.merge(found, on=KEY)["label"].tolist() == [0.0, 1.0, 2.0]
    assert sorted(found["label"]) == [0.0, 1.0, 2.0, 3.0]
    assert not set(found["customer"]) & {17, 18, 19}


def test_event_that_was_answered_before_and_after_has_its_label_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log cannot tell that two hashes are of one customer, so both rows get the label."""
    log = logged([(1, 17, 1), (1, 17, 0)], monkeypatch)
    assert log.merge(key_hashes.as_logged(LABELS, KEY, PACKAGE, log), on=KEY)["label"].tolist() == [0.0, 0.0]


def test_row_of_a_key_that_was_taken_away_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a key is gone, nothing joins the rows that it hid to a person any more."""
    log = logged([(1, 17, 1), (2, 17, 0)], monkeypatch)
    monkeypatch.setenv(VARIABLE, NEW)
    assert log.merge(key_hashes.as_logged(LABELS, KEY, PACKAGE, log), on=KEY)["label"].tolist() == [2.0]


def test_machine_without_the_key_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """A look that cannot join says which variable is missing; a key that hides nothing needs none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    assert key_hashes.lacking(PACKAGE, KEY) == (
        f"The log has hashes of customer, and their key is not here; set {VARIABLE} as servers have it."
    )
    assert key_hashes.lacking(PACKAGE, ["day"]) == ""
