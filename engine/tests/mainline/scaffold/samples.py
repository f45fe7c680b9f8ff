"""Tables as people have them: flats with a price, written in many ways."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainline.scaffold import inference, outline, usecase
from mainline.scaffold.findings import Wishes
from mainline.scaffold.plan import Plan
from mainline.scaffold.table import Options, read

ROWS = 240


def flats(rows: int = ROWS) -> pd.DataFrame:
    """Return flats: an id, an area with a fraction, rooms, a city, and the price that follows from them."""
    random = np.random.default_rng(17)
    area, rooms = random.normal(90, 20, rows).round(1), random.integers(1, 7, rows)
    return pd.DataFrame(
        {
            "id": [f"F{number:04d}" for number in random.permutation(rows)],
            "area m²": area,
            "rooms": rooms,
            "city": random.choice(["Köln", "Bonn", "Aachen"], rows),
            "price €": (area * 2500 + rooms * 9000 + random.normal(0, 15000, rows)).round(2),
        }
    )


def write(folder: Path, content: pd.DataFrame | str | bytes, name: str = "flats.csv") -> Path:
    """Write a table, a text or bytes, and return the file."""
    path = folder / name
    if isinstance(content, pd.DataFrame):
        content = content.to_csv(index=False)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def plan(path: Path, label: str = "price €", **wishes: Any) -> Plan:
    """Return what is inferred of a file."""
    given = Wishes(**wishes)
    return inference.infer(read([path], Options(missing=given.missing)), label, given)


def found(made: Plan, about: str) -> list[str]:
    """Return what the plan says about one thing."""
    return [finding.found for finding in made.findings if finding.about == about]


def written_source(made: Plan, folder: Path) -> dict[str, Any]:
    """Return what the written `source.py` of a plan offers, run in a folder, with the file where it is."""
    texts = usecase.files(made)
    schema = folder / "schema.py"
    schema.write_text(texts["src/usecase/schema.py"], encoding="utf-8")
    name = outline.constant(made)
    source = texts["src/usecase/source.py"].replace(
        f"from usecase.schema import {name}", f"import runpy\n{name} = runpy.run_path({str(schema)!r})[{name!r}]"
    )
    source = source.replace(outline.own_files(made)[0], made.table.files[0].as_posix())
    (folder / "source.py").write_text(source, encoding="utf-8")
    return runpy.run_path(str(folder / "source.py"))
