"""`src/usecase/card.yaml`: what people say of the model."""

from pathlib import Path

import pytest
import yaml

from mainline.declared import card
from mainline.errors import ParamsError
from mainline.scaffold.code import fill
from tests.project import CITY, FLIGHTS, FLOWERS, OTHER, TIMELESS, Project


def test_what_is_missing_is_a_gap(tmp_path: Path) -> None:
    """Without the file, and with what `new` writes, every part is a gap; a part that is filled is none."""
    file = tmp_path / "card.yaml"
    assert list(card.gaps(card.load(file))) == list(card.ASKED)
    file.write_text(fill("usecase/card.yaml", {}))
    assert list(card.gaps(card.load(file))) == list(card.ASKED)
    file.write_text("owner: A team\nfairness: []\n")
    assert set(card.ASKED) - set(card.gaps(card.load(file))) == {"owner", "fairness"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ower: A team", r"^card\.yaml: ower: is not a known key; did you mean 'owner'\?$"),
        ("owner: [A team]", r"^card\.yaml: owner: is \['A team'\] \(list\); input should be a valid string\.$"),
        ("caveats: Old data", r"^card\.yaml: caveats: is 'Old data' \(str\)"),
        ('contact: "a\\nb"', r"^card\.yaml: contact: is 'a\\nb' \(str\)"),
        ("considerations: [{rsk: x}]", r"^card\.yaml: considerations\.0\.rsk: is not a known key; did you mean 'risk'"),
        ("owner: a\nowner: b", r"^card\.yaml: is not YAML .*'owner' stands twice"),
        ("[]", r"^card\.yaml: is \[\] \(list\); it must hold owner, contact"),
    ],
)
def test_a_wrong_card_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """What is wrong is named with its key, and with what is allowed."""
    file = tmp_path / "card.yaml"
    file.write_text(text)
    with pytest.raises(ParamsError, match=said):
        card.load(file)


@pytest.mark.parametrize("folder", [FLIGHTS / "src", OTHER, FLOWERS, TIMELESS, CITY], ids=lambda path: path.name)
def test_every_use_case_has_a_card(folder: Path) -> None:
    """The cards that ship can be read, and have every key, so that a person sees what is asked."""
    file = folder / "usecase/card.yaml"
    card.load(file)
    assert list(yaml.safe_load(file.read_text())) == list(card.ASKED)


def test_another_contact_makes_a_package_and_fits_nothing(whole_project: Project) -> None:
    """Of all stages `package` alone depends on the card."""
    stages = yaml.safe_load((whole_project.path / "dvc.yaml").read_text())["stages"]
    assert [name for name, stage in stages.items() if card.FILE.as_posix() in stage["deps"]] == ["package"]
