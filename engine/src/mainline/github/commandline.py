"""The commands that workflows on GitHub run, for `python -m mainline`."""

import argparse

from mainline.commandline import Add


def add_commands(add: Add) -> None:
    """Add them to the others, with `add` of the command line."""
    add("lock", _lock, "reproduce dvc.lock: from the store what it has, by running the pipeline what it lacks")
    window = add("window", _window, "say what the data window is, or move it")
    window.add_argument("--advance", action="store_true", help="take one month more")
    add("released", _released, "put what released versions need into the cache, from releases on GitHub")
    add("cml", _cml, "bring the program CML, checked by hash, for the commands that write to GitHub")
    comment = add("comment", _comment, "post what a pull request's run on GitHub found, and set its check")
    comment.add_argument("--run", type=int, required=True, metavar="ID", dest="number", help="of the workflow run")
    comment.add_argument("--head", required=True, metavar="COMMIT", help="that GitHub says the run was of")
    stored = add("stored", _stored, "check that the shared storage has what a pull request's lock names")
    stored.add_argument("--run", type=int, required=True, metavar="ID", dest="number", help="of the workflow run")
    stored.add_argument("--head", required=True, metavar="COMMIT", help="that GitHub says the run was of")
    repair = add("commit-lock", _commit_lock, "commit on a pull request's branch the lock that its run offered")
    repair.add_argument("pull", type=int, metavar="NUMBER", help="of the pull request")
    propose = add("propose", _propose, "commit what changed and open or update a pull request with its report")
    propose.add_argument("branch", help="of the machine's own; it is overwritten")
    add("aborted", _aborted, "open a pull request that goes back from each version whose rollout was aborted")
    add("assets", _assets, "build what a release on GitHub carries into dist/release")
    add("github-release", _github_release, "publish the release of this commit's version on GitHub")
    add("image", _image, "build the container image of this commit's version, and push it to GitHub's registry")
    add("github-deployments", _github_deployments, "record on GitHub what each environment has")
    protect = add("protect", _protect, "print the protection of branch and tags that this design relies on")
    protect.add_argument("--storage", action="store_true", help="require the check of the shared storage, too")
    protect.add_argument(
        "--deploy-key", action="store_true", help="let only it and maintainers make the registry's tags"
    )
    protect.add_argument("--apply", action="store_true", help="put it in force, with the token GITHUB_TOKEN")


# Each command imports what it needs when it runs, so that none waits for the libraries of the others.
def _lock(_: argparse.Namespace) -> str:
    from mainline.commands.lock import lock

    return lock()


def _window(chosen: argparse.Namespace) -> str:
    from mainline.commands.window import window

    return window(chosen.advance)


def _released(_: argparse.Namespace) -> str:
    from mainline.github.released import restore

    return restore()


def _cml(_: argparse.Namespace) -> str:
    from mainline.github.program import bring

    return bring()


def _comment(chosen: argparse.Namespace) -> str:
    from mainline.github.comment import post

    return post(chosen.number, chosen.head)


def _stored(chosen: argparse.Namespace) -> str:
    from mainline.github.stored import check

    return check(chosen.number, chosen.head)


def _commit_lock(chosen: argparse.Namespace) -> str:
    from mainline.github.repair import commit_lock

    return commit_lock(chosen.pull)


def _propose(chosen: argparse.Namespace) -> str:
    from mainline.github.propose import propose

    return propose(chosen.branch)


def _aborted(_: argparse.Namespace) -> str:
    from mainline.github.propose import aborted

    return aborted()


def _assets(_: argparse.Namespace) -> str:
    from mainline.github.releases import build

    return build()


def _github_release(_: argparse.Namespace) -> str:
    from mainline.github.releases import release

    return release()


def _image(_: argparse.Namespace) -> str:
    from mainline.github.image import publish

    return publish()


def _github_deployments(_: argparse.Namespace) -> str:
    from mainline.github.deployments import record

    return record()


def _protect(chosen: argparse.Namespace) -> str:
    from mainline.github.protection import protect

    return protect(chosen.apply, chosen.storage, chosen.deploy_key)
