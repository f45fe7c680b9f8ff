"""The model card."""

import re
from typing import Any

import pytest

from mainline.declared.card import ASKED, FILE, Card, Group
from mainline.package import card

MANIFEST: dict[str, Any] = {
    "name": "flight-delay",
    "response": {"description": "Arrival delay", "unit": "minutes"},
    "model": {
        "type": "sklearn.linear_model.Ridge", "task": "regression", "format": "onnx", "reason": "",
        "parity": 2.1107e-05, "numeric": ["distance"], "categorical": ["carrier"],
    },
    "window": {"train": ["2013-01", "2013-02", "2013-03"], "validation": ["2013-04"], "test": ["2013-05"]},
}  # fmt: skip
METRICS: dict[str, Any] = {
    "data": {"accepted": 12345, "quarantined": 6},
    "test": {"rows": 100, "rmse": 15.91234, "bias": 0.5, "low": 14.0, "high": 18.0, "ratio": 0.9},
    "baseline": {"rows": 100, "rmse": 18.2, "bias": -0.1},
}


def segment(value: str, metric: float, thin: str = "false", low: str = "1.5", high: str = "2.5") -> dict[str, str]:
    """Return a row of slices.csv."""
    measured = {"rows": "1234", "metric": str(metric), "low": low, "high": high}
    return {"slice": "carrier", "value": value, **measured, "thin": thin}


def write(slices: list[dict[str, str]], model: dict[str, Any] | None = None, **test: Any) -> str:
    """Write the card of a small model."""
    manifest = MANIFEST | {"model": MANIFEST["model"] | (model or {})}
    metrics = METRICS | {"test": METRICS["test"] | test}
    return card.write(manifest, metrics, slices, {"air_time": "it is known only after landing"}, Card())


@pytest.mark.parametrize(
    "line",
    [
        "# flight-delay",
        "Arrival delay. Unit: minutes.",
        "- `sklearn.linear_model.Ridge` for regression, exported as onnx",
        "- Largest difference from scikit-learn on the test rows: 2.1e-05",
        "- Features: distance, carrier",
        "- train: 2013-01 to 2013-03",
        "- validation: 2013-04",
        "- Rows: 12,345 accepted, 6 quarantined",
        "- Never used: air_time; it is known only after landing",
        "| metric | model | baseline |",
        "| rmse | 15.91 | 18.2 |",
        "| bias | 0.5 | -0.1 |",
        "95 % interval of rmse: 14 to 18.",
        "- carrier UA: rmse 2 (1.5 to 2.5, 1,234 rows)",
    ],
)
def test_card_tells_what_the_model_is(line: str) -> None:
    """Model, data, bans, quality beside the baseline's and segments are each a line of the card."""
    assert line in write([segment("UA", 2.0)]).splitlines()


def test_card_has_its_sections() -> None:
    """A reader finds every part of the card under its heading, in this order."""
    assert re.findall("^## (.*)$", write([]), re.MULTILINE) == [
        "Use", "Model", "Data", "Quality on the test rows", "Where it is worst", "Limits", "Caveats", "Background",
    ]  # fmt: skip


def test_card_tells_why_scikit_learn_is_packaged() -> None:
    """Where ONNX was not faithful, the card gives the reason."""
    text = write([], {"format": "skops", "reason": "ONNX differs by 6, allowed is 0.001"})
    assert "exported as skops, because: ONNX differs by 6, allowed is 0.001\n" in text


def test_card_tells_that_the_served_model_was_fitted_again() -> None:
    """With a refit the card says on how many rows, and that the figures are of another model; without one nothing."""
    again = card.write(MANIFEST | {"refit": {"rows": 12_345}}, METRICS, [], {}, Card())
    assert "- Fitted again on all 12,345 rows" in again
    assert "was never measured on rows that it had not seen" in again
    assert "again" not in write([])


def test_worst_segments_come_first_and_thin_ones_not_at_all() -> None:
    """The five segments with the highest loss are named in that order; too few rows are not a finding."""
    slices = [segment(f"A{number}", 10.0 + number) for number in range(6)] + [segment("XX", 99.0, thin="true")]
    assert re.findall(r"carrier (\w+): rmse ([\d.]+)", write(slices)) == [
        ("A5", "15"), ("A4", "14"), ("A3", "13"), ("A2", "12"), ("A1", "11"),
    ]  # fmt: skip


def test_card_without_a_sound_segment_says_so() -> None:
    """Where every segment is thin the card draws no conclusion."""
    assert "No segment has enough rows for a conclusion." in write([segment("XX", 99.0, thin="true")])


def test_segment_of_one_day_has_no_interval() -> None:
    """A segment with rows of one day alone, and so without bounds, is named without them."""
    assert "- carrier UA: rmse 2 (no interval, 1,234 rows)" in write([segment("UA", 2.0, low="", high="")]).splitlines()


def test_test_of_one_day_has_no_interval() -> None:
    """Where all test rows are of one day, as with monthly snapshots, the card says so."""
    assert (
        "95 % interval of rmse: none, the test rows are of one day or group."
        in write([], low=None, high=None).splitlines()
    )


def test_what_nobody_declared_is_a_marked_gap() -> None:
    """Each key that is empty is one gap, which names the key and its file; nothing is made up for it."""
    marked = re.findall(r"\*\*Gap:\*\* nobody has declared .* \(`(\w+)` in `(.*)`\)", write([]))
    assert sorted(marked) == sorted((name, str(FILE)) for name in ASKED)


def test_what_is_declared_is_told_in_its_place() -> None:
    """A text, a list, an entry with parts and an empty list are each a line of the card."""
    said = Card(contact="m@example.org", caveats=("Old data.", "Few rows."), considerations=(),
                fairness=(Group(group="small airlines", harm="larger errors"),))  # fmt: skip
    told = card.write(MANIFEST, METRICS, [], {}, said).splitlines()
    for line in (
        "- Contact: m@example.org",
        "- Caveats: Old data.",
        "- Caveats: Few rows.",
        "- Considerations: none",
        "- Fairness: group: small airlines; harm: larger errors; mitigation: not declared",
    ):
        assert line in told
