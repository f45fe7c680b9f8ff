"""What clients sent stays with the machines that serve: nothing public has a key, a request id or a rare value."""

import json
import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mainline.gate import findings as gate
from mainline.github import issues, proposal
from mainline.pipeline import retraining
from tests.github.standin import GitHub
from tests.github.test_issues import monitored as monitored
from tests.mainline.report import examples
from tests.mainline.serving.running import Running, running, wait_for
from tests.project import LIMIT, Project

REQUEST_ID = "planted-request-7f3a"
RARE = [f"Q{number}" for number in range(8)]
"""Airlines that no training row had, each with fewer rows than a value needs to be named."""
TAIL, DELAY = "N0PLNT", 1234.5678
"""A plane, and a delay beyond all others, of one row."""


def ask(server: Running, rows: list[dict[str, Any]]) -> None:
    """Send rows in one request under the planted id."""
    connection = server.connect()
    headers = {
        "Authorization": f"Bearer {server.key}", "Content-Type": "application/json", "X-Request-Id": REQUEST_ID,
    }  # fmt: skip
    with closing(connection):
        connection.request("POST", "/predict", json.dumps(rows), headers)
        reply = connection.getresponse()
        content = reply.read()
    assert reply.status == 200, content


@pytest.fixture
def planted(small_project: Project, tmp_path: Path) -> tuple[Path, list[str]]:
    """Let the real service log what is planted; return its log, and every text that nobody may read elsewhere."""
    package = small_project.path / "models/package"
    golden = json.loads((package / "golden.json").read_bytes())["requests"]
    rows = [dict(row) for row in golden * 15]
    for place, row in enumerate(rows[:32]):
        row["carrier"] = RARE[place % len(RARE)]
    rows[40] |= {"tailnum": TAIL, "dep_delay": DELAY}
    log = tmp_path / "log"
    with running(tmp_path / "server", package, log={"directory": str(log)}) as server:
        ask(server, rows)
        wait_for(lambda: server.metric("mainline_log_rows_total") == len(rows))
        server.stop()
    text = "".join(file.read_text() for file in log.glob("*.jsonl"))
    secrets = [REQUEST_ID, *RARE, TAIL, str(DELAY), json.loads(text.splitlines()[0])["key"]]
    assert all(has(text, secret) for secret in secrets)
    return log, [*secrets, server.key]


def has(text: str, secret: str) -> bool:
    """Say whether a text has a secret as a word of its own."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", text) is not None


def published(github: GitHub) -> dict[str, str]:
    """Return all that anybody can read on GitHub: each commit of git, and what was asked for over the interface."""
    history = ["git", "-C", str(github.repository.bare), "log", "--all", "--root", "--patch", "--text"]
    content = subprocess.run(history, check=True, capture_output=True, text=True).stdout
    items = {"issues": github.repository.issues, "pull requests": github.repository.pulls}
    return {"git": content, **{name: json.dumps(found, ensure_ascii=False) for name, found in items.items()}}


def test_nothing_public_has_what_a_client_sent(
    github: GitHub, monitored: Path, small_project: Project, planted: tuple[Path, list[str]], tmp_path: Path
) -> None:
    """Branch, issue, pull request, report and what both commands print, after an alarm that rare values raised."""
    log, secrets = planted
    address = subprocess.run(["git", "remote", "get-url", "origin"], check=True, capture_output=True, text=True).stdout
    machine = small_project.twin(tmp_path / "machine")
    machine.run("git", "remote", "add", "origin", address.strip())
    looked = subprocess.run(
        ["python", "-m", "mainline", "monitor", "--share", "--logs", str(log)], cwd=machine.path, check=False,
        env=machine.environment(github.environment("t0ken")), capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert looked.returncode == 1, looked.stderr
    said = issues.follow()
    gate.FILE.parent.mkdir(parents=True)
    gate.FILE.write_text(examples.passing().model_dump_json())
    (monitored / "params.yaml").write_text((monitored / "params.yaml").read_text() + "# more\n")
    proposal.propose(retraining.BRANCH)
    places = published(github) | {"monitor": looked.stdout + looked.stderr, "issues command": said}
    for file in (machine.path / ".mainline/production/monitoring/report").iterdir():
        places[file.name] = file.read_text()
    assert "unseen values" in places["issues"]
    assert "unseen values" in places["pull requests"]
    assert '"carrier"' in places["git"]
    assert {"monitoring.json", "monitoring.md", "monitoring.html"} <= places.keys()
    assert {(name, secret) for name, text in places.items() for secret in secrets if has(text, secret)} == set()
