"""The environments of `deploy/`: read in the order in which a version reaches them, or refused by name."""

from pathlib import Path

import pytest

from mainline.declared import environments
from mainline.errors import MainlineError, ParamsError
from tests.project import FLIGHTS


def declare(folder: Path, **promotions: str) -> Path:
    """Write a file for each environment."""
    for name, promotion in promotions.items():
        (folder / f"{name}.yaml").write_text(f"promotion: {promotion}\n")
    return folder


def usual(after: str = "null") -> str:
    """Write a promotion that asks for nothing."""
    return f"{{after: {after}, approval: automatic, signature: optional}}"


def test_the_shipped_environments_are_staging_then_production() -> None:
    """What ships is read, and production takes what staging has."""
    found = environments.load_all(FLIGHTS / "deploy")
    assert list(found) == ["staging", "production"]
    assert found["production"].promotion.after == "staging"


def test_the_order_is_that_of_the_way(tmp_path: Path) -> None:
    """Names do not matter: each comes after what it waits for."""
    declare(tmp_path, a=usual("m"), m=usual("z"), z=usual())
    assert list(environments.load_all(tmp_path)) == ["z", "m", "a"]


@pytest.mark.parametrize(
    ("promotions", "said"),
    [
        ({}, r"declares no environment; write deploy/production.yaml"),
        ({"a": usual("b"), "b": usual("a")}, r"promotion.after: leads in a circle; leave it empty in one of them"),
        (
            {"production": usual("stagin"), "staging": usual()},
            r"'stagin' is not a known environment; did you mean 'staging'\?",
        ),
        ({"Prod": usual()}, r"name: is 'Prod'; use a-z, 0-9 and -"),
        (
            {"a": "{after: null, was: b, approval: automatic, signature: optional}", "b": usual()},
            r"promotion.was: 'b' is declared itself; name one that is gone",
        ),
        (
            {"a": "{after: null, aproval: automatic}"},
            r"is not a known key; did you mean 'approval",
        ),
        ({"a": "{after: null, approval: sometimes, signature: optional}"}, r"promotion.approval: is 'sometimes'"),
        (
            {"a": f"{usual()}\nservice: {{prot: 1}}"},
            r"a\.yaml: service.prot: .* did you mean 'port'\?",
        ),
    ],
    ids=["none", "circle", "unknown", "name", "was", "key", "value", "service"],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, promotions: dict[str, str], said: str) -> None:
    """One line names the file, the place, what was found and what is allowed."""
    with pytest.raises(ParamsError, match=said) as raised:
        environments.load_all(declare(tmp_path, **promotions))
    assert "\n" not in str(raised.value)


def test_an_unknown_environment_names_the_nearest() -> None:
    """A misspelt name is answered with what was meant."""
    found = environments.load_all(FLIGHTS / "deploy")
    with pytest.raises(MainlineError, match=r"did you mean 'production'\?"):
        environments.choose("prodution", found)
