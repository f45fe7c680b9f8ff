"""The steps of a history: from the cache if nothing changed, else each in a process of its own, a few at a time."""

import functools
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import yaml

from mainline import children, errand, periods, processes, progress
from mainline.backtest import cache, candidate, rows, step
from mainline.backtest.candidate import PACKAGE
from mainline.backtest.rows import of_period
from mainline.backtest.timetable import Plan
from mainline.declared.environments import FOLDER as ENVIRONMENTS
from mainline.errors import MainlineError
from mainline.stages.harness import PINNED

STAGES, MACHINERY, LOCK = Path("engine/stages"), Path("engine/src/mainline"), Path("requirements/pipeline.txt")
BESIDE = ("src", "dvc.yaml", "requirements")
"""What a step finds beside its parameters."""
ALL = (*rows.STAGES, *candidate.STAGES)
ROOMS = ("data", "declared", "gate", "limits", "model", "monitoring", "package", "scoring")
OWN = ("judgement.py", "life.py", "watch.py")
"""The rooms, and the modules of this one, on which verdicts and answers depend."""


class Work:
    """Every step of a plan by name; what it makes is a path in the cache."""

    def __init__(self, plan: Plan, folder: Path, several: int) -> None:
        """Take the plan, the cache's folder, and how many steps run at a time."""
        self.plan, self.several = plan, several
        self.done = 0
        self._folder, self._root = folder, Path.cwd()
        self._counting, self._making = threading.Lock(), defaultdict[Path, threading.Lock](threading.Lock)

    @functools.cached_property
    def rows(self) -> Path:
        """The prepared rows of all periods."""
        code = self._code(*rows.STAGES)
        declared = {name: self.plan.raw[name] for name in ("split", "features", "limits")}
        name = cache.key(code, declared, self.plan.params.data.model_dump(mode="json"))
        entry = self._folder / "rows" / name
        last = self.plan.known[-1]
        self._make_folder(entry, f"rows of {periods.told(self.plan.known)}", last, {"do": "prepare"})
        return entry

    def candidates(self) -> None:
        """Make every candidate that is not there."""
        self.each(self.package, self.plan.candidates)

    def package(self, through: str) -> Path:
        """Return the package of the candidate whose window ends with a period."""
        window = self.plan.known[: self.plan.known.index(through) + 1]
        entry = self._folder / "models" / self._key_of(through)
        asked = {"do": "fit", "source": str(self.rows), "window": list(window)}
        self._make_folder(entry, f"fit through {through}", through, asked)
        return entry / PACKAGE

    def answers(self, through: str) -> dict[str, Path]:
        """Return the answers of a candidate in its test periods, by the measured model, and in each later period."""
        begins = periods.count(through) - int(self.plan.params.split.test)
        later = [period for period in self.plan.known if periods.count(period) > begins]
        place = self._folder / "answers"
        found = {period: place / f"{self._key('answers', through, self._content(period))}.npz" for period in later}
        missing = {period: str(file) for period, file in found.items() if not file.is_file()}
        for period in found.keys() - missing:
            cache.used(found[period])
        asked = {"do": "answer", "package": str(self.package(through)), "periods": missing}
        if missing:
            self._run(f"{through} answers {periods.told(list(missing))}", asked, self.rows)
        return found

    def judged(self, through: str, released: Sequence[str]) -> dict[str, Any]:
        """Return the gate's verdict about a candidate, the versions before it being those."""
        name = self._key("judged", through, [self._key_of(one) for one in released], self.plan.raw["gate"])
        file = self._folder / "judged" / f"{name}.json"
        asked = {
            "do": "judge", "candidate": str(self.package(through)), "file": str(file),
            "versions": {one: str(self.package(one)) for one in released},
        }  # fmt: skip
        self._make_file(file, f"gate: {through} against {released[-1] if released else 'nothing'}", asked)
        return dict(json.loads(file.read_text()))

    def watched(self, through: str, period: str) -> list[dict[str, Any]]:
        """Return what monitoring says of a version on each day of a period."""
        before = periods.before(period)
        seen = [before, period] if periods.count(before) > periods.count(through) else [period]
        environment = self._root / ENVIRONMENTS / f"{self.plan.environment_name}.yaml"
        declared = self.plan.environment.monitoring.model_dump(mode="json")
        name = self._key("watched", through, [self._content(one) for one in seen], declared, self.plan.raw["gate"])
        file = self._folder / "watched" / f"{name}.json"
        asked = {
            "do": "watch", "package": str(self.package(through)), "periods": seen, "environment": str(environment),
            "file": str(file),
        }  # fmt: skip
        self._make_file(file, f"monitor: {through} in {period}", asked)
        return list(json.loads(file.read_text()))

    def each(self, call: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Call a step for each item, a few at a time, and return what it returns in order."""
        self.rows  # noqa: B018 - before threads ask for it
        with ThreadPoolExecutor(self.several) as pool:
            asked = [pool.submit(call, item) for item in items]
            try:
                wait(asked, return_when=FIRST_EXCEPTION)
                return [one.result() for one in asked]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                processes.close()
                raise

    def _key(self, *parts: Any) -> str:
        through = parts[1]
        return cache.key(*parts, self._key_of(through), self._rooms, self.plan.raw["evaluation"])

    def _key_of(self, through: str) -> str:
        window = self.plan.known[: self.plan.known.index(through) + 1]
        contents = [self._content(period) for period in window]
        begins = self.plan.params.data.from_
        return cache.key(self._code(*candidate.STAGES), self.plan.shaping, begins, contents)

    def _content(self, period: str) -> str:
        if period not in self._contents:
            self._contents[period] = cache.digest(of_period(self.rows, period), self.rows)
        return self._contents[period]

    @functools.cached_property
    def _contents(self) -> dict[str, str]:
        return {}

    @functools.cached_property
    def _rooms(self) -> str:
        return _digest_of_rooms()

    @functools.cache  # noqa: B019 - one value for the whole run
    def _code(self, *stages: str) -> str:
        return _digest_of(stages)

    def _make_folder(self, entry: Path, what: str, through: str, asked: dict[str, Any]) -> None:
        """Fill an entry of the cache by a step that runs in it, unless it is there."""
        if entry.is_dir():
            cache.used(entry)
            return
        with cache.making(entry) as folder:
            for name in BESIDE:
                (folder / name).symlink_to(self._root / name)
            (folder / "params.yaml").write_text(yaml.safe_dump(self.plan.parameters(through), sort_keys=False))
            self._run(what, asked, folder)

    def _make_file(self, file: Path, what: str, asked: dict[str, Any]) -> None:
        """Have a step write a file of the cache, unless it is there; of two that want it, one waits."""
        with self._counting:
            making = self._making[file]
        with making:
            if file.is_file():
                cache.used(file)
            else:
                self._run(what, asked, self.rows)

    def _run(self, what: str, asked: dict[str, Any], folder: Path) -> None:
        environment = children.environment() | PINNED
        environment["PYTHONPATH"] = os.pathsep.join(map(str, (self._root / "engine/src", self._root / "src")))
        given = json.dumps({**asked, "parent": os.getpid()})
        started = time.monotonic()
        code = self._rooms, self._code(*ALL)
        done = processes.run(
            children.command(step.__name__), None, given, cwd=folder, env=environment, text=True, errors="replace",
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode != 0:
            refused, (*before, last) = errand.refusal(done.stderr)
            if refused is not None:
                raise MainlineError(f"{what}: {refused}")
            sys.stderr.write("\n".join([*before, ""]))
            raise MainlineError(f"{what}: the step ended with {done.returncode}. {last[:300]}".strip())
        if (_digest_of_rooms(), _digest_of(ALL)) != code:
            raise MainlineError(f"{what}: code was edited while it was played. Run the command again.")
        with self._counting:
            self.done += 1
            progress.say(f"{what}, {time.monotonic() - started:.1f} s")


def _digest_of(stages: Iterable[str]) -> str:
    """Hash the code of stages, the use case and the lock of the libraries."""
    linked = (file for stage in stages for file in (STAGES / stage).rglob("*") if file.is_file())
    return cache.digest([*linked, *Path("src/usecase").glob("*.*"), *([LOCK] if LOCK.is_file() else [])], Path())


def _digest_of_rooms() -> str:
    """Hash the code on which answers and verdicts depend."""
    found = [file for room in ROOMS for file in (MACHINERY / room).rglob("*.py")]
    return cache.digest([*found, *(MACHINERY / "backtest" / name for name in OWN)], Path())
