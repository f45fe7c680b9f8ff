"""What changed between two versions, judged once: by the same rule that the gate asks and the release numbers."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest

from mainline.contract import Field
from mainline.registry import changes
from mainline.registry.changes import Contract, Difference

BOUNDED = Field("x", "number", "a number", 1.0, unit="miles", minimum=0, maximum=10, pattern="a")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "text"}, ["field 'x' is text, was number"]),
        ({"optional": False}, []),
        ({"minimum": 1}, ["field 'x' must be at least 1"]),
        ({"minimum": -1}, []),
        ({"minimum": None}, []),
        ({"maximum": 9}, ["field 'x' must be at most 9"]),
        ({"maximum": 11}, []),
        ({"maximum": None}, []),
        ({"pattern": "b"}, ["field 'x' must match another pattern"]),
        ({"pattern": None}, []),
        ({"unit": ""}, ["field 'x' is in no unit, was in miles"]),
        ({"unit": "km", "minimum": 2}, ["field 'x' is in km, was in miles", "field 'x' must be at least 2"]),
    ],
)
def test_a_field_that_takes_less_than_before_is_named(change: dict[str, Any], said: list[str]) -> None:
    """Narrower breaks old clients, wider does not; every reason is listed."""
    assert narrowed([BOUNDED], [replace(BOUNDED, **change)]) == said


def test_a_bound_where_there_was_none_breaks() -> None:
    """New bounds and patterns refuse what was taken; whole numbers are numbers, and not the other way round."""
    free, whole = Field("x", "number", "a number", 1.0, optional=True), Field("x", "integer", "a number", 1.0)
    bound = replace(BOUNDED, unit="")
    assert narrowed([free], [bound]) == [
        "field 'x' may no longer be left out", "field 'x' must be at least 0", "field 'x' must be at most 10",
        "field 'x' must match another pattern",
    ]  # fmt: skip
    assert narrowed([whole], [replace(free, optional=False)]) == []
    assert narrowed([replace(free, optional=False)], [whole]) == ["field 'x' is integer, was number"]


def test_every_broken_field_is_named() -> None:
    """A field that is gone, a new one that is required and narrower ones stand side by side; a new optional one may."""
    old = [replace(BOUNDED, name=name) for name in ("gone", "first", "second")]
    new = [
        replace(BOUNDED, name="first", maximum=5), replace(BOUNDED, name="second", minimum=5),
        replace(BOUNDED, name="new"), replace(BOUNDED, name="may", optional=True),
    ]  # fmt: skip
    assert narrowed(old, new) == [
        "field 'first' must be at most 5", "field 'gone' is gone", "field 'new' is required now",
        "field 'second' must be at least 5",
    ]  # fmt: skip


def narrowed(old: Sequence[Field], new: Sequence[Field]) -> list[str]:
    """Compare fields as manifests hold them."""
    return changes.narrowed([asdict(field) for field in old], [asdict(field) for field in new])


def contract(request: Field = BOUNDED, response: Field = BOUNDED, *more: Field) -> Contract:
    """Compare a package of other fields with one whose request and response are both `BOUNDED`."""
    before = {"request": [asdict(BOUNDED)], "response": asdict(BOUNDED)}
    return changes.contract(before, {"request": [asdict(request), *map(asdict, more)], "response": asdict(response)})


@pytest.mark.parametrize(
    ("found", "part"),
    [
        (contract(replace(BOUNDED, maximum=11)), "minor"),
        (contract(BOUNDED, BOUNDED, replace(BOUNDED, name="may", optional=True)), "minor"),
        (contract(BOUNDED, replace(BOUNDED, maximum=9)), "minor"),
        (contract(replace(BOUNDED, description="words", example=2.0)), "patch"),
        (contract(replace(BOUNDED, maximum=9)), "major"),
        (contract(BOUNDED, BOUNDED, replace(BOUNDED, name="must")), "major"),
        (contract(BOUNDED, replace(BOUNDED, maximum=11)), "major"),
        (contract(BOUNDED, replace(BOUNDED, name="z")), "major"),
        (contract(BOUNDED, replace(BOUNDED, unit="km")), "major"),
    ],
    ids=["wider", "optional field", "narrower answer", "words", "narrower", "field", "wider answer", "name", "unit"],
)
def test_only_what_breaks_clients_is_major(found: Contract, part: str) -> None:
    """A request that takes more and a response that says less than it could is minor; their words are nothing."""
    assert changes.meaning(found, [], [], [], [], ("a", "a"))[0] == part
    assert bool(found.breaking) == (part == "major")


@pytest.mark.parametrize(
    ("before", "after", "breaking", "compatible"),
    [
        (None, 0.9, [], ["the response has an interval now"]),
        (0.9, None, ["the response has no interval, had one of 90%"], []),
        (0.9, 0.975, ["the interval is of 97.5%, was of 90%"], []),
        (0.9, 0.9, [], []),
    ],
    ids=["new", "gone", "other level", "same"],
)
def test_an_interval_that_clients_read_is_part_of_the_response(
    before: float | None, after: float | None, breaking: list[str], compatible: list[str]
) -> None:
    """A client that reads both ends misses them if they go, and misreads them at another level."""
    fields = {"request": [asdict(BOUNDED)], "response": asdict(BOUNDED)}
    old, new = (
        fields | ({} if level is None else {"interval": {"level": level, "ends": [-level, level]}})
        for level in (before, after)
    )
    assert changes.contract(old, new) == Contract(breaking, compatible)


def test_another_response_says_what_it_is_now() -> None:
    """Whoever reads the release sees the name or the unit, before and after."""
    assert contract(BOUNDED, replace(BOUNDED, name="z")).breaking == ["the response is 'z', was 'x'"]
    assert contract(BOUNDED, replace(BOUNDED, unit="km")).breaking == ["the response is in km, was in miles"]


@pytest.mark.parametrize(
    ("declared", "features", "files", "windows", "said"),
    [
        ([Difference("model.depth", 3, 4)], ([], []), [], ("a", "b"), ("minor", "model.depth")),
        ([], (["age"], ["size"]), [], ("a", "b"), ("minor", "features +age, features -size")),
        ([], ([], []), ["src/make.py"], ("a", "b"), ("minor", "src/make.py")),
        ([Difference("data.through", "a", "b")], ([], []), [], ("a", "b"), ("patch", "data: a became b")),
        ([], ([], []), [], ("a", "a"), ("patch", "the data changed, or another machine built it")),
        ([], ([], []), list("abcdefg"), ("a", "a"), ("minor", "a, b, c, d, e and 2 more")),
    ],
)
def test_the_reason_names_what_moved(
    declared: list[Difference],
    features: tuple[list[str], list[str]],
    files: list[str],
    windows: tuple[str, str],
    said: tuple[str, str],
) -> None:
    """Parameters, features and code are minor, the data's window alone is a patch."""
    assert changes.meaning(Contract([], []), declared, *features, files, windows) == said


def test_parameters_are_compared_by_dotted_name() -> None:
    """What only one declares counts, sections that judge do not, and features are listed apart unless reordered."""
    before = {"model": {"depth": 3, "old": 1}, "features": ["a", "b"], "gate": {"margin": 1}}
    after = {"model": {"depth": 4}, "features": ["b", "c"], "gate": {"margin": 2}}
    assert changes.parameters(before, after) == [("model.depth", 3, 4), ("model.old", 1, None)]
    assert changes.features(before, after) == (["c"], ["a"])
    assert changes.parameters(before, {**before, "features": ["b", "a"]}) == [("features", ["a", "b"], ["b", "a"])]


def test_code_is_what_stages_ran() -> None:
    """Files of code and libraries that differ, are new or are gone; data is not code."""
    form = "stages:\n  a:\n    cmd: x\n    deps:\n"
    before = form + "".join(f"    - {{path: {p}, md5: {m}}}\n" for p, m in (("src/a", 1), ("src/b", 1), ("data/x", 1)))
    after = form + "".join(f"    - {{path: {p}, md5: {m}}}\n" for p, m in (("src/a", 2), ("src/c", 1), ("data/x", 2)))
    assert changes.code(before, after) == ["src/a", "src/b", "src/c"]
    assert changes.code("", after) == ["src/a", "src/c"]


@pytest.mark.parametrize(
    ("old", "new", "breaking"),
    [
        (["a", "b", "c"], ["a", "b", "c"], []),
        (["a", "b", "c"], ["a", "c", "b"], ["the classes are a, c, b, were a, b, c"]),
        (["a", "b", "c"], ["a", "b", "c", "d"], ["the classes are a, b, c, d, were a, b, c"]),
        (["No", "Yes"], ["Yes", "No"], ["the classes are Yes, No, were No, Yes"]),
        ([], ["No", "Yes"], []),
    ],
)
def test_other_classes_break_clients(old: list[str], new: list[str], breaking: list[str]) -> None:
    """A class more or less, or another order, means something else to whoever reads probabilities."""
    before, after = ({"request": [], "response": asdict(BOUNDED), "classes": classes} for classes in (old, new))
    assert changes.contract(before, after).breaking == breaking
