"""Do features, and predictions, lie as they did? Limits come from playing the window back; see `playback`."""

from collections.abc import Callable, Sequence

from mainline.gate.checks.outcome import Outcome
from mainline.limits import distances, playback, sketches
from mainline.limits.playback import Limits, Score
from mainline.limits.sketches import Sketch
from mainline.monitoring.production import Production
from mainline.text import count, few

_NAMED = 3


def check_features(production: Production) -> Outcome:
    """Is the last week as near to training as training's own weeks were to those before them?"""
    earned = production.reference.earned
    return _judge(production, earned.features if earned else None, sketch=lambda sketch: sketch)


def check_predictions(production: Production) -> Outcome:
    """Do the predictions of the last week lie as those of the window did, by models that had not seen it?"""
    earned = production.reference.earned
    return _judge(production, earned.predictions if earned else None, sketch=sketches.of_predictions)


def _judge(production: Production, limits: Limits | None, sketch: Callable[[Sketch], Sketch]) -> Outcome:
    earned = production.reference.earned
    if earned is None:
        return Outcome("cannot tell", "not compared", "played back", _without_limits(production))
    if production.week is None or production.last_days is None:
        return Outcome("cannot tell", count(len(production.window), "day"), "played back", _lacking(production))
    if limits is None:
        return Outcome("cannot tell", "no limits", "played back", f"{earned.days} days cannot be played back.")
    whole = sketch(earned.whole)
    run, recent = (
        distances.between(sketch(days), whole, limits.distance) for days in (production.week, production.last_days)
    )
    scores = limits.scores(run, recent)
    if not scores:
        return Outcome("cannot tell", "nothing to compare", "played back", "No column has a known value.")
    ranked = sorted(scores, key=lambda name: -scores[name].score)
    furthest = scores[ranked[0]]
    beyond = [_named(name, scores[name]) for name in ranked if scores[name].score > limits.largest]
    where = f" in the last {playback.RECENT_DAYS} days" if furthest.is_recent else ""
    observed = (
        f"{_named(ranked[0], furthest)}{where}: distance {furthest.distance:.3f}, score {_plainly(furthest.score)}"
    )
    reason = f"{_told(beyond)} {playback.proof(limits, earned.every_days)}"
    return Outcome("fail" if beyond else "pass", observed, f"score {limits.largest:.1f}", reason)


def _without_limits(production: Production) -> str:
    """Say why a package carries no limits, and whether another one can."""
    if "snapshot" in production.reference.package.manifest:
        return "The data has no time, so there are no weeks to play back."
    return "The package was built before packages carried limits; one that `make repro` makes now carries them."


def _lacking(production: Production) -> str:
    """Say why the last days make no week that can be held to those of the window."""
    days, least = production.window_days, production.policy.support.min_rows
    if len(production.window) < days:
        return f"{days} days with {least:,} rows are needed."
    own, most = production.stretch
    return (
        f"The last {days} days with {least:,} rows stretch over {own}, and {days} days of the test over {most} at most."
    )


def _named(column: str, score: Score) -> str:
    return f"missing {column}" if score.is_missing else column


def _plainly(score: float) -> str:
    """Write a score with a place after the point; what rounds to nothing has no sign."""
    return f"{round(score, 1) + 0.0:.1f}"


def _told(beyond: Sequence[str]) -> str:
    if not beyond:
        return "The week lies as weeks of the window did."
    return f"Further from the window than its own weeks: {few(beyond, _NAMED)}. Not harm by itself."
