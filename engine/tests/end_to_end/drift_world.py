"""Where the story of drift plays: a fork of the flights by week, its GitHub, its first release, the weeks to come."""

import contextlib
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mainline import periods
from mainline.exchange.report import NAME
from mainline.monitoring import sharing
from mainline.monitoring.result import Monitored
from mainline.serving.answering import keys
from tests import project
from tests.end_to_end import played_clock, warehouse, weekly_source, whole_loop
from tests.github import standin, world
from tests.github.runner import Runner
from tests.github.standin import GitHub
from tests.github.world import World as Fork
from tests.project import Project

BEGIN = periods.span(warehouse.THROUGH)[1]
"""The first day of production."""
PREPARED = periods.between(periods.before(warehouse.THROUGH), warehouse.LAST)
"""The weeks to come, and two before them, since features reach back."""
RETRAIN = {
    "when": {"schedule": False, "new_data": False, "age": False, "quality": True, "drift": False},
    "min_new_days": 35, "cool_down_days": 7,
}  # fmt: skip
"""Five weeks; the newest three are kept from fitting, so the model sees one of the changed world."""
ROLLOUT: Mapping[str, Any] = {
    "strategy": "canary",
    "steps": [{"setWeight": 50}, {"pause": {"duration": 2}}],
    "analysis": {
        "interval": 0.5, "count": 2, "minimumSamples": 5,
        "metrics": [{"name": "error-rate", "limit": 0.9}, {"name": "invalid-outputs", "limit": 0.9}],
    },
    "follow": {"interval": 1.0, "jitter": 0.1},
}  # fmt: skip


@dataclass
class Story(whole_loop.World):
    """The world of the whole loop with its GitHub, and what was seen on each day that was played.

    `robot` is the clone that workflows work in, `future` the one whose feature tables are those of the weeks to come.
    """

    fork: Fork = field(kw_only=True)
    robot: Project = field(kw_only=True)
    future: Project = field(kw_only=True)
    looks: dict[str, Monitored] = field(default_factory=dict)
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    """Rows by version, by day."""
    events: dict[str, str] = field(default_factory=dict)
    """The day of each thing that happened."""

    @property
    def github(self) -> GitHub:
        """The stand-in."""
        return self.fork.github

    def happened(self, what: str, day: object) -> None:
        """Note the day of a thing, once, and say it."""
        if what not in self.events:
            self.events[what] = str(day)
            self.say(f"{day}: {what}")

    def set_clock(self, day: object, clock: str) -> None:
        """Let it be a time of a day, in UTC."""
        (self.folder / "clock").write_text(f"{day}T{clock}:00+00:00", encoding="ascii")

    def told(self) -> Monitored:
        """Return what the branch of monitoring says now."""
        branch = f"{sharing.branch('production')}:{NAME}.json"
        return Monitored.model_validate_json(self.run("git", "-C", str(self.folder / "origin.git"), "show", branch))


@contextlib.contextmanager
def begin(ending: Callable[[], None] = lambda: None) -> Iterator[Story]:
    """Make the world and release its first model; nothing of it is left afterwards, once `ending` was called."""
    folder = Path(tempfile.mkdtemp(prefix="mainline-drift-"))
    with contextlib.ExitStack() as ends:
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        ends.callback(ending)
        (folder / "github").mkdir()
        story = _create(folder, ends.enter_context(standin.serve(folder / "github")))
        _release(story)
        _declare_service(story)
        yield story


def _create(folder: Path, github: GitHub) -> Story:
    made = project.copy(folder / "project")
    made.run("python", "-P", warehouse.__file__, str(folder / "warehouse"))
    warehouse.deliver(folder / "warehouse", folder / "delivered", BEGIN)
    shutil.copy2(weekly_source.__file__, made.path / "src/usecase/source.py")
    _declare(made)
    future = made.twin(folder / "future")
    future.declare(data={"from": PREPARED[0], "through": PREPARED[-1]})
    fork = world.connect(made, github, Runner(github, folder))
    (folder / "origin.git").symlink_to(github.repository.bare)
    rights = dict.fromkeys(("contents", "issues", "pull-requests"), "write")
    environment = {
        **github.environment(github.grant("bot", rights)), "DVC_SITE_CACHE_DIR": str(folder / "site"),
        weekly_source.FOLDER: str(folder / "delivered"),
    }  # fmt: skip
    story = Story(made, folder, environment, fork=fork, robot=made, future=future)
    story.program = ("-P", played_clock.__file__, str(folder / "clock"))
    story.say(f"the flights of 2013 are cut into weeks; {warehouse.FIRST} to {warehouse.THROUGH} are delivered")
    return story


def _declare(made: Project) -> None:
    """Declare a window of weeks, what starts a retraining, and a rollout of seconds."""
    made.declare(
        data={"from": warehouse.FIRST, "through": warehouse.THROUGH},
        split={"validation": 1, "test": 2},
        limits={"unlabelled_share": 0.3},  # a week of snow
        gate={"budgets": world.GATE["budgets"]},
        model={"params": {"max_iter": 80, "learning_rate": 0.1, "min_samples_leaf": 100}},
    )
    for name in ("staging", "production"):
        file = made.path / "deploy" / f"{name}.yaml"
        declared = yaml.safe_load(file.read_text())
        declared["monitoring"] = {**declared.get("monitoring", {}), "retrain": RETRAIN}
        declared["rollout"] = dict(ROLLOUT)
        file.write_text(yaml.safe_dump(declared, sort_keys=False))


def _release(story: Story) -> None:
    """Train and release the first model; the weeks to come are prepared meanwhile."""
    whole = {**story.environment, weekly_source.FOLDER: str(story.folder / "warehouse")}
    with _beside(story.future, "dvc", "repro", "--quiet", "prepare", **whole):
        story.run("python", "-m", "mainline", "remote", str(story.folder / "storage"))
        story.run("python", "-m", "mainline", "repro")
        story.project.commit("Train on the weeks that are there")
        story.promote()
        story.say("a model is trained and released as v1.0.0")
    story.robot = story.project.twin(story.folder / "robot")


@contextlib.contextmanager
def _beside(home: Project, *command: str, **environment: str) -> Iterator[None]:
    """Run a command while the block runs, and wait for it; it must succeed."""
    said = home.path.parent / "beside.log"
    with (
        said.open("w") as log,
        subprocess.Popen(command, cwd=home.path, env=home.environment(environment), stdout=log, stderr=log) as run,
    ):
        try:
            yield
            assert run.wait(project.LIMIT) == 0, said.read_text()
        finally:
            run.terminate()


def _declare_service(story: Story) -> None:
    folder, held = story.folder, story.folder / "keys.yaml"
    story.keys = [keys.make(held, "airline", "predict"), keys.make(held, "operator", "admin")]
    section = {
        "port": 0, "keys": str(held), "feed": {"directory": str(folder / "feed")},
        "log": {"directory": str(folder / "log"), "rotate_bytes": 2**20, "flush_seconds": 0.05},
    }  # fmt: skip
    (folder / "service.yaml").write_text(yaml.safe_dump({"service": section}))
    for name in ("feed", "labels", "log"):
        (folder / name).mkdir()
