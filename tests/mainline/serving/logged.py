"""The prediction log as its readers see it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from mainline.serving.prediction_log import PATTERN


def lines(directory: Path) -> list[Any]:
    """Return every line, parsed, in order."""
    return [json.loads(line) for path in sorted(directory.glob(PATTERN)) for line in path.read_text().splitlines()]


def rows(directory: Path) -> pd.DataFrame:
    """Return a row for each one that was predicted, as `docs/serving.md` says: `inputs.NAME`, `features.NAME`, ..."""
    log = pd.json_normalize(lines(directory))
    return log.explode([name for name in log if isinstance(log[name][0], list)], ignore_index=True)
