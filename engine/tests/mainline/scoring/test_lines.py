"""The stream: a line out for each line in, in order, in bounded memory."""

import json
import os
import select
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mainline.scoring import lines
from mainline.serving.answering.answer import Answer
from mainline.serving.answering.model import Model
from mainline.serving.answering.reading import Requests
from tests.project import LIMIT, ROOT

Rows = list[dict[str, Any]]


def reader(content: bytes, block: int) -> Callable[[int], bytes]:
    """Return what reads content in blocks of some size."""
    parts = iter([content[start : start + block] for start in range(0, len(content), block)])
    return lambda _: next(parts, b"")


def answered(model: Model, content: bytes, block: int = 1000, longest: int = 2**20) -> list[dict[str, Any]]:
    """Return the answers to a stream."""
    written: list[bytes] = []
    refused = lines.run(model, reader(content, block), written.append, longest)
    answers = [json.loads(line) for line in b"".join(written).splitlines()]
    assert refused == sum("error" in answer for answer in answers)
    return answers


@pytest.mark.parametrize("block", [1, 7, 500, 2**16])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_lines_have_the_golden_predictions(model: Model, golden: dict[str, Any], block: int, end: bytes) -> None:
    """However the lines arrive, each has its prediction, in order, also the last without a line break."""
    content = b"\n".join(json.dumps(row).encode() for row in golden["requests"]) + end
    answers = answered(model, content, block)
    assert [answer["arr_delay"] for answer in answers] == golden["predictions"]
    assert [answer["line"] for answer in answers] == list(range(1, 21))
    assert {answer["version"] for answer in answers} == {"v1.0.0"}


def test_bad_lines_are_answered_in_their_place(model: Model, golden: dict[str, Any]) -> None:
    """A line that is not a request has its reason, and its neighbours their predictions."""
    good = [json.dumps(row).encode() for row in golden["requests"][:3]]
    lines = [good[0], b"{", b'{"a": 1}', good[1], b"", b'{"a": NaN}', good[2]]
    answers = answered(model, b"\n".join(lines))
    assert [answer.get("type") for answer in answers] == [
        None, "malformed-json", "invalid-request", None, "malformed-json", "malformed-json", None,
    ]  # fmt: skip
    assert [answer["arr_delay"] for answer in answers if "arr_delay" in answer] == golden["predictions"][:3]


def test_row_that_fails_is_answered_and_the_stream_goes_on(
    model: Model, golden: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a model raises about one row, its line says so, and the others have their predictions."""
    whole, fatal = Model.answer, golden["requests"][1]["dep_delay"]

    def answer(self: Model, requests: Requests) -> Answer:
        if fatal in requests.columns["dep_delay"]:
            raise ZeroDivisionError("by nothing")
        return whole(self, requests)

    monkeypatch.setattr(Model, "answer", answer)
    rows = [row for row in golden["requests"] if row["dep_delay"] != fatal][:3]
    sent = [rows[0], golden["requests"][1], *rows[1:]]
    answers = answered(model, b"\n".join(json.dumps(row).encode() for row in sent))
    assert [answer.get("type") for answer in answers] == [None, "prediction-failed", None, None]
    assert answers[1]["error"] == "The model could not answer this row: ZeroDivisionError('by nothing')"
    assert [answer["line"] for answer in answers] == [1, 2, 3, 4]


@pytest.mark.parametrize("block", [64, 1000, 2**16])
def test_endless_line_is_refused_and_the_next_answered(model: Model, golden: dict[str, Any], block: int) -> None:
    """A line past the limit is refused without being held, wherever its end falls."""
    good = json.dumps(golden["requests"][0]).encode()
    answers = answered(model, b"\n".join([good, b"x" * 5000, good]), block, longest=2000)
    assert [answer.get("type") for answer in answers] == [None, "body-too-large", None]


def test_endless_line_is_not_held(model: Model) -> None:
    """A source that never ends its line fills no memory."""
    tracemalloc.start()
    parts = iter([b"x" * 10_000] * 2000)
    assert lines.run(model, lambda _: next(parts, b""), lambda _: None, longest=50_000) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_memory_does_not_grow_with_the_stream(model: Model, golden: dict[str, Any]) -> None:
    """Ten times the lines need the same memory."""
    line = json.dumps(golden["requests"][0]).encode() + b"\n"
    peaks = []
    for count in (2000, 20_000):
        left = [count]

        def read(_: int, left: list[int] = left) -> bytes:
            left[0] -= 200
            return line * 200 if left[0] >= 0 else b""

        tracemalloc.start()
        lines.run(model, read, lambda _: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_reader_that_waits_holds_the_source_back(package_dir: Path, golden: dict[str, Any]) -> None:
    """While nobody takes the answers, the command stops reading; when somebody does, every line is answered."""
    command = [sys.executable, "-m", "mainline", "predict", "--stream", "--package", str(package_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = json.dumps(golden["requests"][0]).encode() + b"\n"
        os.set_blocking(process.stdin.fileno(), False)
        sent = 0
        room = select.poll()
        room.register(process.stdin, select.POLLOUT)
        while room.poll(1000):
            try:
                sent += os.write(process.stdin.fileno(), line)
            except BlockingIOError:
                break
            assert sent < 2**24, "the source was never held back"
        os.set_blocking(process.stdin.fileno(), True)
        whole = sent // len(line)
        answers: list[Any] = []
        while len(answers) < whole:
            answers.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        process.stdout.read()
        assert process.wait(LIMIT) == 0
    assert {answer["arr_delay"] for answer in answers} == {golden["predictions"][0]}


def test_answers_come_while_the_stream_is_open(package_dir: Path, golden: dict[str, Any]) -> None:
    """Each line is answered at once, not at the end."""
    command = [sys.executable, "-m", "mainline", "predict", "--stream", "--package", str(package_dir)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for row, expected in zip(golden["requests"][:3], golden["predictions"], strict=False):
            process.stdin.write(json.dumps(row).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["arr_delay"] == expected
        process.stdin.close()
        assert process.wait(LIMIT) == 0


@pytest.mark.parametrize("closed", ["output", "input"])
def test_end_that_is_closed_is_one_line(package_dir: Path, golden: dict[str, Any], closed: str) -> None:
    """Who takes the answers may go away, and there may be no input: a line says so, and the exit is not 0."""
    command = f"{sys.executable} -m mainline predict --stream --package {package_dir}"
    command += " > /dev/full" if closed == "output" else " <&-"
    line = json.dumps(golden["requests"][0])
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, input=line, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith("mainline: the stream broke off (" if closed == "output" else "mainline: standard input")
