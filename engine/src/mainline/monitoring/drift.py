"""Do features, and predictions, lie as they did? Limits come from playing the window back; see `playback`."""

from collections.abc import Sequence

from mainline.declared.monitoring import Monitoring
from mainline.gate.checks.outcome import Outcome
from mainline.limits import playback, sketches
from mainline.limits.playback import Limits
from mainline.limits.sketches import Sketch
from mainline.monitoring import reference as references
from mainline.monitoring.packages import PREDICTION
from mainline.monitoring.production import Production
from mainline.text import count

_NAMED = 3


def check_features(production: Production) -> Outcome:
    """Is the last week as near to the rest of training as training's own weeks?"""
    if not production.reference.days:
        return Outcome(
            "cannot tell", "not compared", "played back",
            "The rows that the package was made from are not here: `./mainline restore` or `make repro` brings them.",
        )  # fmt: skip
    return _judge(production, production.reference.days, production.week)


def check_predictions(production: Production) -> Outcome:
    """Do the predictions of the last week lie as those of the test did?"""
    week = production.week
    if week is not None:
        week = week.model_copy(update={"numbers": {PREDICTION: week.numbers[PREDICTION]}, "texts": {}})
    return _judge(production, references.tested(production.reference.package), week)


def _judge(production: Production, days: Sequence[Sketch], week: Sketch | None) -> Outcome:
    policy = production.policy
    if week is None:
        needed = f"{policy.quality.min_days} days with {policy.support.min_rows:,} rows are needed"
        return Outcome("cannot tell", count(len(production.window), "day"), "played back", f"{needed}.")
    limits = playback.play(days, policy.window_days, policy.false_alarms_every_days)
    if limits is None:
        return Outcome("cannot tell", "no limits", "played back", f"{len(days)} days cannot be played back.")
    far = playback.distances(week, sketches.add(days))
    scores = limits.scores(far)
    if not scores:
        return Outcome("cannot tell", "nothing to compare", "played back", "No column has a known value.")
    ranked = sorted(scores, key=lambda name: -scores[name])
    name = ranked[0]
    beyond = [column for column in ranked if scores[column] > limits.largest]
    observed = f"{name}: distance {far[name]:.3f}, score {scores[name]:.1f}"
    reason = f"{_told(beyond)} {_proof(limits, policy)}"
    return Outcome("fail" if beyond else "pass", observed, f"score {limits.largest:.1f}", reason)


def _told(beyond: Sequence[str]) -> str:
    if not beyond:
        return "The week lies as weeks of the window did."
    more = f" and {len(beyond) - _NAMED} more" if len(beyond) > _NAMED else ""
    return f"Further from the window than its own weeks: {', '.join(beyond[:_NAMED])}{more}. Not harm by itself."


def _proof(limits: Limits, policy: Monitoring) -> str:
    """Say how the limit was earned, and how often the window itself passes it."""
    every = policy.false_alarms_every_days
    times = "once" if limits.episodes == 1 else f"{limits.episodes} times"
    played = f"Played back, {limits.days} days pass it {times}"
    if limits.is_proven:
        return f"{played}; declared is once in {every} days."
    return f"{played}: too few days to prove once in {every} days, {playback.PROVEN_DAYS} are needed."
