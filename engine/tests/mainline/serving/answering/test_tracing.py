"""Request ids and trace context."""

import re

import pytest

from mainline.serving.answering.tracing import request_id, traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize("given", [b"abc-1.2_Z", b"x" * 64])
def test_plain_id_is_kept(given: bytes) -> None:
    """A client's id comes back."""
    assert request_id(given) == given.decode()


@pytest.mark.parametrize("given", [b"", b"x" * 65, b'a"b', b"a b", b"a\nb", "é".encode()])
def test_other_id_is_replaced(given: bytes) -> None:
    """An id that could break a log or a header is replaced by one of ours; no two are the same."""
    made = {request_id(given) for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", name) for name in made)


@pytest.mark.parametrize("flags", ["00", "01"])
def test_trace_is_continued(flags: str) -> None:
    """The trace stays, the span is ours, and whether it is sampled is passed on."""
    answered = traceparent(f"00-{TRACE}-{SPAN}-{flags}".encode())
    version, trace, span, given = answered.split("-")
    assert (version, trace, given) == ("00", TRACE, flags)
    assert span != SPAN


def test_newer_version_is_read_as_far_as_known() -> None:
    """A version of the header that has more parts is continued by the parts we know."""
    assert TRACE in traceparent(f"01-{TRACE}-{SPAN}-01-more".encode())


@pytest.mark.parametrize(
    "given",
    ["", "x", f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
     f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more", f"00-{TRACE}-{SPAN}"],
)  # fmt: skip
def test_invalid_trace_starts_another(given: str) -> None:
    """What the standard calls invalid is ignored."""
    answered = traceparent(given.encode())
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", answered)
    assert TRACE not in answered
