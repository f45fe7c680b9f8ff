"""A table with one of each thing to mind."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROWS = 3_000
SILENT = 2_300
"""The row from which `amount` is missing."""


@pytest.fixture(scope="session")
def orders() -> pd.DataFrame:
    """Orders of a year: three rows twice, a refund that says the label, an amount that stops to come."""
    random = np.random.default_rng(0)
    late = np.where(random.random(ROWS) < 0.03, "yes", "no")
    table = pd.DataFrame(
        {
            "order_id": np.arange(ROWS) + 10_000,
            "contact": [f"p{row % 900}@example.org" for row in range(ROWS)],
            "when": pd.date_range("2024-01-01", periods=ROWS, freq="3h").strftime("%Y-%m-%d %H:%M"),
            "amount": np.where(np.arange(ROWS) < SILENT, random.gamma(2, 30, ROWS).round(2), np.nan),
            "channel": random.choice(["web", "shop", "phone"], ROWS),
            "constant": "x",
            "refund": np.where(late == "yes", random.gamma(2, 30, ROWS), 0),
            "late": late,
        }
    )
    table["gross"] = table["amount"] * 1.19
    return pd.concat([table, table.iloc[:3]])


@pytest.fixture
def file(tmp_path: Path, orders: pd.DataFrame) -> Path:
    """The same as a file."""
    path = tmp_path / "orders.csv"
    orders.to_csv(path, index=False)
    return path
