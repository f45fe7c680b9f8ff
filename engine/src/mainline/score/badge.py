"""The score as a badge: an SVG file that needs no network."""

from mainline.score.rubric import MOST
from mainline.score.total import Score

COLOURS = ((1, "#c0392b"), (2, "#b7600b"), (3, "#8a6d00"), (5, "#4c7a1d"), (MOST, "#1f7a3a"))
"""Up to a score; white text has a contrast of 4.5 or more on each."""
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="160" height="20" role="img" aria-label="{label}">
<title>{label}</title>
<rect width="160" height="20" rx="3" fill="#444"/>
<path fill="{colour}" d="M96 0h61a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-61z"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="48" y="14" textLength="84">ML test score</text>
<text x="128" y="14">{points}</text>
</g>
</svg>
"""


def draw(found: Score) -> str:
    """Return the badge."""
    points = f"{found.points:g} of {MOST}"
    colour = next(colour for most, colour in COLOURS if found.points <= most)
    return _SVG.format(label=f"ML test score: {points}", colour=colour, points=points)
