"""The same trees answered by ONNX Runtime, and by what others make of them: from the features, the request and HTTP.

    python -m benchmarks.compiled FOLDER [FILTER] [--trees N]    FOLDER has the libraries, which are not in the lock:
    uv pip install --target FOLDER --no-deps treelite==4.8.1 tl2cgen==1.0.0 lleaves==1.3.0 llvmlite==0.44.0

GTIL is treelite's interpreter; tl2cgen writes C and needs a compiler (`gcc`) where a package is made; lleaves brings
LLVM, compiles where it is loaded, and knows LightGBM alone. Each is given the matrix that the trees were fitted on,
made by a dictionary for each text: less than any package could do. All that is around the model is the same.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import client, families, measure, servers
from benchmarks.client import Load
from benchmarks.measure import microseconds, say
from mainline import children
from mainline.contract import Array
from mainline.data.dataset import Prepared
from mainline.model import export, runtime
from mainline.model.runtime import Inputs, Runtime
from tests import extras
from tests.project import ROOT

NAMES = ("HistGradientBoostingRegressor", "XGBRegressor", "LGBMRegressor", "RandomForestRegressor")
MODELS: Mapping[str, Mapping[str, Any]] = {
    name: given for name, given in families.FAMILIES.items() if name.rpartition(".")[2] in NAMES
}
ONNX, OTHERS = "ONNX Runtime", ("GTIL", "tl2cgen", "lleaves")
MANY, CALLS, BLOCKS, SECONDS, ROUNDS = 1000, 200, 7, 2.0, 3
STAND_IN = "MAINLINE_BENCHMARK_STAND_IN"
"""The variable that names the folder of a stand-in to a server that is measured."""
HEADER = (
    "", "by", "the model, us", "a row of 1,000", "request: predict, us", "times as fast", "HTTP, CPU us",
    "times as fast", "100 rows by HTTP, CPU us", "times as fast", "model, KB", "made in, s", "difference", "with gaps",
)  # fmt: skip


class StandIn(Runtime):
    """Another predictor of the same trees, behind the interface of ours."""

    def __init__(self, model: Mapping[str, Any], folder: Path) -> None:
        super().__init__(model)
        described = json.loads((folder / "stand_in.json").read_text())
        sys.path.append(described["libraries"])
        self._codes = [{text: code for code, text in enumerate(known)} for known in described["texts"]]
        self._answer = globals()[f"_{described['by'].lower()}"](folder)

    def run(self, inputs: Inputs) -> Array:
        """See `Runtime`."""
        texts = [
            [codes.get(text, -1) for text in column]
            for codes, column in zip(self._codes, inputs.categorical.T.tolist(), strict=True)
        ]
        matrix = np.concatenate([inputs.numeric, np.array(texts, np.float32).T], axis=1) if texts else inputs.numeric
        return np.asarray(self._answer(matrix), np.float64).ravel()


def _gtil(folder: Path) -> Callable[[Array], Array]:
    import treelite

    return partial(treelite.gtil.predict, treelite.Model.deserialize(folder / "model"), nthread=1)


def _tl2cgen(folder: Path) -> Callable[[Array], Array]:
    import tl2cgen

    loaded = tl2cgen.Predictor(str(folder / "model.so"), nthread=1)
    return lambda matrix: loaded.predict(tl2cgen.DMatrix(np.ascontiguousarray(matrix), dtype="float32"))


def _lleaves(folder: Path) -> Callable[[Array], Array]:
    import lleaves

    loaded = lleaves.Model(model_file=str(folder / "model.txt"))
    loaded.compile(cache=str(folder / "model"))
    return lambda matrix: loaded.predict(matrix.astype(np.float64), n_jobs=1)


def main(libraries: Path, wanted: str, trees: int | None = None) -> None:
    """Fit and package each model, with other numbers of trees if given, ask all sides in turn, and print the table."""
    sys.path.append(str(libraries))
    rows: list[list[str]] = []
    with measure.workspace(families.THROUGH) as project:
        for extra in ("xgboost", "lightgbm"):
            extras.switch_on(project, extra)
        os.chdir(project.path)
        for name, given in MODELS.items():
            if wanted in name:
                say(f"{name}: packaging")
                count = "max_iter" if "max_iter" in given else "n_estimators"
                project.declare(model={"type": name, "params": {**given, count: trees or given[count]}})
                measure.run(["dvc", "repro"], project)
                with tempfile.TemporaryDirectory(prefix="mainline-compiled-") as folder:
                    for line in _compare(name, Path(folder), libraries):
                        say(" | ".join(line))
                        rows.append(line)
    measure.table("Predictors of the same trees", HEADER, rows)


def _compare(name: str, folder: Path, libraries: Path) -> Iterator[list[str]]:
    """Yield a line for each predictor of the package here."""
    from mainline.declared import params
    from mainline.package.predictor import Predictor
    from mainline.stages import fitting

    declared = params.load()
    fitted_on, test = (families.read(parts, declared) for parts in (declared.parts.train, declared.parts.test))
    pipeline = fitting.fit(declared, fitted_on)
    predictor = Predictor.load("models/package")
    model, onnx = predictor.manifest["model"], predictor.runtime
    sides: dict[str, tuple[Runtime, str, str, Path | None]] = {}
    size = Path("models/package/model.onnx").stat().st_size
    sides[ONNX] = (onnx, f"{size / 1e3:,.0f}", "", None)
    for by in OTHERS:
        place = folder / by
        place.mkdir()
        started = time.perf_counter()
        if not _make(by, pipeline, place, libraries):
            continue
        seconds = time.perf_counter() - started
        largest = max(file.stat().st_size for file in place.iterdir() if file.name in ("model", "model.so"))
        sides[by] = (StandIn(model, place), f"{largest / 1e3:,.0f}", f"{seconds:.1f}", place)
    requests = servers.golden((1, 100, MANY), Path("models/package"))
    found = {by: _time(predictor, side, test, requests) for by, (side, *_) in sides.items()}
    served = _serve(folder, {by: place for by, (*_, place) in sides.items()}, requests)
    for by, (side, kilobytes, seconds_, _) in sides.items():
        alone, many, request = found[by]
        one, hundred = served[by]
        gaps = export._with_gaps(test.features, model["numeric"])
        yield [
            name, by, f"{alone:.0f}", f"{many:.2f}", f"{request:.0f}", f"{found[ONNX][2] / request:.2f}", f"{one:.0f}",
            f"{served[ONNX][0] / one:.2f}", f"{hundred:,.0f}", f"{served[ONNX][1] / hundred:.2f}", kilobytes, seconds_,
            *(_difference(side, pipeline, rows, model) for rows in (test.features, gaps)),
        ]  # fmt: skip


def _make(by: str, pipeline: Any, place: Path, libraries: Path) -> bool:
    """Write what a predictor loads; False if it does not know the family, or its library is not there."""
    estimator = pipeline[-1]
    family = type(estimator).__module__.partition(".")[0]
    if by == "lleaves":
        if family != "lightgbm":
            return False
        estimator.booster_.save_model(str(place / "model.txt"))
    encoder = dict(pipeline[0].named_transformers_).get("categorical")
    texts = [[str(text) for text in known] for known in encoder.categories_] if encoder is not None else []
    described = {"by": by, "libraries": str(libraries), "texts": texts}
    (place / "stand_in.json").write_text(json.dumps(described))
    if by == "lleaves":
        _lleaves(place)
        return True
    import treelite

    made = {
        "lightgbm": lambda: treelite.frontend.from_lightgbm(estimator.booster_),
        "xgboost": lambda: treelite.frontend.from_xgboost(estimator.get_booster()),
        "sklearn": lambda: treelite.sklearn.import_model(estimator),
    }[family]()
    if by == "GTIL":
        made.serialize(place / "model")
        return True
    import tl2cgen

    tl2cgen.export_lib(made, toolchain="gcc", libpath=str(place / "model.so"), params={"parallel_comp": 16})
    return True


def _time(predictor: Any, side: Runtime, test: Prepared, requests: Mapping[int, Any]) -> tuple[float, float, float]:
    """Return microseconds of a row alone, of a row among many, and of a request."""
    one, many = ({name: values[:rows] for name, values in test.features.items()} for rows in (1, MANY))
    predictor.runtime = side
    return (
        microseconds(partial(side.predict, one), CALLS, BLOCKS),
        microseconds(partial(side.predict, many), 10, BLOCKS) / MANY,
        microseconds(partial(predictor.predict, [requests[1]]), CALLS, BLOCKS),
    )


def _serve(folder: Path, places: Mapping[str, Path | None], requests: Mapping[int, Any]) -> dict[str, list[float]]:
    """Return the server's CPU microseconds of a request of one row and of a hundred, for each predictor."""
    costs: dict[str, list[float]] = {by: [float("inf")] * 2 for by in places}
    sizes = (1, 100)
    variables = {"PYTHONPATH": os.pathsep.join((children.search_path(ROOT), str(ROOT / "engine")))}
    for number in range(ROUNDS):
        for by, place in places.items():
            say(f"round {number + 1} of {ROUNDS}: {by}")
            directory = folder / f"{by}-{number}"
            directory.mkdir()
            rows = {count: requests[count] for count in sizes}
            command, bodies, key = servers.service(directory, rows, package=Path("models/package").resolve())
            command[2] = f"from benchmarks import compiled; compiled.stand_in(); {command[2]}"
            with servers.started(by, command, bodies, variables | {"KEY": key, STAND_IN: str(place or "")}) as server:
                for turn, count in enumerate(sizes):
                    client.run(Load(server.port, server.requests[count], 1, 0.5))
                    before = server.cpu()
                    result = client.run(Load(server.port, server.requests[count], 1, SECONDS))
                    costs[by][turn] = min(costs[by][turn], (server.cpu() - before) / result.answers * 1e6)
    return costs


def stand_in() -> None:
    """Let this process load the stand-in that the variable names, if it names one, in the place of every model."""
    folder = os.environ[STAND_IN]

    def load(content: bytes | Path, model: Mapping[str, Any]) -> Runtime:  # noqa: ARG001
        return StandIn(model, Path(folder))

    if folder:
        runtime.load = load


def _difference(side: Runtime, pipeline: Any, rows: Mapping[str, Array], model: Mapping[str, Any]) -> str:
    from mainline.model import frames

    expected = frames.predict(pipeline, frames.table(rows, model["numeric"], model["categorical"]), "regression")
    return f"{np.abs(side.predict(rows) - expected).max():.1g}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", type=Path)
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument("--trees", type=int, help="how many trees each model has, in the place of 150 (forests: 50)")
    chosen = parser.parse_args()
    main(chosen.libraries.resolve(), chosen.filter, chosen.trees)
