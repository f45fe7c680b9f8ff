"""The least the same work can cost: all stages in one process, with every table kept in memory.

The stage functions are the pipeline's own; what falls away is DVC, the other interpreters with their imports, and
the files between stages. Months that two stages would both read and join are joined once. What people keep is written
as the pipeline writes it: metrics, model and package, which therefore come out byte for byte the same.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from mainline.data import storage
from mainline.declared import params

PIPELINE = Path("dvc.yaml")  # lists the stages in the order of their work
KEPT = Path("data/predictions")  # goes into the package as the file it is
_held: list[Any] = []
"""The tables; in a file, and between functions of bytes, stands the place in this list."""


def main() -> None:
    """Do the work of `dvc repro` and print how much CPU time the start and the imports took."""
    _keep_tables_in_memory()
    from mainline.data import dataset

    stages = {name: import_module(f"mainline.stages.{name}") for name in yaml.safe_load(PIPELINE.read_text())["stages"]}
    dataset.read = _joined_once(dataset.read)
    imports = time.process_time()
    declared = params.load()
    for name, module in stages.items():
        getattr(module, name)(declared)
    Path(sys.argv[1]).write_text(json.dumps({"imports": imports}))
    gc.freeze()  # leaves nothing to take apart at the end


def _keep_tables_in_memory() -> None:
    """Replace reading and writing of tables, before the stages import them."""
    write_file, read_file = storage.write_columns, storage.read_columns

    def write(table: Any, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_hold(table))

    def read_frame(path: Path, columns: Any = None) -> Any:
        table = _found(path.read_bytes())
        return table if columns is None else table[list(columns)]

    def read_columns(path: Path, columns: Any = None) -> dict[str, Any]:
        if KEPT in path.parents:
            return read_file(path, columns)
        table = _found(path.read_bytes())
        return {name: np.asarray(table[name]) for name in (columns or table) if name in table}

    replaced: dict[str, Callable[..., Any]] = {
        "write_frame": write,
        "encode_frame": lambda frame, path: _hold(frame),  # noqa: ARG005
        "encode_columns": _hold,
        "read_frame": read_frame,
        "decode_frame": lambda content, path: _found(content),  # noqa: ARG005
        "write_columns": lambda columns, path: (write_file if KEPT in path.parents else write)(columns, path),
        "read_columns": read_columns,
        "read_names": lambda path: list(_found(path.read_bytes())),
    }
    for name, function in replaced.items():
        setattr(storage, name, function)


def _hold(table: Any) -> bytes:
    _held.append(table)
    return str(len(_held) - 1).encode()


def _found(content: bytes) -> Any:
    return _held[int(content)]


def _joined_once(read: Any) -> Any:
    """Remember what was read; names come as lists or tuples, and only tuples can be looked up."""
    remembered = cache(read)
    return lambda directory, *names: remembered(directory, *map(tuple, names))


if __name__ == "__main__":
    main()
