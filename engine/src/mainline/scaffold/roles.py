"""What each column is for: key, group, feature, or nothing."""

import re
from collections.abc import Mapping

import numpy as np

from mainline.conformance.names import PERSONAL
from mainline.scaffold import moments
from mainline.scaffold.column import FAR, Column

_NUMBERING = re.compile(
    r"(^|[^a-z])(id|ids|no|nr|num|number|key|uuid|guid|code|index|idx|numéro|numero)([^a-z]|$)|nummer([^a-z]|$)"
)
_ENDS_WITH_ID = re.compile(r"[a-z](Id|ID)$")
_ENTITY = (
    "customer|client|patient|subject|user|person|member|household|family|account|store|shop|device|machine|sensor|"
    "station|school|student|driver|vehicle|product|item|participant|owner|company|firm|individual|"
    "kunde|patientin|haushalt|konto|filiale|gerät|maschine|schule|schüler|fahrer|fahrzeug|artikel|firma|"
    "magasin|capteur|appareil|école|élève|produit|entreprise|foyer"
)
ENTITIES = re.compile(rf"(^|[^a-z])({_ENTITY})([^a-z]|$)")
_ENTITY_ALONE = re.compile(rf"({_ENTITY})[^a-zà-ÿ]*(id|ids|no|nr|num|number|key|code|nummer)?[^a-z]*")
"""A name that says no more than whose rows these are, such as `patient` or `Patient-Nr.`."""
_AMOUNT = re.compile(
    r"^(num|number|n|nb|count|total)[^a-z]+(of[^a-z]|[a-z]+s$|[a-z]+[^a-z]+[a-z])|"
    r"[^a-z](age|amount|balance|count|days|hours|income|limit|months|price|rating|score|size|tenure|total|value|years)$"
)
"""How many or how much there is of something, such as `num_satisfactory_accounts`, and not which one."""
_BETWEEN = re.compile(r"[ .-]+")
MOST_LEVELS = 100
_WORDS = 4
_UNNAMED = re.compile(r"Unnamed: \d+|__index_level_\d+__")
_LONG = 60
_FEWEST_OF_A_LEVEL = 3


def is_unnamed(name: str) -> bool:
    """Say whether a column has no name of its own, such as the row numbers that pandas writes."""
    return not name.strip() or bool(_UNNAMED.fullmatch(name))


def is_numbering(name: str) -> bool:
    """Say whether a name is that of a number or code that tells rows or entities apart."""
    return bool(_NUMBERING.search(_spaced(name)) or _ENDS_WITH_ID.search(name))


def tells_apart(column: Column) -> bool:
    """Say whether each row has another number or text."""
    return column.kind in ("integer", "text") and not column.missing and column.distinct == len(column.values)


def key_of(columns: Mapping[str, Column]) -> tuple[str, bool]:
    """Return the column that tells the rows apart, and whether its name says so; '' if there is none."""
    unique = [
        column for column in columns.values()
        if tells_apart(column)
        and not is_unnamed(column.name) and column.name.lower() not in PERSONAL
    ]  # fmt: skip
    named = [column.name for column in unique if is_numbering(column.name)]
    if named:
        return named[0], True
    words = [column.name for column in unique if column.kind == "text" and not is_prose(column)]
    counting = [column.name for column in unique if column.kind == "integer" and _counts(column)]
    return next(iter([*counting, *words]), ""), False


def group_of(columns: Mapping[str, Column], key: str) -> tuple[str, bool]:
    """Return the column that names an entity with several rows, and whether its name says so; '' if there is none."""
    found = []
    for name, column in columns.items():
        if name == key or column.kind not in ("integer", "text") or column.missing or _AMOUNT.search(_spaced(name)):
            continue
        rows = len(column.values)
        if 20 <= column.distinct <= (rows - 1 if _ENTITY_ALONE.fullmatch(_spaced(name)) else rows / 1.5):
            found.append(name)
    entities = [name for name in found if ENTITIES.search(_spaced(name))]
    if entities:
        return entities[0], True
    return next(filter(is_numbering, found), ""), False


def left_out(column: Column) -> str:
    """Say why a column is not a feature; '' if it may be one."""
    if column.missing == len(column.values):
        return "it is empty"
    if column.distinct == 1 and not column.missing:
        return "it is the same in every row"
    if _BETWEEN.sub("_", column.name.lower()) in PERSONAL:
        return "its name is that of a person's data"
    if is_unnamed(column.name):
        return "it has no name"
    if column.kind == "time" or (column.is_number and moments.are_days(column.values)):
        return "it is another time: known when?"
    if column.kind == "integer" and _counts(column):
        return "it counts the rows"
    if column.is_far:
        return f"it holds numbers beyond {FAR:g}"
    return _of_text(column) if column.kind == "text" else ""


def _of_text(column: Column) -> str:
    """Say why texts are not a feature; '' if they may be one."""
    if column.stray:
        return f"it holds text among numbers, such as {column.stray[0]!r}"
    if is_prose(column):
        return "it is free text"
    few = column.distinct <= 2 or column.distinct * _FEWEST_OF_A_LEVEL <= len(column.present)
    return "" if column.distinct <= MOST_LEVELS and few else f"it has {column.distinct:,} different texts"


def is_prose(column: Column) -> bool:
    """Say whether texts are sentences: many words, and hardly one twice."""
    present = column.codes[1]
    words = float(np.mean([len(text.split()) for text in present[:1000]])) if len(present) else 0
    length = float(np.mean([len(text) for text in present[:1000]])) if len(present) else 0
    return (words > _WORDS or length > _LONG) and column.distinct > 0.3 * len(column.present)


def _counts(column: Column) -> bool:
    """Say whether whole numbers count the rows, one by one."""
    return bool(len(column.values) > 1 and (np.diff(column.values) == 1).all())


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
