"""What `./mainline new` proposes as personal: by names and values, as a comment that declares nothing."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mainline.scaffold import personal_columns
from mainline.scaffold.declarations import interface
from mainline.scaffold.plan import Plan
from tests.mainline.scaffold.samples import ROWS, flats, plan, write

FEW = [f"u{number % 20}@example.org" for number in range(ROWS)]


def _plan(folder: Path, **more: Any) -> Plan:
    """Return what is inferred of flats without their id, and with more columns."""
    return plan(write(folder, flats().drop(columns="id").assign(**more)))


def test_values_and_names_that_look_personal_are_proposed(tmp_path: Path) -> None:
    """Mail addresses under a harmless name, a phone by its name, a customer by being the key; no value is repeated."""
    found = _plan(tmp_path, contact=FEW, customer_id=np.arange(ROWS) * 7 + 3, home_phone=["a", "b"] * (ROWS // 2))
    assert personal_columns.look(found) == {
        "customer_id": "it seems to name a person",
        "contact": "mail addresses in 100% of the rows",
        "home_phone": "its name is that of a person's data",
    }
    text = interface(found)
    assert '# PERSONAL = {\n#     "customer_id": "it seems to name a person; needed for what?",' in text
    assert "example.org; " not in text


def test_a_proposal_declares_nothing(tmp_path: Path) -> None:
    """The file has no PERSONAL until a person takes the signs of a comment away; then it is Python, and says why."""
    text = interface(_plan(tmp_path, contact=FEW))
    assert "PERSONAL" not in {name.id for name in ast.walk(ast.parse(text)) if isinstance(name, ast.Name)}
    lines = text.splitlines()
    begin = lines.index("# PERSONAL = {")
    declared = "\n".join(line.removeprefix("# ") for line in lines[begin : lines.index("# }") + 1])
    names: dict[str, dict[str, str]] = {}
    exec(declared, names)  # noqa: S102 - our own text
    assert names["PERSONAL"] == {"contact": "mail addresses in 100% of the rows; needed for what?"}


def test_a_table_of_things_proposes_to_say_so(tmp_path: Path) -> None:
    """Nothing looks personal, which is a look and not a declaration."""
    text = interface(_plan(tmp_path))
    assert "# PERSONAL: dict[str, str] = {}" in text
    assert "no column looks as if it said something of a person" in text


@pytest.mark.parametrize("name", ["product_name", "web_address", "customer_visits", "phones", "emailed"])
def test_a_name_of_a_thing_is_left_in_peace(tmp_path: Path, name: str) -> None:
    """Words that end the names of other things, too, and counts of people, are proposed by their values alone."""
    assert personal_columns.look(_plan(tmp_path, **{name: ["a", "b"] * (ROWS // 2)})) == {}


def test_the_plan_says_what_it_proposes(tmp_path: Path) -> None:
    """Who runs the command sees the columns and where to decide about them, also before a file is written."""
    (said,) = [one for one in _plan(tmp_path, contact=FEW).findings if one.about == "personal"]
    assert said.found == "'contact' may say something of a person; proposed, not declared"
    assert (said.sure, said.option) == ("unsure", "src/usecase/interface.py: PERSONAL")
