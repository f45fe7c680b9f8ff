"""Heads of requests that a connection sends again: the parser reads one, and what equals it byte by byte needs none.

Three values may differ, since clients give each request its own: the length of the body, the request's id, and its
place in a trace. They are read anew.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from mainline.serving.answering import tracing
from mainline.serving.answering.messages import Head

END = b"\r\n\r\n"
_FORMS, _SHORT, _LINES = 8, 1024, 32
"""How many forms a connection remembers, how long a head may be, and of how many lines: what bounds its memory."""
_LONGEST = 64
_LENGTH = b"content-length"
_OWN: dict[bytes, Callable[[bytes], object]] = {
    _LENGTH: re.compile(rb"[1-9][0-9]{0,8}").fullmatch,
    b"x-request-id": tracing.GIVEN_ID.fullmatch,
    b"traceparent": re.compile(rb"[0-9a-f-]{55}").fullmatch,
}
"""The headers whose values may differ, each with what tells a value that needs no parser."""
LARGEST = _SHORT + _LONGEST * len(_OWN)
"""The most bytes of a head that is found."""


class Found(NamedTuple):
    """The head of a request."""

    head: Head
    end: int
    """Where its body begins."""
    length: int
    """The bytes that its body has."""


class _Form:
    """What heads have in common that differ in the values of `_OWN` alone."""

    def __init__(self, start: bytes, head: Head) -> None:
        """Take the bytes of a head, and what the parser read in them."""
        self._head = head
        self._start = b""
        self._last: Found | None = None
        self._parts: list[tuple[bytes, bytes]] = []
        literal = b""
        for line in start.removesuffix(END).split(b"\r\n"):
            name, _, text = line.partition(b":")
            value = text.lstrip(b" \t")
            name = name.lower()
            if name in _OWN and _OWN[name](value):
                self._parts.append((literal + line.removesuffix(value), name))
                literal = b"\r\n"
            else:
                literal += line + b"\r\n"
        self._rest = literal + b"\r\n"
        names = [name for _, name in self._parts]
        self._is_sound = _LENGTH in names and len(set(names)) == len(names)

    def find(self, data: bytes) -> Found | None:
        """Return the head with which data begins, if it has this form; one that is not sound has none."""
        if self._last and data.startswith(self._start):  # the very same, such as a load test's
            return self._last
        if not self._is_sound:
            return None
        place, given = 0, {}
        for literal, name in self._parts:
            if not data.startswith(literal, place):
                return None
            start = place + len(literal)
            place = data.find(b"\r", start, start + _LONGEST + 1)
            given[name] = data[start:place]
            if place < 0 or not _OWN[name](given[name]):
                return None
        if not data.startswith(self._rest, place):
            return None
        if not given.items() <= self._head.headers.items():
            self._head = self._head.but(given)
        self._last = Found(self._head, place + len(self._rest), int(given[_LENGTH]))
        self._start = data[: self._last.end]
        return self._last


class RepeatedHeads:
    """The forms of the heads that one connection has sent."""

    def __init__(self, most: int) -> None:
        """Remember none yet.

        Args:
            most: how many bytes a head may have; if that is little, the parser has to measure each.
        """
        self._forms: list[_Form] = []
        self._was_used = False
        self.is_worth_it = most >= LARGEST
        """Whether to look for heads; not if of as many forms as are kept none came again."""

    def add(self, start: bytes, more: int, head: Head) -> None:
        """Remember the head of a request that came alone, if it is short and says how long the body is.

        Args:
            start: its bytes, and all that were in front of it.
            more: how many bytes came behind these in one piece.
            head: what the parser read last in that piece: another request's head, if there were several in it.
        """
        lines = start.count(b"\r\n")
        if len(start) > _SHORT or lines > _LINES or start.count(b"\n") != lines:
            return
        form = _Form(start, head)
        found = form.find(start)
        if not found or found.head is not head or more > found.length:
            return
        if len(self._forms) >= _FORMS:
            self.is_worth_it, self._was_used = self._was_used, False
            self._forms.clear()
        self._forms.append(form)

    def find(self, data: bytes) -> Found | None:
        """Return the head with which data begins, if one of its form came before."""
        for number, form in enumerate(self._forms):
            found = form.find(data)
            if found:
                self._was_used = True
                if number:
                    self._forms.insert(0, self._forms.pop(number))
                return found
        return None
