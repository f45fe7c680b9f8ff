"""The commands of releases, of their store and of the registry, for `python -m mainline`."""

import argparse
import time
from pathlib import Path

from mainline.commandline import Add


def add_release(add: Add) -> None:
    """Add them to the others, with `add` of the command line."""
    promote = add("promote", _promote, "release what is on main: register, push, sign, assign")
    promote.add_argument("environment", nargs="?", help="one that waits for a person: give it what is before it")
    rollback = add("rollback", _rollback, "prepare the revert to a version, or assign it at once")
    rollback.add_argument("version", nargs="?", help="such as v1.0.0; without it the one before")
    rollback.add_argument("--environment", default="production")
    rollback.add_argument("--now", action="store_true", help="assign it before the revert is merged")
    archive = add("archive", _archive, "decommission a version: kept for audit, no longer assignable")
    archive.add_argument("version", help="such as v1.0.0")
    archive.add_argument("--reason", default="", help="for those who look later")
    keys = add("signing-key", _signing_key, "make a key pair that releases are signed with")
    keys.add_argument("name", nargs="?", default="release", help="of the public key's file in deploy/keys")
    sign = add("sign", _sign, "sign a version after its release, where the private key is")
    sign.add_argument("version", help="such as v1.0.0")
    remote = add("remote", _remote, "declare the store of data and models, or try the one that is declared")
    remote.add_argument("url", nargs="?", help="a folder, or s3://bucket/prefix")
    remote.add_argument("--endpoint", default="", metavar="URL", help="of a store that is compatible with S3")
    remote.add_argument("--region", default="", help="the bucket's region, where its service asks for one")
    push = add("push", _push, "bring what dvc.lock names into the store; hashed before, read back after")
    push.add_argument("--all", action="store_true", help="what every version, branch and tag names, from any store")
    pull = add("pull", _pull, "bring what dvc.lock names from the store; checked, and asked for again where damaged")
    pull.add_argument("--all", action="store_true", help="into the cache, what every version, branch and tag names")
    rebuild = add("rebuild", _rebuild, "make a version's artifacts again at its commit, and push them")
    rebuild.add_argument("version", help="such as v1.0.0")
    fetch = add("fetch", _fetch, "get a released version's package out of storage, verified")
    fetch.add_argument("version", help="such as v1.0.0")
    fetch.add_argument("folder", nargs="?", type=Path, help="a new one; dist/VERSION without it")
    fetch.add_argument("--signed", action="store_true", help="refuse a package that nobody signed")
    clean = add("clean", _clean, "show what the store holds that no version, branch or tag needs")
    clean.add_argument("--yes", action="store_true", help="remove it")
    clean.add_argument("--older-than", type=float, default=7.0, metavar="DAYS", help="keep what is younger (7)")
    history = add("history", _history, "list versions and what each environment had, newest first")
    history.add_argument("--environment", help="only this one's; all where it is left out")
    history.add_argument("--artifact", metavar="NAME", help="one that dvc.yaml named before; the one that it names now")
    form = history.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--graph", action="store_true", help="draw it into metrics/report/history.{png,svg}")
    registry = add("registry", _registry, "say whose tags count here")
    decided = registry.add_mutually_exclusive_group()
    decided.add_argument("--adopt", action="store_true", help="take over the tags that another repository made")
    decided.add_argument("--remove", action="store_true", help="remove them, here and at the origin")
    lineage = add("lineage", _lineage, "say where a version comes from: commit, data, parameters, metrics, verdict")
    lineage.add_argument("version", help="such as v1.1.0, or 7 or more digits of a package's digest")
    lineage.add_argument("--json", action="store_true", help="for programs")
    delivery = add("delivery", _delivery, "measure how well changes reach an environment; never fails for bad figures")
    delivery.add_argument("--environment", default="production")
    delivery.add_argument("--days", type=_days, metavar="N", help="look at the last N days; all where it is left out")
    delivery.add_argument("--json", action="store_true", help="for programs")


def _days(text: str) -> float:
    days = float(text)
    if not 0 < days < 100_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days above 0")
    return days


# Each command imports what it needs when it runs, so that none waits for the libraries of the others.
def _promote(chosen: argparse.Namespace) -> str:
    from mainline.commands.promote import promote

    return promote(chosen.environment)


def _rollback(chosen: argparse.Namespace) -> str:
    from mainline.release.rollback import assign_now, prepare

    return (assign_now if chosen.now else prepare)(chosen.version, chosen.environment)


def _archive(chosen: argparse.Namespace) -> str:
    from mainline.release.archive import archive

    return archive(chosen.version, chosen.reason)


def _signing_key(chosen: argparse.Namespace) -> str:
    from mainline.commands.promote import signing_key

    return signing_key(chosen.name)


def _sign(chosen: argparse.Namespace) -> str:
    from mainline.commands.promote import sign

    return sign(chosen.version)


def _remote(chosen: argparse.Namespace) -> str:
    from mainline.commands.storage import remote

    return remote(chosen.url, chosen.endpoint, chosen.region)


def _push(chosen: argparse.Namespace) -> str:
    from mainline.commands.storage import push

    return push(chosen.all)


def _pull(chosen: argparse.Namespace) -> str:
    from mainline.commands.storage import pull

    return pull(chosen.all)


def _rebuild(chosen: argparse.Namespace) -> str:
    from mainline.commands.rebuild import rebuild

    return rebuild(chosen.version)


def _fetch(chosen: argparse.Namespace) -> str:
    from mainline.commands.fetch import fetch

    return fetch(chosen.version, chosen.folder or Path("dist") / chosen.version, chosen.signed)


def _clean(chosen: argparse.Namespace) -> str:
    from mainline.commands.storage import clean

    return clean(chosen.yes, chosen.older_than)


def _history(chosen: argparse.Namespace) -> str:
    from mainline.commands.history import graph, history

    if chosen.graph:
        return graph(chosen.environment, time.time(), artifact=chosen.artifact)
    return history(chosen.environment, chosen.json, artifact=chosen.artifact)


def _registry(chosen: argparse.Namespace) -> str:
    from mainline.commands.registry import registry

    return registry(chosen.adopt, chosen.remove)


def _lineage(chosen: argparse.Namespace) -> str:
    from mainline.commands.lineage import lineage

    return lineage(chosen.version, chosen.json)


def _delivery(chosen: argparse.Namespace) -> str:
    from mainline.commands.delivery import delivery

    return delivery(chosen.environment, chosen.json, chosen.days, time.time())
