"""Explanations as pictures: plain files, whatever is explained."""

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mainline.experiments import pictures
from mainline.experiments.contributions import Contributions
from mainline.experiments.slices import Reliance, Slice
from mainline.experiments.worth import Worth
from tests.project import ROOT

LONG = "a_feature_whose_name_is_longer_than_anybody_wants_to_read_it_{}"


def explanation(reference: float, values: dict[str, float]) -> Any:
    """Make up an explanation with these contributions."""
    response = {"name": "price", "description": "Price; of the sale", "unit": "EUR"}
    return SimpleNamespace(
        contributions=Contributions(reference, reference + sum(values.values()), values, dict.fromkeys(values, 0.0)),
        features={name: np.array([7.0]) for name in values}, is_probability=False, of_class="",
        predictor=SimpleNamespace(manifest={"response": response}),
    )  # fmt: skip


def worth(features: int) -> list[Worth]:
    """Make up what features are worth; each goes together with the next, more and more."""
    return [
        Worth(LONG.format(n), 0.02 - n / 1000, 0.01 - n / 1000, 0.03, 1.0, LONG.format(n + 1), n / features, 0.0, 0)
        for n in range(features)
    ]


def reliances(features: int) -> Slice:
    """Make up a slice in which everything is relied on more."""
    each = tuple(Reliance(LONG.format(n), 9.0 - n / 10, 1.0, 0.1, 0.0, 0.0) for n in range(features))
    return Slice("plan", "a value with quotes ' and \\ a backslash", 900, 5000, 200, each, 0.0, 1.0, 3.0)


@pytest.mark.parametrize(
    "specification",
    [
        pictures.of_one(explanation(5.0, {LONG.format(n): (-1.0) ** n * n for n in range(60)}), "One request"),
        pictures.of_one(explanation(0.0, {"it's": 0.0}), "One request"),
        pictures.of_slice(reliances(60), " EUR"),
        pictures.of_slice(reliances(1), ""),
        pictures.of_worth(worth(60)),
        pictures.of_worth(worth(2)),
    ],
    ids=["waterfall of 60", "nothing added", "slice of 60", "slice of 1", "worth of 60", "worth of 2"],
)
def test_a_picture_is_two_plain_files(
    specification: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PNG and SVG are there, neither loads anything, and a label is not longer than its room."""
    monkeypatch.chdir(tmp_path)
    png, svg = map(Path, pictures.draw(specification).splitlines())
    assert png.read_bytes().startswith(b"\x89PNG")
    assert int.from_bytes(png.read_bytes()[16:20]) <= 2 * 1100
    drawn = svg.read_text()
    assert not re.search(r"(href|src|url)\s*[=(]\s*[\"']?http", drawn)
    assert "<script" not in drawn
    assert max(map(len, re.findall(r">([^<>]*a_feature[^<>]*)</text>", drawn)), default=0) <= 60


def test_pictures_are_where_git_ignores_them() -> None:
    """What anybody can draw again is not committed by an absent-minded `git add --all`."""
    assert f"/{pictures.FOLDER}/" in (ROOT / ".gitignore").read_text().splitlines()


def test_a_waterfall_leads_from_the_typical_row_to_the_prediction() -> None:
    """Each bar begins where the one before ends; of many reasons the small ones are one bar, and nothing is lost."""
    found = explanation(5.0, {LONG.format(n): (-1.0) ** n * n for n in range(60)})
    first, *steps, last = pictures.of_one(found, "One request")["data"]["values"]
    assert len(steps) == pictures.MOST
    assert steps[-1]["label"] == "all other 43"
    assert [bar["start"] for bar in steps] == [first["end"], *(bar["end"] for bar in steps[:-1])]
    assert steps[-1]["end"] == pytest.approx(last["end"])


def test_only_chosen_reasons_have_a_bar_of_their_own() -> None:
    """With `--only` the waterfall has these, the largest first, and all others as one; nothing is lost."""
    found = explanation(5.0, {"a": 9.0, "b": 1.0, "c": -4.0, "d": 2.0})
    first, *steps, last = pictures.of_one(found, "One request", ("b", "c", "b"))["data"]["values"]
    assert [bar["label"] for bar in steps] == ["c = 7", "b = 7", "all other 2"]
    assert [bar["start"] for bar in steps] == [first["end"], *(bar["end"] for bar in steps[:-1])]
    assert steps[-1]["end"] == pytest.approx(last["end"])


def test_only_chosen_features_of_a_slice_are_drawn() -> None:
    """With `--only` a slice has these bars, and says of how many features they are."""
    chosen = tuple(LONG.format(number) for number in (3, 1))
    drawn = pictures.of_slice(reliances(5), "", chosen)
    assert [row["here"] for row in drawn["data"]["values"]] == [8.9, 8.7]
    assert drawn["title"]["subtitle"].endswith("for all rows; 2 of 5 features.")
    assert pictures.of_slice(reliances(60), "")["title"]["subtitle"].endswith("; the first 18 of 60 features.")
    assert pictures.of_slice(reliances(5), "")["title"]["subtitle"].endswith("for all rows.")


@pytest.mark.parametrize(("reference", "begins"), [(1.0, 0.0), (1e5, 99_990.0), (-1e5, -99_985.0)])
def test_an_axis_leaves_out_a_zero_that_would_hide_the_steps(reference: float, begins: float) -> None:
    """A price of 100,000 that 10 are added to is drawn from near it, and the picture says so."""
    specification = pictures.of_one(explanation(reference, {"a": 10.0, "b": -5.0}), "One request")
    first = specification["data"]["values"][0]
    assert (first["start"] == 0) is (begins == 0)
    assert first["start"] == pytest.approx(begins, abs=10)
    assert ("does not begin at 0" in specification["title"]["subtitle"][-1]) is (begins != 0)


def test_what_stands_in_for_another_feature_is_marked() -> None:
    """Importance of a feature misleads if another one says the same, so that one is named and marked."""
    one, other = worth(2)
    rows = pictures.of_worth([replace(one, correlation=0.69), replace(other, correlation=0.7)])["data"]["values"]
    assert [row["close"] for row in rows] == [False, True]
    assert all(row["partner"].endswith(("0.69", "0.70")) for row in rows)
