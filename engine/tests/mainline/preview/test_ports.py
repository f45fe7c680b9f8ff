"""Ports of branches."""

from pathlib import Path

import pytest

from mainline.preview.ports import Ports


def test_branch_keeps_its_port_and_gives_it_back(tmp_path: Path) -> None:
    """Each has another one, a restart gives the same, and what a branch gave back is the next one's."""
    file = tmp_path / "ports.json"
    ports = Ports(file, 8100, 3)
    assert [ports.of(name) for name in ("a", "b/ü", "c\udcff", "a")] == [8100, 8101, 8102, 8100]
    again = Ports(file, 8100, 3)
    assert again.of("c\udcff") == 8102
    again.keep({"b/ü", "c\udcff"})
    assert Ports(file, 8100, 3).of("d") == 8100


def test_port_that_is_not_free_yet_is_waited_for(tmp_path: Path) -> None:
    """A branch more than there are ports has none until one is given back."""
    ports = Ports(tmp_path / "ports.json", 8100, 1)
    assert [ports.of("a"), ports.of("b")] == [8100, None]
    ports.keep({"b"})
    assert ports.of("b") == 8100


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": "8101"}', '{"a": 8101, "b": 8101}', '{"a": true}'])
def test_file_that_says_nothing_useful_is_begun_anew(tmp_path: Path, content: str) -> None:
    """Cut off, another kind, ports that are not declared, a port twice."""
    (tmp_path / "ports.json").write_text(content)
    assert Ports(tmp_path / "ports.json", 8100, 2).of("a") == 8100
