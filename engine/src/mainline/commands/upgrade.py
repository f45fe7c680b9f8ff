"""Take a later version of the machinery, as one commit."""

import argparse

from mainline import progress
from mainline.errors import MainlineError
from mainline.repository import tree
from mainline.repository.git import ask, git
from mainline.template import libraries, news, ownership, plan, predecessor, versions
from mainline.template.plan import Plan
from mainline.text import few


class UpgradeError(MainlineError):
    """The upgrade would lose something, or there is nothing to upgrade to; nothing was changed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("version", nargs="?", help="such as v0.2.0; without it, later ones are listed")
    parser.add_argument("--from", dest="url", metavar="URL", help="where the template is; remembered in this clone")
    parser.add_argument("--force", action="store_true", help="replace files of the template that you edited")


def run(arguments: argparse.Namespace) -> str:
    """Take a version, and say what is new; or list what could be taken."""
    if not arguments.version:
        return later(arguments.url)
    return upgrade(arguments.version, arguments.url, arguments.force)


def later(url: str | None) -> str:
    """List the versions of the template that are later than the one here.

    Raises:
        TemplateError: when there is no such template.
    """
    versions.fetch(versions.address(url), remember=url is not None)
    has = versions.installed()
    here = has or "the layout before engine/"
    found = [name for name in versions.known() if not has or versions.order(name) > versions.order(has)]
    if not found:
        return f"No version of the template is later than {here}."
    return f"Later than {here}: {', '.join(found)}. `make upgrade VERSION={found[-1]}` takes one."


def upgrade(version: str, url: str | None, force: bool) -> str:
    """Commit a version of the template on the current branch, and say what is new.

    The commit is made without index and work tree, which follow in one step of git.

    Args:
        version: such as v0.2.0.
        url: where the template is; what this clone remembers where it is None.
        force: replace files of the template that were edited here; their edits stay in the commit before.

    Raises:
        UpgradeError: when files are edited, or the version is not a later one.
        TemplateError: when there is no such template or version.
        LibrariesError: when the fork's own libraries do not fit.
    """
    _require_clean()
    address = versions.address(url)
    versions.fetch(address, remember=url is not None)
    after, before = versions.find(version), versions.base(address)
    _require_later(version, after, before)
    files = tree.entries(before), tree.entries("HEAD"), tree.entries(after)
    made = _plan(files, version, (before, after), force)
    upgraded = tree.write("HEAD", made.changes)
    upgraded = tree.write(upgraded, libraries.resolved("HEAD", after, upgraded))
    message = f"engine: Upgrade the machinery to {version}\n\nFrom {before} to {after} of the template."
    commit = tree.commit(upgraded, message, "HEAD")
    left = {path: entry for path, entry in files[1].items() if path not in made.changes}
    differences = news.differences(before, after, (files[0], left, files[2]), ownership.of(after))
    summary = _summary(version, made, before, (news.changelog(version, versions.installed()), differences))
    progress.say(f"The commit is made. If what follows is interrupted, `git reset --hard {commit[:12]}` ends it.")
    git("merge", "--quiet", "--ff-only", commit)  # from here on, the files of this program are another version's
    return summary


def _plan(
    files: tuple[plan.Files, plan.Files, plan.Files], version: str, commits: tuple[str, str], force: bool
) -> Plan:
    """Decide about every file.

    Raises:
        UpgradeError: when an edit would be lost, and is not to be.
    """
    before, after = commits
    made = plan.make(*files, (ownership.of(before), ownership.of(after)))
    if made.lost and not force:
        raise UpgradeError(_refusal(made, version, before))
    if versions.is_old(before):
        made.changes |= predecessor.moved(files[1])
    return made


def _require_clean() -> None:
    changed = git("status", "--porcelain", "--untracked-files=no").splitlines()
    if changed:
        more = f" and {len(changed) - 1} more are" if len(changed) > 1 else " is"
        raise UpgradeError(
            f"{changed[0][3:]}{more} not committed. An upgrade is a commit of its own: commit or `git stash` first."
        )


def _require_later(version: str, after: str, before: str) -> None:
    has = versions.installed()
    same = git("diff", "--name-only", after, before) == ""
    earlier = has and versions.order(version) < versions.order(has)
    if same or (has == version and ask("merge-base", after, before) == after):
        raise UpgradeError(f"the machinery here is that of {version} already.")
    if earlier or (not has and ask("merge-base", after, before) == after):
        raise UpgradeError(
            f"the machinery here is {has or 'later'}, and {version} is older. To go back, revert the commit that "
            "upgraded it: `git log --grep='Upgrade the machinery'` finds it."
        )


def _refusal(made: Plan, version: str, before: str) -> str:
    found = [f"{few(made.edited)}: edited here, and {version} replaces what is edited."] if made.edited else []
    if made.conflicts:
        found.append(f"{few(made.conflicts)}: edited here, and {version} changes the same lines or removes the file.")
    return (
        f"{' '.join(found)} Nothing was changed. `./mainline upgrade {version} --force` takes the template's, and says "
        f"how your edit gets onto it; or take it back: `git checkout {before[:12]} -- FILE`; or propose it to the "
        "template, and upgrade to the version that has it."
    )


def _summary(version: str, made: Plan, before: str, told: tuple[str, str]) -> str:
    changelog, differences = told
    parts = [f"The machinery is that of {version}, by one commit; `git revert HEAD` takes it back."]
    if made.lost:
        names = " ".join(made.lost)
        parts.append(
            f"Your edits were replaced; `git diff {before[:12]} HEAD~1 -- {names} | git apply --3way` does them again."
        )
    parts.append(changelog or f"engine/CHANGELOG.md has no section for {version}.")
    if differences:
        parts.append(f"Yours, and left as it is; the template changed its own:\n{differences}")
    parts.append(
        "Next: `./mainline migrate` says all that is left to edit; then `make repro`, `make test`, commit, and push."
    )
    return "\n\n".join(parts)
