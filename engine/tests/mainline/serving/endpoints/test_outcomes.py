"""`POST /outcomes`: what is counted, what is left out and said, and what is on the disk."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import jsonschema_rs
import pytest

from mainline.data.pseudonyms import VARIABLE
from mainline.declared.service import Settings
from mainline.exchange import outcomes
from mainline.exchange.place import Place
from mainline.exchange.routes import Sticky
from mainline.serving import json_lines, outcome_log, resumption
from mainline.serving.answering import experiment, keys, routing
from mainline.serving.answering.messages import Request
from mainline.serving.outcome_log import OutcomeLog
from mainline.serving.service import Service
from tests.mainline.serving.asking import Client, Reply

Rows = list[dict[str, Any]]
Make = Callable[..., Client]


def route(
    place: Place, package: Path, name: str | None, sticky: dict[str, str] | None = None, metric: str | None = None
) -> None:
    """Let two versions of one package answer half of the requests each, as a step of that name."""
    routes = [{"version": version, "package": str(package), "weight": 50} for version in ("v1.1.0", "v1.0.0")]
    document = {"routes": routes, "revision": 1} | ({"experiment": name} if name else {})
    document |= {"metric": metric} if metric else {}
    place.folder.mkdir(exist_ok=True)
    place.routing.write_text(json.dumps(document | ({"sticky": sticky} if sticky else {})))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The folder that server and follower share."""
    return Place(tmp_path / "shared")


@pytest.fixture
def serve(place: Place, package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Start a server's service in the folder, as it would be after a kill: nothing is closed; its logs are read."""
    monkeypatch.setenv(VARIABLE, "0123456789abcdef" * 2)
    route(place, package_dir, "exp-1")
    file = tmp_path / "keys.yaml"
    key, admin = keys.make(file, "client", "predict"), keys.make(file, "boss", "admin")
    started = []

    def start(wait: bool = True, **section: Any) -> Client:
        log = {"directory": tmp_path / "log", "flush_seconds": 0.01}
        settings = Settings.model_validate({"keys": file, "log": log, **section})
        service = Service(settings, routing_file=place.routing)
        service.start()
        started.append(service)
        if wait:
            service.outcomes.thread.submit(int).result()  # type: ignore[union-attr]
        return Client(service, key, admin)

    yield start
    for service in started:
        service.stop()


class Held(threading.Event):
    """Set once the logs may be read on; `begun` is set once they are read."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()


def hold(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Let whoever reads the answers of an experiment stop and wait."""
    held, answers = Held(), resumption._answers

    def wait(*arguments: Any) -> Iterator[dict[str, Any]]:
        held.begun.set()
        assert held.wait(60)
        yield from answers(*arguments)

    monkeypatch.setattr(resumption, "_answers", wait)
    return held


def refuse(error: type[Exception], *_: Any) -> Iterator[dict[str, Any]]:
    """Be a disk that gives nothing back."""
    raise error("the disk is gone")


def answered(client: Client, row: Any, number: int, **given: Any) -> dict[str, str]:
    """Ask so often; return version by request id."""
    replies = [client.predict(row, **given).json for _ in range(number)]
    return {reply["request_id"]: reply["version"] for reply in replies}


def post(client: Client, *events: tuple[str, float], **given: Any) -> Any:
    """Send outcomes; return what the server says."""
    reply: Reply = client.ask("/outcomes", [{"request_id": name, "value": value} for name, value in events], **given)
    assert reply.status == 200, reply.body
    return reply.json


def counted(client: Client) -> dict[str, int]:
    """Return the number of outcomes by version."""
    log = client.service.outcomes
    assert log is not None
    assert log.experiment is not None
    return {version: tally["number"] for version, tally in log.experiment.tallies.items()}


def test_outcome_counts_for_the_version_that_answered(serve: Make, place: Place, rows: Rows) -> None:
    """The server looks up who answered; the follower is told numbers and sums by version."""
    client = serve()
    versions = answered(client, rows[0], 10)
    value = {"v1.1.0": 4.0, "v1.0.0": 7.0}
    said = post(client, *[(name, value[version]) for name, version in versions.items()])
    assert (said["counted"], said["unknown"]) == (10, 0)
    client.service.poll()
    found = outcomes.read(place.outcomes)
    assert found is not None
    for version in value:
        tally, number = found["versions"][version], [*versions.values()].count(version)
        assert tally["number"] == tally["units"] == number == 5
        assert tally["sum"] / number + found["origin"] == value[version]


def test_retry_counts_once_and_the_first_value_stands(serve: Make, rows: Rows) -> None:
    """The same outcome again, in one request or in another, moves nothing; another value for it does not either."""
    client = serve()
    (name,) = answered(client, rows[0], 1)
    assert post(client, (name, 3.0), (name, 3.0), (name, 5.0))["counted"] == 1
    said = post(client, (name, 3.0))
    assert (said["counted"], said["repeated"]) == (0, 1)
    assert post(client, (name, 4.0))["conflicting"] == 1
    assert sum(counted(client).values()) == 1
    assert client.service.outcomes.experiment.left_out == {"repeated": 2, "conflicting": 2}  # type: ignore[union-attr]


def test_outcomes_that_labels_tell_are_taken_from_no_client(
    serve: Make, place: Place, package_dir: Path, rows: Rows, tmp_path: Path
) -> None:
    """The step's answers are logged with the experiment, and a client that posts outcomes is told who reads them."""
    route(place, package_dir, "exp-labels", metric="mae")
    client = serve()
    (name,) = answered(client, rows[0], 1)
    reply = client.ask("/outcomes", [{"request_id": name, "value": 3.0}])
    assert reply.status == 404
    assert "No outcomes are taken here: the policy reads those of this step from labels." in reply.body.decode()
    client.service.stop()
    (line,) = [json.loads(line) for file in (tmp_path / "log").iterdir() for line in file.read_text().splitlines()]
    assert line["experiment"] == "exp-labels"


def test_unknown_id_is_said_counted_and_kept(serve: Make, place: Place, rows: Rows) -> None:
    """An id that this server did not answer is named, moves nothing, and stands in a file of its own."""
    client = serve()
    (name,) = answered(client, rows[0], 1)
    said = post(client, (name, 3.0), ("elsewhere-1", 2.0))
    assert (said["counted"], said["unknown"], said["unknown_ids"]) == (1, 1, ["elsewhere-1"])
    (line,) = (place.outcome_log / "unknown.jsonl").read_text().splitlines()
    assert json.loads(line)["request_id"] == "elsewhere-1"
    assert json.loads(line)["value"] == 2.0
    page = client.ask("/metrics", key=client.admin).body.decode()
    assert 'mainline_outcomes_total{fate="unknown"} 1' in page
    assert 'mainline_outcomes_total{fate="counted"} 1' in page


def test_id_of_two_versions_is_nobody_s(serve: Make, rows: Rows) -> None:
    """A client that uses one request id for answers of both versions gets no outcome counted for either."""
    client = serve()
    replies = [client.predict(rows[0], headers={"x-request-id": "same"}).json["version"] for _ in range(3)]
    assert len(set(replies)) == 2
    assert post(client, ("same", 1.0))["ambiguous"] == 1
    assert sum(counted(client).values()) == 0


def test_request_that_named_its_version_has_no_outcome(serve: Make) -> None:
    """Who chooses the version does not choose how an experiment ends."""
    client = serve()
    tensor = json.loads(client.ask("/openapi.json").body)
    path = next(name for name in tensor["paths"] if name.endswith("v1.1.0/infer"))
    example = tensor["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
    reply = client.ask(path, example)
    assert reply.status == 200
    assert post(client, (reply.headers["x-request-id"], 1.0))["unknown"] == 1


def test_late_outcome_is_written_and_moves_nothing(serve: Make, place: Place, package_dir: Path, rows: Rows) -> None:
    """Answers of the step before are known, also after the end, but their outcomes count no more."""
    client = serve()
    first, second = answered(client, rows[0], 2)
    for name, event in (("exp-2", first), (None, second)):
        route(place, package_dir, name)
        client.service.poll()
        said = post(client, (event, 1.0))
        assert (said["late"], said["counted"]) == (1, 0)
    lines = (place.outcome_log / "exp-1.jsonl").read_text().splitlines()[1:]
    assert [json.loads(line)["left_out"] for line in lines] == ["late", "late"]
    client.service.poll()
    found = outcomes.read(place.outcomes)
    assert found is not None
    assert found["experiment"] == "exp-2"
    assert found["left_out"] == {"late": 1}


def test_client_that_keeps_its_version_is_one_unit(serve: Make, place: Place, package_dir: Path, rows: Rows) -> None:
    """All outcomes of a client go together: ten of one are one unit, before a restart and after it."""
    route(place, package_dir, "exp-1", {"by": "header", "header": "x-client"})
    client = serve()
    for person in ("ann", "bob", "cid"):
        names = answered(client, rows[0], 4, headers={"x-client": person})
        post(client, *[(name, float(number)) for number, name in enumerate(names)])
    late = answered(client, rows[0], 1, headers={"x-client": "ann"})
    client.service.log.close()  # type: ignore[union-attr]
    again = serve()
    post(again, *[(name, 9.0) for name in late])
    tallies = again.service.outcomes.experiment.tallies.values()  # type: ignore[union-attr]
    assert sum(tally["units"] for tally in tallies) == 3
    assert sum(tally["number"] for tally in tallies) == 13
    assert sum(tally["counts"] for tally in tallies) == 5**2 + 4**2 + 4**2


def test_first_answer_of_an_experiment_belongs_to_it(
    serve: Make, place: Place, package_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An experiment is begun before anything is dealt by its routes, so no answer of it is without its name."""
    service = serve().service
    served: dict[str, str] = {}
    begin = OutcomeLog.begin

    def note(log: OutcomeLog, name: str, versions: Any) -> None:
        served.setdefault(name, service.routing.experiment if service.routing else "")
        begin(log, name, versions)

    monkeypatch.setattr(OutcomeLog, "begin", note)
    route(place, package_dir, "exp-2")
    service.poll()
    assert served == {"exp-2": "exp-1"}
    assert service.routing
    assert service.routing.experiment == "exp-2"


def test_whoever_has_the_logs_cannot_try_out_who_a_client_is(
    serve: Make, place: Place, package_dir: Path, rows: Rows, tmp_path: Path
) -> None:
    """The salt by which clients are dealt is in git: no hash by it alone is in a log, nor the header itself."""
    declared = Sticky(by="header", header="x-client", salt="deadbeef1234")
    route(place, package_dir, "exp-1", declared.model_dump())
    client = serve()
    for person in ("ann@example.org", "bob@example.org"):
        (name,) = answered(client, rows[0], 1, headers={"x-client": person})
        post(client, (name, 1.0))
    client.service.stop()
    logged = b"".join(file.read_bytes() for file in tmp_path.rglob("*.jsonl"))
    assert logged.count(b'"client":"') == 4
    for header in (b"ann@example.org", b"bob@example.org"):
        tried = routing._place(declared, Request("POST", "/predict", [(b"x-client", header)]))
        assert f"{tried:016x}".encode() not in logged
        assert header not in logged


def test_restart_loses_no_outcome_and_counts_none_twice(serve: Make, rows: Rows) -> None:
    """A server that starts again knows what was counted, and the answers that still wait for their outcome."""
    client = serve()
    first, second, third = answered(client, rows[0], 3)
    post(client, (first, 1.0), ("elsewhere", 1.0))
    post(client, (second, 2.0))
    before = client.service.outcomes.experiment.document()  # type: ignore[union-attr]
    client.service.log.close()  # type: ignore[union-attr]
    again = serve()
    after = again.service.outcomes.experiment.document()  # type: ignore[union-attr]
    assert (after["versions"], after["trace"]) == (before["versions"], before["trace"])
    assert post(again, (first, 1.0))["repeated"] == 1
    assert post(again, (third, 3.0))["counted"] == 1


def test_server_answers_before_its_logs_are_read(
    serve: Make, place: Place, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile predictions are answered, outcomes wait, and the follower is told no half of the truth."""
    client = serve()
    first, second = answered(client, rows[0], 2)
    post(client, (first, 1.0))
    client.service.poll()
    client.service.log.close()  # type: ignore[union-attr]
    told, read = place.outcomes.read_bytes(), hold(monkeypatch)
    again = serve(wait=False)
    assert read.begun.wait(60)
    (third,) = answered(again, rows[0], 1)
    with ThreadPoolExecutor(1) as clients:
        late = clients.submit(post, again, (first, 1.0), (second, 2.0), (third, 3.0))
        again.service.poll()
        assert (late.done(), place.outcomes.read_bytes()) == (False, told)
        read.set()
        assert {fate: late.result()[fate] for fate in ("counted", "repeated")} == {"counted": 2, "repeated": 1}
    again.service.poll()
    found = outcomes.read(place.outcomes)
    assert found is not None
    assert sum(tally["number"] for tally in found["versions"].values()) == sum(counted(again).values()) == 3


def test_server_that_ends_while_it_reads_loses_nothing(
    serve: Make, place: Place, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells the follower nothing, refuses what waits and changes no log, and the next server counts all."""
    client = serve()
    names = list(answered(client, rows[0], 3))
    for name in names:
        post(client, (name, 1.0))
    client.service.poll()
    client.service.log.close()  # type: ignore[union-attr]
    told, kept = place.outcomes.read_bytes(), (place.outcome_log / "exp-1.jsonl").read_bytes()
    with monkeypatch.context() as held:
        read = hold(held)
        again = serve(wait=False)
        assert read.begun.wait(60)
        with ThreadPoolExecutor(2) as closing:
            late = again.service.outcomes.submit([outcome_log.Event(names[0], 1.0)], "client")  # type: ignore[union-attr]
            ended = closing.submit(again.service.outcomes.close)  # type: ignore[union-attr]
            assert again.service.outcomes._closing.wait(60)  # type: ignore[union-attr]
            read.set()
            ended.result()
            with pytest.raises(OSError, match="not read yet"):
                late.result()
    assert sum(counted(again).values()) < 3
    assert (place.outcomes.read_bytes(), (place.outcome_log / "exp-1.jsonl").read_bytes()) == (told, kept)
    assert sum(counted(serve()).values()) == 3


def one_posted(serve: Make, rows: Rows) -> str:
    """Let a server end after one outcome was posted; return the name of its request."""
    client = serve()
    (name,) = answered(client, rows[0], 1)
    post(client, (name, 1.0))
    client.service.log.close()  # type: ignore[union-attr]
    return name


@pytest.mark.parametrize("error", [OSError, RuntimeError])
def test_logs_that_cannot_be_read_are_read_again(
    serve: Make, rows: Rows, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """What the disk refuses is reported once, and the next look begins again: totals are those of the log."""
    name = one_posted(serve, rows)
    with monkeypatch.context() as broken:
        broken.setattr(resumption, "_answers", partial(refuse, error))
        again = serve()
    reply = again.ask("/outcomes", {"request_id": name, "value": 1.0})
    assert (reply.status, reply.kind) == (503, "outcomes-not-kept")
    again.service.poll()
    assert again.service.metrics.failures["outcomes"] == 1
    assert post(again, (name, 1.0))["repeated"] == 1
    assert sum(counted(again).values()) == 1


def test_a_file_that_cannot_be_opened_either_is_tried_at_each_look(
    serve: Make, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two failures in a row do not end the experiment: once the disk is well, outcomes count again."""
    name = one_posted(serve, rows)
    with monkeypatch.context() as broken:
        broken.setattr(resumption, "_answers", partial(refuse, OSError))
        again = serve()
        broken.setattr(json_lines, "cut_half_line", partial(refuse, OSError))
        again.service.poll()
    again.service.poll()
    again.service.outcomes.thread.submit(int).result()  # type: ignore[union-attr]
    assert post(again, (name, 1.0))["repeated"] == 1


@pytest.mark.parametrize("torn", [b"", b'{"experiment": "ex'])
def test_file_whose_first_line_is_not_whole_is_begun_again(serve: Make, place: Place, rows: Rows, torn: bytes) -> None:
    """A full disk or a kill may leave a file without its first line; the outcomes that follow count after a restart."""
    place.outcome_log.mkdir(parents=True)
    (place.outcome_log / "exp-1.jsonl").write_bytes(torn)
    client = serve()
    (name,) = answered(client, rows[0], 1)
    assert post(client, (name, 1.0))["counted"] == 1
    again = serve()
    assert sum(counted(again).values()) == 1
    assert post(again, (name, 1.0))["repeated"] == 1


def test_outcome_outlives_the_line_of_its_answer(serve: Make, rows: Rows, tmp_path: Path) -> None:
    """What was acknowledged counts after a restart, also if the prediction log was cleared meanwhile."""
    client = serve()
    first, second = answered(client, rows[0], 2)
    post(client, (first, 1.0))
    client.service.log.close()  # type: ignore[union-attr]
    for file in (tmp_path / "log").iterdir():
        file.unlink()
    again = serve()
    said = post(again, (first, 1.0), (second, 2.0))
    assert (said["repeated"], said["unknown"]) == (1, 1)
    assert sum(counted(again).values()) == 1


def test_torn_and_strange_lines_are_survived(serve: Make, place: Place, rows: Rows, tmp_path: Path) -> None:
    """Half a line at the end is cut off and its outcome taken again; a line that is no outcome is left out."""
    client = serve()
    first, second = answered(client, rows[0], 2)
    post(client, (first, 1.0))
    client.service.log.close()  # type: ignore[union-attr]
    file = place.outcome_log / "exp-1.jsonl"
    whole = file.read_bytes()
    strange = b'nothing\n[1]\n{"value": 3}\n{"version":"v9","client":"","value":1,"request_id":"x"}\n'
    strange += b'{"version":"v1.0.0","client":"","value":"x","request_id":"x"}\n'
    strange += b'{"version":"v1.0.0","client":"","value":1,"request_id":7}\n'
    strange += b'{"version":"v1.0.0","client":"","value":1e300,"request_id":"y"}\n'
    log = next((tmp_path / "log").glob("predictions-*.jsonl"))
    log.write_bytes(b'{"experiment":\n{"experiment":"exp-1","request_id":7}\n' + log.read_bytes())
    file.write_bytes(whole + strange + b'{"request_id": "' + second.encode())
    again = serve()
    assert file.read_bytes() == whole + strange
    assert sum(counted(again).values()) == 1
    said = post(again, (first, 1.0), (second, 2.0))
    assert (said["repeated"], said["counted"]) == (1, 1)
    again.service.poll()
    assert outcomes.read(place.outcomes) is not None
    assert sum(counted(serve()).values()) == 2


def test_disk_that_refuses_counts_nothing(serve: Make, place: Place, rows: Rows) -> None:
    """Where outcomes cannot be written, the client is told to send all again, and then they count once."""
    client = serve()
    (name,) = answered(client, rows[0], 1)
    file = place.outcome_log / "exp-1.jsonl"
    whole = file.read_bytes()
    file.unlink()
    file.mkdir()
    reply = client.ask("/outcomes", {"request_id": name, "value": 1.0})
    assert (reply.status, reply.kind) == (503, "outcomes-not-kept")
    assert sum(counted(client).values()) == 0
    file.rmdir()
    file.write_bytes(whole)
    assert post(client, (name, 1.0))["counted"] == 1


def test_outcomes_that_would_wait_long_are_refused(serve: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past a number of posts that wait for the disk the next is told to come again."""
    client = serve()
    monkeypatch.setattr(outcome_log, "MOST_WAITING", 0)
    reply = client.ask("/outcomes", {"request_id": "a", "value": 1.0})
    assert (reply.status, reply.kind, reply.headers["retry-after"]) == (503, "overloaded", "1")


def test_posts_that_wait_for_a_slow_disk_are_counted(serve: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one post is on its way to the disk, those behind it take room, and give it back."""
    log, goes_on = serve().service.outcomes, Event()
    assert log is not None
    append = json_lines.append
    monkeypatch.setattr(outcome_log, "MOST_WAITING", 3)
    monkeypatch.setattr(json_lines, "append", lambda *given: goes_on.wait(10) and append(*given))
    waiting = [log.submit([outcome_log.Event("elsewhere", 1.0)], "key") for _ in range(3)]
    assert not log.has_room()
    goes_on.set()
    assert [future.result(10) for future in waiting] == [["unknown"]] * 3
    log.thread.submit(lambda: None).result(10)
    assert log.has_room()


def test_late_outcome_that_is_sent_for_ever_fills_no_disk(
    serve: Make, place: Place, package_dir: Path, rows: Rows
) -> None:
    """What comes after the end of its step is written once; again, it is repeated, and so is what counted before."""
    client = serve()
    first, second = answered(client, rows[0], 2)
    post(client, (first, 1.0))
    route(place, package_dir, "exp-2")
    client.service.poll()
    assert post(client, (second, 1.0), (second, 1.0))["late"] == 1
    said = post(client, (first, 1.0), (second, 1.0), (second, 2.0))
    assert (said["late"], said["repeated"], said["conflicting"]) == (0, 2, 1)
    assert len((place.outcome_log / "exp-1.jsonl").read_text().splitlines()) == 3


def test_restart_within_a_long_experiment_remembers_no_more_than_before(
    serve: Make, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All outcomes of the log count again, but only the newest answers are known."""
    monkeypatch.setattr(experiment, "REMEMBERED", 4)
    client = serve()
    for _ in range(10):
        post(client, *[(name, 1.0) for name in answered(client, rows[0], 2)])
    client.service.log.close()  # type: ignore[union-attr]
    again = serve()
    assert sum(counted(again).values()) == 20
    kept = again.service.outcomes.experiment  # type: ignore[union-attr]
    assert len(kept._young) + len(kept._old) <= 8  # type: ignore[union-attr]


def test_file_of_unknown_ids_does_not_grow_for_ever(serve: Make, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outcomes whose answer nobody here knows fill no disk."""
    client = serve()
    monkeypatch.setattr(outcome_log, "MOST_ELSEWHERE", 100)
    for number in range(20):
        post(client, (f"elsewhere-{number}", 1.0))
    assert (place.outcome_log / "unknown.jsonl").stat().st_size < 400


def test_files_of_former_experiments_are_few(serve: Make, place: Place, package_dir: Path) -> None:
    """The files of the newest experiments stay."""
    client = serve()
    for number in range(30):
        file = place.outcome_log / f"old-{number:02d}.jsonl"
        file.write_text("{}\n")
        os.utime(file, (number, number))
    route(place, package_dir, "exp-2")
    client.service.poll()
    names = {file.name for file in place.outcome_log.iterdir()}
    assert {"exp-1.jsonl", "exp-2.jsonl", "old-29.jsonl"} <= names
    assert len(names) == 21


WRONG: tuple[tuple[Any, str], ...] = (
    ({"request_id": "a"}, "row 0: value is None; send a number from -1e"),
    ({"request_id": "a", "value": "3"}, "value is '3'"),
    ({"request_id": "a", "value": True}, "value is True"),
    ({"request_id": "a", "value": 1e13}, "value is 1"),
    ({"request_id": "", "value": 1}, "request_id is ''; send the answer's, 1 to 64 characters"),
    ({"request_id": "a" * 65, "value": 1}, "request_id is"),
    ({"request_id": 7, "value": 1}, "request_id is 7"),
    ({"request_id": "a", "value": 1, "version": "v1.1.0"}, "'version' is not known; send request_id and value alone"),
    ([{"request_id": "a", "value": 1}, 3], "row 1: outcome is 3; send an object"),
    ([], "The list is empty"),
)


def test_what_is_no_outcome_is_refused_whole(serve: Make, place: Place) -> None:
    """One wrong row refuses the request, in one line that says what is allowed; nothing is written."""
    client = serve()
    before = (place.outcome_log / "exp-1.jsonl").read_bytes()
    for content, said in WRONG:
        reply = client.ask("/outcomes", content)
        assert (reply.status, reply.kind) == (422, "invalid-request"), content
        assert said in reply.json["detail"], content
    assert (place.outcome_log / "exp-1.jsonl").read_bytes() == before
    assert not (place.outcome_log / "unknown.jsonl").exists()


def test_body_is_bounded_and_strict(serve: Make) -> None:
    """Size, rows, media type and JSON are held to what predictions are held to."""
    client = serve(limits={"body_bytes": 1000, "rows": 3})
    row = {"request_id": "a", "value": 1}
    assert client.ask("/outcomes", [row] * 4).kind == "too-many-rows"
    assert client.ask("/outcomes", [row] * 100).kind == "body-too-large"
    assert client.ask("/outcomes", body=b'{"request_id": "a", "value": NaN}').kind == "malformed-json"
    assert client.ask("/outcomes", body=b'{"value": 1, "value": 2, "request_id": "a"}').kind == "malformed-json"
    assert client.ask("/outcomes", row, headers={"content-type": "text/plain"}).kind == "unsupported-media-type"
    assert client.ask("/outcomes", row, key="").status == 401
    assert client.ask("/outcomes", row, key=client.admin).status == 403


def test_service_without_a_follower_keeps_no_outcomes(client: Client) -> None:
    """Where nobody would read them, the client is told so, and the document does not offer the path."""
    reply = client.ask("/outcomes", {"request_id": "a", "value": 1})
    assert (reply.status, reply.kind) == (404, "not-found")
    assert "/outcomes" not in client.ask("/openapi.json").json["paths"]


def test_document_describes_outcomes(serve: Make) -> None:
    """What the example of the document sends is taken, and the answer is what its schema says."""
    client = serve()
    document = client.ask("/openapi.json").json
    operation = document["paths"]["/outcomes"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    for name, content in (("Outcomes", example), ("Fates", client.ask("/outcomes", example).json)):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema_rs.validator_for(schema).validate(content)
    assert b"/outcomes" in client.ask("/docs").body


def test_experiment_that_cannot_be_kept_costs_no_prediction(serve: Make, place: Place, rows: Rows) -> None:
    """A folder that cannot be written is reported once; predictions are answered, and it goes on once it can be."""
    place.outcome_log.write_text("in the way")
    client = serve()
    client.service.poll()
    assert client.predict(rows[0]).status == 200
    assert client.service.metrics.failures["outcomes"] >= 1
    place.outcome_log.unlink()
    client.service.poll()
    (name,) = answered(client, rows[0], 1)
    assert post(client, (name, 1.0))["counted"] == 1


def test_answers_are_forgotten_in_the_order_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: between one and two generations of the newest answers are known."""
    monkeypatch.setattr(experiment, "REMEMBERED", 10)
    found = experiment.Experiment("x", ["v1"])
    for number in range(35):
        found.remember(str(number), experiment.Unit("v1", ""))
    fates = [found.find(str(number), 1.0).fate for number in range(35)]
    assert fates == ["unknown"] * 20 + ["counted"] * 15
