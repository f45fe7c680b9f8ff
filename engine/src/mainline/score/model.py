"""The seven tests of how the model was developed."""

from mainline.declared import reading
from mainline.declared.tune import Search
from mainline.gate.ranks import agreement
from mainline.gate.tables import RANKS, STALENESS, TUNING, WORTH
from mainline.repository.git import ask
from mainline.score.contents import rows_of
from mainline.score.evidence import Evidence
from mainline.score.features import SPEC
from mainline.score.rubric import EXPLAIN, MONITOR, TUNE, LackError, Shown, Step, Test
from mainline.text import count

_REVIEW = Step(3, "have it reviewed, and commit with a line `Reviewed-by: NAME`")
_HOST = Step(6, "a full point needs the review as the host of git keeps it, which is not read here")
_FORESEE = Step(3, "judge models on more rows: widen data.from, then `./mainline explain`")
FEWEST = 3
_THIN = Step(3, "lower evaluation.slice_min_rows in params.yaml, or name slices with more rows")
_SEARCH = Step(3, "declare other values in tune.space of params.yaml, then `./mainline tune`")
_RELEASE = Step(5, f"release and monitor {FEWEST} versions, or widen data.from until {FEWEST} periods can be replayed")


def review(evidence: Evidence) -> Shown:
    """The last change of what shapes the model names a reviewer who did not write it. Git can show half a point."""
    commit = evidence.last_commit(*SPEC)
    if not commit or evidence.is_edited(*SPEC):
        raise LackError("what shapes the model is not committed", Step(0, "commit it"))
    name, mail, *said = ask("show", "--no-patch", "--format=%an%n%ae%n%B", commit).splitlines()
    found = [line.partition(":")[2].partition("<") for line in said if line.lower().startswith("reviewed-by:")]
    author = {name.casefold(), mail.casefold()}
    others = [
        by.strip()
        for by, _, at in found
        if by.strip() and not author & {by.strip().casefold(), at.strip("> ").casefold()}
    ]
    if not others:
        raise LackError(f"commit {commit[:7]} names no reviewer other than its author", _REVIEW)
    origin = evidence.fresh(evidence.of_commit("git log", commit), _REVIEW)
    return Shown(f"reviewed by {others[0]}", origin, "git commit", _HOST)


def online(evidence: Evidence) -> Shown:
    """Versions that tested better did better in production; before there are, models in the replay of later periods."""
    try:
        newest = {one.digest: one for one in evidence.looked.promises}
    except LackError:
        newest = {}
    if evidence.digest not in newest or len(newest) < FEWEST:
        return _replayed(evidence)
    agree = agreement([(one.promised_ratio, one.came_ratio) for one in newest.values()])
    if 2 * agree.same <= agree.pairs:
        raise LackError(f"the test put only {agree.same} of {agree.pairs} pairs of versions in their order", MONITOR)
    said = f"{agree.same} of {agree.pairs} pairs of versions in the same order"
    return evidence.shown(said, evidence.look, "./mainline monitor")


def _replayed(evidence: Evidence) -> Shown:
    """Degraded models stand offline in the order of the period after it, by more than chance; whole if of several."""
    rows, origin = evidence.table(RANKS, EXPLAIN, WORTH)
    replays: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        replays.setdefault(row["later_period"], []).append((float(row["offline"]), float(row["later"])))
    found = {later: agreement(models) for later, models in sorted(replays.items(), reverse=True)}
    newest, agree = next(iter(found.items()))
    said = f"{agree.same} of {count(agree.pairs, 'pair')} of models in the order of {newest}"
    if not agree.is_sure:
        raise LackError(f"only {said}, as chance might have it", _FORESEE)
    unsure = [later for later, one in found.items() if not one.is_sure]
    if unsure:
        return evidence.shown(f"replayed: {said}, but not of {unsure[0]}", origin, "./mainline explain", _FORESEE)
    if len(found) < FEWEST:
        return evidence.shown(f"replayed: {said}", origin, "./mainline explain", _RELEASE)
    others = " and ".join(f"{one.same} of {later}" for later, one in list(found.items())[1:])
    return evidence.shown(f"replayed: {said}, {others}", origin, "./mainline explain")


def tuned(evidence: Evidence) -> Shown:
    """The declared search ran on this model's data and code, and every declared trial is in the table."""
    rows = rows_of(evidence.content(TUNING, TUNE))
    origin = evidence.committed(TUNING)
    declared = reading.check_section(Search, evidence.params.tune, "tune")
    key, trials = evidence.search(evidence.params, declared)
    own = [row for row in rows if row.get("search") == key]
    if not own:
        raise LackError(f"{TUNING} is of another search, model, data or code", TUNE)
    if trials < 2:
        raise LackError("the declared search tries nothing but the declared model", _SEARCH)
    if len(own) < trials:
        raise LackError(f"{TUNING} has {len(own)} of {trials} trials", TUNE)
    tried = ", ".join((*declared.space, *declared.candidates))
    return evidence.shown(f"{len(own)} trials of {tried}", origin, "./mainline tune")


def staleness(evidence: Evidence) -> Shown:
    """What a model loses with age was measured."""
    rows, origin = evidence.table(STALENESS, EXPLAIN, WORTH)
    oldest = max(rows, key=lambda row: int(row["age"]))
    if int(oldest["age"]) == 0:
        raise LackError("no older model was measured: too few periods", EXPLAIN)
    said = f"{float(oldest['relative']):+.1%} after {count(int(oldest['age']), oldest['unit'])}"
    return evidence.shown(said, origin, "./mainline explain")


def simpler(evidence: Evidence) -> Shown:
    """The model beats the baseline; a whole point if that is a rule of the use case that beats a constant itself."""
    baseline = evidence.measured("metrics/baseline.json")
    (check,), origin = evidence.checks("against the baseline")
    rule = "rule" in baseline and evidence.sign * (baseline["rule"] - baseline["constant"]) < 0
    said = f"{check.observed} of {'a rule' if rule else 'a constant'}'s loss, at most {check.limit}"
    lacks = None if rule else Step(3, "write a rule that beats a constant as `baseline` in src/usecase/scoring.py")
    return evidence.shown(said, origin, "make gate", lacks)


def slices(evidence: Evidence) -> Shown:
    """Segments have enough rows, and none of them is much worse than the whole, or than in production."""
    rows = evidence.measured("metrics/slices.csv")
    if not rows:
        raise LackError("there are no slices", Step(3, "name slices in src/usecase/scoring.py"))
    if all(row["thin"] == "true" for row in rows):
        raise LackError("no segment has enough rows to be judged", _THIN)
    (whole, _), origin = evidence.checks("slices against the whole", "slices against production")
    said = f"{count(len(rows), 'segment')}; worst: {whole.observed}, at most {whole.limit}"
    return evidence.shown(said, origin, "make gate")


def inclusion(evidence: Evidence) -> Shown:
    """Segments are reported with intervals, thin ones too; a whole point if a declared rule of fairness holds."""
    rows = evidence.measured("metrics/slices.csv")
    if not rows or not all(row["low"] and row["high"] for row in rows):
        raise LackError("slices have no intervals", Step(3, "name slices in src/usecase/scoring.py"))
    rules = [check.name for check in evidence.judged[0].checks if check.name.startswith("fairness by ")]
    _, origin = evidence.checks(*rules)
    thin = sum(row["thin"] == "true" for row in rows)
    said = f"{len(rows)} segments with intervals, {thin} of them thin; {', '.join(rules) or 'no rule of fairness'}"
    lacks = None if rules else Step(3, "declare gate.fairness in params.yaml, then `make gate`")
    return evidence.shown(said, origin, "make gate", lacks)


TESTS = tuple(
    Test("Model", number, title, short, check)
    for number, (title, short, check) in enumerate(
        (
            ("Every model specification undergoes a code review and is checked in", "review", review),
            ("Offline and online metrics correlate", "offline, online", online),
            ("All hyperparameters have been tuned", "hyperparameters", tuned),
            ("The impact of model staleness is known", "staleness", staleness),
            ("A simpler model is not better", "simpler model", simpler),
            ("Model quality is sufficient on all important data slices", "slices", slices),
            ("The model has been tested for considerations of inclusion", "inclusion", inclusion),
        ),
        start=1,
    )
)
