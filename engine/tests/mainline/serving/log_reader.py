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
    """Return a row for each one that was predicted, as the guide says: `inputs.NAME`, `features.NAME`, ..."""
    log = pd.json_normalize(lines(directory))
    parts = [part.dropna(axis=1) for _, part in log.groupby("digest", sort=False)]
    parts = [part.explode([name for name in part if isinstance(part[name].iloc[0], list)]) for part in parts]
    return pd.concat(parts, ignore_index=True)
