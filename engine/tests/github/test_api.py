"""Which repository on which server: what a run says, or what origin says."""

import subprocess
from pathlib import Path

import pytest

from mainline.github import api
from mainline.github.api import ApiError
from tests.github.standin import GitHub

NAMES = ("GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GITHUB_API_URL", "GITHUB_TOKEN")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository, and an environment that says nothing of GitHub."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    subprocess.run(["git", "init", "--quiet"], check=True)


@pytest.mark.parametrize(
    ("server", "interface"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://github.example.com", "https://github.example.com/api/v3"),
        ("https://GitHub.example.com:8443/", "https://GitHub.example.com:8443/api/v3"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com"),
    ],
    ids=["github.com", "enterprise", "with_a_port", "data_residency"],
)
def test_the_interface_is_the_servers(server: str, interface: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run names its server; if it does not name the interface, it is where that kind of server has it."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "Team/Model")
    monkeypatch.setenv("GITHUB_SERVER_URL", server)
    found = api.connect()
    assert (found.url, found.server, found.name) == (interface, server.rstrip("/"), "Team/Model")


def test_a_run_that_names_its_interface_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """GITHUB_API_URL is what GitHub gives each step."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "team/model")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example.com")
    monkeypatch.setenv("GITHUB_API_URL", "https://api.example.com/rest")
    assert api.connect().url == "https://api.example.com/rest"


@pytest.mark.parametrize(
    ("origin", "server"),
    [
        ("https://github.com/team/model.git", ""),
        ("https://GitHub.com/team/model", ""),
        ("https://user@github.com/team/model.git", ""),
        ("git@github.com:team/model.git", ""),
        ("ssh://git@GITHUB.COM/team/model", ""),
        ("git@github.example.com:team/model.git", "https://GitHub.example.com"),
        ("https://github.example.com:8443/team/model", "https://github.example.com:8443"),
    ],
)
def test_origin_is_read_whatever_its_case(origin: str, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of hosts ignore case; another server than github.com is named by GITHUB_SERVER_URL."""
    subprocess.run(["git", "remote", "add", "origin", origin], check=True)
    if server:
        monkeypatch.setenv("GITHUB_SERVER_URL", server)
    assert api.connect().name == "team/model"
    assert api.connect().url == (f"{server}/api/v3" if server else "https://api.github.com")


@pytest.mark.parametrize(
    "origin",
    ["https://github.com.evil.example/team/model", "https://gitlab.com/team/model", "https://evil@x/github.com/a"],
)
def test_another_host_gets_no_token(origin: str) -> None:
    """A host that only looks like GitHub's is not asked; the error says what to set."""
    subprocess.run(["git", "remote", "add", "origin", origin], check=True)
    assert api.find() is None
    with pytest.raises(ApiError, match=r"GITHUB_REPOSITORY=OWNER/REPOSITORY.*GITHUB_SERVER_URL"):
        api.connect()


@pytest.mark.parametrize("faults", [["502", "cut"], ["cut", "500", "503"]])
@pytest.mark.usefixtures("clone")
def test_a_question_is_asked_again(github: GitHub, faults: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub that cannot answer at the moment, or breaks off, fails nobody's check."""
    monkeypatch.setattr(api, "SHORTEST", 0.0)
    github.faults = list(faults)
    assert api.connect().ask("GET", "")["default_branch"] == "main"
    assert github.faults == []


@pytest.mark.parametrize(("fault", "said"), [("502", "502"), ("cut", "broke off after 4 of 100 bytes")])
@pytest.mark.usefixtures("clone")
def test_an_answer_that_never_comes_is_one_error(
    github: GitHub, fault: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what came last, and nothing that broke off is taken for an answer."""
    monkeypatch.setattr(api, "SHORTEST", 0.0)
    github.faults = [fault] * api.TRIES
    with pytest.raises(ApiError, match=said):
        api.connect().ask("GET", "")
    assert github.faults == []


@pytest.mark.parametrize(("method", "fault"), [("POST", "502"), ("GET", "404")])
@pytest.mark.usefixtures("clone")
def test_what_another_try_does_not_help_is_sent_once(github: GitHub, method: str, fault: str) -> None:
    """A request that may have done its work is not sent twice, and a refusal stays one."""
    github.faults = [fault, "418"]
    with pytest.raises(ApiError, match=fault):
        api.connect().ask(
            method, "/dispatches" if method == "POST" else "", {"event_type": "drift"} if method == "POST" else None
        )
    assert github.faults == ["418"]
