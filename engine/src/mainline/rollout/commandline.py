"""The commands of a rollout, for `python -m mainline`."""

import argparse
from pathlib import Path

from mainline.commandline import Add


def add_rollout(add: Add, serve: argparse.ArgumentParser) -> None:
    """Add the commands of a rollout."""
    follow = add("follow", _follow, "bring what a repository declares for an environment to serve here")
    follow.add_argument("url", help="the repository: a URL or a folder")
    follow.add_argument("--attached", action="store_true", help="end when standard input is closed")
    status = add("status", _status, "say where the rollout stands on this machine")
    status.add_argument("--json", action="store_true", help="for programs")
    for command in (serve, follow, status):
        command.add_argument("--environment", default="production")
        command.add_argument("--state", type=Path, metavar="FOLDER", help="of the follower; .mainline/ENVIRONMENT")
    render = add("render", _render, "write an environment's manifests for Kubernetes")
    render.add_argument("--environment", default="production")
    render.add_argument("--way", choices=("follower", "argo"), default="follower", help="who rolls out")
    render.add_argument(
        "--image", default="registry.example.org/mainline:latest", help="of the service, best by digest"
    )
    render.add_argument("--output", type=Path, default=Path("deploy/kubernetes"), metavar="FOLDER")
    render.add_argument("--version", default="", help="what argo serves; what git assigns without it")
    approve = add("approve", _approve, "let a version's rollout pass an approval step")
    approve.add_argument("version", help="such as v1.1.0")
    approve.add_argument("--environment", default="production")
    approve.add_argument("--step", type=int, metavar="N", help="which one, where there are several")


# Each command imports what it needs when it runs, so that none waits for the libraries of the others.
def _follow(chosen: argparse.Namespace) -> str:
    from mainline.commands.follow import check_url, follow

    return follow(check_url(chosen.url), chosen.environment, chosen.state, chosen.attached)


def _status(chosen: argparse.Namespace) -> str:
    from mainline.commands.follow import show

    return show(chosen.environment, chosen.state, chosen.json)


def _render(chosen: argparse.Namespace) -> str:
    from mainline.commands.render import render

    return render(chosen.environment, chosen.way, chosen.image, chosen.output, chosen.version)


def _approve(chosen: argparse.Namespace) -> str:
    from mainline.commands.follow import approve

    return approve(chosen.version, chosen.environment, chosen.step)
