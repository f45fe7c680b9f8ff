"""Columns that look as if they said something of a person: a proposal for `PERSONAL`, which a person declares."""

import re

import pandas as pd

from mainline.conformance.names import PERSONAL
from mainline.data import identifiers
from mainline.scaffold.code import literal, marked
from mainline.scaffold.findings import Finding
from mainline.scaffold.outline import stored
from mainline.scaffold.plan import Plan
from mainline.text import few

PLACE = "src/usecase/interface.py: PERSONAL"
_PEOPLE = re.compile(
    r"(^|[^a-z])(customer|client|patient|user|person|member|employee|family|household|student|driver|participant|owner|"
    r"individual|passenger|guest|citizen|applicant)([^a-z]|$)"
)
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+")
_TOO_WIDE = frozenset(("name", "address", "street"))
"""Words that also end the names of other things: of a product, of a machine."""
_JOINED = frozenset(known.replace("_", "") for known in PERSONAL - _TOO_WIDE)
"""The same names in one word, for ways to write them such as E-Mail and firstname."""


def look(plan: Plan) -> dict[str, str]:
    """Return the columns of the events that look personal by name or by value, each with what it looks like.

    Values are looked at as `validate` does. No value is repeated.
    """
    names = [name for name in stored(plan) if name in plan.columns]
    rows = pd.DataFrame({name: plan.columns[name].values for name in names})
    looked = min(len(rows), identifiers.ROWS)
    held = identifiers.conclude(identifiers.count(rows, ()), looked)
    found = {}
    for name in names:
        kinds = [f"{kind} in {share:.0%} of the rows" for kind, share in held.get(name, {}).items()]
        said = ", ".join(kinds) or by_name(name, name in (plan.key, plan.group))
        if said:
            found[name] = said
    return found


def proposal(plan: Plan) -> str:
    """Return the comment that stands in `interface.py` until a person has decided."""
    found = look(plan)
    if not found:
        return (
            "# inferred: no column looks as if it said something of a person. If you know that none does, declare it:\n"
            "# PERSONAL: dict[str, str] = {}"
        )
    lines = [marked(f"#     {literal(name)}: {literal(f'{said}; needed for what?')},") for name, said in found.items()]
    head = (
        "# inferred: these columns look as if they said something of a person; nothing is declared yet. Say why each",
        "# is needed, and take the signs of a comment away. Leave a column out of the data if you can.",
    )
    return "\n".join([*head, "# PERSONAL = {", *lines, "# }"])


def finding(plan: Plan) -> list[Finding]:
    """Say which columns look personal, if any."""
    found = look(plan)
    if not found:
        return []
    named = few([f"'{name}'" for name in found], 3)
    return [Finding("personal", f"{named} may say something of a person; proposed, not declared", "unsure", PLACE)]


def by_name(name: str, tells_apart: bool) -> str:
    """Say what a name looks like; '' if it is not one of a person's data."""
    words = "_".join(filter(None, _WORDS.split(name))).lower()
    is_data = any(words == known or words.endswith(f"_{known}") for known in PERSONAL - _TOO_WIDE)
    if is_data or words.replace("_", "") in _JOINED or name.lower() in PERSONAL:
        return "its name is that of a person's data"
    return "it seems to name a person" if tells_apart and _PEOPLE.search(words.replace("_", " ")) else ""
