"""The files that are written of a table read as if a person had written them, whatever the columns are called."""

import ast
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from mainline.declared.params import load as load_params
from mainline.experiments import candidates
from mainline.labels import check_task
from mainline.scaffold import bounds, outline, own_tests, settings, surroundings, usecase, yaml_text
from mainline.scaffold.code import literal
from mainline.scaffold.plan import Plan
from mainline.template import dvc_layout
from tests.mainline.scaffold.samples import ROWS, flats, plan, write
from tests.project import ENGINE, FLIGHTS, LIMIT, OTHER, ROOT
from usecase import interface

RANDOM = np.random.default_rng(11)
ODD = {
    "id": 'select "x" from',
    "area m²": "it's 📐 area",
    "rooms": "both \"double\" and 'single'",
    "city": "back\\slash; drop table",
    "price €": "price \u2013 in €, tax 'included' \\ or not",
}
"""Names with quotes of both kinds, emoji, SQL, backslashes and dashes that look like others."""


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    more = pd.DataFrame(RANDOM.normal(size=(len(rows), 300)), columns=[f"measurement {n} of it" for n in range(300)])
    return pd.concat([rows, more], axis=1)


def _hourly(rows: pd.DataFrame) -> pd.DataFrame:
    hours = pd.date_range("2024-03-25", periods=len(rows), freq="h")
    return rows.assign(day=hours.strftime("%d.%m.%Y"), hr=hours.hour)


OURS = (
    "--config", 'lint.isort.known-first-party = ["mainline", "usecase"]',
    "--config", 'lint.extend-per-file-ignores = {"**/src/usecase/**" = ["ARG001"]}',
)  # fmt: skip
"""What the settings of a fork add for its own files."""
TABLES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str, dict[str, Any]]] = {
    "flats": (lambda rows: rows, "price €", {}),
    "odd names": (lambda rows: rows.rename(columns=ODD), ODD["price €"], {}),
    "two classes": (lambda rows: rows.assign(sold=RANDOM.choice(["No", "Yes"], len(rows))), "sold", {}),
    "three classes": (lambda rows: rows, "city", {}),
    "numbered classes": (lambda rows: rows.assign(kind=RANDOM.integers(0, 3, len(rows))), "kind", {}),
    "hours": (_hourly, "price €", {"zone": "Europe/Berlin"}),
    "years": (lambda rows: rows.assign(sold=[f"01.06.{1990 + n % 24}" for n in range(ROWS)]), "price €", {}),
    "numbers of years": (
        lambda rows: rows.assign(sold=[1990 + n % 24 for n in range(ROWS)]),
        "price €",
        {"time": "sold"},
    ),
    "a time alone": (
        lambda rows: rows[["price €"]].assign(at=pd.date_range("2024-03-25", periods=len(rows), freq="h")),
        "price €",
        {"zone": "America/Los_Angeles"},
    ),
    "customers by day": (
        lambda rows: _hourly(rows).assign(customer_id=RANDOM.integers(0, 60, len(rows))).drop(columns=["id", "hr"]),
        "price €",
        {},
    ),
    "a number alone": (lambda rows: rows[["price €", "rooms"]], "price €", {}),
    "dates alone": (lambda rows: _hourly(rows)[["day", "city", "price €"]], "price €", {"period": "day"}),
    "groups and leaks": (
        lambda rows: rows.assign(
            customer=RANDOM.integers(0, 60, len(rows)), net=rows["price €"] * 0.84, note="", const=1, kind="x" * 90
        ),
        "price €",
        {},
    ),
    "week in the table": (lambda rows: _hourly(rows).rename(columns={"price €": "day: weekday"}), "day: weekday", {}),
    "gaps": (lambda rows: rows.mask(RANDOM.random(rows.shape) < 0.1).assign(id=rows["id"]), "price €", {}),
    "text alone": (lambda rows: rows[["id", "city", "price €"]], "price €", {}),
    "texts like none": (
        lambda rows: rows.assign(
            country=RANDOM.choice(["DE", "NA", "null"], len(rows)),
            mood=RANDOM.choice(["None", "nan", "?"], len(rows)),
            rooms=rows["rooms"].replace({3: -999}),
        ),
        "mood",
        {"missing": (("mood", "?"), ("country", "null"), ("rooms", "-999"))},
    ),
    "numbers alone": (lambda rows: rows[["area m²", "rooms", "price €"]], "price €", {}),
    "long names": (lambda rows: rows.rename(columns={"rooms": "r" * 150, "city": "c " * 70}), "price €", {}),
    "two names of segments": (
        lambda rows: rows.assign(**{name: RANDOM.choice(["no", "yes"], len(rows)) for name in ("s" * 24, "t" * 19)}),
        "price €",
        {},
    ),
    "wide": (_wide, "price €", {}),
}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """What is inferred of each table."""
    folder = tmp_path_factory.mktemp("tables")
    return {
        name: plan(write(folder, change(flats()), f"{name.replace(' ', '-')}.csv"), label, **wishes)
        for name, (change, label, wishes) in TABLES.items()
    }


@pytest.fixture(scope="module")
def written(plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python files of all of them, each in a folder of its own."""
    tree = tmp_path_factory.mktemp("written")
    for name, made in plans.items():
        for path, text in (usecase.files(made) | own_tests.files(made)).items():
            target = tree / name.replace(" ", "_") / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return tree


@pytest.mark.parametrize("command", [("format", "--diff"), ("check", "--output-format", "concise")])
def test_written_code_passes_the_tools(written: Path, command: tuple[str, ...]) -> None:
    """`make check` has nothing to say about the format and the style of what is written."""
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", str(ENGINE / "pyproject.toml"), *OURS, "."],
        cwd=written, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]


@pytest.mark.parametrize(
    "text", ["plain", "it's", 'say "x"', "both ' and \"", "back\\slash", "tab\tand\nline", "📐", "a\u2013b", "\u202e"]
)
def test_literal_is_the_text(text: str) -> None:
    """A name that is written as Python is read as the same name, and hides no sign that reorders others."""
    assert ast.literal_eval(literal(text)) == text
    assert literal(text).isprintable()


def test_file_is_called_like_a_constant(plans: dict[str, Plan], tmp_path: Path) -> None:
    """A table called events.csv or files.csv leaves the constants of the written modules what they are."""
    texts = [text for made in plans.values() for text in usecase.files(made).values()]
    own = {outline.constant(made) for made in plans.values()}
    constants = {name for text in texts for name in re.findall(r"^([A-Z_]+)(?:: .*)? = ", text, re.MULTILINE)} - own
    assert constants >= {"EVENTS", "FILES", "LEFT_OUT", "MISSING", "MISSING_IN", "STATIC", "TABLES"}
    for name in constants:
        made = usecase.files(plan(write(tmp_path, flats(), f"{name.lower()}.csv")))
        code = made["src/usecase/schema.py"] + made["src/usecase/source.py"]
        assert len(re.findall(rf"^{name}(?:: .*)? = ", code, re.MULTILINE)) <= 1, name
        imported = re.search(r"^from usecase.schema import (.*)$", code, re.MULTILINE)
        assert imported, name
        assert not re.search(rf"^{imported[1]} = (?!DataFrameSchema)", code, re.MULTILINE), name


@pytest.mark.parametrize(
    "text", ["tab\there", "new\nline", "\x7f", "\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff", "it's", "a: b", "\\"]
)
def test_scalar_is_the_text(text: str) -> None:
    """A name that is written as YAML is read as the same name, whatever signs it has."""
    written = yaml_text.scalar(text)
    assert yaml.safe_load(f"- {written}") == [text]
    assert written.isprintable()


def test_settings_are_valid(plans: dict[str, Plan], tmp_path: Path) -> None:
    """params.yaml names each feature that features.py has, whatever it is called."""
    for name, made in plans.items():
        module = tmp_path / f"{name}.py"
        module.write_text(usecase.files(made)["src/usecase/features.py"], encoding="utf-8")
        found = runpy.run_path(str(module))
        declared = yaml.safe_load(settings.params(made))["features"]
        assert sorted(declared) == sorted((*found["NUMERIC"], *found["CATEGORICAL"])), name


def test_settings_are_laid_out_as_dvc_does(plans: dict[str, Plan]) -> None:
    """`dvc exp run -S` would change no other line of a params.yaml, unless a name is longer than a line of DVC's."""
    for name, made in plans.items():
        if max(map(len, (*made.features, *outline.derived(made)))) > 70:
            continue
        text = settings.params(made)
        assert dvc_layout.rewritten(text) == text, name


@pytest.mark.parametrize(("header", "raw"), [("", " --raw"), ("id", "")])
def test_column_without_a_name_needs_the_source(tmp_path: Path, header: str, raw: str) -> None:
    """A key of a file that does not name it is found by the source's own reading, which the command then asks for."""
    made = plan(write(tmp_path, flats().rename(columns={"id": header})), key=header or "Unnamed: 0")
    assert surroundings.predict_command(made) == f"./mainline predict data/own/flats.csv{raw}"


def test_whole_numbers_that_are_never_0_stay_so(plans: dict[str, Plan]) -> None:
    """Bounds of a count that begins at 1 leave 0 out, by which a feature may divide; a fraction may be 0."""
    assert bounds.outer(plans["flats"].columns["rooms"])[0] == 1
    assert bounds.outer(plans["flats"].columns["area m²"])[0] == 0


def test_answer_is_of_the_kind_of_the_label(plans: dict[str, Plan], tmp_path: Path) -> None:
    """What is declared as the answer fits the task: classes that are whole numbers are answered as such."""
    for name, made in plans.items():
        module = tmp_path / f"{name}.py"
        module.write_text(usecase.files(made)["src/usecase/interface.py"], encoding="utf-8")
        found = runpy.run_path(str(module))
        check_task(found["TASK"], found["RESPONSE"], found.get("CLASSES", ()))


def test_small_tables_fit_the_gate(plans: dict[str, Plan]) -> None:
    """Limits follow from the rows that there are: no table of 240 rows is asked for 2000."""
    for name, made in plans.items():
        gate = yaml.safe_load(settings.params(made))["gate"]
        assert 1 <= gate["holdout"]["min_rows"] <= made.rows_of_test, name
        assert ("min_days" in gate["holdout"]) == (made.time is not None), name


def test_keys_of_params_are_those_of_the_flights(plans: dict[str, Plan]) -> None:
    """What is written has each key that the shipped params.yaml has, so that none is forgotten when one comes."""
    shipped = yaml.safe_load((FLIGHTS / "params.yaml").read_text(encoding="utf-8"))
    declared = yaml.safe_load(settings.params(plans["hours"]))
    assert declared.keys() == shipped.keys()
    for section in ("data", "split", "preprocessing", "model", "evaluation", "limits", "gate", "tune"):
        assert declared[section].keys() == shipped[section].keys(), section


def test_pipeline_declares_data_and_model(plans: dict[str, Plan]) -> None:
    """dvc.yaml names the data file and the model, keeps all else, and is the same when it is written twice."""
    shipped = (FLIGHTS / "dvc.yaml").read_text(encoding="utf-8")
    once = surroundings.pipeline(shipped, plans["two classes"])
    stages, before = yaml.safe_load(once), yaml.safe_load(shipped)
    added = {*stages["stages"]["ingest"]["deps"]} - {*before["stages"]["ingest"]["deps"]}
    assert added == {"data/own/two-classes.csv", "src/usecase/schema.py"}
    assert (*stages["artifacts"],) == ("sold",)
    stages["stages"]["ingest"]["deps"] = before["stages"]["ingest"]["deps"]
    assert stages["stages"] == before["stages"]
    assert surroundings.pipeline(once, plans["two classes"]) == once
    assert "two-classes" not in surroundings.pipeline(once, plans["flats"])


def test_readme_speaks_of_the_model(plans: dict[str, Plan]) -> None:
    """The README has one section about the model, which the next run replaces; all else stays."""
    shipped = "# Ours\n\nWhat it is.\n\n## Use\n\nLike this.\n"
    once = surroundings.readme(shipped, plans["two classes"])
    assert "it predicts the probability that sold is Yes" in once
    assert once.index("KEY=$(./mainline api-key") < once.index("make serve") < once.index("Authorization: Bearer $KEY")
    assert surroundings.readme(once, plans["two classes"]) == once
    other = surroundings.readme(once, plans["flats"])
    assert "sold is Yes" not in other
    start, end = "\n<!-- model: begin -->", "<!-- model: end -->\n"
    assert other[: other.index(start)] + other[other.index(end) + len(end) :] == shipped


def test_another_model_is_one_that_can_be_declared(
    plans: dict[str, Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edit that the README offers for another model is taken as it is written."""
    for name, made in plans.items():
        monkeypatch.setattr(interface, "TASK", made.target.task)
        declared = yaml.safe_load(settings.params(made))
        rows = surroundings.readme("# Ours\n", made).splitlines()
        row = next(line for line in rows if line.startswith("| try another model |"))
        before = declared["model"]["type"]
        for edit in re.findall(r"`([a-z.]+: [^`]+)`", row):
            place, value = edit.split(": ", 1)
            section, key = place.split(".")
            declared[section][key] = yaml.safe_load(value)
        assert declared["model"]["type"] != before
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
        candidates.load(load_params(path))


@pytest.mark.parametrize(
    ("name", "cron", "why"),
    [
        ("hours", "23 4 * * *", "the day before"),
        ("weeks", "23 4 * * 2", "the week before"),
        ("months", "23 4 2 * *", "the month before"),
        ("quarters", "23 4 2 1,4,7,10 *", "the quarter before"),
        ("years", "23 4 2 1 *", "the year before"),
        ("flats", "23 4 2 * *", "no time"),
    ],
)
def test_retraining_runs_when_a_period_is_complete(plans: dict[str, Plan], name: str, cron: str, why: str) -> None:
    """The schedule of retraining follows from the periods that the data is cut into; all else stays."""
    shipped = (ROOT / ".github/workflows/retrain.yml").read_text(encoding="utf-8")
    made = plans.get(name, plans["hours"])
    if name not in plans:
        assert made.time is not None
        made = replace(made, time=replace(made.time, unit=name.removesuffix("s")))
    text = surroundings.retraining(shipped, made)
    changed = [(a, b) for a, b in zip(shipped.splitlines(), text.splitlines(), strict=True) if a != b]
    assert len(changed) == (name != "months")
    assert f'- cron: "{cron}" # ' in text
    assert why in text
    assert surroundings.retraining(text, made) == text


def _functions(text: str) -> dict[str, str]:
    """Return the code of each function of a module without its docstring."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            found[node.name] = "\n".join([ast.unparse(node.args), *map(ast.unparse, body)])
    return found


def test_second_use_case_is_written_alike(plans: dict[str, Plan]) -> None:
    """Where the second use case of the tests means the same as a written one, it says the same; neither can rot."""
    made = usecase.files(plans["hours"])
    for module, same in {"scoring": ("fit_target", "respond"), "tables": ("build_moving",)}.items():
        other = (OTHER / "usecase" / f"{module}.py").read_text(encoding="utf-8")
        mine = made[f"src/usecase/{module}.py"]
        for function in same:
            assert _functions(mine)[function] == _functions(other)[function]
        assert _imports(mine) <= _imports(other)


def _imports(text: str) -> set[str]:
    return {ast.unparse(node) for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)}


@pytest.mark.parametrize(("name", "among"), [("flats", "NUMERIC = ("), ("hours", "SENT = (")])
def test_computed_column_of_the_guide(plans: dict[str, Plan], tmp_path: Path, name: str, among: str) -> None:
    """The line that the guide has for a column of a script makes a feature of the use case that is written."""
    guide = (ENGINE / "docs/bring-your-own.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"`(columns = \{\*\*columns, .*?\})`", guide)
    text = usecase.files(plans[name])["src/usecase/features.py"].replace(among, f'{among}"area per room", ')
    first = text.index('    """', text.index("Returns:")) + len('    """\n')
    module = tmp_path / "features.py"
    module.write_text(f"{text[:first]}    {line}\n{text[first:]}", encoding="utf-8")
    columns = {"area m²": np.array([90.0]), "rooms": np.array([3]), "hr": np.array([5]), "time_local": np.array([0])}
    computed = runpy.run_path(str(module))["compute"](columns | {"city": np.array(["Bonn"], object)}, {})
    assert computed["area per room"].tolist() == [30.0]


def test_rows_are_enough_to_tell(plans: dict[str, Plan]) -> None:
    """The samples are of one size, which the expectations above rest on."""
    assert {made.table.rows for made in plans.values()} == {ROWS}
