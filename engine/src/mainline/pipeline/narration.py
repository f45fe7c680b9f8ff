"""What DVC says while it runs the pipeline: what each stage does and what went wrong, and no hint for another setup."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from mainline.pipeline.disk import LOGGERS

PIPELINE = Path("dvc.yaml")
_RUNNING = "Running stage '%s':"
_UNCHANGED = "Stage '%s' didn't change, skipping"
_CACHED = "Stage '%s' is cached - skipping run, checking out outputs"
_EMPTY = "'%s' is empty."
"""DVC's own formats. A folder without a file is usual: no row in quarantine, no feature table."""


class Narration(logging.Filter):
    """The stages that ran, that were taken from the cache, and that did not change, in order; and who failed."""

    def __init__(self, described: dict[str, str]) -> None:
        super().__init__()
        self.ran: dict[str, None] = {}
        self.cached: dict[str, None] = {}
        self.unchanged: dict[str, None] = {}
        self.failed = False
        """Whether a stage failed, which has said why by itself."""
        self._described = described

    def filter(self, record: logging.LogRecord) -> bool:
        """Write the line of a stage that begins anew, and keep back everything else but warnings and errors.

        A record comes once for each of DVC's handlers.
        """
        if _is_of_stage(record.exc_info[1] if record.exc_info else None):
            self.failed = True
            return False
        stage = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        if record.msg == _RUNNING:
            self.ran[stage] = None
            record.msg, record.args = f"Running {stage}: {self._described.get(stage, '')}".rstrip(": "), None
            record.heard = True
        elif record.msg in (_UNCHANGED, _CACHED):
            (self.cached if record.msg == _CACHED else self.unchanged)[stage] = None
        return record.msg != _EMPTY and (record.levelno > logging.INFO or hasattr(record, "heard"))

    def text(self, seconds: dict[str, float]) -> str:
        """Say in a line what each stage did, with the seconds of those that ran."""
        ran = [f"{stage} {seconds[stage]:.1f} s" if stage in seconds else stage for stage in self.ran]
        told = {"": ran, "from the cache: ": [*self.cached], "unchanged: ": [*self.unchanged]}
        return "; ".join(head + ", ".join(stages) for head, stages in told.items() if stages)


@contextmanager
def narrated() -> Iterator[Narration]:
    """Let DVC speak so while it runs in this process."""
    from dvc.ui import ui

    narration = Narration(_described())
    handlers = {handler for name in LOGGERS for handler in logging.getLogger(name).handlers}
    enable = ui.enable
    ui.enable = lambda: None  # what it shows beside its log is the hint to push, for a store that may not be there
    for handler in handlers:
        handler.addFilter(narration)
    try:
        yield narration
    finally:
        ui.enable = enable
        for handler in handlers:
            handler.removeFilter(narration)


def _is_of_stage(error: BaseException | None) -> bool:
    """Whether a command of a stage ended with an error."""
    while error is not None and type(error).__name__ != "StageCmdFailedError":
        error = error.__cause__ or error.__context__
    return error is not None


def _described() -> dict[str, str]:
    """Return what each stage does, as `dvc.yaml` describes it; what is wrong with that file is DVC's to say."""
    try:
        content = yaml.safe_load(PIPELINE.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    stages = content.get("stages") if isinstance(content, dict) else None
    return {name: str(stage.get("desc", "")) for name, stage in (stages or {}).items() if isinstance(stage, dict)}
