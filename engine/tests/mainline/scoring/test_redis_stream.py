"""A stream of a real Redis: every entry is answered at least once, whoever is killed, and whatever is sent."""

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as AwayError
from redis.exceptions import OutOfMemoryError

from mainline.declared import reading
from mainline.declared.streams import Stream
from mainline.errors import ParamsError
from mainline.scoring import redis_entries, redis_stream, row_answers
from mainline.scoring.redis_stream import RedisStream, StreamError
from tests import redis_server
from tests.faulty_proxy import FaultyProxy
from tests.mainline.scoring.stream_consumer import DEADLY, double
from tests.mainline.serving.running import wait_for
from tests.project import LIMIT, ROOT
from tests.redis_server import RedisServer

pytestmark = redis_server.needed
WORD = "secret"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that keeps nothing."""
    with redis_server.running(tmp_path / "redis") as started:
        yield started


@pytest.fixture
def client(redis: RedisServer) -> Iterator[Any]:
    """Who sends entries and reads answers."""
    with Redis.from_url(redis.url) as made:
        yield made


def declare(redis: RedisServer, **keys: Any) -> Stream:
    """Return a declared stream of small batches, where a dead consumer is found dead soon."""
    return Stream(**{"url": redis.url, "batch": 5, "claim_seconds": 0.2, **keys})


def send(client: Any, count: int, start: int = 0) -> list[str]:
    """Send numbers; return the names of the entries."""
    return [client.xadd("requests", {"row": json.dumps(number)}).decode() for number in range(start, start + count)]


def answers(client: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return all answers: the request that each is to, and what it says."""
    return [(one[b"request"].decode(), json.loads(one[b"answer"])) for _, one in client.xrange("answers")]


def is_all_answered(client: Any, names: list[str]) -> bool:
    """Whether each entry has an answer, and none is held by anybody."""
    return {name for name, _ in answers(client)} >= set(names) and client.xpending("requests", "mainline")[
        "pending"
    ] == 0


@contextmanager
def consuming(declared: Stream, answer: Any = double) -> Iterator[RedisStream]:
    """Run a consumer in a thread of this process, and stop it."""
    stopped = threading.Event()
    stream = RedisStream(declared, answer, stopped)
    thread = threading.Thread(target=stream.run)
    thread.start()
    try:
        yield stream
    finally:
        stopped.set()
        thread.join(LIMIT)
    assert not thread.is_alive(), "it does not stop"


@contextmanager
def process(declared: Stream, moment: str = "never") -> Iterator["subprocess.Popen[bytes]"]:
    """Run a consumer as a process, and kill it if it still lives."""
    command = [sys.executable, "-m", "tests.mainline.scoring.stream_consumer", declared.model_dump_json(), moment]
    with subprocess.Popen(command, cwd=ROOT / "engine", stderr=subprocess.PIPE) as started:
        try:
            yield started
        finally:
            started.kill()


def test_entries_are_answered_in_order_and_acknowledged(redis: RedisServer, client: Any) -> None:
    """One consumer answers each entry once, in the order of the stream, also those from before it began."""
    names = send(client, 12)
    with consuming(declare(redis)) as stream:
        wait_for(lambda: is_all_answered(client, names))
        names += send(client, 3, start=12)
        wait_for(lambda: is_all_answered(client, names))
    assert answers(client) == [(name, {"double": 2 * number}) for number, name in enumerate(names)]
    assert (stream.answered, stream.refused, stream.gone) == (15, 0, 0)
    assert client.xlen("requests") == 15
    assert client.xinfo_consumers("requests", "mainline") == []


def test_key_of_an_entry_stands_in_its_answer(redis: RedisServer, client: Any) -> None:
    """Who sends an entry twice gives both one key, by which the reader drops an answer; else it is the entry's name."""
    sent = client.xadd("requests", {"row": "1", "key": "order-7"})
    bare = client.xadd("requests", {"row": "2"})
    with consuming(declare(redis)):
        wait_for(lambda: is_all_answered(client, [sent.decode(), bare.decode()]))
    assert [one[b"key"] for _, one in client.xrange("answers")] == [b"order-7", bare]


def test_key_that_is_long_is_refused(redis: RedisServer, client: Any) -> None:
    """It would stand in the answer: there the name of the entry is, and the problem; a shorter one is taken."""
    names = [client.xadd("requests", {"row": "1", "key": "k" * length}).decode() for length in (1024, 1025)]
    with consuming(declare(redis)):
        wait_for(lambda: is_all_answered(client, names))
    assert [one[b"key"].decode() for _, one in client.xrange("answers")] == ["k" * 1024, names[1]]
    assert [said.get("type") for _, said in answers(client)] == [None, "invalid-request"]


@pytest.mark.parametrize("moment", ["before predicting", "before writing", "after writing"])
def test_consumer_that_is_killed_loses_no_entry(redis: RedisServer, client: Any, moment: str) -> None:
    """What it held is taken over, and what it had written is not written again."""
    names = send(client, 23)
    with process(declare(redis), moment) as first:
        assert first.wait(LIMIT) == -signal.SIGKILL
    done = {"before predicting": 5, "before writing": 5, "after writing": 10}[moment]
    assert len(answers(client)) == done
    with consuming(declare(redis)):
        wait_for(lambda: is_all_answered(client, names))
    assert Counter(name for name, _ in answers(client)) == Counter(names)
    assert {name: said["double"] for name, said in answers(client)} == {name: 2 * n for n, name in enumerate(names)}


def test_batch_is_bounded_by_bytes(redis: RedisServer, client: Any) -> None:
    """A batch ends with the entry that passes 1 MiB, of whichever fields: as many large rows as may be do not fit."""
    batches: list[int] = []
    names = [client.xadd("requests", {"row": "1", "other": "x" * 400_000}).decode() for _ in range(6)]
    with consuming(declare(redis), lambda rows: batches.append(len(rows)) or double(rows)):
        wait_for(lambda: is_all_answered(client, names))
    assert batches == [3, 3]


def test_entry_that_is_held_is_given_out_short(redis: RedisServer, client: Any) -> None:
    """Redis gives out no more of a huge entry than is read, so that one that ended a consumer ends no second one."""
    huge, own = declare(redis), RedisStream(declare(redis), double, threading.Event()).entries
    fields = {"row": "1" * 3_000_000, "other": "x" * 3_000_000, "key": "k" * 5_000}
    names = [client.xadd("requests", fields) for _ in range(4)]
    own.join()
    client.xreadgroup(huge.group, "dead", {"requests": ">"}, count=1)
    wait_for(lambda: client.xpending_range("requests", "mainline", "-", "+", 1, idle=200))
    (first,), deleted, is_last = own.abandoned()
    (held,) = own.own()
    (new,) = own.new(1, is_waiting=False)
    assert [first.id, held.id, new.id, deleted, is_last] == [names[0], names[0], names[1], 0, True]
    for entry in (first, held, new):
        assert {name: len(value) for name, value in (entry.fields or {}).items()} == {b"row": 2**20 + 1, b"key": 1025}
    client.xdel("requests", names[0])
    assert own.own()[0].fields is None
    with consuming(declare(redis)) as stream:
        wait_for(lambda: {name for name, _ in answers(client)} >= {name.decode() for name in names[1:]})
    assert stream.refused == 3


def test_entries_of_a_dead_consumer_hold_up_no_new_ones(redis: RedisServer, client: Any) -> None:
    """They are taken over one at a time, and between two of them new ones are answered."""
    held = send(client, 40)
    client.xgroup_create("requests", "mainline", id="0")
    client.xreadgroup("mainline", "dead", {"requests": ">"})
    wait_for(lambda: client.xpending_range("requests", "mainline", "-", "+", 40, idle=200))
    new = send(client, 7, start=40)
    with consuming(declare(redis)):
        wait_for(lambda: is_all_answered(client, held + new))
    assert [name for name, _ in answers(client)] == [held[0], *new[:5], held[1], *new[5:], *held[2:]]


def test_entry_that_redis_6_takes_over_although_it_is_deleted_is_told(redis: RedisServer, client: Any) -> None:
    """Redis 6.2 gives it to whoever asks, without its name; then it is found among the consumer's own."""
    names = send(client, 2)
    stream = RedisStream(declare(redis), double, threading.Event())
    stream.entries.join()
    stream._is_joined = True

    def give(*_: Any, **__: Any) -> Any:
        client.xreadgroup("mainline", stream.entries.consumer, {"requests": ">"}, count=1)
        client.xdel("requests", names[0])
        return [b"0-0", [[None, None]], 0]

    stream.entries._claim = give  # type: ignore[assignment]
    stream._step()
    assert stream.gone == 1
    assert is_all_answered(client, names[1:])


def test_two_consumers_share_the_entries(redis: RedisServer, client: Any) -> None:
    """Both answer, and no entry is answered twice, even when one is killed in the middle."""
    with process(declare(redis, batch=1)) as first, consuming(declare(redis, batch=1)) as second:
        wait_for(lambda: client.exists("requests") == 1)
        wait_for(lambda: len(client.xinfo_consumers("requests", "mainline")) == 2)
        names = send(client, 300)
        wait_for(lambda: len(answers(client)) > 100)
        first.kill()
        wait_for(lambda: is_all_answered(client, names))
    assert Counter(name for name, _ in answers(client)) == Counter(names)
    assert 0 < second.answered < 300


def test_entry_whose_holder_still_works_is_answered_once(redis: RedisServer, client: Any) -> None:
    """Who was only slow, and finds its entries answered by another consumer, writes no second answer."""
    slow, begun, go_on = declare(redis), threading.Event(), threading.Event()

    def wait(rows: Any) -> Any:
        begun.set()
        assert go_on.wait(LIMIT)
        return double(rows)

    names = send(client, 4)
    with consuming(slow, wait) as first:
        assert begun.wait(LIMIT)
        with consuming(declare(redis)):
            wait_for(lambda: is_all_answered(client, names))
        go_on.set()
    assert Counter(name for name, _ in answers(client)) == Counter(names)
    assert first.answered == 0


def test_redis_that_restarts_is_found_again(tmp_path: Path) -> None:
    """While Redis is away the consumer waits; what it had computed is written when Redis is back."""
    kept = ("--appendonly", "yes", "--appendfsync", "always")
    holding, go_on = threading.Event(), threading.Event()

    def answer(rows: Any) -> Any:
        holding.set()
        assert go_on.wait(LIMIT)
        return double(rows)

    with redis_server.running(tmp_path / "redis", more=kept) as first:
        client, declared = Redis.from_url(first.url), declare(first, claim_seconds=300)
        names = send(client, 12)
        stopped = threading.Event()
        stream = RedisStream(declared, answer, stopped)
        thread = threading.Thread(target=stream.run)
        thread.start()
        try:
            assert holding.wait(LIMIT)
            first.end()
            go_on.set()
            with pytest.raises(AwayError):
                client.ping()
            with redis_server.running(tmp_path / "redis", first.port, more=kept):
                wait_for(lambda: len(answers(client)) == 12)
                assert is_all_answered(client, names)
                stopped.set()
                thread.join(LIMIT)
        finally:
            stopped.set()
            thread.join(LIMIT)
    assert not thread.is_alive()


def test_address_that_leads_to_another_server_is_followed(redis: RedisServer, client: Any, tmp_path: Path) -> None:
    """After a failover the server that was asked before is there, as a replica that takes no answer; it is left."""
    holding, go_on = threading.Event(), threading.Event()

    def answer(rows: Any) -> Any:
        holding.set()
        assert go_on.wait(LIMIT)
        return double(rows)

    with (
        redis_server.running(tmp_path / "other") as other,
        FaultyProxy(redis.port) as proxy,
        consuming(declare(redis, url=proxy.endpoint.replace("http:", "redis:")), answer),
        Redis.from_url(other.url) as now,
    ):
        send(client, 3)
        assert holding.wait(LIMIT)
        proxy.lead_to(other.port)
        client.replicaof("127.0.0.1", str(other.port))
        go_on.set()
        names = send(now, 3)
        wait_for(lambda: is_all_answered(now, names))


def test_delivery_that_was_lost_on_its_way_is_answered(redis: RedisServer, client: Any) -> None:
    """Entries that Redis gave out into a connection that broke are asked for again at once, not when they are old."""
    names = send(client, 8)
    lost: list[Any] = []
    stopped = threading.Event()
    stream = RedisStream(declare(redis, claim_seconds=300), double, stopped)
    read = stream.entries.new

    def break_off(most: int, is_waiting: bool) -> Any:
        entries = read(most, is_waiting)
        if not lost:
            lost.append(entries)
            raise AwayError("broken off")
        return entries

    stream.entries.new = break_off  # type: ignore[method-assign]
    thread = threading.Thread(target=stream.run)
    thread.start()
    wait_for(lambda: is_all_answered(client, names))
    stopped.set()
    thread.join(LIMIT)
    assert len(lost[0]) == 5
    assert Counter(name for name, _ in answers(client)) == Counter(names)


def test_answers_that_redis_does_not_take_are_kept(redis: RedisServer, client: Any) -> None:
    """While Redis refuses them, as without memory, they are not predicted again, and no entry is given up for it."""
    names, refusals, predicted = send(client, 3), iter(range(6)), []
    stream = RedisStream(declare(redis, deliveries=1), lambda rows: predicted.append(rows) or double(rows),
                         stopped := threading.Event())  # fmt: skip
    write = stream.entries.answer

    def refuse(answers: Any) -> int:
        if next(refusals, None) is not None:
            raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")
        return write(answers)

    stream.entries.answer = refuse  # type: ignore[method-assign]
    thread = threading.Thread(target=stream.run)
    thread.start()
    wait_for(lambda: is_all_answered(client, names))
    stopped.set()
    thread.join(LIMIT)
    assert len(predicted) == 1
    assert [said for _, said in answers(client)] == [{"double": 0}, {"double": 2}, {"double": 4}]


def test_redis_that_comes_back_empty_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The group is made again; one line says that Redis was away, and one that it is back."""
    told: list[str] = []
    monkeypatch.setattr(redis_stream, "_tell", told.append)
    with redis_server.running(tmp_path / "redis") as first:
        client = Redis.from_url(first.url)
        names = send(client, 2)
        with consuming(declare(first)):
            wait_for(lambda: is_all_answered(client, names))
            first.end()
            wait_for(lambda: bool(told))
            with redis_server.running(tmp_path / "redis", first.port):
                names = send(client, 2)
                wait_for(lambda: is_all_answered(client, names))
                wait_for(lambda: told[-1] == "Redis answers again.")
    assert [line[:34] for line in told[:2]] == ["Redis does not answer as it should", "Redis answers again."]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"other": "1"}, "invalid-request"),
        ({"row": "{"}, "malformed-json"),
        ({"row": b"\xff"}, "malformed-json"),
        ({"row": "[" * 100_000}, "malformed-json"),
        ({"row": '{"a": 1}'}, "invalid-request"),
        ({"row": "1" * (2**20 + 1)}, "body-too-large"),
        ({b"\xff\x00": b"\xff", "row": ""}, "malformed-json"),
    ],
)
def test_bad_entry_is_answered_by_its_problem(
    redis: RedisServer, client: Any, model: Any, golden: dict[str, Any], fields: Any, kind: str
) -> None:
    """Whatever an entry holds, it has one answer, and its neighbours have their predictions."""
    good = {"row": json.dumps(golden["requests"][0])}
    names = [client.xadd("requests", one).decode() for one in (good, fields, good)]
    with consuming(declare(redis), partial(row_answers.contents, model)) as stream:
        wait_for(lambda: is_all_answered(client, names))
    found = [said for _, said in answers(client)]
    assert [said.get("type") for said in found] == [None, kind, None]
    assert {said["arr_delay"] for said in (found[0], found[2])} == {golden["predictions"][0]}
    assert stream.refused == 1


def test_entry_that_kills_its_consumers_is_given_up_alone(redis: RedisServer, client: Any) -> None:
    """After so many deliveries it is answered by a problem; entries of its batch have their predictions."""
    names = send(client, 3)
    deadly = client.xadd("requests", {"row": json.dumps(DEADLY)}).decode()
    names += [deadly, *send(client, 3, start=3)]
    deaths = 0
    while not is_all_answered(client, names):
        with process(declare(redis, batch=10, deliveries=3)) as consumer:
            wait_for(lambda: consumer.poll() is not None or is_all_answered(client, names))
            deaths += consumer.poll() == -signal.SIGKILL
        assert deaths <= 3
    found = dict(answers(client))
    assert deaths == 3
    assert found.pop(deadly)["type"] == "prediction-failed"
    assert sorted(said["double"] for said in found.values()) == [0, 2, 4, 6, 8, 10]


def test_reader_that_waits_holds_entries_back(redis: RedisServer, client: Any) -> None:
    """No entry is read while there are as many answers as declared; when they are deleted, it goes on."""
    names = send(client, 20)
    with consuming(declare(redis, most_answers=7), double) as stream:
        wait_for(lambda: stream._is_full)
        assert client.xlen("answers") == 7
        assert client.xpending("requests", "mainline")["pending"] == 0
        seen: list[str] = []
        while len(seen) < len(names):
            wait_for(lambda: client.xlen("answers") > 0)
            found = client.xrange("answers")
            assert len(found) <= 7
            seen += [fields[b"request"].decode() for _, fields in found]
            client.xdel("answers", *(name for name, _ in found))
    assert seen == names


def test_oldest_answers_go_where_that_is_declared(redis: RedisServer, client: Any) -> None:
    """With `trim` the answers never wait, and there are never more than declared."""
    names = send(client, 20)
    with consuming(declare(redis, most_answers=7, full="trim")):
        wait_for(lambda: bool(answers(client)) and answers(client)[-1][0] == names[-1])
    assert [name for name, _ in answers(client)] == names[-7:]


def test_answered_entries_are_deleted_where_that_is_declared(redis: RedisServer, client: Any) -> None:
    """The stream of requests then holds only what waits."""
    names = send(client, 9)
    with consuming(declare(redis, delete_answered=True)):
        wait_for(lambda: is_all_answered(client, names))
    assert client.xlen("requests") == 0


def test_entry_that_was_deleted_while_it_was_held_is_told(
    redis: RedisServer, client: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """It cannot be answered any more, and is counted, not passed over."""
    names = send(client, 2)
    client.xgroup_create("requests", "mainline", id="0")
    client.xreadgroup("mainline", "dead", {"requests": ">"})
    client.xdel("requests", names[0])
    with consuming(declare(redis)) as stream:
        wait_for(lambda: is_all_answered(client, names[1:]))
        wait_for(lambda: stream.gone == 1)
    assert "1 entry of requests deleted before an answer was written." in capfd.readouterr().err


def test_consumers_that_are_gone_are_struck_off(
    redis: RedisServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that holds nothing and is silent goes; one that holds an entry stays until that is answered."""
    monkeypatch.setattr(redis_entries, "FORGOTTEN", 0.0)
    names = send(client, 1)
    client.xgroup_create("requests", "mainline", id="0")
    client.xgroup_createconsumer("requests", "mainline", "idle")
    client.xreadgroup("mainline", "holder", {"requests": ">"})
    stream = RedisStream(declare(redis, claim_seconds=300), double, threading.Event())
    stream.entries.join()
    assert [one["name"] for one in client.xinfo_consumers("requests", "mainline")] == [b"holder"]
    stream.entries.leave()
    assert client.xpending("requests", "mainline")["pending"] == len(names)


def test_name_that_holds_something_else_ends_it(redis: RedisServer, client: Any) -> None:
    """What no waiting mends is one error."""
    client.set("answers", "a text")
    send(client, 1)
    with pytest.raises(StreamError, match=r"^Redis refuses the declared stream \(WRONGTYPE .* two names"):
        RedisStream(declare(redis), double, threading.Event()).run()
    assert client.xlen("requests") == 1


@pytest.mark.parametrize("command", ["xlen", "xinfo", "xreadgroup", "xautoclaim", "xadd", "evalsha"])
def test_right_that_is_missing_ends_it(redis: RedisServer, client: Any, tmp_path: Path, command: str) -> None:
    """A user who may not use a command is told at once, whether a script uses it or a consumer itself."""
    send(client, 1)
    client.acl_setuser("u", enabled=True, passwords=[f"+{WORD}"], keys="*", commands=["+@all", f"-{command}"])
    (tmp_path / "password").write_text(WORD)
    declared = declare(redis, url=redis.url.replace("//", "//u@"), password_file=tmp_path / "password")
    stopped = threading.Event()
    late = threading.Timer(10, stopped.set)
    late.start()
    with pytest.raises(StreamError, match=r"^Redis refuses the declared stream \(.* a user that may use streams"):
        RedisStream(declared, double, stopped).run()
    late.cancel()


def test_password_is_needed_and_read(tmp_path: Path) -> None:
    """A wrong one ends it with one error; the right one, from a file, is taken."""
    with redis_server.running(tmp_path / "redis", password=WORD) as server:
        with pytest.raises(StreamError, match="Redis refuses the declared stream"):
            RedisStream(declare(server), double, threading.Event()).run()
        (tmp_path / "password").write_text(f"{WORD}\n")
        with Redis.from_url(server.url, password=WORD) as client:
            names = send(client, 1)
            with consuming(declare(server, password_file=tmp_path / "password")):
                wait_for(lambda: is_all_answered(client, names))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{url: 'redis://u:p@h'}", r"stream\.url: is '.*a password stays out of git"),
        ("{url: redis://h, answers: requests}", r"stream: .*each answer would be answered: name two"),
        ("{url: redis://h, full: drop}", r"stream\.full: is 'drop' \(str\)"),
        ("{url: redis://h, grop: a}", r"stream\.grop: is not a known key; did you mean 'group'\?"),
        ("{}", r"stream\.url: is missing"),
    ],
)
def test_mistake_is_one_sentence(text: str, message: str) -> None:
    """What is wrong is named with its place and what is allowed."""
    raw = reading.parse(text, "file", "deploy/production.yaml")
    with pytest.raises(ParamsError, match=message):
        reading.check_section(Stream, raw, "stream", "deploy/production.yaml")


def test_missing_library_is_named(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, one line says how to have it."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ParamsError, match=r"stream: needs redis, .*write `-r extras/redis.in`"):
        RedisStream(declare(redis), double, threading.Event())


def predict(folder: Path, package: Path) -> list[str]:
    """Return the command in a folder with `deploy/`."""
    (folder / "deploy").mkdir(exist_ok=True)
    return [sys.executable, "-m", "mainline", "predict", "--stream", "redis", "--package", str(package)]


def test_command_answers_until_it_is_told_to_stop(
    redis: RedisServer, client: Any, package_dir: Path, golden: dict[str, Any], tmp_path: Path
) -> None:
    """The golden rows have the golden predictions; SIGTERM ends it with 0 and one sentence."""
    command = predict(tmp_path, package_dir)
    declared = f"promotion: {{after: null, approval: automatic, signature: optional}}\nstream: {{url: {redis.url}}}\n"
    (tmp_path / "deploy/production.yaml").write_text(declared)
    names = [client.xadd("requests", {"row": json.dumps(row)}).decode() for row in golden["requests"]]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            wait_for(lambda: is_all_answered(client, names))
            started.terminate()
            said, told = started.communicate(timeout=LIMIT)
        finally:
            started.kill()
    assert (started.returncode, said) == (0, "Stopped after 20 answers, 0 of them problems.\n")
    assert told.startswith("Answering requests on answers as ")
    assert [answer["arr_delay"] for _, answer in answers(client)] == golden["predictions"]


def test_command_without_a_declaration_says_what_to_declare(package_dir: Path, tmp_path: Path) -> None:
    """Nothing is read that nobody declared."""
    done = subprocess.run(predict(tmp_path, package_dir), cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 1
    assert "stream: is null, so there is nothing to read; declare where Redis is" in done.stderr
