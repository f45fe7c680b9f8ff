"""`compute.yaml`: what is taken, and what each refusal says."""

from pathlib import Path

import pytest

from mainline.declared import compute
from mainline.declared.compute import Compute
from mainline.errors import ParamsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The place of the file, which is not there."""
    return tmp_path / "compute.yaml"


def test_without_a_file_one_process_works(file: Path) -> None:
    """What is left out is the default, and so is the file."""
    assert compute.load(file) == Compute(processes=1, retries=3)
    file.write_text("processes: 2\n")
    assert compute.load(file) == Compute(processes=2, retries=3)


def test_the_variable_takes_the_place_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the same keys, and nothing of the file counts beside it; an empty one says nothing."""
    file.write_text("processes: 2\nretries: 0\n")
    monkeypatch.setenv(compute.SETTING, "{processes: 3}")
    assert compute.load(file) == Compute(processes=3, retries=3)
    monkeypatch.setenv(compute.SETTING, "")
    assert compute.load(file) == Compute(processes=2, retries=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("proceses: 2", r"compute\.yaml: proceses: is not a known key; did you mean 'processes'\?"),
        ("processes: 0", r"compute\.yaml: processes: is 0 \(int\); write a whole number from 1 to 256\."),
        ("processes: many", r"compute\.yaml: processes: is 'many' \(str\); write a whole number from 1 to 256\."),
        ("processes: true", r"compute\.yaml: processes: is True \(bool\); write a whole number from 1 to 256\."),
        ("processes: 1.5", r"compute\.yaml: processes: is 1\.5 \(float\); write a whole number from 1 to 256\."),
        ("processes:", r"compute\.yaml: processes: is None \(nothing\); write a whole number from 1 to 256\."),
        ("retries: -1", r"compute\.yaml: retries: is -1 \(int\); write a whole number from 0 to 100\."),
        (
            "processes: 1\nprocesses: 2",
            r"compute\.yaml: is not YAML \(line 2, column 1: 'processes' stands twice",
        ),
        ("", r"compute\.yaml: is empty; write a line such as `processes: 2`, or remove compute\.yaml\."),
        ("- 1", r"compute\.yaml: holds \[1\]; write a line such as `processes: 2`, or remove compute\.yaml\."),
        ("dask: 8786", r"compute\.yaml: dask: is 8786 \(int\); write where the scheduler listens, such as tcp://10"),
        ("dask: ws://a:1", r"compute\.yaml: dask: is 'ws://a:1' \(str\); write where the scheduler listens, such as"),
        ("dask: tcp://a", r"compute\.yaml: dask: is 'tcp://a' \(str\); write where the scheduler listens, such as tcp"),
        (
            "dask: tcp://a:1\nprocesses: 2",
            r"compute\.yaml: processes: is 2 beside `dask`; declare one of the two; a cl",
        ),
        (
            "dask: tcp://a:1\nenvironment: REGION",
            r"compute\.yaml: environment: is 'REGION' \(str\); write a list of na",
        ),
        (
            "dask: tcp://a:1\nenvironment: [A=b]",
            r"compute\.yaml: environment: is \['A=b'\] \(list\); write a list of na",
        ),
        (
            "store: {endpoint: 's3.lan'}",
            r"compute\.yaml: store\.endpoint: is 's3\.lan' \(str\); write the address of an S3",
        ),
        (
            "store: {endpoint: 'https://a:b@s3.lan'}",
            r"compute\.yaml: store\.endpoint: is .*; write the address of an S3",
        ),
        ("store: {zone: a}", r"compute\.yaml: store\.zone: is not a known key"),
        ("environment: [REGION]", r"compute\.yaml: environment: is declared without `dask`; take it out: processes of"),
        ("dask: tcp://a:1\nsilent_seconds: 0", r"compute\.yaml: silent_seconds: is 0 \(int\); write a whole number fr"),
        (
            "dask: tcp://a:1\ntls: {ca: a, cert: b, key: c}",
            r"compute\.yaml: tls: is declared for 'tcp://a:1'; write `d",
        ),
        (
            "dask: tls://a:1\ntls: {ca: a, cert: b}",
            r"compute\.yaml: tls\.key: is missing; write all three, as in `tls: {ca: ca",
        ),
    ],
)
def test_what_cannot_be_run_is_one_line(text: str, said: str, file: Path) -> None:
    """A typo, a wrong type or number, a key twice and an empty file name their place and what is allowed."""
    file.write_text(text)
    with pytest.raises(ParamsError, match=f"^{said}"):
        compute.load(file)


def test_what_is_not_a_file_of_text_is_one_line(file: Path) -> None:
    """A folder, a link to nothing and another encoding are told as what they are."""
    file.mkdir()
    with pytest.raises(ParamsError, match=r"^compute\.yaml: is a folder; write a line such as `processes: 2`, or remo"):
        compute.load(file)
    file.rmdir()
    file.symlink_to("nowhere")
    with pytest.raises(
        ParamsError, match=r"^compute\.yaml: cannot be read \(No such file or directory\); write a line"
    ):
        compute.load(file)
    file.unlink()
    file.write_bytes("processes: 2 # für".encode("latin-1"))
    with pytest.raises(ParamsError, match=r"^compute\.yaml: is not UTF-8: byte 17 is 0xfc; save it as UTF-8\."):
        compute.load(file)


@pytest.mark.parametrize("address", ["tcp://10.0.0.7:8786", "tls://cluster.lan:8786", "tcp://[::1]:8786"])
def test_a_cluster_is_declared_by_its_address(address: str, file: Path) -> None:
    """Plain TCP or TLS, by name or number."""
    file.write_text(f"dask: {address}\n")
    assert compute.load(file) == Compute(dask=address, silent_seconds=600)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2", "MAINLINE_COMPUTE: is '2'; write it as in compute.yaml, such as MAINLINE_COMPUTE='processes: 2'."),
        ("procs: 2", "MAINLINE_COMPUTE: procs: is not a known key; did you mean 'processes'?"),
        ("{processes", "MAINLINE_COMPUTE: is not YAML (line 1, column 11: while parsing a flow mapping"),
    ],
)
def test_what_is_wrong_with_the_variable_names_it(
    text: str, said: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the variable, not the file."""
    monkeypatch.setenv(compute.SETTING, text)
    with pytest.raises(ParamsError) as caught:
        compute.load(file)
    assert str(caught.value).startswith(said)
