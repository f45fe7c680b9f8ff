"""Partitions on a cluster of Dask: the same results and lines as here, and one line for whatever becomes of it."""

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import psutil
import pytest

from mainline.declared.compute import MISSING, Compute
from mainline.errors import ParamsError, WorkerError
from mainline.stages import computing, dask_client, fingerprint
from mainline.stages.harness import PINNED
from mainline.stages.tasks import Outcome, Task, Watch, Work
from tests import dask_cluster
from tests.dask_cluster import Cluster
from tests.mainline.serving.running import wait_for
from tests.mainline.stages import probe as here
from tests.mainline.stages.failure_lines import line
from tests.project import ENGINE, LIMIT, ROOT

TASKS = [Task(f"rows {number}", str(number), (Path(f"in/{number}"),), (number,)) for number in range(5)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers, whom no test ends."""
    with dask_cluster.running(tmp_path_factory.mktemp("dask") / "cluster") as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler that allows one failure, and no worker."""
    made = Cluster(tmp_path / "own", "500MiB", ())
    made.folder.mkdir()
    try:
        made.start_scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1")
        yield made
    finally:
        made.end()


@pytest.fixture(autouse=True)
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A repository with the machinery and a module of its own, which works; and a file for each task."""
    root = tmp_path / "repository"
    for folder in ("in", "src", "engine", "requirements"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(ENGINE / "src", root / "engine/src", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / "requirements/pipeline.txt").write_text((ROOT / "requirements/pipeline.txt").read_text())
    (root / "src/probe.py").write_text(Path(here.__file__).read_text())
    monkeypatch.chdir(root)
    monkeypatch.syspath_prepend(root / "src")
    for task in TASKS:
        task.reads[0].write_text(f"{task} ")
    monkeypatch.delitem(sys.modules, "probe", raising=False)
    yield import_module("probe")
    sys.modules.pop("probe", None)


def run(
    work: Work, cluster: Cluster, tasks: Sequence[Task] = TASKS, watch: Watch | None = None, **more: Any
) -> Iterator[tuple[int, Outcome]]:
    """Run tasks on a cluster, and expect that the work on each begins once."""
    begun: list[Task] = []
    declared = Compute(dask=cluster.address, **{"silent_seconds": 60, **more})
    yield from computing.run(work, enumerate(tasks), watch, begun.append, declared)
    assert sorted(begun, key=str) == [*tasks]


def test_a_cluster_gives_what_this_process_gives(
    probe: Any, cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same bytes come from processes beside the workers, and Dask says nothing of its own."""
    found = dict(run(probe.double, cluster))
    assert [found[place].entry.files for place in range(5)] == [
        {f"out/{place}": f"rows {place} rows {place} ".encode()} for place in range(5)
    ]
    assert os.getpid() not in {outcome.entry.report["process"] for outcome in found.values()}
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
@pytest.mark.parametrize("act", here.ACTS, ids=lambda act: act.__name__)
def test_an_error_is_the_same_line_from_a_cluster(act: Callable[[], Any], probe: Any, cluster: Cluster) -> None:
    """The first task that fails, in order, is the one that is told, in the words that one process has for it."""
    work = partial(probe.fail, getattr(probe, act.__name__))
    begun: list[Task] = []
    expected = line(computing.run(work, enumerate(TASKS), None, begun.append, Compute()))
    assert expected[0] == [0, 1]
    places, said = line(run(work, cluster))
    assert ({*places} >= {0, 1}, said) == (True, expected[1])


@pytest.mark.slow
def test_the_first_failure_in_order_is_told(probe: Any, cluster: Cluster) -> None:
    """A later task that fails earlier is not the one that is told."""
    work = partial(probe.fail_late, str(cluster.folder / "failed"))
    assert line(run(work, cluster))[1] == "0 is 50 %, the limit is 1 %. Mend the source."


@pytest.mark.slow
def test_the_work_sees_the_code_alone(probe: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the pinned settings and this process's own, no secret, no store and no workspace."""
    monkeypatch.setenv("REGION", "north")
    monkeypatch.setenv("STORE_TOKEN", "secret")
    monkeypatch.setenv("WAREHOUSE", "postgresql://me:secret@warehouse/flights")
    for outcome in dict(run(probe.look_around, cluster)).values():
        found = outcome.entry.report
        assert found["files"] == ["engine", "src"]
        assert Path(found["folder"]).is_relative_to(cluster.folder)
        settings = found["settings"]
        assert (settings["REGION"], settings["HOME"]) == ("north", str(cluster.folder))
        assert not {"STORE_TOKEN", "WAREHOUSE"} & settings.keys()
        assert {name: settings.get(name) for name in PINNED} == PINNED


@pytest.mark.slow
def test_a_setting_that_changed_is_what_the_work_sees(
    probe: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run of the same work does not go on in a process that began with the old one."""
    for region in ("north", "south"):
        monkeypatch.setenv("REGION", region)
        found = dict(run(probe.look_around, cluster)).values()
        assert {outcome.entry.report["settings"]["REGION"] for outcome in found} == {region}


@pytest.mark.slow
def test_no_worker_receives_a_secret(probe: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted in settings, beside the code and in git's folder, it is in nothing that was sent, unpacked or logged."""
    planted = "open-sesame-4711"
    for name in ("GITLAB_PAT", "AZURE_SAS", "NPM_AUTH", "A_COOKIE", "A_JWT", "STORE_KEY1", "URL_SIG", "x-api-key"):
        monkeypatch.setenv(name, planted)
    monkeypatch.setenv("WAREHOUSE", f"postgresql://me:{planted}@warehouse/flights")
    Path(".gitignore").write_text("local.py\n.env\n")
    for file in ("src/.env", "src/local.py", "src/notes.md", "engine/src/keys.json", ".git/info/key", "old.py"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(f"PASSWORD = '{planted}'\n")
    sent: list[bytes] = []
    submit = dask_client.Cluster.submit

    def record(self: Any, function: Any, *arguments: Any, **more: Any) -> Any:
        if isinstance(arguments[0], tuple):
            archive = zipfile.ZipFile(io.BytesIO(arguments[0][0]))
            sent.extend(archive.read(name) for name in archive.namelist())
        sent.append(repr((arguments, more)).encode())
        return submit(self, function, *arguments, **more)

    monkeypatch.setattr(dask_client.Cluster, "submit", record)
    found = dict(run(probe.look_around, cluster))
    sent.extend(path.read_bytes() for path in cluster.folder.rglob("*") if path.is_file())
    assert any(b"def look_around" in content for content in sent)
    assert not [content[:200] for content in sent if planted.encode() in content]
    assert planted not in repr(found)


@pytest.mark.slow
def test_workers_see_the_declared_variables_alone(
    probe: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside what is pinned and the machine's own, also one that looks like a secret."""
    monkeypatch.setenv("REGION", "north")
    monkeypatch.setenv("FISCAL_YEAR", "2013")
    monkeypatch.setenv("PARTITION_KEY", "carrier")
    for outcome in dict(run(probe.look_around, cluster, environment=["REGION", "PARTITION_KEY"])).values():
        settings = outcome.entry.report["settings"]
        assert (settings["REGION"], settings["PARTITION_KEY"], "FISCAL_YEAR" in settings) == ("north", "carrier", False)
        assert {name: settings.get(name) for name in PINNED} == PINNED


@pytest.mark.slow
def test_code_that_was_edited_is_what_runs(probe: Any, cluster: Cluster) -> None:
    """A worker that has an older version goes on with the new one."""
    dict(run(probe.double, cluster))
    file = Path("src/probe.py")
    file.write_text(file.read_text().replace("content * 2", "content * 3"))
    found = dict(run(probe.double, cluster))
    assert found[0].entry.files == {"out/0": b"rows 0 rows 0 rows 0 "}


@pytest.mark.slow
def test_the_watch_sees_the_work_and_not_the_worker(probe: Any, cluster: Cluster) -> None:
    """Pure work has no reasons against its reuse, whatever Dask's threads do; a file that nobody named is one."""
    modules = frozenset(map(fingerprint.file_of, fingerprint.modules()))
    assert Path("src/probe.py").resolve() in modules
    watch = Watch([], modules)
    assert [outcome.reasons for outcome in dict(run(probe.double, cluster, watch=watch)).values()] == [[]] * 5
    found = dict(run(partial(probe.read_a_file, "/etc/hostname"), cluster, watch=watch))
    assert found[here.AT].reasons == ["/etc/hostname is read, which dvc.yaml does not declare"]
    assert [*found[0].reasons] == []


@pytest.mark.slow
def test_results_of_another_processor_are_marked(probe: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Last bits may differ there, which no key says."""
    assert not any(outcome.foreign for outcome in dict(run(probe.double, cluster)).values())
    monkeypatch.setattr(fingerprint, "processor", lambda: ["abacus"])
    assert all(outcome.foreign for outcome in dict(run(probe.double, cluster)).values())


@pytest.mark.slow
def test_other_libraries_are_refused(probe: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the library of the lock and both versions, and where the other one is."""
    versions = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "1.0" if name == "numpy" else versions(name)
    )  # fmt: skip
    with pytest.raises(WorkerError, match=r"^numpy is 2\.[\d.]+ at tcp://127\.0\.0\.1:\d+ and 1\.0 here, so results"):
        dict(run(probe.double, cluster))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Python", "distributed"])
def test_a_cluster_to_which_no_function_can_travel_is_refused(
    name: str, probe: Any, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, the versions that this depends on are compared."""
    from distributed import versions

    own = versions.get_versions()
    packages = own["packages"] | {"python" if name == "Python" else name: "3.9.1.final.0"}
    monkeypatch.setattr(versions, "get_versions", lambda: {**own, "packages": packages})
    with pytest.raises(WorkerError, match=rf"^{name} is [\d.]+ at the \w+ tcp://127.*and 3\.9.* here, so no work"):
        dict(run(probe.double, cluster))


@pytest.mark.slow
def test_a_task_that_waits_goes_to_a_worker_that_is_idle(probe: Any, own: Cluster) -> None:
    """A long task holds up none but itself, also if there is but one worker when it begins."""
    flag = own.folder / "go"
    outcomes = run(partial(probe.wait_at, str(flag)), own)
    own.start_worker()
    found = [next(outcomes)[0], next(outcomes)[0]]
    own.start_worker()
    found += [next(outcomes)[0], next(outcomes)[0]]
    assert sorted(found) == [0, 1, 3, 4]
    flag.touch()
    assert [place for place, _ in outcomes] == [here.AT]


@pytest.mark.slow
def test_workers_have_few_tasks_at_a_time(probe: Any, own: Cluster) -> None:
    """A worker has one task and the next one, however many there are, and needs no more memory for it."""
    own.start_worker()
    tasks = [Task(f"rows {place:02}", "", TASKS[0].reads, (place,)) for place in range(12)]
    begun: list[Task] = []
    declared = Compute(dask=own.address, silent_seconds=60)
    for done, _ in enumerate(computing.run(probe.double, enumerate(tasks), None, begun.append, declared)):
        assert len(begun) <= done + 2
    assert len(begun) == 12


@pytest.mark.slow
@pytest.mark.parametrize("act", dask_cluster.KILLS, ids=lambda act: act.__name__)
def test_whoever_is_killed_nothing_is_lost(act: Callable[[psutil.Process], None], probe: Any, own: Cluster) -> None:
    """What was killed in the middle of a task has it done by others, or by the one that is started in its place."""
    own.start_worker()
    own.start_worker()
    flag = own.folder / "go"
    found = {}
    for place, outcome in run(partial(probe.wait_at, str(flag)), own):
        found[place] = outcome
        if len(found) == 3:
            wait_for(Path(f"{flag}-waits").exists, LIMIT)
            flag.with_name("killed").touch()
            busy = [server for server in dask_cluster.servers(own) if server.is_running()]
            for server in busy if act is dask_cluster.kill_server else busy[:1]:
                act(server)
            flag.touch()
    assert [found[place].entry.files for place in range(5)] == [
        {f"out/{place}": f"rows {place} rows {place} ".encode()} for place in range(5)
    ]


@pytest.mark.slow
def test_a_partition_that_is_too_large_is_named(probe: Any, own: Cluster) -> None:
    """One process after another is ended at it, before the worker is; the line says what it took and what to do."""
    own.start_worker()
    with pytest.raises(WorkerError, match=r"^rows 2: 2 processes ended at it, the last at tcp://") as caught:
        dict(run(partial(probe.swell, 800), own, retries=1))
    assert "MiB of the 500 MiB that a worker may take. Give workers more, such as" in str(caught.value)


@pytest.mark.slow
def test_a_task_that_ends_workers_is_named(probe: Any, own: Cluster) -> None:
    """If the workers themselves die, one after another, the line says so."""
    own.start_worker()
    with pytest.raises(WorkerError, match=r"^rows [123]: 2 workers died at it, one after another, the last at tcp://"):
        dict(run(probe.end_the_worker, own, retries=1))


def test_without_a_scheduler_a_line_says_so(probe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is named, and how one is started."""
    monkeypatch.setattr(dask_client, "CONNECTING", 1.0)
    dead = Cluster(tmp_path, "", ())
    dead.address = "tcp://127.0.0.1:1"
    with pytest.raises(
        WorkerError, match=r"^no Dask scheduler answers at tcp://127\.0\.0\.1:1 \(.*Start one with `eng"
    ):
        dict(run(probe.double, dead))


def test_without_dask_a_line_says_how_it_is_installed(probe: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """The extra is named, and the command that locks it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    dead = Cluster(tmp_path, "", ())
    dead.address = "tcp://127.0.0.1:1"
    with pytest.raises(WorkerError) as caught:
        dict(run(probe.double, dead))
    assert str(caught.value) == MISSING


@pytest.mark.slow
def test_without_workers_a_line_says_so(probe: Any, own: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """After the declared seconds without one, the run ends."""
    with pytest.raises(
        WorkerError, match=r"^no worker has been at tcp://\S+ for \d+ s\. Start some with `\./mainline w"
    ):
        dict(run(probe.double, own, silent_seconds=7))
    assert "waiting for one, at most 7 s" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (signal.SIGKILL, r"^the Dask scheduler at tcp://\S+ went away while partitions were computed\. Start it again"),
        (signal.SIGSTOP, r"^the Dask scheduler at tcp://\S+ has not answered for \d+ s\. Look at its log"),
    ],
)
def test_a_scheduler_that_goes_is_a_line(ending: signal.Signals, said: str, probe: Any, tmp_path: Path) -> None:
    """Killed or frozen in the middle of the work, it ends the run; what came before is here."""
    made = Cluster(tmp_path / "gone", "500MiB", ())
    made.folder.mkdir()
    try:
        scheduler = made.start_scheduler()
        made.start_worker()
        outcomes = run(partial(probe.wait_at, str(made.folder / "never")), made, silent_seconds=10)
        assert {next(outcomes)[0], next(outcomes)[0]} == {0, 1}
        scheduler.send_signal(ending)
        with pytest.raises(WorkerError, match=said):
            next(outcomes)
    finally:
        scheduler.send_signal(signal.SIGCONT)
        made.end()


DRIVER = """
import sys
from functools import partial
from pathlib import Path
from mainline import interrupts
from mainline.declared.compute import Compute
from mainline.stages import computing
from mainline.stages.tasks import Task
import probe

interrupts.catch()
interrupts.allow()
tasks = [Task(str(number), "", (Path("in/0"),), (number,)) for number in range(5)]
try:
    work = partial(probe.wait_at, sys.argv[2])
    for _ in computing.run(work, enumerate(tasks), None, lambda _: None, Compute(dask=sys.argv[1])):
        pass
except KeyboardInterrupt:
    print("interrupted")
    sys.exit(130)
finally:
    interrupts.end()
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_nobody_works_for_a_driver_that_is_gone(ending: signal.Signals, cluster: Cluster) -> None:
    """Ctrl-C, or a kill, ends the work on the cluster; the driver says nothing but its own line."""
    Path("driver.py").write_text(DRIVER)
    never = cluster.folder / f"never-{ending}"
    search = os.pathsep.join(map(str, (ENGINE / "src", Path("src").resolve())))
    with subprocess.Popen(
        [sys.executable, "driver.py", cluster.address, str(never)], env=os.environ | {"PYTHONPATH": search},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            wait_for(Path(f"{never}-waits").exists, LIMIT)
            before = {server.pid for server in dask_cluster.servers(cluster)}
            process.send_signal(ending)
            output, errors = process.communicate(timeout=LIMIT)
        finally:
            process.kill()
    wait_for(lambda: {server.pid for server in dask_cluster.servers(cluster)} < before, LIMIT)
    assert errors == ""
    assert (output, process.returncode) == (("interrupted\n", 130) if ending == signal.SIGINT else ("", -ending))


@pytest.mark.slow
def test_a_process_without_work_ends_and_the_next_task_starts_another(probe: Any, cluster: Cluster) -> None:
    """A run that is over leaves no memory taken."""
    dict(run(probe.double, cluster))
    wait_for(lambda: not dask_cluster.servers(cluster), LIMIT)
    assert len(dict(run(probe.double, cluster))) == 5


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """An authority, a certificate that it signed, and its key; as `docs/cluster.md` makes them."""
    folder = tmp_path_factory.mktemp("certificates")
    text = (ENGINE / "docs/cluster.md").read_text(encoding="utf-8")
    commands = [line for line in text.splitlines() if line.startswith("openssl ")]
    assert len(commands) == 3
    for command in commands:
        subprocess.run(["bash", "-c", command], cwd=folder, check=True, capture_output=True)
    return [str(folder / name) for name in dask_cluster.CERTIFICATES]


@pytest.mark.slow
def test_a_cluster_is_reached_with_certificates_alone(probe: Any, tmp_path: Path, certificates: list[str]) -> None:
    """Over TLS the same comes out; without a certificate, or without TLS, nobody is answered."""
    ca, cert, key = certificates
    with dask_cluster.running(tmp_path / "tls", 1, tls=certificates) as made:
        assert made.address.startswith("tls://")
        found = dict(run(probe.double, made, tls={"ca": ca, "cert": cert, "key": key}))
        assert found[4].entry.files == {"out/4": b"rows 4 rows 4 "}
        with pytest.raises(ParamsError, match=r"^compute\.yaml: dask: is tls://\S+ without certificates; declare them"):
            dict(run(probe.double, made))
        with pytest.raises(ParamsError, match=r"^compute\.yaml: tls\.key: is nowhere\.pem, which is not a file here"):
            dict(run(probe.double, made, tls={"ca": ca, "cert": cert, "key": "nowhere.pem"}))
        made.address = made.address.replace("tls", "tcp")
        with pytest.raises(WorkerError, match=r"^no Dask scheduler answers at tcp://"):
            dict(run(probe.double, made))


def test_another_kind_of_server_is_one_line() -> None:
    """An address of something that is not Dask's scheduler, such as its dashboard, is refused as one that is silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_in_http, args=(server,), daemon=True)
        thread.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with (
            pytest.raises(WorkerError, match=f"no Dask scheduler answers at {address}"),
            dask_client.connected(Compute(dask=address)),
        ):
            pass


def _answer_in_http(server: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the test is over
        while True:
            connection, _ = server.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
