"""What the site costs: `python -P -m benchmarks.site [VERSIONS]`.

A scratch repository gets so many versions (500), each a commit with its own lock, metrics, segments and curves as the
shipped ones have them, a tag, and an assignment in staging and in production. `./mainline site --no-score` builds its
site from nothing, again with nothing changed, and with one version added. The floor is one
`git cat-file --batch` of the files that the pages of versions read.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import say
from mainline.registry import records
from mainline.registry.records import Assignment, Release
from mainline.seconds import DAY

VERSIONS = 500
ROOT = Path(__file__).parents[2]
START = 1_600_000_000
_KEPT = ("dvc.lock", "dvc.yaml", "params.yaml", "README.md", "metrics", "deploy", "engine/docs", "src/usecase",
         "requirements/pipeline.txt")  # fmt: skip
"""What of this repository is in the scratch one."""


def main() -> None:
    """Measure, and print a line for each build."""
    versions = int(sys.argv[1]) if len(sys.argv) > 1 else VERSIONS
    with tempfile.TemporaryDirectory(prefix="mainline-site-") as scratch:
        repository = Path(scratch) / "repository"
        _git("init", "--quiet", "--initial-branch=main", str(repository))
        _import(repository, range(versions))
        say(f"{versions} versions, {2 * versions} assignments")
        say(f"floor: read what the pages of versions show, by git {_floor(repository, versions):.1f} s")
        say(f"from nothing: {_build(repository)}")
        say(f"nothing changed: {_build(repository)}")
        _import(repository, range(versions, versions + 1))
        say(f"one version added: {_build(repository)}")


def _build(repository: Path) -> str:
    """Build the site; return what that took in wall and CPU time, and what the command said."""
    started, before = time.monotonic(), os.times()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "mainline", "site", "--no-score"], cwd=repository, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return f"{time.monotonic() - started:.1f} s, {cpu:.1f} s of CPU time; {done.stdout.strip()}"


def _floor(repository: Path, versions: int) -> float:
    files = ("dvc.lock", "metrics/slices.csv", "metrics/runs.csv", "metrics/plots/learning.csv")
    names = [f"model@v1.{place}.0:{file}\n" for place in range(versions) for file in files]
    started = time.monotonic()
    subprocess.run(["git", "cat-file", "--batch"], cwd=repository, input="".join(names).encode(),  # noqa: S607
                   stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    return time.monotonic() - started


def _import(repository: Path, places: range) -> None:
    """Commit, register and assign versions, by two calls of git."""
    marks = repository.with_name("marks")
    _stream(
        repository,
        (part for place in places for part in _commit(place, place == places.start > 0)),
        f"--export-marks={marks}",
    )
    lines = (line.split() for line in marks.read_text().splitlines())
    commits = {int(mark[1:]) - 1: commit for mark, commit in lines}
    _stream(repository, (part for place in places for part in _tags(place, commits[place])))
    _git("-C", str(repository), "reset", "--quiet", "--hard", "main")


def _stream(repository: Path, parts: Iterator[str], *options: str) -> None:
    command = ["git", "fast-import", "--quiet", *options]
    subprocess.run(command, cwd=repository, input="".join(parts).encode(), check=True)


def _commit(place: int, after_another_call: bool) -> Iterator[str]:
    """Commit another model; the first commit has all files."""
    yield f"commit refs/heads/main\nmark :{place + 1}\ncommitter {_who(place)}\n{_data(f'Train with max_iter {place}')}"
    lock = (ROOT / "dvc.lock").read_text(encoding="utf-8").replace("max_iter: 150", f"max_iter: {150 + place}")
    lock = lock.replace(
        "path: models/package\n      hash: md5\n      md5: ",
        f"path: models/package\n      hash: md5\n      md5: {place:x}",
    )
    files = {} if place else _shipped()
    if after_another_call:
        yield "from refs/heads/main^0\n"
    for path, content in {**files, "dvc.lock": lock, "metrics/test.json": json.dumps({"rmse": _rmse(place)})}.items():
        yield f"M 100644 inline {path}\n{_data(content)}"


def _shipped() -> dict[str, str]:
    shown = subprocess.run(["git", "ls-files", "-z", *_KEPT], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    files = (name for name in shown.stdout.split("\0") if name and not name.endswith(".png"))
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in files}


def _tags(place: int, commit: str) -> Iterator[str]:
    """Register the version of a commit, and give it to both environments."""
    name = f"v1.{place}.0"
    test = {"rows": 27_010, "rmse": _rmse(place), "mae": 10.0, "low": 12.2, "high": 15.9}
    release = Release.model_validate({
        "version": name, "digest": f"{place:064x}", "replaces": f"v1.{place - 1}.0" if place else None,
        "bump": "minor", "reason": "model.params.max_iter", "verdict": "pass", "headline": "It may be released.",
        "metrics": {"test": test, "baseline": {"rmse": 15.7}, "train": {"rmse": 13.0}}, "runs": [], "signature": None,
        "window": {"train": ["2013-01"], "test": ["2013-09"]},
    })  # fmt: skip
    yield _tag(f"model@{name}", place, commit, records.write([f"model {name}"], release))
    for environment in ("staging", "production"):
        given = Assignment.model_validate({
            "version": name, "environment": environment, "kind": "release", "by": "Ada", "replaces": None,
            "main": commit, "main_digest": f"{place:064x}",
        })  # fmt: skip
        yield _tag(f"model#{environment}#{place + 1}", place, commit, records.write([f"{environment}: {name}"], given))


def _rmse(place: int) -> float:
    return 14 + place % 7 / 10


def _who(place: int) -> str:
    return f"Ada <ada@example.org> {START + place * DAY} +0000"


def _tag(name: str, place: int, commit: str, message: str) -> str:
    return f"tag {name}\nfrom {commit}\ntagger {_who(place)}\n{_data(message)}"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, env=os.environ | {"GIT_CONFIG_NOSYSTEM": "1"})  # noqa: S607


if __name__ == "__main__":
    main()
