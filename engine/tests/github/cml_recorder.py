#!/usr/bin/env python3
"""A recorder for CML: takes its documented command line and makes the calls that CML 0.20.6 was seen to make.

It stands in where the program is not installed; `CML=/path/to/cml make -C engine ci` runs the real one, held to the
same tests.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

MARK = '![](https://cml.dev/watermark.png#{sha} "{title}")'


def main() -> int:
    """Run one command; say on standard error that this is not CML."""
    print("cml: the recorder of the tests, not CML", file=sys.stderr)
    chosen = _parser().parse_args()
    try:
        chosen.run(chosen)
    except urllib.error.HTTPError as error:
        print(f"cml: {error.code} {json.loads(error.read()).get('message')}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cml")
    groups = parser.add_subparsers(required=True)
    comment = groups.add_parser("comment").add_subparsers(required=True)
    for verb, run in (("create", _create_comment), ("update", _update_comment)):
        command = _command(comment, verb, run)
        command.add_argument("file", type=Path)
        command.add_argument("--target", required=True)
        command.add_argument("--publish", choices=["true", "false"], default="true")
        command.add_argument("--watermark-title", default="")
    check = _command(groups.add_parser("check").add_subparsers(required=True), "create", _create_check)
    check.add_argument("file", type=Path)
    check.add_argument("--head-sha", "--commit-sha", required=True)
    check.add_argument("--title", default="CML Report")
    check.add_argument("--conclusion", default="success")
    request = _command(groups.add_parser("pr").add_subparsers(required=True), "create", _create_pull_request)
    for name in ("branch", "target-branch", "title", "body"):
        request.add_argument(f"--{name}", required=True)
    return parser


def _command(group: Any, verb: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = group.add_parser(verb)
    command.set_defaults(run=run)
    command.add_argument("--driver", choices=["github"], default="github")
    command.add_argument("--repo", required=True)
    return command


def _create_comment(chosen: argparse.Namespace) -> None:
    _must_not_publish(chosen)
    number = int(chosen.target.removeprefix("pr/"))
    found = _ask(chosen, "POST", f"/issues/{number}/comments", {"body": _marked(chosen)})
    print(found["html_url"])


def _update_comment(chosen: argparse.Namespace) -> None:
    _must_not_publish(chosen)
    number = int(chosen.target.removeprefix("pr/"))
    title = re.escape(_title(chosen))
    mark = re.compile(rf'!\[\]\(https://cml\.dev/watermark\.png#[0-9a-fA-F]+ "{title}"\)')
    older = [item for item in _ask(chosen, "GET", f"/issues/{number}/comments") if mark.search(item["body"])]
    if not older:
        _create_comment(chosen)
        return
    print(_ask(chosen, "PATCH", f"/issues/comments/{older[-1]['id']}", {"body": _marked(chosen)})["html_url"])


def _create_check(chosen: argparse.Namespace) -> None:
    text = chosen.file.read_text(encoding="utf-8")
    now = "2024-01-01T00:00:00.000Z"
    _ask(chosen, "POST", "/check-runs", {
        "head_sha": chosen.head_sha, "started_at": now, "completed_at": now, "conclusion": chosen.conclusion,
        "status": "completed", "name": chosen.title, "output": {"title": chosen.title, "summary": text},
    })  # fmt: skip


def _create_pull_request(chosen: argparse.Namespace) -> None:
    listed = subprocess.run(["git", "ls-remote", "origin", chosen.branch], capture_output=True, text=True, check=True)
    if chosen.branch in listed.stdout:
        for pull in _ask(chosen, "GET", "/pulls?state=open"):
            same = chosen.branch.endswith(pull["head"]["ref"]) and chosen.target_branch.endswith(pull["base"]["ref"])
            if same:  # so CML compares: neither the owner nor the whole name
                print(pull["html_url"])
                return
    else:
        subprocess.run(["git", "push", "--quiet", "origin", f"HEAD:refs/heads/{chosen.branch}"], check=True)
    body = {"head": chosen.branch, "base": chosen.target_branch, "title": chosen.title, "body": chosen.body}
    print(_ask(chosen, "POST", "/pulls", body)["html_url"])


def _must_not_publish(chosen: argparse.Namespace) -> None:
    if chosen.publish != "false":
        sys.exit("cml: would upload images to a third party; the tests allow no such thing")


def _marked(chosen: argparse.Namespace) -> str:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{chosen.file.read_text(encoding='utf-8')}\n\n{MARK.format(sha=commit, title=_title(chosen))}"


def _title(chosen: argparse.Namespace) -> str:
    return f"CML watermark {chosen.watermark_title}".strip()


def _ask(chosen: argparse.Namespace, method: str, path: str, body: Any = None) -> Any:
    repo = urllib.parse.urlsplit(chosen.repo)
    url = f"https://{repo.netloc}/api/v3/repos{repo.path}{path}"
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, content, method=method)
    request.add_header("Authorization", f"token {os.environ['REPO_TOKEN']}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read() or "null")


if __name__ == "__main__":
    sys.exit(main())
