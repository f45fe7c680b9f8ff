"""A prediction log as the service writes it, without a service: lines of the golden rows of a package."""

import copy
import json
from pathlib import Path
from typing import Any

from mainline.data import columns
from mainline.monitoring.packages import Packaged

DAY = "2026-03-01"
VERSION = "v1.0.0"


def lines(package: Packaged, rows: list[dict[str, Any]], *, day: str = DAY, hour: int = 1) -> list[dict[str, Any]]:
    """Return one line of the log per row, a minute apart."""
    predictor = package.predictor
    typed = columns.from_rows(rows, predictor.request)
    features, predicted = predictor.compute(typed), predictor.predict_columns(typed)
    return [
        {
            "time": f"{day}T{hour + number // 60:02d}:{number % 60:02d}:00.000+00:00",
            "request_id": f"request-{number}",
            "trace_id": f"{number:032x}",
            "key": "client",
            "model": package.manifest["name"],
            "version": VERSION,
            "digest": package.digest,
            "seconds": 0.001,
            "inputs": {name: [row.get(name)] for name in typed},
            "features": {name: [plain(values[number])] for name, values in features.items()},
            "prediction": [float(predicted[number])],
            "stale": [[]],
        }
        for number, row in enumerate(rows)
    ]


def plain(value: Any) -> Any:
    """Return a value as the log has it: NaN as null."""
    value = value.item() if hasattr(value, "item") else value
    return None if value != value else value


def changed(line: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """Return a copy of a line with other parts."""
    return {**copy.deepcopy(line), **parts}


def encode(*written: Any) -> bytes:
    """Return lines as bytes; text stays as it is."""
    return b"".join((item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n" for item in written)


def write(folder: Path, content: bytes, *, number: int = 1, writer: str = "abcdef01") -> Path:
    """Write a file of the log."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"predictions-20260301T000000-{writer}-{number:06d}.jsonl"
    path.write_bytes(content)
    return path
