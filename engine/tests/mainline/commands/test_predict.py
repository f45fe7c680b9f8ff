"""`predict`: what it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from mainline.__main__ import main
from mainline.package.predictor import Predictor


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
