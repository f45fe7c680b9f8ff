"""Findings as the gate makes them: flights of one month, in four verdicts."""

import math
from collections.abc import Sequence
from typing import Any

from mainline.gate.findings import Findings

COMMIT = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

# Column, value, rows, and rmse and bias in minutes of the candidate, then rmse of production.
SLICES = [
    ("carrier", "9E", 1468, 15.05, 1.36, 15.31), ("carrier", "AA", 2568, 15.93, 0.84, 16.62),
    ("carrier", "AS", 60, 19.00, 10.96, 17.41), ("carrier", "B6", 4270, 13.81, 1.46, 14.20),
    ("carrier", "DL", 3867, 15.54, -0.80, 15.77), ("carrier", "EV", 4548, 12.24, 1.83, 12.41),
    ("carrier", "F9", 56, 18.88, -3.24, 19.97), ("carrier", "FL", 253, 12.81, -1.55, 12.65),
    ("carrier", "HA", 25, 16.21, -5.63, 13.90), ("carrier", "MQ", 2094, 13.38, 0.59, 13.95),
    ("carrier", "OO", 17, 8.89, -5.86, 8.12), ("carrier", "UA", 4636, 15.08, 1.06, 15.49),
    ("carrier", "US", 1653, 12.34, 1.02, 12.29), ("carrier", "VX", 452, 13.38, 0.44, 13.73),
    ("carrier", "WN", 1001, 13.99, -0.31, 13.44), ("carrier", "YV", 42, 13.51, 3.63, 13.60),
    ("origin", "EWR", 9362, 12.63, 1.18, 12.95), ("origin", "JFK", 8788, 15.45, 1.28, 15.90),
    ("origin", "LGA", 8860, 14.56, 0.12, 14.91), ("hour", "05", 164, 15.45, 3.64, 15.52),
    ("hour", "06", 2015, 11.40, 2.54, 11.83), ("hour", "07", 1880, 12.86, 1.76, 13.21),
    ("hour", "08", 2444, 11.63, 1.20, 11.80), ("hour", "12", 1492, 15.12, -1.82, 14.81),
    ("hour", "15", 1909, 15.87, -1.11, 16.30), ("hour", "16", 1801, 16.73, 2.69, 17.62),
    ("hour", "17", 1928, 17.13, 1.52, 17.76), ("hour", "18", 1700, 17.85, 0.39, 18.21),
    ("hour", "19", 1620, 16.42, 1.11, 16.97), ("hour", "22", 212, 7.87, -0.09, 8.02),
]  # fmt: skip

CALIBRATION = [
    (-31.0, -32.0), (-25.3, -26.8), (-22.5, -23.2), (-20.4, -21.2), (-17.3, -17.7), (-14.8, -15.1), (-12.3, -13.0),
    (-9.9, -10.8), (-6.9, -8.7), (-2.2, -3.2), (2.5, 1.2), (11.4, 10.5), (33.0, 31.6), (125.7, 124.8),
]  # fmt: skip

CHECKS = [
    ("lock", "integrity", "true", "nothing changed since", "The candidate is what dvc.lock names."),
    ("finite predictions", "integrity", "0 of 27,010", "0", "Predictions that are NaN or infinite."),
    ("holdout", "integrity", "27,010 rows, 30 days", "at least 1,000 rows, 7 days", "Enough for a conclusion."),
    ("against production", "quality", "-2.5% (-3.6% to -1.5%)", "up to 1.0% worse",
     "rmse against production v1.3.0: better."),
    ("sudden drop", "quality", "-2.5%", "5.0%", "rmse against production v1.3.0, whatever the interval."),
    ("slow decay", "quality", "-1.1%", "3.0%", "rmse against v1.2.0, the best of 5."),
    ("against the baseline", "quality", "0.830", "0.95", "rmse over the baseline's."),
    ("threshold", "quality", "14.23", "16", "rmse on the holdout."),
    ("suspicious gain", "quality", "+2.5%", "20%", "Plausible."),
    ("bias", "quality", "+0.865", "2", "Mean of prediction minus truth."),
    ("slices against the whole", "slices", "hour 18: 1.25", "1.5", "rmse over the whole."),
    ("slices against production", "slices", "none", "surely worse by 2%",
     "Against production v1.3.0, 27 segments with enough rows."),
    ("fairness by carrier", "slices", "1.30 (carrier AA, carrier EV)", "1.5", "Worst over best segment."),
    ("predict time", "budgets", "1.04x, 2.91 us a row", "1.5x", "Over production v1.3.0."),
    ("package size", "budgets", "1.00x, 1,612,345 bytes", "2x", "Over production v1.3.0."),
    ("quarantine", "data", "0.000%", "1.00%", "1 of 276,881 rows are in quarantine."),
    ("schema", "compatibility", "compatible", "compatible", "Old clients are served as before."),
]  # fmt: skip


def passing(**changed: Any) -> Findings:
    """A candidate that is better than production; with some fields replaced."""
    return Findings.model_validate({**_passing(), **changed})


def warning() -> Findings:
    """One that moved away from production's training rows."""
    warned = _check("skew", "data", "dep_delay 0.31, temp 0.28", "0.25",
                    "Holdout against the training rows of production v1.3.0 (stability index).", "warn")  # fmt: skip
    return passing(
        verdict="warn", headline="Better than production by 2.5%, but 2 features moved: have a person look at the skew",
        checks=[warned, *_passing()["checks"]],
    )  # fmt: skip


def failing() -> Findings:
    """One that is worse, and whose cost nobody could measure."""
    failed = [
        _check("against production", "quality", "+6.2% (+4.1% to +8.4%)", "up to 1.0% worse",
               "rmse against production v1.3.0: worse.", "fail"),
        _check("slices against production", "slices", "hour 16, hour 17, carrier MQ", "surely worse by 2%",
               "Against production v1.3.0, 27 segments with enough rows.", "fail"),
        _check("memory", "budgets", "not measured", "1.5x", "The cost could not be measured.", "cannot tell"),
    ]  # fmt: skip
    kept = [check for check in _passing()["checks"] if check["name"] not in {part["name"] for part in failed}]
    compared = _passing()["comparison"] | {"conclusion": "worse", "difference": 0.062, "low": 0.041, "high": 0.084}
    metrics = [_metric("rmse", 15.51, 14.60, 17.15), _metric("mae", 11.02, 10.48, 12.94)]
    slices = [_slice(*part[:3], round(part[3] * 1.09, 2), *part[4:]) for part in SLICES]
    return passing(
        verdict="fail", headline="Worse than production by 6.2% (rmse 15.51 against 14.60 minutes)",
        comparison=compared, metrics=metrics, checks=[*kept, *failed], slices=slices,
    )  # fmt: skip


def first() -> Findings:
    """A first release, which has only the baseline to beat."""
    return passing(
        headline="17% better than the baseline (rmse 14.23 against 17.15 minutes): fit to be the first release",
        production=None, first_release=True,
        comparison=_passing()["comparison"] | {"other": "baseline", "difference": -0.170, "low": -0.2, "high": -0.141},
        metrics=[metric | {"other": metric["baseline"]} for metric in _passing()["metrics"]],
        parameters=[], features_added=[], features_removed=[], code=[], skew=[],
    )  # fmt: skip


def several() -> Findings:
    """A first release of a model that tells three kinds of flowers apart, by one kind above all."""
    names, counts = ("setosa", "versicolor", "virginica"), [[17, 0, 0], [0, 12, 5], [1, 4, 11]]
    scores = [
        {"name": name, "rows": 17 - place // 2, "said": 16 + place, "precision": 0.94 - place / 8,
         "recall": 1 - place / 6, "f1": 0.97 - place / 7, "roc_auc": 0.99 - place / 20, "average_precision": 0.98}
        for place, name in enumerate(names)
    ]  # fmt: skip
    groups = [_series(name, [(x / 9, min(1, x / 9 + 0.02 * place)) for x in range(10)])
              for place, name in enumerate(names)]  # fmt: skip
    return passing(
        headline="The model is 61.2% better than the baseline in 1 - recall of virginica; it may be released.",
        task="multiclass", production=None, first_release=True,
        comparison=_passing()["comparison"] | {
            "metric": "recall of virginica", "compared": "1 - recall of virginica", "unit": "", "other": "baseline",
            "difference": -0.612, "low": -0.71, "high": -0.52, "rows": 50, "days": 16,
        },
        metrics=[
            {"name": name, "unit": "", "candidate": value, "other": baseline, "baseline": baseline}
            for name, value, baseline in (("recall of virginica", 0.6875, 0.194), ("log_loss", 0.41, 1.1))
        ],
        classes=scores, confusion={"classes": list(names), "rows": counts},
        plots=[{"name": "calibration", "x": "probability of the class", "y": "share of its rows", "series": groups}],
        parameters=[], features_added=[], features_removed=[], code=[], skew=[], worth=[], slices=[],
    )  # fmt: skip


def _passing() -> dict[str, Any]:
    return {
        "format": 1,
        "verdict": "pass",
        "headline": "Better than production by 2.5% (rmse 14.23 against 14.60 minutes)",
        "task": "regression",
        "first_release": False,
        "candidate": _model("4b825dc", COMMIT, "2013-01 to 2013-07", 1_612_345),
        "production": _model("v1.3.0", "9fceb02d0ae598e95dc970b74767f19372d61af8", "2013-01 to 2013-06", 1_609_822),
        "comparison": {
            "metric": "rmse", "unit": "minutes", "other": "v1.3.0", "conclusion": "better", "difference": -0.0253,
            "low": -0.0362, "high": -0.0148, "margin": 0.01, "confidence": 0.95, "rows": 27010, "days": 30,
            "identical": False, "look": 3, "shown": 0.0105,
        },
        "metrics": [
            _metric("rmse", 14.2298, 14.6, 17.1484), _metric("mae", 10.2689, 10.48, 12.9433),
            _metric("bias", 0.865142, 1.21, 5.26766), _metric("p90_error", 20.8319, 21.4, 26.619),
        ],
        "checks": [_check(*check) for check in CHECKS],
        "slices": [_slice(*part) for part in SLICES],
        "parameters": [
            {"key": "data.through", "before": "2013-08", "after": "2013-09"},
            {"key": "model.params.max_iter", "before": "120", "after": "150"},
            {"key": "model.params.min_samples_leaf", "before": "", "after": "100"},
        ],
        "features_added": ["origin_gain", "dest_gain"],
        "features_removed": ["pressure"],
        "code": ["src/usecase/features.py", "src/usecase/tables.py"],
        "data": [
            {"key": "rows accepted", "before": "248,903", "after": "276,881"},
            {"key": "rows quarantined", "before": "1", "after": "1"},
        ],
        "skew": [{"column": name, "index": index} for name, index in [
            ("temp", 0.2794), ("dep_delay", 0.1034), ("origin_departures", 0.0911), ("humid", 0.0443),
            ("weekday", 0.0147), ("scheduled_block", 0.0083), ("distance", 0.0065), ("departure_minute", 0.0038),
        ]],
        "plots": _plots(),
        "worth": [
            {"feature": name, "loss": loss, "low": loss - 0.004, "high": loss + 0.005, "microseconds": cost}
            for name, loss, cost in [
                ("dep_delay", 0.171, 0.02), ("dest_gain", 0.041, 0.61), ("origin_gain", 0.018, 0.6),
                                     ("carrier", 0.0121, 0.05), ("wind_speed", 0.006, 0.31), ("seats", -0.0004, 0.27)]
        ],
        "experiments": [
            {"name": name, "base": "4cf2fe8", "metric": "rmse", "value": value, "difference": difference, "low": low,
             "high": high, "verdict": verdict, "changed": changed, "note": note, "is_candidate": name == "coarse"}
            for name, value, difference, low, high, verdict, changed, note in [
                ("4cf2fe8", 16.2972, None, None, None, None, "", ""),
                ("coarse", 16.2613, -0.0022, -0.0125, 0.0065, "no worse", "max_leaf_nodes 31 -> 15", "smaller trees"),
                ("slower", 16.3215, 0.0015, -0.0064, 0.009, "no worse", "learning_rate 0.1 -> 0.05", ""),
            ]
        ],
        "lineage": [
            {"key": "dvc.lock", "before": "a3f5c91e0b7d", "after": "d7590b583323"},
            {"key": "requirements/pipeline.txt", "before": "77b1d06f9a1c", "after": "77b1d06f9a1c"},
            {"key": "branch", "before": "main", "after": "feature/one-month-more"},
        ],
        "timings": [{"key": name, "before": before, "after": after} for name, before, after in [
            ("ingest", "3.1 s", "3.4 s"), ("prepare", "6.0 s", "6.9 s"), ("train", "9.8 s", "11.7 s"),
            ("evaluate", "2.2 s", "2.2 s"),
        ]],
    }  # fmt: skip


def _plots() -> list[dict[str, Any]]:
    learning = [
        _series("train", [(n, 14.8 + 4 * math.exp(-n / 22)) for n in range(1, 151)]),
        _series("validation", [(n, 16.2 + 3.2 * math.exp(-n / 18) + n / 2500) for n in range(1, 151)]),
    ]
    errors = [(e, round(2900 * math.exp(-(((e - 0.9) / 13) ** 2) / 2))) for e in (-61.7 + 1.57 * n for n in range(60))]
    ages = [(months, 14.23 * (1 + 0.006 * months + 0.0009 * months**2)) for months in range(7)]
    return [
        {"name": "learning", "x": "iteration", "y": "rmse", "series": learning},
        {"name": "residuals", "x": "error, minutes", "y": "rows", "series": [_series("candidate", errors)]},
        {"name": "calibration", "x": "predicted, minutes", "y": "actual, minutes",
         "series": [_series("candidate", CALIBRATION)]},
        {"name": "staleness", "x": "age in months", "y": "rmse", "series": [_series("candidate", ages)]},
    ]  # fmt: skip


def _series(name: str, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    return {"name": name, "points": [{"x": float(x), "y": float(y)} for x, y in points]}


def _model(version: str, commit: str, train: str, size_bytes: int) -> dict[str, Any]:
    kind = "sklearn.ensemble.HistGradientBoostingRegressor"
    return {"version": version, "digest": "d7590b583323", "commit": commit, "type": kind, "train": train,
            "test": "2013-09", "size_bytes": size_bytes}  # fmt: skip


def _metric(name: str, candidate: float, other: float, baseline: float) -> dict[str, Any]:
    return {"name": name, "unit": "minutes", "candidate": candidate, "other": other, "baseline": baseline}


def _check(name: str, group: str, observed: str, limit: str, reason: str, verdict: str = "pass") -> dict[str, Any]:
    return {"name": name, "group": group, "verdict": verdict, "observed": observed, "limit": limit, "reason": reason}


def _slice(column: str, value: str, rows: int, candidate: float, bias: float, other: float) -> dict[str, Any]:
    difference, reach = candidate / other - 1, 1.4 / math.sqrt(rows)
    return {"column": column, "value": value, "rows": rows, "thin": rows < 500, "candidate": candidate, "other": other,
            "difference": difference, "low": difference - reach, "high": difference + reach, "bias": bias}  # fmt: skip
