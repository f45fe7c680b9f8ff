"""How much memory a server takes before, while and after it swaps large models, under load."""

import gc
import json
import shutil
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from onnx import helper, numpy_helper

from tests.end_to_end.load import Load
from tests.mainline.package.test_predictor import resealed
from tests.mainline.serving.running import Running, are_more, running, wait_for

MIB = 2**20
WEIGHTS = 100
"""MiB that a model holds."""
SWAPS = 10


def enlarged(package: Path, target: Path, value: float) -> Path:
    """Return a package that predicts the same and holds many weights, each of this value."""
    shutil.copytree(package, target)
    model = onnx.load(target / "model.onnx")
    output = model.graph.output[0].name
    kind = model.graph.output[0].type.tensor_type.elem_type
    for node in model.graph.node:
        node.output[:] = ["predicted" if name == output else name for name in node.output]
    weights = np.full(WEIGHTS * MIB // 4, value, np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "weights"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(0, np.int64), "zero"))
    model.graph.node.extend(
        [
            helper.make_node("Cast", ["predicted"], ["place"], to=onnx.TensorProto.INT64),
            helper.make_node("Mul", ["place", "zero"], ["first"]),
            helper.make_node("Gather", ["weights", "first"], ["weight"]),
            helper.make_node("Sub", ["weight", "weight"], ["nothing"]),
            helper.make_node("Cast", ["nothing"], ["added"], to=kind),
            helper.make_node("Add", ["predicted", "added"], [output]),
        ]
    )
    onnx.save(model, target / "model.onnx")
    resealed(target)
    gc.collect()
    return target


class Sampler:
    """Notes the resident memory of a process, in MiB, as often as it can."""

    def __init__(self, pid: int) -> None:
        self.process, self.seen = psutil.Process(pid), [0.0]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample)

    def __enter__(self) -> "Sampler":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def now(self) -> float:
        """Return what it is now."""
        return self.process.memory_info().rss / MIB

    def _sample(self) -> None:
        while not self.ended.wait(0.005):
            self.seen.append(self.now())


def route(folder: Path, routes: Sequence[tuple[str, Path, int]], revision: int) -> None:
    """Ask the server for routes."""
    listed = [{"version": name, "package": str(path), "weight": weight} for name, path, weight in routes]
    new = folder / "routing.new"
    new.write_text(json.dumps({"revision": revision, "routes": listed}))
    new.rename(folder / "routing.json")


def serves(server: Running, folder: Path, revision: int) -> bool:
    """Whether the server serves these routes."""
    assert server.process.poll() is None
    said = folder / "served.json"
    return said.exists() and json.loads(said.read_bytes())["revision"] == revision


@pytest.mark.slow
def test_swap_takes_the_memory_of_two_models(package_dir: Path, tmp_path: Path) -> None:
    """While a swap lasts the server holds two models, and afterwards one, however often it is repeated.

    A model's weights are in memory once, in the runtime; while it is read, also as the verified file and once parsed.
    """
    packages = {f"v1.{number}.0": enlarged(package_dir, tmp_path / str(number), number) for number in range(2)}
    rows = json.loads((package_dir / "golden.json").read_text())["requests"]
    names = list(packages)
    route(tmp_path, [(names[0], packages[names[0]], 1)], 1)
    with running(tmp_path / "server", None, "--routing", str(tmp_path / "routing.json")) as server:
        wait_for(lambda: serves(server, tmp_path, 1))
        with Load(server.port, [server.key] * 2, rows, rate=30.0) as load, Sampler(server.process.pid) as memory:
            wait_for(lambda: len(load.answers) > 100)
            before, revision = memory.now(), 1
            both: list[float] = []
            after: list[float] = []
            for number in range(SWAPS):
                old, new = names[number % 2], names[1 - number % 2]
                for routes in ([(new, packages[new], 1), (old, packages[old], 1)], [(new, packages[new], 1)]):
                    revision += 1
                    route(tmp_path, routes, revision)
                    wait_for(partial(serves, server, tmp_path, revision))
                    wait_for(partial(are_more, load.answers, len(load.answers) + 30))
                    (both if len(routes) == 2 else after).append(memory.now())
    print(f"before {before:.0f} MiB; two models {max(both):.0f}, peak {max(memory.seen):.0f}; "
          f"after one swap {after[0]:.0f}, after {SWAPS} {after[-1]:.0f}")  # fmt: skip
    assert load.failed == []
    assert max(both) - before < 2.5 * WEIGHTS
    assert max(memory.seen) - before < 3.5 * WEIGHTS
    assert after[-1] - before < 0.5 * WEIGHTS
