"""Child processes of this Python: where they import from, and what they are told."""

import json
import subprocess
from pathlib import Path

import pytest

from mainline import children

SECRETS = {
    "MAINLINE_SIGNING_KEY": "/key", "SIGNING_KEY": "k", "AWS_ACCESS_KEY_ID": "k", "AWS_SESSION_TOKEN": "t",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_PROFILE": "release", "GITHUB_TOKEN": "t", "BOT_TOKEN": "t",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t", "ACTIONS_RUNTIME_TOKEN": "t", "GOOGLE_APPLICATION_CREDENTIALS": "/k",
    "AZURE_CLIENT_SECRET": "s", "GIT_CONFIG_PARAMETERS": "'http.extraheader=t'", "GIT_ASKPASS": "/a",
    "GIT_CONFIG_VALUE_0": "t", "SSH_AUTH_SOCK": "/s", "SOME_NEW_SERVICE_PASSWORD": "p",
}  # fmt: skip


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder whose `mainline` and `json` say that they were imported."""
    for name in ("mainline", "json"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"print('{name} of a stranger')\n")
        (tmp_path / name / "__main__.py").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("path", [None, "", ":", ".", "src"])
def test_nothing_is_imported_from_the_current_folder(path: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder named as one of our modules is not run, however the search path was written."""
    if path is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    elif path != ".":  # a person who names the current folder means it
        monkeypatch.setenv("PYTHONPATH", path)
    done = subprocess.run(
        children.command("mainline", "--help"), env=children.environment(), capture_output=True, text=True, check=True
    )
    assert "stranger" not in done.stdout
    assert "usage" in done.stdout


def test_code_of_a_package_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, token or role is among the variables of the child; the ones that results depend on are."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    ask = "import json, os; print(json.dumps(dict(os.environ)))"
    shown = subprocess.run(
        [*children.command("mainline")[:2], "-c", ask], env=children.without_secrets(), capture_output=True, check=True
    )
    seen = json.loads(shown.stdout)
    assert not seen.keys() & SECRETS.keys()
    assert {"PATH", "HOME", "OMP_NUM_THREADS", "PYTHONHASHSEED"} <= seen.keys()
