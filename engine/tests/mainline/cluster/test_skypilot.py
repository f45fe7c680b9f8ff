"""The documented task for SkyPilot: valid by the fields that SkyPilot publishes."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.project import ENGINE

SCHEMA = json.loads(Path(__file__).with_name("skypilot.json").read_text(encoding="utf-8"))
GUIDE = ENGINE / "docs" / "github.md"


def task() -> Any:
    """Read the task as the guide shows it."""
    shown = re.search(r"```yaml\n# train\.yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    return yaml.safe_load(shown[1])


def test_the_documented_task_is_one_that_skypilot_reads() -> None:
    """Every field has the name and the type that SkyPilot takes."""
    jsonschema.validate(task(), SCHEMA)
    assert "make repro" in task()["run"]


@pytest.mark.parametrize(
    "wrong", [{"rum": "make repro"}, {"resources": {"cpu": 16}}, {"resources": {"use_spot": "yes"}}]
)
def test_a_slip_in_the_task_would_be_seen(wrong: dict[str, Any]) -> None:
    """A name that SkyPilot does not know, and a value of another type, are refused."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**task(), **wrong}, SCHEMA)
