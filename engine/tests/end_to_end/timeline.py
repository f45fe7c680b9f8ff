"""What happened in a run of the whole loop: as text, and as a picture of who answered in each second."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mainline.text import table
from tests.end_to_end.load import Answer, Load

Moments = Sequence[tuple[float, str]]
COLOURS = ("#1570ef", "#12b76a", "#dc6803", "#7a5af8")


def write(load: Load, status: Mapping[str, Any], moments: Moments) -> str:
    """Return counts and the follower's history."""
    start = moments[0][0]
    answers = list(load.answers)
    counts = Counter(one.version for one in answers if one.status == 200)
    rows = [
        [version, f"{number:,}", *(f"{_quantile(answers, version, share):.1f}" for share in (0.5, 0.99))]
        for version, number in sorted(counts.items())
    ]
    history = [
        [f"{entry['time'] - start:.1f}", entry["what"], entry["version"], entry["detail"]]
        for entry in reversed(status["history"])
    ]
    return "\n".join(
        [
            "",
            "What the follower did",
            *table(("s", "what", "version", "why"), history, right=(0,)),
            "",
            f"{len(answers):,} requests, {len(answers) - sum(counts.values())} failed",
            *table(("version", "answers", "p50 ms", "p99 ms"), rows, right=(1, 2, 3)),
            "",
        ]
    )


def draw(load: Load, moments: Moments, folder: Path) -> list[Path]:
    """Draw answers a second by version, with the moments numbered below; return the pictures."""
    import vl_convert

    start = moments[0][0]
    counts = Counter((int(one.sent - start), one.version or "failed") for one in load.answers)
    below: Counter[int] = Counter()
    values = []
    for (second, version), number in sorted(counts.items()):
        low = below[second]
        below[second] += number
        values.append({"second": second, "end": second + 1, "version": version, "answers": low, "high": below[second]})
    marks = [{"second": when - start, "text": f"{place}"} for place, (when, _) in enumerate(moments, 1)]
    words = [f"{place}, after {when - start:.0f} s: {what[:95]}" for place, (when, what) in enumerate(moments, 1)]
    specification = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": "Who answered", "subtitle": words, "anchor": "start", "subtitleLineHeight": 15},
        "width": 760,
        "height": 240,
        "layer": [
            {
                "data": {"values": values},
                "mark": "rect",
                "encoding": {
                    "x": {
                        "field": "second",
                        "type": "quantitative",
                        "title": "seconds since the start",
                        "scale": {"domainMin": 0, "nice": False},
                    },
                    "x2": {"field": "end"},
                    "y": {"field": "answers", "type": "quantitative", "title": "answers a second"},
                    "y2": {"field": "high"},
                    "color": {"field": "version", "type": "nominal", "scale": {"range": list(COLOURS)}},
                },
            },
            {
                "data": {"values": marks},
                "mark": {"type": "rule", "strokeDash": [3, 3], "color": "#475467"},
                "encoding": {"x": {"field": "second", "type": "quantitative"}},
            },
            {
                "data": {"values": marks},
                "mark": {"type": "text", "dy": -128, "fontWeight": "bold"},
                "encoding": {"x": {"field": "second", "type": "quantitative"}, "text": {"field": "text"}},
            },
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    png, svg = folder / "demo.png", folder / "demo.svg"
    png.write_bytes(vl_convert.vegalite_to_png(specification, scale=2))
    svg.write_text(vl_convert.vegalite_to_svg(specification), encoding="utf-8")
    return [png, svg]


def _quantile(answers: Sequence[Answer], version: str, share: float) -> float:
    """Return a quantile of a version's latency, in milliseconds."""
    seconds = sorted(one.seconds for one in answers if one.version == version)
    return 1e3 * seconds[min(int(share * len(seconds)), len(seconds) - 1)] if seconds else 0.0
