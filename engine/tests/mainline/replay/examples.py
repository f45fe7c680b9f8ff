"""A replay as a document, made up: what moved, a judgement, and what a stranger may have put into it."""

from typing import Any

from mainline.replay.finding import Answers, Given, Replay, Row, Segment, Truth


def found(**changes: Any) -> Replay:
    """Return a replay of 10,000 requests, 1,842 of which moved."""
    whole = {
        "environment": "production", "candidate": "abc1234", "digest": "a1" * 32, "commit": None, "against": "v1.0.0",
        "answers": answers(), "reason": "",
    }  # fmt: skip
    return Replay.model_validate({**whole, **changes})


def answers(**changes: Any) -> Answers:
    """Return what moved."""
    shown = [
        ("JFK", "UA", "12.40", "32.40"),
        ("JFK", "B6", "1.10", "21.10"),
        ("LGA", "DL", "\N{MINUS SIGN}4.20", "6.30"),
    ]
    whole = {
        "requests": 10_000, "logged": 27_010, "first": "2013-09-18", "last": "2013-09-30", "choice": "newest",
        "amount": 5.0, "unit": "minutes", "moved": 1842, "crossed": 311, "invalid": 0, "threshold": "15",
        "tried": 1000, "again": 1000, "is_logged": True, "hidden": ["tailnum"],
        "segments": [
            Segment(column="origin", value="JFK", requests=3344, moved=1521, crossed=240, shift=6.2),
            Segment(column="carrier", value="B6", requests=1620, moved=402, crossed=51, shift=-1.4),
        ],
        "rows": [
            Row(before=old, after=new, truth="8.00", request=[
                Given(field="origin", value=origin), Given(field="carrier", value=carrier),
                Given(field="dep_delay", value="14.00"), Given(field="dest", value="LAX"),
            ])
            for origin, carrier, old, new in shown
        ],
        "without_rows": "", "without_truth": "",
        "truth": Truth(
            requests=9120, days=12, fitted=0, metric="rmse", candidate=13.9, against=14.6, difference=-0.048, low=-0.06,
            high=-0.031, conclusion="better",
        ),
    }  # fmt: skip
    return Answers.model_validate({**whole, **changes})
