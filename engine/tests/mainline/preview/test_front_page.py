"""The front page."""

from mainline.preview.front_page import Line, render

HOSTILE = ["<script>alert(1)</script>", "a\x1b[2Jb", "x" * 250, "ü/ñ/名", "\u202egnp.exe", 'a" onload="x', "c\udcff"]


def test_names_of_branches_are_text_and_nothing_else() -> None:
    """HTML, escapes of terminals, marks that reorder and bytes that are not UTF-8 do nothing; long names are cut."""
    page = render([Line(name, "c" * 40, "d" * 64, "http://h:1", name) for name in HOSTILE], "https://h/<r>", "Well.")
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 2
    assert not any(mark in page for mark in ("\x1b", "\u202e", "\udcff", 'a" onload'))
    assert f"<bdi>{'x' * 119}…</bdi>" in page
    assert "ü/ñ/名" in page
    assert "&lt;r&gt;" in page
    assert "default-src 'none'" in page
    assert page.encode()


def test_branch_without_a_server_has_no_link() -> None:
    """The reason stands there instead."""
    page = render([Line("a", "c" * 40, "", "", "not served; it has no dvc.lock")], "r", "")
    assert "<a " not in page
    assert "it has no dvc.lock" in page
