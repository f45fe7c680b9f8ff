"""`predict`: where predictions may go."""

import json
from pathlib import Path
from typing import Any

import pytest

from mainline.__main__ import main
from mainline.commands.predict import predict_file
from mainline.declared.monitoring import Monitoring
from mainline.errors import MainlineError
from mainline.package.predictor import Predictor

LOCK = """\
schema: '2.0'
stages:
  ingest:
    cmd: ingest
    outs:
    - path: data/raw
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 1
      nfiles: 1
"""


def test_predictions_are_not_put_among_what_the_pipeline_made(
    package_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a batch of the pipeline's own, DVC would count predictions as data; another folder is asked for."""
    monkeypatch.chdir(tmp_path)
    Path("dvc.lock").write_text(LOCK)
    source = Path("data/raw/flights/2013-09.parquet")
    source.parent.mkdir(parents=True)
    source.write_bytes(b"")
    with pytest.raises(MainlineError, match=r"lies in data/raw, .* another folder: --output 2013-09\.predictions\."):
        predict_file(package_dir, source, None, Monitoring())
    assert list(source.parent.iterdir()) == [source]
    with pytest.raises(MainlineError, match=r"2013-09\.parquet"):  # goes on, and then finds that the file is empty
        predict_file(package_dir, source, Path("predictions"), Monitoring())


def test_example_is_a_request_that_the_package_answers(
    package_dir: Path, golden: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who sends what `--example` prints gets a prediction; it is one of the golden requests, with every field."""
    assert main(["predict", "--example", "--package", str(package_dir)]) == 0
    request = json.loads(capsys.readouterr().out)
    assert request in golden["requests"]
    predictor = Predictor.load(package_dir)
    assert request.keys() == {field.name for field in predictor.request}
    assert predictor.predict([request]) == [golden["predictions"][golden["requests"].index(request)]]
