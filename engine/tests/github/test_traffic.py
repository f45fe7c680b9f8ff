"""Requests of production in a release of their own: one file, replaced without a gap, and read without a right."""

import hashlib
from pathlib import Path

import pytest

from mainline.declared import environments
from mainline.errors import MainlineError
from mainline.github import traffic
from tests.github.standin import GitHub
from tests.project import FLIGHTS

OWN_STORE = "[core]\n    remote = own\n['remote \"own\"']\n    url = ../.git/store\n"
"""As a clone has it where no store is declared."""
FIRST, SECOND = b"an excerpt", b"another excerpt"


@pytest.fixture(autouse=True)
def declared(clone: Path) -> Path:
    """The clone declares that production's requests may be in a release, and no store."""
    for name in ("production", "staging"):
        text = (FLIGHTS / f"deploy/{name}.yaml").read_text(encoding="utf-8")
        file = clone / "deploy" / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.replace("release: false", "release: true"), encoding="utf-8")
    (clone / ".dvc").mkdir()
    (clone / ".dvc/config").write_text(OWN_STORE, encoding="utf-8")
    assert environments.load_all()["production"].replay.release
    assert not environments.load_all()["staging"].replay.release
    return clone


def assets(github: GitHub) -> list[str]:
    """Name the files of all releases."""
    return [item["name"] for _, item, _ in github.repository.assets.values()]


def named(content: bytes) -> str:
    """Name the file of an excerpt."""
    return f"requests-{hashlib.sha256(content).hexdigest()[:12]}.zip"


def test_a_machine_with_the_log_puts_requests_where_others_find_them(github: GitHub, declared: Path) -> None:
    """A release of their own, which is not the newest version's; the other machine gets the same bytes."""
    assert "are in the release requests/production" in traffic.give("production", lambda _: FIRST)
    (release,) = github.repository.releases
    assert (release["tag_name"], release["prerelease"], release["make_latest"]) == (
        "requests/production",
        True,
        "false",
    )
    assert assets(github) == [named(FIRST)]
    assert traffic.fetch() == "Requests of production came from a release."
    assert (declared / ".mainline/production/requests.zip").read_bytes() == FIRST


def test_who_may_only_read_gets_them(github: GitHub, monkeypatch: pytest.MonkeyPatch, declared: Path) -> None:
    """As the job of a pull request, whose token reads contents and nothing else."""
    traffic.give("production", lambda _: FIRST)
    monkeypatch.setenv("GITHUB_TOKEN", github.grant("reader", {"contents": "read"}))
    traffic.fetch()
    assert (declared / ".mainline/production/requests.zip").read_bytes() == FIRST


def test_newer_requests_take_the_place_of_older_ones(github: GitHub) -> None:
    """Whoever makes them is given those that are there; the new file is there before the old one goes."""
    traffic.give("production", lambda _: FIRST)
    given: list[bytes | None] = []
    github.requests.clear()
    traffic.give("production", lambda before: given.append(before) or SECOND)
    assert given == [FIRST]
    assert assets(github) == [named(SECOND)]
    written = [line.split()[0] for line in github.requests if line.split()[0] in ("POST", "DELETE")]
    assert written == ["POST", "DELETE"]


def test_the_same_requests_are_not_sent_again(github: GitHub) -> None:
    """Nothing is written, as on a day without traffic."""
    traffic.give("production", lambda _: FIRST)
    github.requests.clear()
    traffic.give("production", lambda _: FIRST)
    assert not [line for line in github.requests if not line.startswith("GET")]


def test_what_a_kill_left_is_cleared_and_never_read(github: GitHub, declared: Path) -> None:
    """A file that was not sent to its end has the state `open`; one that was not deleted is the older one."""
    traffic.give("production", lambda _: FIRST)
    (release,) = github.repository.releases
    left = {"id": 9_000, "name": named(b"half"), "size": 4, "state": "open", "url": "https://127.0.0.1/"}
    github.repository.assets[9_000] = (release["id"], left, b"half")
    traffic.fetch()
    assert (declared / ".mainline/production/requests.zip").read_bytes() == FIRST
    traffic.give("production", lambda _: SECOND)
    assert assets(github) == [named(SECOND)]


def test_without_a_request_no_release_is_made(github: GitHub) -> None:
    """A server that nobody has asked yet changes nothing."""
    assert "stays as it is" in traffic.give("production", lambda _: None)
    assert github.repository.releases == []


def test_without_a_token_nothing_is_sent(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to set."""
    monkeypatch.delenv("GITHUB_TOKEN")
    with pytest.raises(MainlineError, match="GITHUB_TOKEN is not set"):
        traffic.give("production", lambda _: FIRST)
    assert github.repository.releases == []


def test_nobody_is_asked_where_nothing_is_declared(github: GitHub, declared: Path) -> None:
    """A repository that keeps requests on its machines, which is the default, makes no call for them."""
    file = declared / "deploy/production.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("release: true", "release: false"), encoding="utf-8")
    assert traffic.fetch() == ""
    assert github.requests == []


def test_nobody_is_asked_where_a_store_has_the_rows(github: GitHub, declared: Path, tmp_path: Path) -> None:
    """With a store that other machines may read, whole rows are there."""
    traffic.give("production", lambda _: FIRST)
    github.requests.clear()
    store = OWN_STORE.replace("../.git/store", str(tmp_path / "store"))
    (declared / ".dvc/config").write_text(store, encoding="utf-8")
    assert traffic.fetch() == ""
    assert github.requests == []
