"""What each feature is worth, how a model ages, and what offline metrics foresee: as text, and worth as a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mainline.experiments.layout import Layout, interval, percent, wrap
from mainline.text import count

if TYPE_CHECKING:
    from mainline.contract import Array
    from mainline.experiments.costs import Costs
    from mainline.experiments.ranks import Ranked
    from mainline.experiments.staleness import Age
    from mainline.experiments.worth import Worth


def explain_model(features: Sequence[str] = (), window: int | None = None, graph: bool = False) -> str:
    """Measure worth, staleness and ranks, and write `metrics/worth.csv`, `staleness.csv` and `ranks.csv`.

    Args:
        features: leave out only these, one at a time, and only show it; without any, all.
        window: periods of a training window for staleness; without, half of those before the test.
        graph: draw worth beside it, and what goes together with what.
    """
    found: list[Worth] = []
    said = ["", *explain_worth(features, found), ""]
    if not features:
        said += [*explain_staleness(window), "", *explain_ranks()]
    if graph:
        from mainline.experiments import pictures

        said += ["", pictures.draw(pictures.of_worth(found))]
    return "\n".join(said)


def explain_worth(features: Sequence[str], found: "list[Worth]") -> list[str]:
    """Fit without each feature; write `metrics/worth.csv`, unless only some are asked for: the file holds them all.

    Args:
        features: those to leave out, one at a time; without any, all.
        found: what is measured is put there.
    """
    from mainline.data.storage import write_csv
    from mainline.declared import gate, params
    from mainline.experiments import costs, variant, worth
    from mainline.gate.tables import WORTH, measured
    from usecase import interface

    declared = params.load()
    chosen = worth.choose(declared, features)
    rows = variant.read(declared, declared.parts.train), variant.read(declared, declared.parts.validation)
    newest = declared.parts.validation[-1]
    tables = costs.measure(newest, variant.read(declared, [newest]))
    print(f"Worth: fitting without each of {len(chosen)} features, the full model first ...", flush=True)
    policy = gate.load(declared.gate)
    layout = _worth_table(declared.features)
    print(layout.header(), flush=True)
    for one in worth.measure(declared, chosen, rows, policy.confidence, tables):
        found.append(one)
        print(layout.line(_worth_cells(one, policy.margin)), flush=True)
    if not features:
        write_csv(measured(interface.NAME, variant.primary(declared).name, (one.as_row() for one in found)), WORTH)
    end = f"Only shown; {WORTH} is of all features." if features else str(WORTH)
    return [*_worth_conclusion(found, policy.margin, len(rows[1])), *_costs(tables), end]


def explain_staleness(window: int | None = None) -> list[str]:
    """Fit on older and older windows and write `metrics/staleness.csv`; of data without time say that it has no age."""
    from mainline.data.storage import write_csv
    from mainline.declared import gate, params
    from mainline.experiments import staleness, variant
    from mainline.gate.tables import STALENESS, measured
    from usecase import interface

    declared = params.load()
    unit = declared.data.unit
    if declared.data.snapshot:
        return ["Staleness does not apply: the data has no time."]
    periods = (*declared.parts.train, *declared.parts.validation)
    length = staleness.window_length(len(periods), window)
    rows = {period: variant.read(declared, [period]) for period in periods}
    print(f"\nStaleness: fitting on windows of {count(length, unit)} ...", flush=True)
    predicted: dict[tuple[int, str], Array] = {}
    for fitted_on, found in staleness.predict(declared, rows, length):
        print(f"  {fitted_on[0]} to {fitted_on[-1]} predicts {count(len(found), unit)}", flush=True)
        predicted |= found
    metric = variant.primary(declared)
    ages = staleness.summarise(declared.evaluation, predicted, rows, gate.load(declared.gate).confidence, unit)
    write_csv(measured(interface.NAME, metric.name, (age.as_row() for age in ages)), STALENESS)
    return _staleness_table(ages, length, unit, metric.name)


def explain_ranks() -> list[str]:
    """Fit degraded models and write `metrics/ranks.csv`; say if later periods put them in the order of those before."""
    from mainline.data.storage import write_csv
    from mainline.declared import params
    from mainline.errors import ParamsError
    from mainline.experiments import ranks, variant
    from mainline.gate.ranks import agreement
    from mainline.gate.tables import RANKS, measured
    from usecase import interface

    declared = params.load()
    if declared.data.snapshot or len(declared.parts.train) < 2:
        return [wrap("Whether offline metrics foresee a later period: too few periods are before the test to tell.")]
    found: list[Ranked] = []
    said = []
    metric = variant.primary(declared).name
    for replay in ranks.replays(declared):
        _, judging, later = replay
        print(f"\nRanks: without each feature, judged on {judging} and replayed on {later} ...", flush=True)
        try:
            models = list(ranks.measure(declared, replay))
        except ParamsError as error:  # older periods may lack a class, or have fewer rows than the estimator needs
            if not found:
                raise
            print(f"  not told: {error}", flush=True)
            break
        same = agreement([(one.offline, one.later) for one in models])
        order = f"{same.same} of {same.pairs} pairs of {len(models)} models in the order that {judging} put them"
        sure = "more than chance would" if same.is_sure else "as chance might, so a small gain offline says little"
        said.append(wrap(f"{later} puts {order} by {metric}: {sure}."))
        found += models
    write_csv(measured(interface.NAME, metric, (one.as_row() for one in found)), RANKS)
    return [*said, str(RANKS)]


def _worth_table(names: Sequence[str]) -> Layout:
    header = ("feature", "worse\nwithout it", "interval", "goes together with", "µs a row", "kB", "")
    longest = max(names, key=len)
    row = (longest, "-00.00 %", "-00.00 to +00.00 %", f"{longest} 0.00", "-00.00", "0,000", "cannot tell")
    return Layout(header, [row], left=(0, 3, 6), spare=(5, 4, 3))


def _worth_cells(found: "Worth", margin: float) -> tuple[str, ...]:
    together = f"{found.correlated_with} {found.correlation:.2f}" if found.correlated_with else "-"
    size = f"{found.bytes / 1000:,.0f}" if found.bytes else ""
    return (
        found.feature, percent(found.loss), interval(found.low, found.high), together,
        f"{found.microseconds:+.2f}", size, found.note(margin),
    )  # fmt: skip


def _worth_conclusion(found: Sequence["Worth"], margin: float, rows: int) -> list[str]:
    """Name what may go, and apart from it what so many rows cannot tell."""
    from mainline.experiments.worth import CANNOT_TELL, HARMFUL, LITTLE

    noted = [(one.feature, one.note(margin)) for one in found]
    removable = [feature for feature, note in noted if note in (HARMFUL, LITTLE)]
    unclear = [feature for feature, note in noted if note == CANNOT_TELL]
    most = percent(margin).removeprefix("+")
    said = [f"Worth {most} at most, so candidates for removal: {', '.join(removable) or 'none'}."]
    if len(removable) > 1:
        said.append("Take out one at a time: of two that replace each other, each looks worthless beside the other.")
    if unclear:
        said.append(f"{count(rows, 'row')} are too few to tell whether these are worth more: {', '.join(unclear)}.")
    return [*map(wrap, said)]


def _costs(tables: "Costs") -> list[str]:
    lookups = sum(cost.microseconds for cost in tables.tables.values())
    said = f"A row costs {lookups:.2f} µs of lookups and {tables.compute:.2f} µs to compute all features, in bulk."
    saved = "'µs a row' and 'kB' are what leaving one out saves: lookups that nothing else needs, and the model's time."
    return [wrap(f"{said} {saved}")]


def _staleness_table(ages: Sequence["Age"], length: int, unit: str, metric: str) -> list[str]:
    from mainline.gate.tables import STALENESS

    header = (f"age\n({unit}s)", f"{unit}s\npredicted", "rows", metric, "fresh", "worse than\nfresh", "interval")
    rows = [
        (str(age.age), str(age.periods), f"{age.rows:,}", f"{age.metric:.4f}", f"{age.fresh:.4f}",
         percent(age.relative), interval(age.low, age.high))
        for age in ages
    ]  # fmt: skip
    lines = [
        f"Quality against age, models of {count(length, unit)}, on the same rows as a fresh one of the same length:"
    ]
    lines.append(Layout(header, rows, left=()).render())
    if len(ages) < 2:
        lines.append("The window allows no older model; widen data.from in params.yaml.")
    return [*lines, str(STALENESS)]
