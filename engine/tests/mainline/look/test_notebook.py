"""A notebook opens the pipeline's rows and the model's errors, of any use case, and is a fork's own from then on."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainline.errors import DataError, MainlineError
from mainline.look import exploration, notebooks
from tests.browser import Browser
from tests.project import ROOT, Project
from tests.requirements.test_extras import pins

_COUNT = """
<script>
const count = root => [...root.querySelectorAll("*")].reduce(
  (sum, one) => sum + (one.shadowRoot ? count(one.shadowRoot) : 0), root.querySelectorAll(".marks").length);
setInterval(() => document.body.dataset.charts = count(document), 100);
</script>
"""
"""Marimo's own elements hide what is in them from a dump: this counts the charts in them."""
CDN = re.compile(r"https://cdn\.jsdelivr\.net/npm/@marimo-team/frontend@[\d.]+/dist")


@pytest.fixture
def flights(monkeypatch: pytest.MonkeyPatch, small_project: Project) -> exploration.Exploration:
    """The tests' flights, of which 2013-02 validates and 2013-03 tests."""
    monkeypatch.chdir(small_project.path)
    return exploration.open_pipeline()


def write_page(project: Project, notebook: Path, page: Path) -> subprocess.CompletedProcess[str]:
    """Call the command, with the marimo of the tests instead of that of an environment of its own."""
    code = (
        "import sys; from mainline import __main__; from mainline.look import notebooks;"
        "notebooks.MARIMO = (sys.executable, '-m', 'marimo');"
        f"sys.exit(__main__.main(['notebook', {str(notebook)!r}, '--page', {str(page)!r}]))"
    )
    return project.run(sys.executable, "-c", code, succeed=None)


def test_a_notebook_sees_no_test_row(flights: exploration.Exploration) -> None:
    """Its rows are of the training and the validation periods, each as often as it was prepared."""
    assert flights.rows[exploration.PERIOD].value_counts().to_dict() == {
        month: len(pd.read_parquet(f"data/features/{month}.parquet")) for month in ("2013-01", "2013-02")
    }


def test_values_that_could_point_at_a_row_are_numbered(flights: exploration.Exploration) -> None:
    """Tails of planes are numbers, equal ones the same; so nothing that is saved of a notebook names one."""
    prepared = pd.concat(pd.read_parquet(f"data/features/{month}.parquet") for month in ("2013-01", "2013-02"))
    for rows in (flights.rows, flights.errors()):
        assert set(rows["tailnum"].str[:1]) <= {"#", ""}
    known = prepared["request.tailnum"].reset_index(drop=True)
    assert flights.rows.groupby(known)["tailnum"].nunique().max() == 1
    assert flights.rows["tailnum"].nunique() >= known.nunique()
    assert "tailnum" not in flights.named


def test_errors_are_those_of_the_model_on_validation_rows(flights: exploration.Exploration) -> None:
    """The error is prediction minus label of each validation row; its mean square is that of no other rows."""
    errors = flights.errors()
    prepared = pd.read_parquet("data/features/2013-02.parquet")
    assert errors[flights.label].tolist() == prepared["label"].tolist()
    assert (errors[exploration.PREDICTED] - errors[flights.label]).tolist() == errors[exploration.ERROR].tolist()
    assert errors[exploration.ERROR].std() < prepared["label"].std() / 2
    shown = exploration.worst(errors, 3)[exploration.ERROR].abs().tolist()
    assert shown == errors[exploration.ERROR].abs().nlargest(3).round(2).tolist()


def test_of_classes_the_error_is_the_probability_of_the_others(flower_project: Project, other_project: Project) -> None:
    """Of three classes and of two; a class is shown by its name."""
    for project, names in ((flower_project, {"setosa", "versicolor", "virginica"}), (other_project, {"0", "1"})):
        code = (
            "from mainline.look import exploration as e; d = e.open_pipeline(); r = d.errors();"
            "print(sorted(set(d.rows[d.label])), r[e.ERROR].between(0, 1).all(), r[e.ERROR].mean() < 0.5)"
        )
        said = project.run(sys.executable, "-P", "-c", code).stdout
        assert said.split("\n")[-2] == f"{sorted(names)} True True"


def test_without_a_model_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch, flights: exploration.Exploration, tmp_path: Path
) -> None:
    """A model that was not made, or is not there, is said with its remedy; the rest can be looked at."""
    monkeypatch.setattr(exploration, "_MODEL", tmp_path)
    with pytest.raises(DataError, match=r"model.json is not there; `make repro` makes it"):
        flights.errors()
    found, reason = exploration.attempt(flights.errors)
    assert found is None
    assert reason.startswith(f"{tmp_path}/model.json is not there")


def test_a_model_of_other_features_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, flights: exploration.Exploration, tmp_path: Path
) -> None:
    """If params.yaml was edited since, the features are named that the model lacks."""
    described = json.loads(Path("models/model/model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(described | {"numeric": [*described["numeric"], "snow"]}))
    monkeypatch.setattr(exploration, "_MODEL", tmp_path)
    with pytest.raises(DataError, match=r"was trained on other features \(snow\); `make repro` trains it again"):
        flights.errors()


def test_groups_of_numbers_have_about_as_many_rows_in_order() -> None:
    """Ten ranges from the smallest to the largest, and the missing ones last."""
    values = pd.Series(np.append(np.random.default_rng(0).permutation(1000), [np.nan] * 7))
    found = exploration.groups(values)
    assert found.value_counts(sort=False).tolist() == [100] * 10 + [7]
    assert list(found.cat.categories)[-1] == exploration.MISSING
    assert found.iloc[int(np.nanargmin(values))] == found.cat.categories[0]
    assert found.iloc[int(np.nanargmax(values))] == found.cat.categories[9]


def test_few_numbers_and_common_texts_are_groups_of_their_own() -> None:
    """A weekday is not cut into ranges; of many texts the rare ones are one group."""
    assert list(exploration.groups(pd.Series([6, 0, 3, 3])).cat.categories) == ["0", "3", "6"]
    texts = pd.Series([f"t{number:02}" for number in range(20) for _ in range(30 - number)] + [""])
    found = exploration.groups(texts)
    assert list(found.cat.categories) == [*(f"t{n:02}" for n in range(12)), exploration.OTHERS, exploration.MISSING]


def test_a_group_has_the_mean_of_its_rows_or_the_share_of_each_class() -> None:
    """As pandas computes them of the rows."""
    rows = pd.DataFrame({"kind": list("aabbb"), "delay": [1.0, 3, 5, 6, 10], "late": ["no", "no", "no", "yes", "yes"]})
    means = exploration.by_group(rows, "kind", "delay")
    assert means[["group", "rows", "mean", "low", "high"]].values.tolist() == [
        ["a", 2, 2.0, 1.5, 2.5], ["b", 3, 7.0, 5.5, 8.0],
    ]  # fmt: skip
    shares = exploration.by_group(rows, "kind", "late").set_index(["group", "value"])["share"]
    assert shares.to_dict() == pytest.approx({("a", "no"): 1, ("b", "no"): 1 / 3, ("b", "yes"): 2 / 3})


@pytest.mark.parametrize("use_case", ["small", "flower", "timeless"])
def test_a_notebook_runs_on_any_use_case(request: pytest.FixtureRequest, use_case: str, tmp_path: Path) -> None:
    """The one that the machinery begins runs to its end, whatever is predicted, with time or without."""
    project: Project = request.getfixturevalue(f"{use_case}_project")
    ran = write_page(project, tmp_path / "explore.py", tmp_path / "page.html")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "explore.py").read_bytes() == notebooks.FIRST.read_bytes()
    page = (tmp_path / "page.html").read_text()
    assert "Where the model errs" in page
    assert "validation rows, which it was not fitted on" in page
    assert ("From period to period" in page.partition('"session"')[2]) == (use_case != "timeless")


def test_a_cell_that_fails_leaves_the_page_of_before(small_project: Project, tmp_path: Path) -> None:
    """What failed is said, the exit is not 0, and no half page takes the place of a whole one."""
    notebook, page = tmp_path / "mine.py", tmp_path / "page.html"
    notebook.write_bytes(notebooks.FIRST.read_bytes().replace(b"    rows.head(20)\n", b"    rows.no_such_thing\n"))
    page.write_text("before")
    ran = write_page(small_project, notebook, page)
    assert ran.returncode == 1
    assert "no_such_thing" in ran.stderr
    assert (
        ran.stderr.splitlines()[-1] == f"mainline: {notebook} is not written as a page: a cell fails, as is said above."
    )
    assert page.read_text() == "before"
    assert sorted(file.name for file in tmp_path.iterdir() if file.suffix) == ["mine.py", "page.html"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("plan.ipynb", None, "such as .*plan.py"), ("features.py", "import numpy", "is not a notebook of marimo")],
)
def test_what_is_no_notebook_is_left_alone(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    """Another file is neither opened nor written over."""
    file = tmp_path / name
    if text is not None:
        file.write_text(text)
    with pytest.raises(MainlineError, match=said):
        notebooks.write_page(file, tmp_path / "page.html")
    assert (file.read_text() if file.exists() else None) == text
    assert not (tmp_path / "page.html").exists()


def test_a_page_of_another_kind_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """What is written is HTML, whatever its name says."""
    with pytest.raises(MainlineError, match=r"page.txt cannot be a page: it is HTML, such as .*page.html"):
        notebooks.write_page(tmp_path / "explore.py", tmp_path / "page.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_page(tmp_path: Path) -> None:
    """It is said before a cell runs, and no cell is blamed."""
    with pytest.raises(MainlineError, match=r"is a folder; name a file of it, such as .*explore.html"):
        notebooks.write_page(tmp_path / "explore.py", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_forks_own_notebook_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first call begins it and says so; later ones open what a person has made of it."""
    opened: list[list[str]] = []
    monkeypatch.setattr(os, "execvp", lambda _, command: opened.append(command))
    file = tmp_path / "notebooks/explore.py"
    notebooks.edit(file, ["--port", "1"])
    assert capsys.readouterr().out == f"{file} is written: yours to change and to commit.\n{notebooks.RUN_ALL}\n"
    file.write_text(file.read_text().replace("rows.head(20)", "rows.tail(20)"))
    changed = file.read_bytes()
    notebooks.edit(file)
    assert capsys.readouterr().out == f"{notebooks.RUN_ALL}\n"
    assert file.read_bytes() == changed
    assert [command[:3] for command in opened] == [["engine/run", "notebook", "marimo"]] * 2
    assert opened[0][-3:] == ["--port", "1", str(file)]


def test_the_notebooks_tools_are_apart_from_what_bytes_depend_on() -> None:
    """Its lock has every package of the main one at the same version, and the pipeline's lock knows none of its own."""
    main, own, tests = (pins(ROOT / f"requirements/{name}.txt") for name in ("main", "notebook", "dev"))
    assert main.items() <= own.items() <= tests.items()
    assert {"marimo", "altair"} <= own.keys() - main.keys()
    assert not {"marimo", "altair"} & pins(ROOT / "requirements/pipeline.txt").keys()


@pytest.fixture
def frontend() -> Iterator[str]:
    """What a page loads from a public host, from this machine; with a folder `pages` of the test's own."""
    import marimo

    folder = Path(marimo.__file__).parent / "_static"
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    page: bytes = b""

    def do_GET(self) -> None:
        """Answer with the page, or with a file of marimo."""
        if self.path == "/page.html":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(self.page)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_browser_shows_tables_and_charts(
    small_project: Project, browser: Browser, frontend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a real browser the page has its headings, a table of columns and four charts, and no cell that failed."""
    page = tmp_path / "page.html"
    assert write_page(small_project, tmp_path / "explore.py", page).returncode == 0
    content = CDN.sub(frontend, page.read_text()).replace("</body>", f"{_COUNT}</body>")
    monkeypatch.setattr(_Quiet, "page", content.encode())
    shown = browser.read(f"{frontend}/page.html")
    for heading in (
        "What the model learns from",
        "Columns",
        "One column",
        "From period to period",
        "Where the model errs",
    ):
        assert re.search(rf"<h\d[^>]*>{heading}", shown), heading
    assert 'data-charts="4"' in shown
    assert "MarimoExceptionRaised" not in shown
