"""`worker`: whose partitions it computes. That it does is shown by `stages/test_dask_cluster.py`."""

import os
from pathlib import Path

import pytest

from mainline.__main__ import main
from mainline.commands import worker
from mainline.declared.compute import MISSING

CLUSTER = "dask: tls://cluster.lan:8786\ntls: {ca: ca.pem, cert: own.pem, key: own-key.pem}\n"


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What this process would become; the current folder is empty."""
    monkeypatch.chdir(tmp_path)
    found: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: found.append(command[1:]))
    return found


@pytest.mark.parametrize(
    ("words", "found"), [([], "compute.yaml declares none."), (["cluster.lan"], "'cluster.lan' is not one.")]
)
def test_whom_it_works_for_must_be_named(words: list[str], found: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an address, or with half of one, a line shows a whole one."""
    assert main(["worker", *words]) == 1
    said = f"mainline: name where the scheduler listens, such as tcp://10.0.0.7:8786; {found}\n"
    assert capsys.readouterr().err == said


def test_without_dask_it_says_how_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is the one that a stage has for it."""
    monkeypatch.setattr(worker, "find_spec", lambda _: None)
    assert main(["worker", "tcp://127.0.0.1:8786"]) == 1
    assert capsys.readouterr().err == f"mainline: {MISSING}\n"


def test_what_is_declared_is_what_it_joins(started: list[list[str]]) -> None:
    """Address and certificates are those of compute.yaml; a worker has one thread and a nanny."""
    Path("compute.yaml").write_text(CLUSTER)
    assert main(["worker", "--workers", "2", "--memory-limit", "4GiB"]) == 0
    (command,) = started
    assert command[:4] == ["-m", "dask", "worker", "tls://cluster.lan:8786"]
    words = " ".join(command)
    assert "--nworkers 2 --nthreads 1 --memory-limit 4GiB --nanny" in words
    assert "--tls-ca-file ca.pem --tls-cert own.pem --tls-key own-key.pem" in words


def test_an_address_that_is_given_is_the_one(started: list[list[str]]) -> None:
    """It stands in the place of the declared one."""
    Path("compute.yaml").write_text("processes: 2\n")
    assert main(["worker", "tcp://127.0.0.1:8786"]) == 0
    assert started[0][3] == "tcp://127.0.0.1:8786"
