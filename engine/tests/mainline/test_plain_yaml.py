"""YAML as plain values."""

import pytest
import yaml

from mainline import plain_yaml


def test_the_values_are_those_of_the_slow_loader() -> None:
    """Dates, numbers and anchors too."""
    text = "a: &one {when: 2013-01-31, rate: 1e-5, on: yes}\nb: [*one, 0x1f, ~, 'no']\n"
    assert plain_yaml.load(text) == plain_yaml.load(text.encode()) == yaml.safe_load(text)


def test_a_text_that_names_a_class_runs_nothing() -> None:
    """A commit of a stranger is read as well."""
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        plain_yaml.load("!!python/object/apply:os.getcwd []")
