"""What is wrong with features and scoring is said of the example of a request, before any row of data is read."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from mainline import faults
from mainline.claims import example
from tests.project import FLIGHTS
from usecase import interface

GAIN = 'tables["dest_arrivals"]["gain_1440"]'
Edit = Callable[[str, str, str], None]


@pytest.fixture
def edit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Edit:
    """Replace text of a module of the use case, whose code then stands in the folder where the test works."""
    monkeypatch.chdir(tmp_path)
    folder = Path("src/usecase")
    folder.mkdir(parents=True)
    for name in ("features", "scoring"):
        (folder / f"{name}.py").write_text((FLIGHTS / folder / f"{name}.py").read_text())

    def replace(name: str, old: str, new: str) -> None:
        file = folder / f"{name}.py"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))
        edited = ModuleType(f"usecase.{name}")
        exec(compile(file.read_text(), str(file.resolve()), "exec"), vars(edited))  # noqa: S102 - code of this test
        monkeypatch.setitem(sys.modules, edited.__name__, edited)

    return replace


def said() -> str:
    """Return what is wrong, in the words of the command line; '' if nothing."""
    try:
        example.check()
    except Exception as error:
        return str(faults.explain(error) or repr(error))
    return ""


def test_what_ships_passes(edit: Edit) -> None:
    """The example of the flights is computed and answered without a word."""
    edit("features", GAIN, GAIN)
    assert said() == ""


@pytest.mark.parametrize(
    ("name", "old", "new", "wrong"),
    [
        (
            "features", 'columns["distance"]', 'columns["distnace"]',
            r", line \d+: 'distnace' is not a field of the request; did you mean 'distance'\?",
        ),
        (
            "features", GAIN, 'columns["air_time"]',
            (r", line \d+: 'air_time' may not be read, since it is known only after landing\. "
            r"Leave it out; the list is BANNED in src/usecase/interface\.py\."),
        ),
        (
            "features", GAIN, 'tables["dest_arivals"]["gain_1440"]',
            r", line \d+: 'dest_arivals' is not a feature table; did you mean 'dest_arrivals'\?",
        ),
        (
            "features", GAIN, 'tables["dest_arrivals"]["gain"]',
            r", line \d+: 'gain' is not a column of table dest_arrivals; .*gain_1440.*",
        ),
        (
            "features", "hhmm // 100", "hmm // 100",
            (r", line \d+: NameError: name 'hmm' is not defined.* \(for the request of the "
            r"examples in src/usecase/interface\.py\)\. Correct it, .*"),
        ),
        ("features", GAIN, "[1.0, 2.0]", r": 'dest_gain' is a list; .*array of \(7,\)\."),
        ("features", GAIN, "[[1.0]] * 2", r": 'dest_gain' is a list; .*"),
        ("features", GAIN, "np.ones((2, 1))", r": 'dest_gain' has shape \(2, 1\) for 7 rows; .*"),
        ("features", GAIN, "1.0", r": 'dest_gain' is a float; return a numpy array of \(7,\)\."),
        (
            "features", GAIN, 'columns["carrier"]',
            (r": 'dest_gain' is in NUMERIC and holds str 'UA' in the examples of REQUEST, row 0; "
            r"its dtype is object\. Return numbers as float32, .*"),
        ),
        (
            "features", "columns[name] for name in CATEGORICAL", "list(columns[name]) for name in CATEGORICAL",
            r": 'carrier' is a list; .*",
        ),
        (
            "scoring", 'columns["dep_delay"]', 'columns["arr_delay"]',
            r", line \d+: 'arr_delay' may not be read, since it is the label\. .*",
        ),
        (
            "scoring", 'columns["dep_delay"]', "columns",
            r", line \d+: TypeError: .* \(for the request of the examples in .*",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_the_example(edit: Edit, name: str, old: str, new: str, wrong: str) -> None:
    """A name that is not there, a banned column, a type, a shape: the feature or the line is named, and no row read."""
    edit(name, old, new)
    assert re.fullmatch(rf"src/usecase/{name}\.py{wrong}", said())


@pytest.mark.parametrize("stop", ["breakpoint()", "import pdb; pdb.set_trace()"])
def test_code_that_stops_is_left_to_the_pipeline(edit: Edit, stop: str) -> None:
    """A breakpoint is to stop in a stage, on the data, and not on the way there."""
    edit("features", "    weather, planes = ", f"    {stop}\n    weather, planes = ")
    assert said() == ""


def test_values_are_left_to_the_data(edit: Edit) -> None:
    """A division by zero of the example is no mistake: another request may be all right, and the data say."""
    edit("features", GAIN, 'columns["distance"] / (columns["dep_delay"] + 3)')
    assert next(field.example for field in interface.REQUEST if field.name == "dep_delay") == -3
    assert said() == ""


def test_a_list_of_numbers_is_not_blamed_for_another_feature(edit: Edit) -> None:
    """Of several features that are converted at once, the one that is not numbers is named, though others are lists."""
    edit("features", '"visib": weather["visib"]', '"visib": weather["visib"].tolist()')
    edit("features", GAIN, 'columns["carrier"]')
    assert "'dest_gain' is in NUMERIC and holds str 'UA'" in said()


def test_code_that_ends_the_process_is_refused(edit: Edit) -> None:
    """`sys.exit(0)` in a feature must not end the command in silence, as if it had succeeded."""
    edit("features", "    weather, planes = ", "    raise SystemExit(0)\n    weather, planes = ")
    said_so = (
        r"src/usecase/features\.py, line \d+: the code ended the process by itself \(SystemExit: 0\); raise an error\."
    )
    assert re.fullmatch(said_so, said())
