"""Several real workers at one port: they answer, count, throttle, roll out, drain and are replaced as one server."""

import http.client
import json
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from mainline.serving.prediction_log import PATTERN
from tests.mainline.package.test_predictor import extended
from tests.mainline.serving import log_reader
from tests.mainline.serving.running import Running, refused, running, wait_for
from tests.project import LIMIT

Rows = list[dict[str, Any]]
JSON = "application/json"


@pytest.fixture(scope="module")
def server(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two workers that several tests use."""
    folder = tmp_path_factory.mktemp("workers")
    log = {"directory": str(folder / "log"), "flush_seconds": 0.1}
    with running(folder, package_dir, workers=2, log=log) as made:
        yield made


def workers(server: Running) -> list[psutil.Process]:
    """Return the workers that run."""
    found = []
    for process in psutil.Process(server.process.pid).children():
        with suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and "mainline.serving.workers.worker" in process.cmdline():
                found.append(process)
    return found


Connect = Callable[[Running, psutil.Process], http.client.HTTPConnection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open a connection that a worker has taken; all are closed at the end."""
    with ExitStack() as held:

        def connect(server: Running, worker: psutil.Process) -> http.client.HTTPConnection:
            for _ in range(200):
                connection = server.connect()
                held.callback(connection.close)
                connection.request("GET", "/livez")
                connection.getresponse().read()
                assert connection.sock is not None
                here = connection.sock.getsockname()[1]
                if any(known.raddr and known.raddr.port == here for known in worker.net_connections()):
                    return connection
                connection.close()
            raise AssertionError("the worker takes no connection")

        yield connect


def ask(server: Running, connection: http.client.HTTPConnection, path: str, content: Any = None, **headers: str) -> Any:
    """Send a request over a connection; return status and body."""
    key = server.admin if content is None else server.key
    given = {"Authorization": f"Bearer {key}", "Content-Type": JSON, **headers}
    connection.request("GET" if content is None else "POST", path, content and json.dumps(content), given)
    reply = connection.getresponse()
    return reply.status, reply.read()


def test_workers_listen_at_one_port(server: Running, rows: Rows, connect: Connect) -> None:
    """The system deals connections to both, and both answer."""
    assert len(workers(server)) == 2
    for worker in workers(server):
        status, body = ask(server, connect(server, worker), "/predict", rows[0])
        assert (status, len(json.loads(body)["predictions"])) == (200, 1)


def test_only_workers_load_what_predicts(server: Running) -> None:
    """The process that starts them has neither NumPy nor the runtime in memory."""

    def libraries(process: psutil.Process) -> set[str]:
        mapped = "\n".join(region.path for region in process.memory_maps())
        return {name for name in ("numpy", "onnxruntime") if f"/{name}/" in mapped}

    assert libraries(psutil.Process(server.process.pid)) == set()
    assert all(libraries(worker) == {"numpy", "onnxruntime"} for worker in workers(server))


def test_metrics_are_those_of_all_workers_whichever_is_asked(server: Running, rows: Rows, connect: Connect) -> None:
    """Both workers say the same sum at once, without one request missing."""
    held = [connect(server, worker) for worker in workers(server)]

    def count(connection: http.client.HTTPConnection) -> float:
        page = ask(server, connection, "/metrics")[1].decode()
        return float(re.search(r'^mainline_requests_total\{.*outcome="ok"\} (.*)$', page, re.MULTILINE)[1])  # type: ignore[index]

    before = count(held[0])
    for number, connection in enumerate(held):
        for _ in range(10 + number):
            assert ask(server, connection, "/predict", rows[0])[0] == 200
    assert [count(connection) - before for connection in held] == [21, 21]
    assert server.metric("mainline_workers") == 2


def test_each_worker_writes_files_of_its_own(server: Running, rows: Rows, connect: Connect) -> None:
    """One log folder has every row, each worker's in files whose names tell it."""
    folder = server.directory / "log"
    for worker in workers(server):
        assert ask(server, connect(server, worker), "/predict", rows)[0] == 200
    wait_for(lambda: server.metric("mainline_log_rows_total") == server.metric("mainline_rows_total"))
    names = {path.name.split("-")[2] for path in folder.glob(PATTERN)}
    assert len(names) == 2
    assert len(log_reader.rows(folder)) == server.metric("mainline_log_rows_total")


def test_throttle_of_a_key_holds_for_all_workers(
    package_dir: Path, rows: Rows, tmp_path: Path, connect: Connect
) -> None:
    """A key gets its burst once, not once from each worker."""
    throttle = {"requests_per_second": 0.001, "burst": 12}
    with running(tmp_path, package_dir, workers=2, throttle=throttle) as server:
        held = [connect(server, worker) for worker in workers(server)]
        codes = Counter(ask(server, connection, "/predict", rows[0])[0] for connection in held for _ in range(12))
    assert codes == {200: 12, 429: 12}


@pytest.fixture(scope="module")
def raised_dir(package_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another version of the package."""
    target = tmp_path_factory.mktemp("raised") / "package"
    code = "\n_respond = respond\ndef respond(raw, columns):\n    return _respond(raw, columns) + 100\n"
    extended(package_dir, target, "code/scoring.py", code)
    return target


def route(file: Path, revision: int, packages: dict[str, Path], weights: dict[str, float], **more: Any) -> None:
    """Replace the routing file."""
    routes = [{"version": name, "package": str(packages[name]), "weight": weight} for name, weight in weights.items()]
    file.with_suffix(".partial").write_text(json.dumps({"routes": routes, "revision": revision, **more}))
    file.with_suffix(".partial").replace(file)


def said(file: Path) -> dict[str, Any]:
    """Return what the follower is told."""
    return json.loads(file.read_bytes()) if file.exists() else {"revision": 0, "versions": {}}


def test_rollout_holds_for_all_workers(
    package_dir: Path, raised_dir: Path, rows: Rows, tmp_path: Path, connect: Connect
) -> None:
    """Routes are swapped under load without a failed request, each worker keeps the shares, and counts add up."""
    file, told = tmp_path / "routing.json", tmp_path / "served.json"
    packages = {"v1": package_dir, "v2": raised_dir}
    route(file, 1, packages, {"v1": 1})
    with running(tmp_path / "run", None, "--routing", str(file), workers=2) as server:
        wait_for(lambda: said(told)["revision"] == 1)
        held = [connect(server, worker) for worker in workers(server)]
        stopped, codes = threading.Event(), Counter[int]()

        def load(connection: http.client.HTTPConnection) -> None:
            while not stopped.is_set():
                codes[ask(server, connection, "/predict", rows[0])[0]] += 1

        threads = [threading.Thread(target=load, args=[connect(server, worker)]) for worker in workers(server)]
        for thread in threads:
            thread.start()
        try:
            sticky = {"by": "header", "header": "x-client"}
            route(file, 2, packages, {"v1": 50, "v2": 50}, sticky=sticky, mirror={"version": "v2", "share": 0.5})
            wait_for(lambda: said(told)["revision"] == 2)
            kept = [
                {json.loads(ask(server, connection, "/predict", rows[0], **{"x-client": str(client)})[1])["version"]
                 for connection in held for _ in range(2)}
                for client in range(20)
            ]  # fmt: skip
            route(file, 3, packages, {"v1": 90, "v2": 10})
            wait_for(lambda: said(told)["revision"] == 3)
        finally:
            stopped.set()
            for thread in threads:
                thread.join()
        assert set(codes) == {200}
        assert {len(versions) for versions in kept} == {1}
        assert {name for versions in kept for name in versions} == {"v1", "v2"}
        for connection in held:
            answers = [json.loads(ask(server, connection, "/predict", rows[0])[1])["version"] for _ in range(100)]
            assert 8 <= answers.count("v2") <= 12
        total = server.metric("mainline_requests_total")
        wait_for(lambda: sum(one["requests"] - one["mirrored"] for one in said(told)["versions"].values()) == total)
        assert said(told)["versions"]["v2"]["mirrored"] > 0


def test_killed_worker_is_started_again_and_its_counts_stay(
    package_dir: Path, rows: Rows, tmp_path: Path, connect: Connect
) -> None:
    """After SIGKILL the other worker answers, the log says who ended, and no number that was counted falls."""
    file, told = tmp_path / "routing.json", tmp_path / "served.json"
    route(file, 1, {"v1": package_dir}, {"v1": 1})
    with running(tmp_path / "run", None, "--routing", str(file), workers=2) as server:
        first, second = workers(server)
        for worker in (first, second):
            assert ask(server, connect(server, worker), "/predict", rows[0])[0] == 200
        wait_for(lambda: said(told)["versions"].get("v1", {}).get("requests") == 2)
        before = said(told)
        time.sleep(1.5)  # as long as it takes until the page of a worker is kept
        held = connect(server, second)
        first.kill()
        assert ask(server, held, "/predict", rows[0])[0] == 200
        wait_for(lambda: len(workers(server)) == 2 and server.metric("mainline_workers") == 2)
        (again,) = [worker for worker in workers(server) if worker != second]
        assert ask(server, connect(server, again), "/predict", rows[0])[0] == 200
        assert server.metric("mainline_requests_total") == 4
        assert server.metric("mainline_worker_restarts_total") == 1
        wait_for(lambda: said(told)["versions"]["v1"]["requests"] == 4)
        assert said(told)["process"] == before["process"]
        errors = (tmp_path / "run" / "errors").read_text()
    event = next(json.loads(line) for line in errors.splitlines() if "is started again" in line)
    assert (event["pid"], event["why"]) == (first.pid, "killed by SIGKILL")


def test_connections_that_wait_for_a_killed_worker_are_answered_by_the_next(
    package_dir: Path, rows: Rows, tmp_path: Path
) -> None:
    """Clients that connect while a worker is away wait for it, and none is refused."""
    with running(tmp_path, package_dir, workers=2) as server:
        workers(server)[0].kill()
        assert {server.ask("/predict", rows[0])[0] for _ in range(40)} == {200}


def test_worker_that_ends_at_each_start_ends_the_server(package_dir: Path, tmp_path: Path) -> None:
    """If its package was replaced meanwhile, a worker cannot come back: the server ends with one line that says why."""
    package = tmp_path / "package"
    shutil.copytree(package_dir, package)
    with running(tmp_path / "run", package, workers=2) as server:
        (package / "manifest.json").write_text("{}")
        workers(server)[0].kill()
        assert server.process.wait(LIMIT) == 1
        errors = (tmp_path / "run" / "errors").read_text().splitlines()
        wait_for(lambda: not workers_of(server.port))
    assert errors[-1].startswith("mainline: worker ")
    assert "ended 5 times in a row" in errors[-1]
    assert [line for line in errors if line[0] != "{"] == errors[-1:]


def workers_of(port: int) -> list[int]:
    """Return the processes that listen at a port."""
    return [
        known.pid for known in psutil.net_connections("tcp") if known.status == "LISTEN" and known.laddr.port == port
    ]


def test_package_that_cannot_be_served_is_said_once(package_dir: Path, tmp_path: Path) -> None:
    """Two workers that cannot start are one line and status 1, as one is."""
    package = tmp_path / "package"
    shutil.copytree(package_dir, package)
    (package / "golden.json").write_text("{}")
    settings = tmp_path / "production.yaml"
    settings.write_text(yaml.safe_dump({"service": {"port": 0, "workers": 2, "keys": str(tmp_path / "keys.yaml")}}))
    assert re.match(r"mainline: .*golden\.json", refused(package, settings))


def test_stopped_server_answers_what_is_under_way(
    package_dir: Path, rows: Rows, tmp_path: Path, connect: Connect
) -> None:
    """On SIGTERM both workers answer what they have begun, write their logs and end, and then the server does."""
    directory, answered = tmp_path / "log", Counter[int]()
    log = {"directory": str(directory), "flush_seconds": 1.0}
    with running(tmp_path / "run", package_dir, workers=2, log=log) as server:

        def ask_on(number: int, connection: http.client.HTTPConnection) -> None:
            with suppress(OSError, http.client.HTTPException):
                while ask(server, connection, "/predict", rows)[0] == 200:
                    answered[number] += len(rows)

        held = enumerate(connect(server, worker) for worker in workers(server))
        threads = [threading.Thread(target=ask_on, args=given) for given in held]
        for thread in threads:
            thread.start()
        wait_for(lambda: min(answered[0], answered[1]) > 500)
        assert server.stop() == -signal.SIGTERM
        for thread in threads:
            thread.join()
    found = len(log_reader.rows(directory))
    assert 0 <= found - sum(answered.values()) <= 2 * len(rows)


def test_workers_end_with_the_process_that_started_them(package_dir: Path, rows: Rows, tmp_path: Path) -> None:
    """If that is killed, no worker is left that nobody looks after, and the port is free."""
    with running(tmp_path, package_dir, workers=2) as server:
        assert server.ask("/predict", rows[0])[0] == 200
        server.stop(signal.SIGKILL)
        wait_for(lambda: not workers_of(server.port))


def test_port_of_another_server_is_not_shared(server: Running, package_dir: Path, tmp_path: Path) -> None:
    """A second server with workers is refused a port, as one without is."""
    settings = tmp_path / "production.yaml"
    settings.write_text(yaml.safe_dump({"service": {"port": server.port, "workers": 2}}))
    found = refused(package_dir, settings)
    assert re.fullmatch(r"mainline: cannot listen on .* End what listens there, .*", found)
