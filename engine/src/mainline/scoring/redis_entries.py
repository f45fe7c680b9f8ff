"""The entries of a Redis stream, for one consumer of a group, and the stream of their answers.

An entry is pending from the moment Redis gives it out until its answer is written; both happen in one script, which
Redis runs as a whole. So an entry is answered again only if Redis itself loses what it had taken, as with a failover.
"""

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mainline.declared.streams import Stream
from mainline.scoring import row_answers
from mainline.serving.common import redis_access

SECTION = "stream"
BLOCK = 1.0
"""Seconds that one reading waits for entries, at most; so soon a consumer sees that it is told to stop."""
SILENT = 5.0
"""Seconds after which Redis is away."""
MOST_BYTES = 2**20
"""Bytes after which no further entry is read into a batch."""
MOST_KEY = 1024
"""Bytes of the field `key`."""
FORGOTTEN = 3600.0
"""Seconds after which a consumer that holds nothing, and does not read, is struck off the group."""

_SHORTEN = f"""
local most = {{row = {row_answers.LONGEST + 1}, key = {MOST_KEY + 1}}}
local function shortened(entry)
    local parts, fields = {{}}, entry and entry[2]
    for place = 1, #(fields or {{}}), 2 do
        local length = most[fields[place]]
        if length then
            parts[#parts + 1] = fields[place]
            parts[#parts + 1] = string.sub(fields[place + 1], 1, length)
        end
    end
    return {{entry and entry[1], fields and parts}}
end
"""
"""Leaves of an entry what is read of it, and a byte more of what is too long: Redis has room for it, and gives it out
only so. Begins each script that gives out entries."""
_READ = """
local entries, bytes = {}, 0
while #entries < tonumber(ARGV[3]) and bytes < tonumber(ARGV[4]) do
    local streams = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', KEYS[1], '>')
    if not streams then break end
    local entry = streams[1][2][1]
    for _, part in ipairs(entry[2]) do bytes = bytes + #part end
    entries[#entries + 1] = shortened(entry)
end
return entries
"""
"""Gives out entries that nobody has seen, until there are so many, or so many bytes of them."""
_OWN = """
local streams = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', KEYS[1], '0')
local entry = streams and streams[1][2][1]
return entry and {shortened(entry)} or {}
"""
"""Gives out the oldest entry that a consumer holds."""
_CLAIM = """
local found = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'COUNT', 1)
local entries = {}
for place, entry in ipairs(found[2]) do entries[place] = shortened(entry) end
return {found[1], entries, #(found[3] or {})}
"""
"""Takes over an entry; returns where to go on, the entry, and how many were found deleted."""
_ANSWER = """
local written = 0
for place = 4, #ARGV, 3 do
    local id = ARGV[place]
    if #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1) == 1 then
        local answer = {'*', 'request', id, 'key', ARGV[place + 1], 'answer', ARGV[place + 2]}
        if ARGV[2] == '0' then
            redis.call('XADD', KEYS[2], unpack(answer))
        else
            redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[2], unpack(answer))
        end
        redis.call('XACK', KEYS[1], ARGV[1], id)
        if ARGV[3] == '1' then redis.call('XDEL', KEYS[1], id) end
        written = written + 1
    end
end
return written
"""
"""Writes answers to entries that are still pending, and acknowledges each after its answer is written."""
_STRIKE = """
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local of = {}
    for place = 1, #consumer, 2 do of[consumer[place]] = consumer[place + 1] end
    if of.pending == 0 and (of.name == ARGV[2] or of.idle >= tonumber(ARGV[3])) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], of.name)
    end
end
"""
"""Strikes consumers that hold nothing: the one that is named, and those that have not been heard of for long."""


@dataclass(frozen=True)
class Entry:
    """One request: its name in the stream, and its fields; None if it was deleted before it was answered."""

    id: bytes
    fields: dict[bytes, bytes] | None

    @property
    def key(self) -> bytes:
        """What the answer is known by: the field `key`, or the name of the entry."""
        key = (self.fields or {}).get(b"key", self.id)
        return key if len(key) <= MOST_KEY else self.id

    @property
    def flaw(self) -> str:
        """What keeps its row from being read; '' if nothing does."""
        fields = self.fields or {}
        if b"row" not in fields:
            return "The entry has no field `row`; put a request as JSON into it."
        if len(fields.get(b"key", b"")) > MOST_KEY:
            return f"The entry's field `key` is longer than {MOST_KEY:,} bytes; send a shorter one."
        return ""


class Entries:
    """What one consumer asks of Redis; each call is one exchange, and fails as the library does."""

    def __init__(self, declared: Stream) -> None:
        """Prepare it; nothing is asked yet.

        Raises:
            ParamsError: when the library is not installed, or the password cannot be read.
        """
        redis_access.check_library(SECTION)
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._declared, self.consumer = declared, f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._redis: Any = Redis.from_url(
            declared.url, password=redis_access.read_password(SECTION, declared.password_file), protocol=2,
            socket_timeout=BLOCK + SILENT, socket_connect_timeout=SILENT, retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        self._answer, self._strike = map(self._redis.register_script, (_ANSWER, _STRIKE))
        self._give, self._own, self._claim = (
            self._redis.register_script(_SHORTEN + script) for script in (_READ, _OWN, _CLAIM)
        )
        self._cursor: bytes | str = "0-0"

    def join(self) -> None:
        """Make the group if it is not there; it begins with the oldest entry, so that none is lost."""
        from redis.exceptions import ResponseError

        try:
            self._redis.xgroup_create(self._declared.requests, self._declared.group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._strike_off("")

    def leave(self) -> None:
        """Strike this consumer off the group, unless it holds entries, and end the connection."""
        try:
            self._strike_off(self.consumer)
        finally:
            self.close()

    def close(self) -> None:
        """End the connection; the next call opens another."""
        self._redis.close()

    def room(self) -> int:
        """Return how many answers may be written now."""
        if self._declared.full == "trim":
            return self._declared.batch
        return self._declared.most_answers - int(self._redis.xlen(self._declared.answers))

    def own(self) -> list[Entry]:
        """Return the oldest entry that this consumer holds already, if there is one."""
        return _entries(self._own(keys=[self._declared.requests], args=[self._declared.group, self.consumer]))

    def new(self, most: int, is_waiting: bool) -> list[Entry]:
        """Return entries that nobody has seen; if there are none, wait for one if that is wanted.

        One that comes while somebody waits is read whole: no script of Redis waits.
        """
        declared = self._declared
        given = self._give(keys=[declared.requests], args=[declared.group, self.consumer, most, MOST_BYTES])
        return _entries(given) or (self._wait() if is_waiting else [])

    def abandoned(self) -> tuple[list[Entry], int, bool]:
        """Take over one entry that another consumer has held for too long.

        Returns:
            The entry, if there is one; how many were found deleted; and whether all were looked at.
        """
        declared = self._declared
        idle = int(declared.claim_seconds * 1000)
        self._cursor, claimed, deleted = self._claim(
            keys=[declared.requests], args=[declared.group, self.consumer, idle, self._cursor]
        )
        is_nameless = any(name is None for name, _ in claimed)  # as Redis 6.2 gives out one that was deleted
        entries = self.own() if is_nameless else _entries(claimed)
        return entries, int(deleted), self._cursor == b"0-0"

    def deliveries(self, entry: Entry) -> int:
        """Return how often an entry was given out."""
        held = self._redis.xpending_range(self._declared.requests, self._declared.group, entry.id, entry.id, 1)
        return int(held[0]["times_delivered"]) if held else 0

    def answer(self, answers: Sequence[tuple[Entry, bytes]]) -> int:
        """Write answers, and acknowledge their entries; return how many another consumer had not answered yet."""
        declared = self._declared
        most = declared.most_answers if declared.full == "trim" else 0
        parts = [part for entry, answer in answers for part in (entry.id, entry.key, answer)]
        return int(
            self._answer(
                keys=[declared.requests, declared.answers],
                args=[declared.group, most, int(declared.delete_answered), *parts],
            )
        )

    def acknowledge(self, entry: Entry) -> None:
        """Hold an entry no longer, without an answer."""
        self._redis.xack(self._declared.requests, self._declared.group, entry.id)

    def _wait(self) -> list[Entry]:
        declared = self._declared
        streams = self._redis.xreadgroup(
            declared.group, self.consumer, {declared.requests: ">"}, count=1, block=int(BLOCK * 1000)
        )
        return [Entry(name, fields) for _, entries in streams or [] for name, fields in entries]

    def _strike_off(self, name: str) -> None:
        self._strike(keys=[self._declared.requests], args=[self._declared.group, name, int(FORGOTTEN * 1000)])


def _entries(given: Sequence[tuple[bytes, Sequence[bytes] | None]]) -> list[Entry]:
    """Return entries that a script has given out."""
    return [
        Entry(name, None if parts is None else dict(zip(parts[::2], parts[1::2], strict=True))) for name, parts in given
    ]
