"""When the bytes of a partition are taken from an earlier run: if all that reaches them is the same, and only then."""

import os
import pickle
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mainline.data import local_files
from mainline.declared.compute import SETTING
from mainline.errors import UseCaseError
from mainline.stages import computing, entries, fingerprint, ledger, pool, presence, purity
from mainline.stages.entries import Entry
from mainline.stages.harness import BY_DVC, DEBUG, NO_REUSE
from mainline.stages.tasks import Inputs, Task, perform
from tests import kills

assert pool  # what is imported is in the key, and several runs of these tests are in one process
STAGE, DATA, OUT = "prepare", Path("data/in"), Path("data/out")
MONTHS = ("2013-01", "2013-02")
CODE, HELPER, LOCK, MORE = Path("code/stage.py"), Path("engine/stages/prepare"), Path("lock.txt"), Path("more.csv")

Work = Callable[[str], object]


@pytest.fixture(autouse=True)
def _stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository whose stage DVC runs: two months of data, its code by a link, a lock, and a declared table."""
    monkeypatch.chdir(tmp_path)
    contents = {CODE: "code", LOCK: "lock", MORE: "more", **{DATA / month: month for month in MONTHS}}
    for file, content in contents.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    HELPER.mkdir(parents=True)
    (HELPER / "stage.py").symlink_to(Path("../../..", CODE))
    deps = [str(path) for path in (HELPER, LOCK, MORE, DATA)]
    Path("dvc.yaml").write_text(f"stages: {{{STAGE}: {{deps: [{', '.join(deps)}]}}}}\n")
    monkeypatch.setenv(BY_DVC, STAGE)


@pytest.fixture
def use_case(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module of the use case that a test may give something to keep."""
    module = ModuleType("usecase.keeping")
    module.__file__ = str(CODE.resolve())
    holds = {
        "kept": [],
        "total": 1000.5,
        "within": {"a": [], "sum": float("1000.25")},
        "array": np.zeros(1),
        "table": pd.DataFrame({"a": [0]}),
    }
    holds |= {"seeded": np.random.default_rng(1), "chance": random.Random(1)}  # noqa: S311 - as a use case may
    vars(module).update(holds)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    yield module
    sys.modules.pop("usecase.late", None)


def run(work: Work = lambda _: None, arguments: Sequence[Any] = (), months: Sequence[str] = MONTHS) -> list[str]:
    """Run the stage, which writes each month twice; return the months whose work was done."""
    done: list[str] = []

    def make(inputs: Inputs, month: str, *_: Any) -> Entry:
        done.append(month)
        work(month)
        return Entry({(OUT / month).as_posix(): inputs[(DATA / month).as_posix()] * 2}, {"month": month})

    tasks = [Task(name, name, (DATA / name,), (name, *arguments)) for name in months]
    with presence.of(STAGE), ledger.opened(STAGE, DATA, "month") as kept:
        reports = [*kept.reports(make, tasks)]
    assert reports == [{"month": month} for month in months]
    assert [(OUT / month).read_text() for month in months] == [(DATA / month).read_text() * 2 for month in months]
    return done


def kept() -> list[Path]:
    """List what is kept of the stage."""
    return sorted((entries.FOLDER / STAGE).glob("*"))


def test_what_is_the_same_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Files and report are those of before, whatever stood in their place, and the number of months is said."""
    assert run() == [*MONTHS]
    assert capsys.readouterr().out == ""
    (OUT / MONTHS[0]).write_text("something else")
    (OUT / MONTHS[1]).unlink()
    assert run() == []
    assert capsys.readouterr().out == f"  {STAGE}: 2 of 2 months taken from an earlier run\n"


def test_one_more_month_costs_one_month(capsys: pytest.CaptureFixture[str]) -> None:
    """A month that is new is computed and the others are not; one that left the window is forgotten."""
    run(months=MONTHS[:1])
    assert run() == [MONTHS[1]]
    assert capsys.readouterr().out == f"  {STAGE}: 1 of 2 months taken from an earlier run\n"
    assert run(months=MONTHS[1:]) == []
    assert len(kept()) == 1
    assert run() == [MONTHS[0]]


def _install(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("site/extra-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(Path("site").resolve())


def _import(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("undeclared.py").write_text("")
    module = ModuleType("mainline.undeclared")
    module.__file__ = str(Path("undeclared.py").resolve())
    monkeypatch.setitem(sys.modules, module.__name__, module)


def _import_other(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("src").mkdir()
    Path("src/helpers.py").write_text("")
    module = ModuleType("helpers")
    module.__file__ = str(Path("src/helpers.py").resolve())
    monkeypatch.setitem(sys.modules, module.__name__, module)


def _link(_: pytest.MonkeyPatch) -> None:
    (HELPER / "more.py").symlink_to(Path("../../..", MORE))


def _declare(_: pytest.MonkeyPatch) -> None:
    Path("dvc.yaml").write_text(Path("dvc.yaml").read_text().replace(f"{LOCK},", f"{LOCK}, dvc.yaml,"))


INGREDIENTS: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "code": lambda _: CODE.write_text("edit"),
    "a file of code more": _link,
    "lock": lambda _: LOCK.write_text("pins"),
    "a declared table": lambda _: MORE.write_text("rows"),
    "a dependency more": _declare,
    "a module that is not declared": _import,
    "a module of another name": _import_other,
    "a library": _install,
    "Python": lambda patch: patch.setattr(sys, "version", "3.99.0"),
    "processor": lambda patch: patch.setattr(fingerprint, "processor", lambda: ["another"]),
    "time zone": lambda patch: patch.setenv("TZ", "Pacific/Kiritimati"),
    "the machine's time zone": lambda patch: patch.setattr(time, "tzname", ("LINT", "LINT")),
    "language": lambda patch: patch.setenv("LC_ALL", "tr_TR.UTF-8"),
    "threads": lambda patch: patch.setenv("OMP_NUM_THREADS", "2"),
    "a setting that nobody knows": lambda patch: patch.setenv("FACTOR", "2"),
    "a setting that begins as a shell's": lambda patch: patch.setenv("HISTORY_DAYS", "30"),
    "a setting that begins as a terminal's": lambda patch: patch.setenv("TERM_MONTHS", "36"),
    "a setting that begins as a prompt's": lambda patch: patch.setenv("PROMPT_VERSION", "2"),
}


@pytest.mark.parametrize("name", INGREDIENTS)
def test_whatever_reaches_all_months_has_all_computed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another content of one ingredient is another key of every month."""
    run()
    INGREDIENTS[name](monkeypatch)
    assert run() == [*MONTHS]
    assert run() == []


def test_a_month_of_other_data_is_computed() -> None:
    """Other bytes, of the same length and with the time stamps of before, are another key of that month alone."""
    run()
    times = os.stat(DATA / MONTHS[0])
    (DATA / MONTHS[0]).write_text("2013-0!")
    os.utime(DATA / MONTHS[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    assert run() == [MONTHS[0]]


def test_parameters_are_part_of_the_key() -> None:
    """A month is computed again for other arguments."""
    run(arguments=[0.1])
    assert run(arguments=[0.2]) == [*MONTHS]


def test_another_folder_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was kept in a folder is not taken in its copy, whose code may look at where it is."""
    run()
    subprocess.run(["cp", "-a", str(tmp_path), f"{tmp_path}-copy"], check=True)
    monkeypatch.chdir(f"{tmp_path}-copy")
    assert run() == [*MONTHS]


def test_time_stamps_and_terminals_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same content with another time of change, from another shell, is taken."""
    run()
    for file in (CODE, LOCK, DATA / MONTHS[0]):
        file.touch()
    for setting in ("TERM", "COLUMNS", "PATH", "SSH_CONNECTION", "MAKELEVEL", "DVC_ROOT", "KITTY_WINDOW_ID", "GPG_TTY"):
        monkeypatch.setenv(setting, "other")
    assert run() == []


def _draw(_: Any) -> None:
    random.random()  # noqa: S311 - as a use case may


def _draw_numpy(_: Any) -> None:
    np.random.rand()


def _connect(_: Any) -> None:
    with socket.socket() as there, pytest.raises(OSError, match="refused"):
        there.connect(("127.0.0.1", 9))


def _add(use_case: Any) -> None:
    use_case.total = use_case.total + 1


def _add_twice(use_case: Any) -> None:
    use_case.total, use_case.kept = use_case.total + 1, [*use_case.kept, 1]


def _sum_up(use_case: Any) -> None:
    """Change a number within a container twice, so that the second one comes to the place in memory of the first."""
    use_case.within["sum"] += 1.5
    use_case.within["sum"] += 1.5


def _write(use_case: Any) -> None:
    use_case.array[0] += 1


def _write_table(use_case: Any) -> None:
    use_case.table.loc[0, "a"] += 1


def _import_late(_: Any) -> None:
    module = ModuleType("usecase.late")
    module.__file__ = str(CODE.resolve().with_name("late.py"))
    sys.modules[module.__name__] = module


IMPURE: dict[str, tuple[Callable[[ModuleType], object], str]] = {
    "reads a file": (lambda _: Path("undeclared.csv").read_text(), "undeclared.csv is read, which dvc.yaml does not"),
    "reads a file elsewhere": (
        lambda _: Path(os.__file__).read_text() + Path("/etc/passwd").read_text(),
        "/etc/passwd",
    ),
    "reads another month": (lambda _: (DATA / "2012-12").read_text(), "2012-12 is read"),
    "reads an earlier result": (lambda _: (OUT / "2012-12").read_text(), "2012-12 is read"),
    "starts a process": (lambda _: subprocess.run(["true"], check=True), "the use case starts a process"),
    "starts a shell": (lambda _: os.system("true"), "the use case starts a process"),  # noqa: S605
    "opens a connection": (_connect, "the use case opens a connection"),
    "keeps a number": (_add, "usecase.keeping.total changes from period to period"),
    "keeps a new list": (_add_twice, "usecase.keeping.kept changes from period to period"),
    "adds to a list": (lambda use_case: use_case.kept.append(1), "usecase.keeping.kept changes from period to period"),
    "adds within": (lambda use_case: use_case.within["a"].append(1), "usecase.keeping.within changes from period to"),
    "writes into an array": (_write, "usecase.keeping.array changes from period to period"),
    "writes into a table": (_write_table, "usecase.keeping.table changes from period to period"),
    "sums up within": (_sum_up, "usecase.keeping.within changes from period to period"),
    "draws from a seed": (lambda use_case: use_case.seeded.random(), "usecase.keeping.seeded changes from period to"),
    "draws from Python's": (lambda use_case: use_case.chance.random(), "usecase.keeping.chance changes from period to"),
    "adds a name": (lambda use_case: setattr(use_case, "new", 1), "usecase.keeping.new changes from period to period"),
    "draws": (_draw, "the use case draws from chance"),
    "draws by numpy": (_draw_numpy, "the use case draws from chance"),
    "imports late": (_import_late, "late.py is imported only while a period is computed"),
}


@pytest.mark.parametrize("name", IMPURE)
def test_work_that_does_more_than_compute_is_not_reused(name: str, use_case: Any) -> None:
    """What no key can hold is refused after a month was taken, and nothing is kept, not even what was before."""
    for file in (Path("undeclared.csv"), DATA / "2012-12", OUT / "2012-12"):
        file.parent.mkdir(exist_ok=True)
        file.write_text("")
    run(months=MONTHS[:1])
    act, said = IMPURE[name]
    done: list[str] = []
    with pytest.raises(
        UseCaseError, match=f"{re.escape(said)}.*1 were taken from an earlier run.*`make repro` computes"
    ):
        run(lambda month: (done.append(month), act(use_case)))
    assert done == [MONTHS[1]]
    assert kept() == []
    assert run(lambda _: act(use_case)) == [*MONTHS]


def test_an_entry_under_another_key_is_damaged(capsys: pytest.CaptureFixture[str]) -> None:
    """Whole bytes in the wrong place, as a copy or a disk may leave them, are not taken for another month."""
    run()
    first, second = kept()
    second.write_bytes(first.read_bytes())
    assert len(run()) == 1
    assert "is damaged; it is computed again" in capsys.readouterr().out


def test_runs_that_fail_do_not_pile_up() -> None:
    """Of other code, only what the last good run left stays beside what the run itself makes."""

    def fail(month: str) -> None:
        if month == MONTHS[1]:
            raise RuntimeError

    run()
    good = set(kept())
    for number in range(4):
        CODE.write_text(f"edited {number}")
        with pytest.raises(RuntimeError):
            run(fail)
        assert good < set(kept())
        assert len(kept()) == len(good) + 1
    assert run() == [MONTHS[1]]
    assert len(kept()) == len(MONTHS)


def test_nothing_taken_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """After an edit, a line says that no month was taken, and why; the first run of all says nothing."""
    run()
    assert "taken" not in capsys.readouterr().out
    CODE.write_text("edited")
    run()
    said = "0 of 2 months taken from an earlier run; its code, libraries or settings were others"
    assert said in capsys.readouterr().out
    for month in MONTHS:
        (DATA / month).write_text("other")
    run()
    assert capsys.readouterr().out == f"  {STAGE}: 0 of 2 months taken from an earlier run\n"


def test_impure_work_is_said_where_no_month_was_taken(use_case: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A first run whose work cannot be reused ends well, says why in a line, and keeps nothing."""
    assert run(lambda _: use_case.kept.append(1)) == [*MONTHS]
    assert "no month is kept for reuse: usecase.keeping.kept changes from period" in capsys.readouterr().out
    assert kept() == []


@pytest.mark.parametrize("setting", [NO_REUSE, DEBUG])
@pytest.mark.parametrize("value", ["", "0"])
def test_a_variable_that_is_empty_or_0_is_not_set(setting: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes 0 means no."""
    run()
    monkeypatch.setenv(setting, value)
    assert run() == []


def test_what_is_declared_may_be_read(use_case: Any) -> None:
    """A file that dvc.yaml declares, the month itself, and a file that the work has made are no secret input."""
    use_case.functions = {"f": lambda: None}

    def work(month: str) -> None:
        Path("scratch").write_text(MORE.read_text() + (DATA / month).read_text())
        Path("scratch").read_text()

    run(work)
    Path("scratch").unlink()
    assert run(work) == []


def test_a_file_that_is_read_on_import_is_seen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What modules opened before the stage began to work counts as well."""
    Path("undeclared.csv").write_text("")
    monkeypatch.setattr(local_files, "_opened", [])
    Path("undeclared.csv").read_text()
    run()
    assert "undeclared.csv is read, which dvc.yaml does not declare" in capsys.readouterr().out
    assert kept() == []


def test_what_is_read_on_import_for_the_first_time_has_all_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a module reads once it is there reaches all months, also those kept from before it was."""
    run()
    Path("undeclared.csv").write_text("")
    monkeypatch.setattr(local_files, "_opened", [])
    Path("undeclared.csv").read_text()
    assert run() == [*MONTHS]


def test_a_connection_on_import_is_seen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a module asks a machine or a process when it is imported is in no key."""
    monkeypatch.setattr(purity, "_acts", [])
    subprocess.run(["true"], check=True)
    run()
    assert "the use case starts a process" in capsys.readouterr().out
    assert kept() == []


def test_code_that_goes_meanwhile_is_not_kept() -> None:
    """A file of code that is removed while the stage runs ends nothing."""
    assert run(lambda _: CODE.unlink(missing_ok=True)) == [*MONTHS]
    assert kept() == []


@pytest.mark.parametrize("file", [CODE, DATA / MONTHS[0]])
def test_what_changes_meanwhile_is_not_kept(file: Path) -> None:
    """If code or data is edited while the stage runs, nobody knows which of both was computed with."""

    def edit(month: str) -> None:
        if month == MONTHS[0]:
            file.write_text(file.read_text())

    run(edit)
    assert MONTHS[0] in run()
    assert run() == []


@pytest.mark.parametrize(
    "damage",
    [lambda found: found[:-1] + bytes([found[-1] ^ 1]), lambda found: found[:70], lambda _: b"", lambda f: f + b" "],
    ids=["one bit", "cut", "empty", "longer"],
)
def test_damage_is_found_out(damage: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]) -> None:
    """An entry that is not what was kept is computed again, in one line."""
    run(months=MONTHS[:1])
    kept()[0].write_bytes(damage(kept()[0].read_bytes()))
    assert run(months=MONTHS[:1]) == [MONTHS[0]]
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"  {STAGE}: what was kept of {MONTHS[0]} is damaged; it is computed again."
    assert run(months=MONTHS[:1]) == []


def test_an_entry_that_cannot_be_read_nor_removed_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in its place, such as what another user left, the month is computed."""
    run()
    entry = kept()[0]
    entry.unlink()
    entry.mkdir()
    assert len(run()) == 1
    assert "is damaged; it is computed again" in capsys.readouterr().out


def test_an_entry_runs_no_code() -> None:
    """What is kept is text and bytes; a pickle in its place is damage."""
    run(months=MONTHS[:1])
    kept()[0].write_bytes(pickle.dumps({"files": {}, "report": {}}))
    assert run(months=MONTHS[:1]) == [MONTHS[0]]


@pytest.mark.parametrize("stop", range(3))
def test_a_kill_leaves_no_half_entry(stop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step of keeping is the last, the entry is whole or not there; the next run removes what is left."""
    with monkeypatch.context() as patch:
        kills.before(stop, patch, (Path, "open"), (Path, "replace"), (Path, "unlink"))
        with pytest.raises(kills.Killed):
            entries.write(STAGE, "key", entries.Entry({"a": b"bytes"}, 1))
    found = entries.read(STAGE, "key")
    assert found in (None, entries.Entry({"a": b"bytes"}, 1))
    run()
    assert len(kept()) == len(MONTHS)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_stage_goes_on_within_itself(error: type[BaseException]) -> None:
    """What was computed before a stage failed or was killed is not computed again."""

    def fail(month: str) -> None:
        if month == MONTHS[1]:
            raise error

    with pytest.raises(error):
        run(fail)
    assert run() == [MONTHS[1]]


def test_two_runs_at_once_do_not_hurt_each_other() -> None:
    """A run that keeps, prunes and ends while another one works takes nothing from it but what was kept."""
    inner: list[str] = []
    assert run(lambda _: inner.extend(run())) == [MONTHS[0]]
    assert inner == [*MONTHS]
    assert run() == []
    entries.forget(STAGE)
    assert run(lambda _: run(arguments=["other"])) == [*MONTHS]
    assert run() == [MONTHS[0]]


def test_a_full_disk_costs_no_result(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """If nothing can be kept, the stage says so and goes on."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(entries, "write", refuse)
    assert run() == [*MONTHS]
    assert f"{STAGE}: no month is kept for reuse: No space left on device." in capsys.readouterr().out


@pytest.mark.parametrize("setting", [NO_REUSE, DEBUG])
def test_reuse_is_switched_off(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is computed in doubt, after which nothing of before is left, and under a debugger."""
    run()
    with monkeypatch.context() as patch:
        patch.setenv(setting, "1")
        assert run() == [*MONTHS]
    assert run() == ([*MONTHS] if setting == NO_REUSE else [])


def test_where_months_are_computed_is_in_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """What two processes have made is taken by one, and the other way round."""
    monkeypatch.setenv(SETTING, "processes: 2")
    run()
    assert len(kept()) == len(MONTHS)
    monkeypatch.delenv(SETTING)
    assert run() == []
    CODE.write_text("edited")
    assert run() == [*MONTHS]
    monkeypatch.setenv(SETTING, "processes: 2")
    before = [path.stat().st_ino for path in kept()]
    run()
    assert [path.stat().st_ino for path in kept()] == before


def test_what_another_kind_of_processor_computed_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its last bits may differ from those that this machine's key stands for; what this one computed stays kept."""
    run()
    monkeypatch.setattr(computing, "perform", lambda *given: perform(*given)._replace(foreign=True))
    (DATA / MONTHS[1]).write_text("other")
    assert run() == [MONTHS[1]]
    assert "1 result of workers with another kind of processor, by which last bits may differ: not kept for reuse" in (
        capsys.readouterr().out
    )
    assert len(kept()) == 1


@pytest.mark.parametrize("name", ["reads a file", "starts a process", "adds to a list", "opens a connection"])
def test_work_of_another_process_is_watched_as_well(
    name: str, use_case: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does more than compute on its arguments is not reused, wherever it runs."""
    Path("undeclared.csv").write_text("")
    monkeypatch.setenv(SETTING, "processes: 2")
    act, said = IMPURE[name]
    run(lambda _: act(use_case))
    assert said in capsys.readouterr().out
    assert kept() == []


def test_a_debugger_keeps_the_work_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under MAINLINE_DEBUG nothing is computed elsewhere, where no terminal is."""
    monkeypatch.setenv(SETTING, "processes: 2")
    assert run() == []
    monkeypatch.setenv(DEBUG, "1")
    assert run() == [*MONTHS]


def test_a_stage_that_a_person_runs_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, without DVC, a stage takes nothing and keeps nothing: it is run to be looked at."""
    run()
    before = kept()
    monkeypatch.delenv(BY_DVC)
    assert run() == [*MONTHS]
    assert kept() == before
