"""Evidence as git keeps it at a commit: read from its objects without a checkout, and nothing that a run left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from mainline.declared import environments, reading
from mainline.declared import score as declared
from mainline.declared.environments import Environment
from mainline.declared.params import Params
from mainline.declared.score import Scoring
from mainline.declared.tune import Search
from mainline.errors import MainlineError
from mainline.gate import tables
from mainline.gate.findings import Findings
from mainline.monitoring.result import Monitored
from mainline.registry.events import Event
from mainline.repository import lock, tree
from mainline.repository.git import ask, blob
from mainline.score import workflows
from mainline.score.evidence import Evidence
from mainline.score.made_here import key
from mainline.score.rubric import LackError, Origin, Step

PARAMS = Path("params.yaml")
_LIBRARIES = "requirements/pipeline.txt"


class ByRunError(MainlineError):
    """Only a run can show it, and git keeps nothing of runs. What git keeps of it is in order."""

    def __init__(self) -> None:
        super().__init__("only a run can show it")


class UnknownSearchError(MainlineError):
    """Whether it held at that commit cannot be told from git."""


@dataclass(frozen=True)
class Kept(Evidence):
    """What git keeps at `commit`. The lock of a commit is taken at its word: its own run reproduced it, or did not."""

    commit: str = "HEAD"

    @property
    def revision(self) -> str:
        """The commit whose files are looked at."""
        return self.commit

    def is_edited(self, *paths: str) -> bool:
        """A commit has no edits."""
        return not paths

    def content(self, path: Path, step: Step) -> bytes:
        """Return what a file holds in the commit."""
        held = blob(f"{self.commit}:{path.as_posix()}")
        if held is None:
            raise LackError(f"there is no {path}", step)
        return held

    @cached_property
    def params(self) -> Params:
        """What `params.yaml` says there."""
        raw = reading.parse(self._text(PARAMS), "", PARAMS.name)
        return reading.check_section(Params, raw, "", PARAMS.name)

    @cached_property
    def deployed(self) -> Environment:
        """How the environment is declared there."""
        return environments.parse(self._text(self.place), self.place)

    @cached_property
    def lock(self) -> Origin:
        """The commit of dvc.lock."""
        self.locked  # noqa: B018 - or else there is none
        return self.committed(lock.LOCK)

    @cached_property
    def trained(self) -> str:
        """The name of the trained model that dvc.lock names."""
        outs = self.locked.get(tables.TRAIN, {}).get("outs") or []
        return next((out["md5"][:12] for out in outs if out["path"] == tables.TRAINED_MODEL), "")

    def workflow_files(self) -> Iterable[bytes]:
        """Return what each workflow's file holds there."""
        found = tree.entries(self.commit, str(workflows.FOLDER))
        return [blob(entry.blob) or b"" for path, entry in sorted(found.items()) if path.endswith((".yml", ".yaml"))]

    @cached_property
    def digest(self) -> str:
        """The package itself is not in git."""
        raise ByRunError

    @cached_property
    def judged(self) -> tuple[Findings, Origin]:
        """The gate runs."""
        raise ByRunError

    @cached_property
    def looked(self) -> Monitored:
        """Production is that of no commit."""
        raise ByRunError

    @cached_property
    def events(self) -> Sequence[Event]:
        """Servers tell of no commit that is not released."""
        raise ByRunError

    def rolled_out(self) -> NoReturn:
        """Servers tell of no commit that is not released."""
        raise ByRunError

    def ran(self, *_: object) -> NoReturn:
        """What ran left its record on its own machine."""
        raise ByRunError

    def _text(self, path: Path) -> str:
        return self.content(path, Step(3, f"write {path}")).decode()


def open_at(environment: str, now: int, commit: str, declared: Scoring) -> Kept:
    """Return what git keeps at a commit, as of `now` in seconds since 1970, where `score.yaml` declares that."""
    return Kept(environment, now, declared, search=lambda *given: _key(commit, *given), commit=commit)


def scoring(commit: str) -> Scoring:
    """Return what `score.yaml` declares in a commit.

    Raises:
        ParamsError: on the first thing wrong.
    """
    held = blob(f"{commit}:{declared.FILE}")
    if held is None:
        return Scoring()
    raw = reading.parse(held.decode(errors="replace"), "", declared.FILE.name)
    return reading.check_section(Scoring, raw, "", declared.FILE.name)


def _key(commit: str, settings: Params, search: Search) -> tuple[str, int]:
    """Name the search of a commit; its data must be here, and its code what is here, since the name is of their bytes.

    Raises:
        UnknownSearchError: when they are others.
    """
    from mainline.experiments import trial_code  # what it imports takes a second

    code = [*map(str, trial_code.files(settings.model.type)), _LIBRARIES]
    held = blob(f"{commit}:{lock.LOCK}") or b""
    here = lock.LOCK.read_text(encoding="utf-8") if lock.LOCK.is_file() else ""
    if _data(held.decode(errors="replace")) != _data(here) or ask("diff", "--name-only", commit, "--", *code):
        raise UnknownSearchError("the search had other data or code")
    try:
        return key(settings, search)
    except LackError as error:
        raise UnknownSearchError("the data of the search are not here") from error


def _data(locked: str) -> str:
    """Return the hash of the prepared rows; '' if a lock names none."""
    from mainline.data import dataset  # pandas takes a second

    outs = (out for entry in lock.entries(locked).values() for out in entry.get("outs") or []) if locked else ()
    return next((str(out["md5"]) for out in outs if out["path"] == str(dataset.FOLDER)), "")
