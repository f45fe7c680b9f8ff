"""Throttles that servers share by a real Redis, and what they do without it."""

import asyncio
import logging
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from mainline.declared import reading
from mainline.declared.service import Shared, Throttle
from mainline.errors import ParamsError
from mainline.serving import shared_throttle
from mainline.serving.answering import keys
from mainline.serving.answering.keys import Bucket, Keys
from mainline.serving.shared_throttle import SharedThrottle
from tests import redis_server
from tests.faulty_proxy import FaultyProxy
from tests.mainline.serving.running import running, wait_for
from tests.redis_server import RedisServer

Rows = list[dict[str, Any]]
pytestmark = redis_server.needed
SLOW = Throttle(requests_per_second=0.001, burst=12)
"""Within a test its bucket is not refilled."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that keeps nothing."""
    with redis_server.running(tmp_path / "redis") as started:
        yield started


class Server:
    """A server's buckets and its exchange, without HTTP."""

    def __init__(self, file: Path, declared: Shared, throttle: Throttle = SLOW) -> None:
        self.keys: Keys = keys.load(file, throttle)
        self.exchange = SharedThrottle(declared, lambda: self.keys)

    @property
    def bucket(self) -> Bucket:
        """The one bucket."""
        return next(iter(self.keys.by_id.values())).bucket

    def take(self, number: int) -> int:
        """Take so many tokens at once; return how many there were."""
        return sum(self.bucket.take(time.monotonic()) == 0 for _ in range(number))

    async def tell(self) -> float:
        """Exchange once."""
        return await self.exchange.exchange()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one key, which all servers have."""
    keys.make(tmp_path / "keys.yaml", "client", "predict")
    return tmp_path / "keys.yaml"


def play(story: Callable[[], Awaitable[None]], *servers: Server) -> None:
    """Run what happens, and end the connections."""

    async def whole() -> None:
        try:
            await story()
        finally:
            for server in servers:
                await server.exchange.close()

    asyncio.run(whole())


def test_servers_have_one_limit(redis: RedisServer, file: Path) -> None:
    """What one server gave out, another one that has given out nothing no longer has."""
    first, second = (Server(file, Shared(url=redis.url)) for _ in range(2))

    async def run() -> None:
        assert first.take(9) == 9
        await first.tell()
        await second.tell()
        assert second.take(9) == 3
        await second.tell()
        await first.tell()
        assert first.take(9) == 0

    play(run, first, second)


def test_what_was_too_much_is_made_up_for(redis: RedisServer, file: Path) -> None:
    """Both servers give out the whole burst before they tell: nobody gets a token until that time has passed."""
    throttle = Throttle(requests_per_second=2.0, burst=12)
    first, second = (Server(file, Shared(url=redis.url), throttle) for _ in range(2))

    async def run() -> None:
        assert (first.take(12), second.take(12)) == (12, 12)
        for server in (first, second, first):
            await server.tell()
        for server in (first, second):
            assert 5.0 < server.bucket.take(time.monotonic()) <= 6.5  # 13 tokens at 2 a second

    play(run, first, second)


def test_tokens_come_back_by_the_clock_of_redis(redis: RedisServer, file: Path) -> None:
    """An hour and forty minutes at 0.001 a second are six tokens, which one server and the other one share."""
    first, second = (Server(file, Shared(url=redis.url)) for _ in range(2))
    client = Redis(port=redis.port, decode_responses=True)

    async def run() -> None:
        assert first.take(12) == 12
        await first.tell()
        (name,) = client.keys()
        client.hincrbyfloat(name, "at", -6000)
        await first.tell()
        assert first.take(12) == 6
        await first.tell()
        await second.tell()
        assert second.take(12) == 0

    play(run, first, second)
    client.close()


def test_clock_that_is_set_back_does_not_keep_a_bucket_empty(redis: RedisServer, file: Path) -> None:
    """Tokens come back from the moment that the clock of Redis says now, also if nobody can take one before."""
    server, client = Server(file, Shared(url=redis.url)), Redis(port=redis.port, decode_responses=True)

    async def run() -> None:
        assert server.take(12) == 12
        await server.tell()
        (name,) = client.keys()
        client.hincrbyfloat(name, "at", 3600)
        await server.tell()
        seconds, millionths = client.time()
        assert float(client.hget(name, "at") or "inf") <= seconds + millionths / 1e6
        client.hincrbyfloat(name, "at", -6000)
        await server.tell()
        assert server.take(12) == 6

    play(run, server)
    client.close()


def test_tokens_that_are_taken_during_a_telling_count() -> None:
    """Redis says what is left after two of the three: one less is here."""
    bucket = Bucket(1e-9, 10)
    assert [bucket.take(0.0) for _ in range(3)] == [0.0] * 3
    bucket.settle(8.0, 2, 0.0)
    assert bucket.taken == 1
    assert [bucket.take(0.0) == 0 for _ in range(8)] == [True] * 7 + [False]


def test_names_keep_environments_apart(redis: RedisServer, file: Path) -> None:
    """The same keys may be in staging and in production."""
    first, second = (Server(file, Shared(url=redis.url, name=name)) for name in ("staging", "production"))

    async def run() -> None:
        first.take(12)
        await first.tell()
        await second.tell()
        assert second.take(12) == 12

    play(run, first, second)


def test_bucket_that_is_full_is_not_kept(redis: RedisServer, file: Path) -> None:
    """Redis holds only buckets that somebody took from, and drops them a minute after they are full again."""
    server = Server(file, Shared(url=redis.url), Throttle(requests_per_second=1.0, burst=12))
    client = Redis(port=redis.port, decode_responses=True)

    async def run() -> None:
        await server.tell()
        assert client.keys() == []
        server.take(12)
        await server.tell()
        (name,) = client.keys()
        assert str(name).startswith("{mainline}:throttle:")
        assert 60 < client.ttl(name) <= 73

    play(run, server)
    client.close()


def test_keys_that_nobody_uses_are_asked_about_once_in_ten_tellings(redis: RedisServer, file: Path) -> None:
    """With a thousand keys Redis and servers have little to do; what another server took is heard of all the same."""
    keys.make(file, "idle", "predict")
    first, second = (Server(file, Shared(url=redis.url)) for _ in range(2))
    client = Redis(port=redis.port, decode_responses=True)

    async def run() -> None:
        for _ in range(20):
            assert first.take(1) in (0, 1)
            await first.tell()
        assert client.info("commandstats")["cmdstat_hmget"]["calls"] == 2 * 2 + 18
        for _ in range(10):
            await second.tell()
        assert second.take(12) == 0

    play(run, first, second)
    client.close()


def test_many_keys_are_told_of_in_turn(redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No telling is about more keys than it may be, each key that is used is told of, and each that is idle asked."""
    monkeypatch.setattr(shared_throttle, "LOOKED", 5)
    monkeypatch.setattr(shared_throttle, "MOST", 3)
    for number in range(12):
        keys.make(tmp_path / "keys.yaml", f"client-{number}", "predict")
    first, second = (Server(tmp_path / "keys.yaml", Shared(url=redis.url)) for _ in range(2))
    client = Redis(port=redis.port, decode_responses=True)

    def gives(server: Server) -> list[bool]:
        return [key.bucket.take(time.monotonic()) == 0 for key in server.keys.by_id.values()]

    async def run() -> None:
        for _ in range(12):
            assert gives(first) == [True] * 12
        for telling in range(1, 5):
            await first.tell()
            assert client.info("commandstats")["cmdstat_hmget"]["calls"] == 3 * telling
        assert len(client.keys()) == 12
        for _ in range(3 * shared_throttle.EACH):
            await second.tell()
        assert gives(second) == [False] * 12

    play(run, first, second)
    client.close()


def test_without_redis_each_server_counts_alone(
    redis: RedisServer, file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, tries come later each time, and what was taken meanwhile is not owed when Redis is back."""
    caplog.set_level(logging.INFO)
    server = Server(file, Shared(url=redis.url))

    async def run() -> None:
        await server.tell()
        assert server.exchange.holds
        redis.end()
        waits = [await server.tell() for _ in range(8)]
        assert waits == sorted(waits)
        assert waits[0] < waits[-1] == 5.0
        assert not server.exchange.holds
        assert server.take(20) == 12
        await server.tell()
        with redis_server.running(tmp_path / "again", redis.port):
            await server.tell()
            assert server.exchange.holds
            assert server.take(20) == 12

    play(run, server)
    assert [record.msg for record in caplog.records if "throttle" in record.msg] == [
        "the throttle is shared",
        "the throttle is not shared: this server counts alone until Redis answers",
        "the throttle is shared",
    ]


def test_address_that_leads_to_another_server_is_followed(redis: RedisServer, file: Path, tmp_path: Path) -> None:
    """After a failover the server that was told before is there, as a replica that takes no more; it is left."""
    with redis_server.running(tmp_path / "other") as other, FaultyProxy(redis.port) as proxy:
        server = Server(file, Shared(url=proxy.endpoint.replace("http:", "redis:")))

        async def run() -> None:
            server.take(3)
            await server.tell()
            assert server.exchange.holds
            proxy.lead_to(other.port)
            with Redis.from_url(redis.url) as client:
                client.replicaof("127.0.0.1", str(other.port))
            for holds in (False, True):
                server.take(3)
                await server.tell()
                assert server.exchange.holds == holds

        play(run, server)


def test_password_is_read_from_its_file(file: Path, tmp_path: Path) -> None:
    """With the right one the throttle is shared; with a wrong one the server counts alone; no file is said."""
    secret = tmp_path / "password"

    async def holds(declared: Shared) -> bool:
        server = Server(file, declared)
        await server.tell()
        await server.exchange.close()
        return server.exchange.holds

    with redis_server.running(tmp_path / "closed", password="tests-secret") as closed:  # noqa: S106
        declared = Shared(url=closed.url, password_file=secret)
        with pytest.raises(
            ParamsError, match=r"service\.throttle\.shared\.password_file: cannot be read .*No such file"
        ):
            Server(file, declared)
        for content, shared in (("tests-secret\n", True), ("wrong", False)):
            secret.write_text(content)
            assert asyncio.run(holds(declared)) is shared


def test_missing_library_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not start, and the line says how to install it."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ParamsError, match=r"needs redis, which is not installed; write `-r extras/redis.in`"):
        Server(file, Shared(url="redis://127.0.0.1:1"))


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "redis://:secret@host:6379", "http://host", "redis://host/x"])
def test_other_addresses_are_refused(url: str) -> None:
    """A password above all: it would be in git."""
    with pytest.raises(ParamsError, match=r"shared.url: is .*; write redis://HOST:PORT/NUMBER"):
        reading.check_section(Throttle, {"shared": {"url": url}})


def test_real_servers_share_and_go_on_without_redis(
    redis: RedisServer, package_dir: Path, rows: Rows, tmp_path: Path
) -> None:
    """Two servers, one of two workers: one limit, in the startup line and a metric; no request fails without."""
    throttle = {"requests_per_second": 0.001, "burst": 40, "shared": {"url": redis.url}}
    with running(tmp_path / "first", package_dir, throttle=throttle) as first:
        file, key = str(tmp_path / "first/keys.yaml"), first.key
        with running(tmp_path / "second", package_dir, throttle=throttle, workers=2, keys=file) as second:
            assert first.process.stdout is not None
            assert first.process.stdout.readline() == f"  Throttles of keys hold for all servers at {redis.url}\n"

            def shared() -> list[float]:
                pages = [server.ask("/metrics", key=first.admin)[1].decode() for server in (first, second)]
                lines = [line for page in pages for line in page.splitlines()]
                return [float(line.split()[1]) for line in lines if line.startswith("mainline_throttle_shared")]

            wait_for(lambda: shared() == [1.0, 1.0])
            codes = Counter(first.ask("/predict", rows[0], key)[0] for _ in range(40))
            assert codes == {200: 40}
            codes = Counter()

            def is_refused() -> bool:
                codes[code := second.ask("/predict", rows[0], key)[0]] += 1
                return code == 429

            wait_for(is_refused)
            assert codes[200] < 40
            assert codes.keys() <= {200, 429}
            redis.end()
            wait_for(lambda: shared() == [0.0, 0.0])
            assert {server.ask("/predict", rows[0], key)[0] for server in (first, second)} <= {200, 429}
            assert second.stop() == -15
        assert first.stop() == -15
    for name in ("first", "second"):
        lines = (tmp_path / name / "errors").read_text().splitlines()
        assert len([line for line in lines if "the throttle is not shared" in line]) == (1 if name == "first" else 2)
