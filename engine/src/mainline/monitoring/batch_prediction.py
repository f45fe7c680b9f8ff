"""Files that are predicted: each is held to what the model was fitted on before its predictions are given out."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mainline import display, progress
from mainline.declared import compute
from mainline.declared.monitoring import Monitoring
from mainline.errors import MainlineError
from mainline.gate import terminal
from mainline.gate.findings import Check
from mainline.limits.sketches import Sketch
from mainline.monitoring import batch
from mainline.repository import lock
from mainline.scoring import files, raw_files
from mainline.scoring.tally import Tally
from mainline.serving.answering.model import Model
from mainline.text import clean, count


class BatchError(MainlineError):
    """A file is unlike what the model was fitted on, and such files are declared to be refused."""

    def __init__(self, name: str, checks: Sequence[Check], held: Path) -> None:
        super().__init__(
            f"{clean(batch.headline(name, checks))} It is refused, as monitoring.batch declares: its predictions wait "
            f"in {held}. Mend the file; or the same command with `--unlike report` gives them out as they are."
        )


def folders(sources: Sequence[Path], output: Path | None) -> dict[Path, Path]:
    """Map the folder for the predictions of each file to the file.

    Raises:
        MainlineError: when several files need libraries that are not here, or two would have one folder.
    """
    if len(sources) == 1:
        return {output or sources[0].with_name(f"{sources[0].stem}.predictions"): sources[0]}
    try:
        from mainline.scoring import file_set
    except ImportError as error:  # an image that serves has only what one file needs
        raise MainlineError(
            f"several files need the libraries of the pipeline ({error}); name one at a time."
        ) from error
    return file_set.folders(sources, output)


def predict(
    package: Path, sources: Sequence[Path], output: Path | None, policy: Monitoring, raw: bool, slack: float | None
) -> str:
    """Predict every row of files, and say what was made of them.

    Args:
        package: the package that predicts.
        sources: the files; raw ones become requests by the `read` of `src/usecase/source.py` first.
        output: where predictions go; beside each file if None.
        policy: what a file must be like, and what happens if it is not.
        raw: whether files are as the source has them.
        slack: rows outside of what the model has seen are marked, numbers by more than this share of their range.

    Raises:
        MainlineError: when a file, the output folder or the package cannot be used, or a file is refused.
    """
    named = folders(sources, output)
    for folder in named:
        _refuse_outputs_of_the_pipeline(folder)
    if len(named) > 1:
        return _predict_files(package, named, output, policy, raw, slack)
    ((folder, source),) = named.items()
    return _predict_file(package, source, folder, policy, raw, slack)


def _predict_file(package: Path, source: Path, output: Path, policy: Monitoring, raw: bool, slack: float | None) -> str:
    """Predict one file; see `files.score`."""
    model, made = Model.load(package, slack=slack), Tally.load(package)
    name = source.name
    source = raw_files.requests(source) if raw else source
    checks: list[Check] = []

    def allow() -> bool:
        checks.extend(batch.hold(name, made.sketch, made.before, policy))
        return not batch.is_refused(checks, policy)

    try:
        scored = files.score(model, source, output, made=made, allow=allow)
    except OSError as error:
        raise MainlineError(
            f"{source} cannot be predicted into {output} ({error}). What is done is kept: mend it, and run this again."
        ) from error
    if any(check.verdict != "pass" for check in checks):
        print("\n".join(terminal.table(checks, display.is_coloured())), flush=True)
    if scored.is_held:
        raise BatchError(name, checks, output / files.HELD)
    if checks:
        print(display.fold(clean(batch.headline(name, checks))), flush=True)
    elif policy.batch == "refuse":
        progress.say(f"{name} is not held to training: fewer than {policy.support.min_rows} of its rows are predicted.")
    if 0 < scored.rows == scored.quarantined:
        raise files.NoRowError(name, output / files.QUARANTINE, raw)
    were = "was" if scored.skipped == 1 else "were"
    resumed = f", {count(scored.skipped, 'part')} {were} there already" if scored.skipped else ""
    rows = "1 bad row is" if scored.quarantined == 1 else f"{scored.quarantined:,} bad rows are"
    bad = f"; {rows} in {output / 'quarantine'} with reasons" if scored.quarantined else ""
    return f"{scored.rows - scored.quarantined:,} predictions in {output / files.PREDICTIONS}{resumed}{bad}"


def _predict_files(
    package: Path,
    sources: Mapping[Path, Path],
    output: Path | None,
    policy: Monitoring,
    raw: bool,
    slack: float | None,
) -> str:
    """Predict several files on what `compute.yaml` declares; all that are done are kept. See `file_set.score`."""
    from mainline.scoring import file_set

    before = Tally.load(package).before
    requests = {folder: raw_files.requests(source) if raw else source for folder, source in sources.items()}

    def allow(name: str, sketch: Sketch | None) -> bool:
        checks = batch.hold(name, sketch, before, policy)
        if checks:
            progress.say(clean(batch.headline(name, checks)))
        return not batch.is_refused(checks, policy)

    return file_set.conclude([*file_set.score(package, requests, slack, allow, compute.load())], output, raw)


def _refuse_outputs_of_the_pipeline(output: Path) -> None:
    """Refuse a folder that DVC would take for a part of what the pipeline made."""
    if not lock.LOCK.is_file():
        return
    for entry in lock.entries(lock.LOCK.read_text("utf-8")).values():
        for made in entry.get("outs") or []:
            if output.resolve().is_relative_to(Path(made["path"]).resolve()):
                raise MainlineError(
                    f"{output} lies in {made['path']}, which the pipeline makes: predictions would count as data. "
                    f"Name another folder: --output {output.name}."
                )
