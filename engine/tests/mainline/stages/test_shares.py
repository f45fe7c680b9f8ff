"""A fit by several processes at once: the same bytes wherever they run, and whoever is killed."""

import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xgboost

from mainline.declared import fit as declared_fit
from mainline.declared.compute import SETTING
from mainline.declared.fit import Fit
from mainline.declared.window import Data, Split
from mainline.errors import ParamsError, WorkerError
from mainline.model.boosting import network
from mainline.stages import attempts, checkpoints, dask_gang, gang, pool, shares
from tests import dask_cluster
from tests.dask_cluster import Cluster
from tests.mainline.serving.running import wait_for
from tests.mainline.stages import gradual
from tests.mainline.stages.gradual import (
    HGB,
    LGBM,
    PERIODS,
    SAMPLED,
    SGD,
    XGB,
    declare,
    draw,
    error,
    exported,
    fitted,
    settle,
    write,
)  # fmt: skip
from tests.project import ENGINE, LIMIT, ROOT

TWO = {"by": "period", "workers": 2}
TOLERANCE = 0.05
"""How much larger the error of two workers' model may be than that of one process, as a share."""


@pytest.fixture(autouse=True)
def _periods(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder with four prepared periods and the machinery."""
    settle(monkeypatch, tmp_path)
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine/src").symlink_to(ENGINE / "src")
    (tmp_path / "requirements").symlink_to(ROOT / "requirements")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers."""
    with dask_cluster.running(tmp_path_factory.mktemp("dask") / "cluster") as made:
        yield made


def declare_two(type_: str, **more: Any) -> Any:
    """Declare a fit by two workers that draws random numbers."""
    return declare(type_, {**TWO, **more}, n_estimators=20, **SAMPLED[type_])


class KillOnce:
    """Kills the process of the second place as soon as it has its task, the first time."""

    def __init__(self, give: Any) -> None:
        self.killed = 0
        self._give = give

    def __call__(self, worker: Any, job: Any, *others: Any) -> None:
        """Hand the task over, and kill."""
        self._give(worker, job, *others)
        if job[0] and not self.killed:
            self.killed = worker._process.pid
            worker._process.kill()


class KillAtWork:
    """Kills a process beside a worker, or the worker, as soon as both work on their share, the first time."""

    def __init__(self, cluster: Cluster, killed: str) -> None:
        self.calls = 0
        self._cluster, self._killed = cluster, killed

    def __call__(self, answers: Any, number: int) -> Any:
        """Collect the answers."""
        self.calls += 1
        if self.calls == 2:  # before, ports are asked for
            wait_for(lambda: len(dask_cluster.servers(self._cluster)) == number, LIMIT)
            server = dask_cluster.servers(self._cluster)[0]
            (server if self._killed == "process" else dask_cluster.worker_of(server)).kill()
        return attempts.gathered(answers, number)


@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_two_processes_fit_one_model_to_the_same_bytes_again(type_: str) -> None:
    """The bytes repeat, and the error is within the tolerance of a fit by one process."""
    declared = declare_two(type_)
    assert exported(declared) == exported(declared)
    alone = declare(type_, {}, n_estimators=20, **SAMPLED[type_])
    assert error(fitted(declared)) < (1 + TOLERANCE) * error(fitted(alone))
    assert exported(declared) != exported(alone)


@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_each_process_has_rows_of_its_own_and_all_count(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Periods are given to places in order; a model that lacks half of them is another one."""
    given: list[tuple[Any, ...]] = []
    run = gang.run

    def note(work: Any, tasks: Any, where: Any) -> Any:
        given.extend((task.arguments, len(task.reads)) for task in tasks)
        return run(work, tasks, where)

    monkeypatch.setattr(gang, "run", note)
    whole = exported(declare_two(type_))
    assert given == [((0,), 2), ((1,), 2)]
    write(PERIODS[3], replace(draw(3), label=-draw(3).label))
    assert exported(declare_two(type_)) != whole


@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_a_killed_process_costs_an_attempt_and_no_byte(
    type_: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All begin again, and a line says so; after as many attempts as are declared, an error does."""
    expected = exported(declare_two(type_))
    kill = KillOnce(pool.Worker.give)
    monkeypatch.setattr(pool.Worker, "give", lambda *given: kill(*given))
    assert exported(declare_two(type_)) == expected
    assert kill.killed
    assert "one of 2 processes that fit together was lost; all begin this segment again" in capsys.readouterr().out
    kill.killed = 0
    monkeypatch.setenv(SETTING, "retries: 0")
    with pytest.raises(WorkerError, match=r"^share 2 of 2 of the fit: 1 process died at it by SIGKILL"):
        fitted(declare_two(type_))


@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_a_fit_that_was_killed_goes_on_after_its_last_segment(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are those of a fit that was not killed, and no round is fitted twice."""
    gradual.run_by_dvc(monkeypatch)
    declared, rounds = declare_two(type_, checkpoint=5), list[int]()
    expected = exported(declared)
    advance = shares.Learner.advance

    def stop_at_third(learner: Any, count: int, seed: int) -> Any:
        if len(rounds) == 2:
            rounds.append(0)
            raise KeyboardInterrupt
        rounds.append(count)
        return advance(learner, count, seed)

    checkpoints.forget("train")
    monkeypatch.setattr(shares.Learner, "advance", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        fitted(declared)
    assert exported(declared) == expected
    assert rounds == [5, 5, 0, 5, 5]
    learned = fitted(declared)[-1]
    assert (learned.get_booster().num_boosted_rounds() if type_ == XGB else learned.booster_.num_trees()) == 20


def test_more_places_than_periods_are_not_taken() -> None:
    """A fit on fewer periods, as playing monitoring back asks for, has a process for each."""
    assert fitted(declare(XGB, {**TWO, "workers": 3}, n_estimators=3), PERIODS[:1])


@pytest.mark.parametrize(
    ("type_", "fit", "said"),
    [
        (HGB, TWO, "model.fit.workers: is 2, and HistGradientBoostingRegressor is fitted by one process"),
        (SGD, TWO, "model.fit.workers: is 2, and SGDRegressor is fitted by one process"),
    ],
)
def test_what_one_process_fits_is_refused(type_: str, fit: Mapping[str, Any], said: str) -> None:
    """Before anything is fitted."""
    with pytest.raises(ParamsError, match=re.escape(said)):
        fitted(declare(type_, fit))


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        ({"workers": 2}, "model.fit.workers: is 2, and rows come at once; declare by: period, too"),
        ({**TWO, "early_stopping": {"rounds": 5}}, "model.fit.early_stopping: does not go with workers: 2"),
        ({**TWO, "workers": 3}, "model.fit.workers: is 3, and 2 periods to train on; declare at most 2"),
    ],
)
def test_workers_that_would_have_no_rows_are_refused(fit: Any, said: str) -> None:
    """Before anything runs."""
    window, parted = Data.model_validate({"from": "2013-01", "through": "2013-04"}), Split(validation=1, test=1)
    with pytest.raises(ParamsError, match=re.escape(said)):
        declared_fit.check(Fit.model_validate(fit), {}, window, parted)


def test_a_place_whose_port_is_taken_is_tried_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program listens on is no place for LightGBM: the next attempt has other ports."""
    with socket.socket() as other:
        other.bind((gang.HERE, 0))
        other.listen()
        ports = iter([other.getsockname()[1], gang.free_port(), gang.free_port(), gang.free_port()])
        monkeypatch.setattr(gang, "free_port", lambda *_: next(ports))
        assert fitted(declare_two(LGBM))
        assert next(ports, None) is None


@pytest.mark.slow
@pytest.mark.parametrize("type_", [XGB, LGBM])
def test_a_cluster_gives_the_bytes_of_this_machine(
    type_: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers of a real scheduler fit what two processes here do."""
    expected = exported(declare_two(type_))
    monkeypatch.setattr(gang, "Worker", None)  # nothing is fitted here
    monkeypatch.setenv(SETTING, cluster.declared())
    assert exported(declare_two(type_)) == expected


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["process", "worker"])
def test_whoever_is_killed_on_the_cluster_costs_no_byte(
    killed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process beside a worker, or the worker itself, is killed as soon as it works."""
    expected = exported(declare_two(XGB))
    with dask_cluster.running(tmp_path / "cluster") as cluster:
        monkeypatch.setenv(SETTING, cluster.declared())
        kill = KillAtWork(cluster, killed)
        monkeypatch.setattr(dask_gang, "gathered", kill)
        assert exported(declare_two(XGB)) == expected
    assert kill.calls >= 4


@pytest.mark.slow
def test_a_cluster_with_too_few_workers_is_one_line(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for more, and then said how many there were."""
    monkeypatch.setenv(SETTING, cluster.declared(silent_seconds=1))
    said = "3 workers fit at the same time (model.fit.workers in params.yaml), and for 1 s no more than 2 were at"
    with pytest.raises(WorkerError, match=re.escape(said)):
        fitted(declare(XGB, {**TWO, "workers": 3}, n_estimators=3))


def test_a_library_that_refuses_is_not_taken_for_a_lost_connection() -> None:
    """The one is tried again, the other is what params.yaml says."""
    estimator = xgboost.XGBRegressor()
    where = [(gang.HERE, gang.free_port())]
    with (
        pytest.raises(ParamsError, match="XGBRegressor refuses: Invalid Parameter"),
        network.joined(estimator, 0, where),
    ):
        raise xgboost.core.XGBoostError("Invalid Parameter")
    where = [(gang.HERE, gang.free_port())]
    with pytest.raises(network.UnreachedError), network.joined(estimator, 0, where):
        raise xgboost.core.XGBoostError("[allreduce.cc:10] Socket error: reset by peer")
