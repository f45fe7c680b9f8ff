"""Partitions side by side in processes: the same results and the same lines as in one, whatever is killed."""

import os
import resource
import signal
import subprocess
import sys
from bdb import BdbQuit
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from pandera.pandas import Check, Column, DataFrameSchema

from mainline.declared.compute import Compute
from mainline.errors import LimitError, MainlineError, WorkerError
from mainline.stages import computing, failures, pool
from mainline.stages.entries import Entry
from mainline.stages.harness import PINNED
from mainline.stages.tasks import Inputs, Outcome, Task, Work
from tests.mainline.serving.running import wait_for, words
from tests.mainline.stages.failure_lines import line
from tests.project import LIMIT
from usecase import features

TASKS = [Task(f"rows {number}", str(number), (Path(f"in/{number}"),), (number,)) for number in range(5)]
AT = 2
"""The task at which something happens."""


@pytest.fixture(autouse=True)
def _inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file for each task; no process is left behind by a test."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for task in TASKS:
        task.reads[0].write_text(f"{task} ")
    before = psutil.Process().children()  # such as a server that all tests share
    yield
    left = [child for child in psutil.Process().children() if child not in before]
    assert not [child for child in left if "resource_tracker" not in " ".join(words(child))]


def double(inputs: Inputs, number: int) -> Entry:
    """Write the input twice."""
    (content,) = inputs.values()
    return Entry({f"out/{number}": content * 2}, {"process": os.getpid()})


def run(work: Work, processes: int, tasks: Sequence[Task] = TASKS, retries: int = 3) -> Iterator[tuple[int, Outcome]]:
    """Run tasks, and expect that the work on each begins once."""
    begun: list[Task] = []
    yield from computing.run(work, enumerate(tasks), None, begun.append, Compute(processes=processes, retries=retries))
    assert sorted(begun, key=str) == [*tasks]


def test_the_same_comes_out_of_any_number_of_processes() -> None:
    """One process, two, three or more than tasks: the same bytes, made in so many processes as are declared."""
    for number in (1, 2, 3, 7):
        found = dict(run(double, number))
        assert [found[place].entry.files for place in range(5)] == [
            {f"out/{place}": f"rows {place} rows {place} ".encode()} for place in range(5)
        ]
        made_by = {outcome.entry.report["process"] for outcome in found.values()}
        assert os.getpid() not in made_by if number > 1 else made_by == {os.getpid()}
        assert len(made_by) <= min(number, 5)


def test_what_is_started_with_all_libraries_to_load_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where processes cannot be forked, they are spawned."""
    monkeypatch.setattr(pool, "METHOD", "spawn")
    found = dict(run(double, 2, TASKS[:2]))
    assert {place: [*outcome.entry.files.values()] for place, outcome in found.items()} == {
        place: [f"rows {place} rows {place} ".encode()] for place in range(2)
    }


def wait_for_others(inputs: Inputs, number: int) -> Entry:
    """Let the first task end only after all others have."""
    if number == 0:
        wait_for(lambda: all(Path(f"done-{other}").exists() for other in range(1, 5)), LIMIT)
    Path(f"done-{number}").touch()
    return double(inputs, number)


def test_a_process_whose_tasks_are_done_takes_those_of_another() -> None:
    """A long task holds up none but itself."""
    assert sorted(place for place, _ in run(wait_for_others, 2)) == [*range(5)]


def test_processes_compute_on_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that pin the threads of linear algebra and tree builders reach every process."""
    for name, value in PINNED.items():
        monkeypatch.setenv(name, value)
    assert all(outcome.entry.report == PINNED for _, outcome in run(settings, 2))


def settings(_: Inputs, __: int) -> Entry:
    """Report the pinned settings."""
    return Entry({}, {name: os.environ.get(name) for name in PINNED})


def die(times: int, inputs: Inputs, number: int) -> Entry:
    """Be killed at a task so many times, as by a system without memory."""
    if number == AT:
        tries = len([*Path().glob("try-*")])
        if tries < times:
            Path(f"try-{tries}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return double(inputs, number)


@pytest.mark.parametrize("processes", [2, 3])
def test_a_killed_process_loses_nothing(processes: int) -> None:
    """Its task is done by another one, and nothing else is done twice."""
    found = dict(run(partial(die, 3), processes))
    assert [[*found[place].entry.files] for place in range(5)] == [[f"out/{place}"] for place in range(5)]
    assert len([*Path().glob("try-*")]) == 3


def test_a_task_that_kills_each_process_is_named() -> None:
    """After the declared retries one line names the partition, what ended the processes, and what to do."""
    places: list[int] = []
    with pytest.raises(WorkerError) as caught:
        places.extend(place for place, _ in run(partial(die, 9), 2, retries=2))
    assert str(caught.value) == (
        "rows 2: 3 processes died at it, one after another, the last by SIGKILL. If memory is too small for so many at "
        "once, declare fewer `processes` in compute.yaml, or shorter periods."
    )
    assert {0, 1} <= {*places}


def leave(_: Inputs, __: int) -> Entry:
    """End the process behind Python's back."""
    os._exit(7)


def test_a_process_that_ends_by_itself_tells_its_status() -> None:
    """A status is told as it is."""
    with pytest.raises(WorkerError, match=r"^rows 0: 1 process died at it with status 7\."):
        dict(run(leave, 2, retries=0))


def fail(act: Callable[[], Any], places: Sequence[int], inputs: Inputs, number: int) -> Entry:
    """Do something at some of the tasks."""
    if number in places:
        act()
    return double(inputs, number)


def pass_a_limit() -> None:
    """Raise an error whose constructor takes other arguments than its base."""
    raise LimitError("The share of rows", "50 %", "1 %", "Mend the source.")


def fail_in_the_use_case() -> None:
    """Raise an error in a line of the use case, with a note."""
    try:
        features.compute({}, {})
    except KeyError as error:
        error.add_note("first in 2013-01, row 5")
        raise


def lack_a_name() -> None:
    """Ask the use case for what it does not offer."""
    features.no_such_thing  # type: ignore[attr-defined]  # noqa: B018


def want_memory() -> None:
    """Ask for more memory than there is."""
    np.zeros((2**40, 2**19))


def break_a_schema() -> None:
    """Raise pandera's own error, which holds schemas and frames."""
    DataFrameSchema({"a": Column(int, Check.ge(1))}).validate(pd.DataFrame({"a": [0, 1]}), lazy=True)


def hit_a_bug() -> None:
    """Raise what nobody expects."""
    [].no_such_thing  # type: ignore[attr-defined]  # noqa: B018


def full_disk() -> None:
    """Raise what a full disk raises."""
    raise OSError(28, "No space left on device")


def exit_early() -> None:
    """End the process, as code of a use case should not."""
    sys.exit("enough")


ACTS = [pass_a_limit, fail_in_the_use_case, lack_a_name, want_memory, break_a_schema, hit_a_bug, full_disk, exit_early]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_an_error_is_the_same_line_from_anywhere(act: Callable[[], Any]) -> None:
    """The first task that fails, in order, is the one that is told, in the words that one process has for it."""
    work = partial(fail, act, (AT, AT + 1))
    expected = line(run(work, 1))
    assert expected[0] == [0, 1]
    for processes in (2, 3):
        places, said = line(run(work, processes))
        assert ({*places} >= {0, 1}, said) == (True, expected[1])


def fail_late(_: Inputs, number: int) -> Entry:
    """Let the third task fail at once, and the first one after it."""
    if number == 0:
        wait_for(Path("failed").exists, LIMIT)
    Path("failed" if number == AT else f"done-{number}").touch()
    if number in (0, AT):
        raise LimitError(str(number), "50 %", "1 %", "Mend the source.")
    return Entry({}, {})


def test_the_first_failure_in_order_is_told() -> None:
    """A later task that fails earlier is not the one that is told, and nothing after it is begun."""
    jobs, begun = enumerate(TASKS), list[Task]()
    with pytest.raises(LimitError, match=r"^0 is 50 %"):
        dict(computing.run(fail_late, jobs, None, begun.append, Compute(processes=2)))
    assert not {TASKS[3], TASKS[4]} & {*begun}


def test_a_bug_keeps_its_traceback() -> None:
    """The cause of the error is the traceback of the process in which it came up."""
    with pytest.raises(failures.BugError, match="AttributeError: 'list' object has no attribute") as caught:
        dict(run(partial(fail, hit_a_bug, (AT,)), 2))
    assert 'test_pool.py", line' in str(caught.value.__cause__)
    with pytest.raises(MainlineError) as expected:
        dict(run(partial(fail, pass_a_limit, (AT,)), 2))
    assert "in pass_a_limit" in str(expected.value.__cause__)


def leave_a_debugger() -> None:
    """Raise what a debugger without a terminal raises."""
    raise BdbQuit


def test_a_breakpoint_in_a_worker_is_one_line() -> None:
    """A debugger has no terminal there; the line says how the work is debugged."""
    with pytest.raises(MainlineError, match=r"^a breakpoint stops no worker.* `\./mainline stage prepare --debug`"):
        dict(run(partial(fail, leave_a_debugger, (AT,)), 2))


def peak(inputs: Inputs, _: int) -> Entry:
    """Hold a partition of 32 MiB, and report the peak of memory in MiB."""
    held = np.frombuffer(b"".join(inputs.values()) + bytes(2**25), np.uint8) + 1
    return Entry({}, {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, "rows": len(held)})


def test_the_memory_of_a_process_does_not_grow_with_its_tasks() -> None:
    """After sixteen partitions a process has needed what it needed for the first two, and no more than one more."""
    tasks = [Task(f"{place:02}", "", TASKS[0].reads, (place,)) for place in range(32)]
    peaks = [outcome.entry.report["peak"] for _, outcome in run(peak, 2, tasks)]
    assert max(peaks) - max(peaks[:4]) < 2 * 64


DRIVER = """
import sys, time
from pathlib import Path
from mainline import interrupts
from mainline.declared.compute import Compute
from mainline.stages import computing, pool
from mainline.stages.entries import Entry
from mainline.stages.tasks import Task

def hang(inputs, number):
    if number == 1:
        return Entry({}, {})
    Path("hanging").touch()
    while True:
        time.sleep(60)

def run():
    tasks = [Task(str(number), "", (), (number,)) for number in range(2)]
    for _ in computing.run(hang, enumerate(tasks), None, lambda _: None, Compute(processes=2)):
        Path("idle").touch()

if __name__ == "__main__":
    pool.METHOD = sys.argv[1]
    interrupts.catch()
    interrupts.allow()
    try:
        run()
    except KeyboardInterrupt:
        print("interrupted")
        sys.exit(130)
    finally:
        interrupts.end()
"""


@pytest.mark.parametrize(
    ("ending", "method"),
    [(signal.SIGINT, "fork"), (signal.SIGTERM, "fork"), (signal.SIGKILL, "fork"), (signal.SIGKILL, "spawn")],
)
def test_no_process_outlives_the_driver(ending: signal.Signals, method: str) -> None:
    """However the driver ends, its processes are gone, the one that works and the one that waits for work.

    They say nothing, also of the Ctrl-C that a terminal sends to them as well.
    """
    Path("driver.py").write_text(DRIVER)
    with subprocess.Popen(
        [sys.executable, "driver.py", method], env=os.environ, start_new_session=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            wait_for(lambda: all(map(os.path.exists, ("hanging", "idle"))) or process.poll() is not None, LIMIT)
            workers = psutil.Process(process.pid).children()
            assert len(workers) >= 2
            os.killpg(process.pid, ending) if ending == signal.SIGINT else process.send_signal(ending)
            output, errors = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
    wait_for(lambda: not any(worker.is_running() for worker in workers), LIMIT)
    assert errors == ""
    assert (output, process.returncode) == (("interrupted\n", 130) if ending == signal.SIGINT else ("", -ending))


def test_one_process_needs_no_other() -> None:
    """The default imports nothing of the pool or of Dask, and starts nothing."""
    script = (
        "import sys; from mainline.stages import computing, prepare, validate; from mainline.declared.compute import "
        "Compute; [*computing.run(None, [], None, None, Compute())]; "
        "others = {'mainline.stages.pool', 'multiprocessing.connection', 'mainline.stages.dask_cluster', 'dask'}; "
        "sys.exit(str(sorted(others & sys.modules.keys())))"
    )
    found = subprocess.run([sys.executable, "-c", script], env=os.environ, capture_output=True, text=True, check=False)
    assert found.stderr == "[]\n"
