"""What the prepared parts are like beside each other: the profile of the newest one, drift, and the order of time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mainline import personal, progress
from mainline.contract import Array
from mainline.data import dataset
from mainline.data.dataset import Prepared
from mainline.data.moments import is_timed
from mainline.data.profile import describe, share_between, stability_index, stability_of, without_values
from mainline.limits import composition
from mainline.limits.sketches import Sketch
from usecase import features, interface

LABEL = f"label {interface.LABEL}"
"""The label among the features of a sketch."""
MOST_BETWEEN = 0.5
"""Share of the label's variance between periods beyond which they differ more from each other than within."""


def sketch(part: Prepared) -> Sketch:
    """Sketch a part's features, with the label as one more column."""
    return composition.sketch({**part.features, LABEL: part.label})


def profile(parts: Sequence[str], names: Sequence[str], sketched: Mapping[str, Sketch]) -> dict[str, object]:
    """Describe each feature in the newest part written, and how far it moved from the parts before.

    Few columns are held at a time: all features of a window need not fit into memory.

    Args:
        parts: in order; the newest is the last one.
        names: the features.
        sketched: sketches of the parts, as far as there are any.
    """
    *earlier, newest = parts
    hidden = personal.columns(interface)
    current = dataset.read(dataset.FOLDER, [newest], [], names)
    columns = {**current.features, "label": current.label}
    before = [sketched[part] for part in earlier if part in sketched]
    counted = _counted(columns, before if len(before) == len(earlier) else ())
    skew = {name: stability_of(values, columns[name]) for name, values in counted.items()}
    others = [name for name in columns if name not in counted]
    for name, values in dataset.by_column(dataset.FOLDER, earlier, others):
        skew[name] = stability_index(values, columns[name])
    return {
        "newest": newest,
        "before": f"{earlier[0]} to {earlier[-1]}",
        "rows": len(current),
        "drift": [{"feature": name, "stability_index": skew[name]} for name in columns],  # rows of a plot
        "columns": {
            name: without_values(found) if name in hidden else found for name, found in describe(columns).items()
        },
    }


def support(sketched: Mapping[str, Sketch]) -> dict[str, Any]:
    """Hold the rows of each period to those of the periods before."""
    return composition.note(sketched, _number)


def check_order(labels: Iterable[Array]) -> None:
    """Say if periods look like rows in an order that is not time: no field is one, and the label tells them apart."""
    if not is_timed(features) or any(field.kind == "time" for field in interface.REQUEST):
        return
    between = share_between([*labels])
    if between > MOST_BETWEEN:
        progress.say(
            f"Look: {between:.0%} of the label's variance lies between the periods, and no field of REQUEST is a time. "
            "If the source cuts periods by the order of its rows, that order is not time, and the test periods are "
            "other data than was fitted on: declare data.snapshot in params.yaml, or bring their times."
        )


def _counted(names: Iterable[str], before: Sequence[Sketch]) -> dict[str, Counter[str]]:
    """Count the values of texts by their sketches; columns of which these do not name all values have to be read."""
    found = {}
    for name in names:
        texts = [one.texts[name] for one in before if name in one.texts]
        if texts and not any(text.others for text in texts):
            counted = Counter({"": sum(text.missing for text in texts)})
            for text in texts:
                counted.update(text.counts)
            found[name] = +counted
    return found


def _number(period: str, name: str) -> Array:
    return dataset.column(dataset.FOLDER, [period], dataset.LABEL if name == LABEL else name)
