"""Memory of loading and checking a large package: `python -m benchmarks.package_memory`, beside ONNX Runtime alone.

Three packages: one whose test predictions are large, one whose model has large weights, one whose model has many
trees. Each is loaded in a process of its own: with all files in memory, as `Predictor` loads it, and by ONNX Runtime
from the file, unchecked, which is the floor. Memory is the most that the process had beyond its libraries.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks import measure
from benchmarks.measure import say
from mainline.model import runtime
from mainline.model.boosting.ensemble import Ensemble, Tree, append
from mainline.package import manifest

CHILD = "--one"
WAYS = ("all files in memory", "as it is loaded", "ONNX Runtime from the file")
DESCRIBED = {"format": "onnx", "task": "regression", "numeric": ["x"], "categorical": []}
DEPTH = 14
DATA_MIB, WEIGHTS_MIB, TREES = 954, 256, 100


def main() -> None:
    """Build the packages and measure each way once."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="mainline-bench-") as place:
        for name, build in PACKAGES.items():
            folder = Path(place, name.replace(" ", "-"))
            folder.mkdir()
            say(f"building {name}")
            build(folder)
            manifest.seal(folder, {"name": name, "model": DESCRIBED})
            size = manifest.size(folder)
            found = [_in_a_process(way, folder) for way in WAYS]
            rows.append(
                [name, f"{size / 2**20:,.0f}", *(f"{peak / size:.2f}" for peak, _ in found),
                 *(f"{cpu:.1f}" for _, cpu in found)]
            )  # fmt: skip
    header = ["", "size, MiB", *(f"{way}, times the size" for way in WAYS), *(f"{way}, CPU s" for way in WAYS)]
    measure.table("Loading and checking a large package", header, rows)


def _in_a_process(way: str, folder: Path) -> tuple[int, float]:
    command = [sys.executable, "-m", "benchmarks.package_memory", CHILD, way, str(folder)]
    sources = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    environment = os.environ | {"PYTHONPATH": sources}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        sys.exit(f"{way} failed:\n{ran.stdout}{ran.stderr}")
    peak, cpu = json.loads(ran.stdout)
    return int(peak), float(cpu)


def load(way: str, folder: Path) -> None:
    """Load in this process; print the most bytes beyond those of before, and the CPU time."""
    before, started = _peak(), time.process_time()
    if way == WAYS[0]:
        _, files = manifest.read(folder)
        loaded: object = runtime.load(files["model.onnx"], DESCRIBED)
    elif way == WAYS[1]:
        _, contents = manifest.opened(folder)
        with contents.private("model.onnx") as source:
            loaded = runtime.load(source, DESCRIBED)
    else:
        loaded = runtime.load(folder / "model.onnx", DESCRIBED)
    print(json.dumps([_peak() - before, time.process_time() - started]))
    del loaded


def _peak() -> int:
    """Return the most bytes of memory that this process has had, without those before it was started (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _with_data(folder: Path) -> None:
    _save(_weights(1), folder)
    with (folder / "test_predictions.parquet").open("wb") as file:
        for _ in range(DATA_MIB):
            file.write(os.urandom(2**20))


def _with_weights(folder: Path) -> None:
    _save(_weights(WEIGHTS_MIB), folder)


def _with_trees(folder: Path) -> None:
    place, random = np.arange(2**DEPTH - 1), np.random.default_rng(0)
    leaf = place >= 2 ** (DEPTH - 1) - 1
    trees = [
        Tree(
            np.where(leaf, 0, random.integers(0, 20, len(place))), random.normal(size=len(place)).astype(np.float32),
            np.where(leaf, -1, 2 * place + 1), np.where(leaf, -1, 2 * place + 2), np.zeros(len(place), np.int64),
        )
        for _ in range(TREES)
    ]  # fmt: skip
    matrix = helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, 20])
    model = _model([], [matrix], [matrix], [])
    append(model, Ensemble(trees, [0] * TREES, 1, np.zeros(1, np.float32), "BRANCH_LEQ", "identity"))
    _save(model, folder)


def _weights(mebibytes: int) -> onnx.ModelProto:
    rows = 1024
    weights = np.random.default_rng(0).normal(size=(rows, mebibytes * 2**20 // 4 // rows)).astype(np.float32)
    given = helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, rows])
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, [None, weights.shape[1]])
    return _model(
        [helper.make_node("MatMul", ["numeric", "weights"], ["answer"])], [given], [answer],
        [numpy_helper.from_array(weights, "weights")],
    )  # fmt: skip


def _model(
    nodes: list[onnx.NodeProto], given: list[onnx.ValueInfoProto], answers: list[onnx.ValueInfoProto],
    weights: list[onnx.TensorProto],
) -> onnx.ModelProto:  # fmt: skip
    graph = helper.make_graph(nodes, "model", given, answers, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def _save(model: onnx.ModelProto, folder: Path) -> None:
    (folder / "model.onnx").write_bytes(model.SerializeToString())


PACKAGES = {"large test predictions": _with_data, "large weights": _with_weights, "many trees": _with_trees}

if __name__ == "__main__":
    load(sys.argv[2], Path(sys.argv[3])) if sys.argv[1:2] == [CHILD] else main()
