"""What to mind before modelling: one sentence for each thing that is seen, what spoils most first."""

from collections.abc import Iterator

import numpy as np

from mainline.look.portraits import LONGEST, Gallery, Portrait
from mainline.look.sheet import Sheet
from mainline.scaffold import counted_times, nearly_times
from mainline.text import clip, count, few

SAME = 0.95
"""Association from which one of two columns says little that the other does not."""
MOVED = 0.25
"""Stability index from which a period is of another distribution, by the usual rule of thumb."""
GAPS = 0.5
"""Share of missing values from which a column is mostly absent."""
JUMP = 0.2
"""Rise of the share of missing values in a period, over all before it, that is more than a bad day."""
RARE = 0.05
"""Share of the rarest of two classes below which accuracy says nothing."""
_MOST = 5


def give(gallery: Gallery) -> tuple[str, ...]:
    """Return the sentences."""
    return tuple(
        sentence
        for source in (_leaks, _label, _duplicates, _empty, _absent, _jumps, _pairs, _moved, _times, _mixed, _personal)
        for sentence in source(gallery)
    )


def _leaks(gallery: Gallery) -> Iterator[str]:
    for one in gallery.portraits:
        reason = one.leak or (
            f"it goes with the label nearly wholly ({one.strength:.2f})" if one.strength >= SAME else ""
        )
        if reason:
            yield f"'{one.name}' may say the label: {reason}. Is it known when the prediction is made?"


def _label(gallery: Gallery) -> Iterator[str]:
    label = next((one for one in gallery.portraits if one.name == gallery.sheet.label), None)
    if label is None:
        return
    if label.missing:
        looked = len(label.column.values)
        yield f"The label '{label.name}' is missing in {label.column.missing:,} of {looked:,} rows: why, and in which?"
    if gallery.task == "classification":
        rarest = min(label.bars, key=lambda bar: bar.share)
        if rarest.share < RARE:
            named = "The rarest class" if label.hidden else f"'{rarest.name}'"
            yield (
                f"{named} is {rarest.share:.1%} of the label, so whoever never says it is nearly always right: "
                "judge by log loss or average precision."
            )


def _duplicates(gallery: Gallery) -> Iterator[str]:
    if gallery.sheet.duplicates:
        rows = count(gallery.sheet.duplicates, "row")
        yield f"{rows} of {gallery.sheet.total:,} repeat another one: if it should not, keep one of them."


def _empty(gallery: Gallery) -> Iterator[str]:
    constant = [one.name for one in gallery.portraits if one.column.distinct <= 1]
    if constant:
        yield f"Columns of one value or none, from which nothing can be learned: {few(constant, _MOST)}."


def _absent(gallery: Gallery) -> Iterator[str]:
    absent = [one for one in gallery.portraits if GAPS <= one.missing < 1 and one.column.distinct > 1]
    if absent:
        named = [f"{one.name} ({one.missing:.0%})" for one in absent]
        yield f"Columns that are mostly missing: {few(named, _MOST)}."


def _jumps(gallery: Gallery) -> Iterator[str]:
    for one in gallery.portraits:
        place = _jump(one)
        if place is not None:
            before = float(np.nanmean(one.missing_by[:place]))
            yield (
                f"'{one.name}' is missing in {one.missing_by[place]:.0%} of {gallery.sheet.periods[place]}, after "
                f"{before:.0%} before: did the source change?"
            )


def _jump(one: Portrait) -> int | None:
    """Return the first period in which a column is suddenly missing; None if there is none."""
    for place in range(1, len(one.missing_by)):
        before = [share for share in one.missing_by[:place] if share == share]
        if before and one.missing_by[place] > np.mean(before) + JUMP:
            return place
    return None


def _pairs(gallery: Gallery) -> Iterator[str]:
    names, pairs = gallery.compared, gallery.pairs
    alike = [
        f"{names[other]} and {names[place]} ({pairs[place, other]:.2f})"
        for place in range(len(names))
        for other in range(place)
        if pairs[place, other] >= SAME and gallery.sheet.label not in (names[place], names[other])
    ]
    if alike:
        yield f"Pairs of which one says little more than the other: {few(alike, _MOST)}."


def _moved(gallery: Gallery) -> Iterator[str]:
    moved = sorted((one for one in gallery.portraits if one.most_drift >= MOVED), key=lambda one: -one.most_drift)
    if moved:
        named = [f"{one.name} ({_newest(gallery.sheet, one)}: {one.most_drift:.2f})" for one in moved]
        yield (
            f"Columns that move between periods (largest stability index, {MOVED} is much): {few(named, _MOST)}. "
            "Seasons move, and so do faults."
        )


def _newest(sheet: Sheet, one: Portrait) -> str:
    return sheet.periods[int(np.nanargmax(one.drift))]


def _times(gallery: Gallery) -> Iterator[str]:
    for one in gallery.portraits:
        private = _is_personal(gallery.sheet.hidden.get(one.name, ""))
        if one.column.times:
            yield nearly_times.say(one.name, one.column.times, private=private)
        elif said := counted_times.say(one.column, private=private):
            yield said


def _mixed(gallery: Gallery) -> Iterator[str]:
    for one in gallery.portraits:
        if one.column.stray:
            others = "others" if one.hidden else few([clip(text, LONGEST) for text in one.column.stray], 3)
            yield f"'{one.name}' is taken as text, since numbers stand beside {others}."
        elif (numbers := one.column.numbers) and numbers.is_mixed:
            share = f"{numbers.share:.0%}"
            yield f"'{one.name}' is taken as text, and {share} of its cells are numbers: are the others values?"
        if one.column.doubtful and not one.hidden:
            texts = [f"'{text}' ({count(rows, 'row')})" for text, rows in one.column.doubtful.items()]
            yield f"'{one.name}' holds {few(texts, 3)}: a value, or missing?"


def _personal(gallery: Gallery) -> Iterator[str]:
    found = [
        f"{name} ({reason})" for name, reason in gallery.sheet.hidden.items()
        if _is_personal(reason)
    ]  # fmt: skip
    if found:
        yield f"Columns that say something of persons, whose values are not shown: {few(found, _MOST)}."


def _is_personal(reason: str) -> bool:
    """Say whether a column is hidden since it says something of persons."""
    return "holds" in reason or "person" in reason
