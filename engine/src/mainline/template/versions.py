"""The template that this repository was made from: its address, its versions, and where this repository left it."""

import re
import tomllib
from collections.abc import Mapping

from mainline.errors import MainlineError
from mainline.repository.git import GitError, ask, blob, git, listed
from mainline.template import ownership, predecessor

KEY = "mainline.template"
"""The setting of git in which a clone remembers the address."""
REFS = "refs/mainline/template/"
"""Where the template's versions and its newest commit are kept, apart from the tags of this repository."""
SETTINGS = "engine/pyproject.toml"
VERSION = re.compile(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class TemplateError(MainlineError):
    """The template, or the version of it that is asked for, is not to be had."""


def address(given: str | None) -> str:
    """Return where the template is: what is given, what this clone remembers, its remote `upstream`, or its own word.

    Raises:
        TemplateError: when nothing says where.
    """
    known = given or ask("config", "--get", KEY) or ask("remote", "get-url", "upstream") or _declared()
    if not known:
        raise TemplateError(
            "nothing says where the template is. Name the repository that this one was made from, once: "
            "`./mainline upgrade VERSION --from URL`."
        )
    return known


def fetch(url: str, *, remember: bool) -> None:
    """Bring the template's history and versions.

    Raises:
        TemplateError: when there is no answer, in git's words.
    """
    wanted = [f"+HEAD:{REFS}newest", f"+refs/tags/v*:{REFS}versions/v*"]
    try:
        git("fetch", "--quiet", "--no-tags", "--prune", "--no-write-fetch-head", url, *wanted)
    except GitError as error:
        raise TemplateError(f"the template does not answer at {url}: {error} `--from URL` names another.") from error
    if remember:
        git("config", KEY, url)


def known() -> Mapping[str, str]:
    """Return the commit of each version, oldest first."""
    form = "%(refname:lstrip=4) %(objectname) %(*objectname)"
    lines = [line.split() for line in listed("for-each-ref", f"--format={form}", f"{REFS}versions/")]
    found = {words[0]: words[-1] for words in lines if VERSION.fullmatch(words[0])}
    return dict(sorted(found.items(), key=lambda item: order(item[0])))


def find(version: str) -> str:
    """Return the commit of a version.

    Raises:
        TemplateError: when the template has no version yet, or has others, naming them, or its tag is at a commit that
            says it is another version.
    """
    names = known()
    if version in names:
        declared = installed(names[version])
        if declared != version:
            raise TemplateError(
                f"the template's tag {version} is at a commit whose {SETTINGS} says {declared or 'nothing'}. Choose "
                "another version, and tell those who maintain the template."
            )
        return names[version]
    if not names:
        raise TemplateError("the template has no version yet: a tag such as v0.2.0.")
    raise TemplateError(f"the template has no version '{version}'; newest first: {', '.join([*names][:-11:-1])}.")


def order(version: str) -> tuple[int, ...]:
    """Return a version's place among the others."""
    return tuple(int(number) for number in version.removeprefix("v").split("."))


def installed(commit: str = "HEAD") -> str:
    """Return the version that the machinery of a commit says it is; '' before it had a place of its own."""
    content = blob(f"{commit}:{SETTINGS}")
    return f"v{tomllib.loads(content.decode())['project']['version']}" if content else ""


def is_old(commit: str) -> bool:
    """Whether a commit of the template has the layout before `engine/`."""
    return not ask("rev-parse", "--verify", "--quiet", f"{commit}:engine")


def base(url: str) -> str:
    """Return the template's commit that this repository has the machinery of, or is nearest to.

    Every commit of the template with the very same machinery is looked at, the one that this repository was made from,
    and the version that the machinery says it is. The nearest has the fewest other differences.

    Raises:
        TemplateError: when this repository has nothing in common with the template.
    """
    own = known().get(installed(), "")
    candidates = [*_same_machinery(), ask("merge-base", "HEAD", f"{REFS}newest"), own]
    near = {commit: _distance(commit) for commit in dict.fromkeys(candidates) if commit}
    if not near:
        raise TemplateError(f"{url} is not what this repository was made from: they share no version and no history.")
    return min(near, key=lambda commit: near[commit])


def _declared() -> str:
    content = blob(f"HEAD:{SETTINGS}")
    project = tomllib.loads(content.decode())["project"] if content else {}
    return str(project.get("urls", {}).get("template", ""))


def _same_machinery() -> list[str]:
    """List commits of the template whose machinery is that of this repository, to the last byte."""
    places = ("engine", predecessor.MACHINERY)
    place = next((place for place in places if ask("rev-parse", "--verify", f"HEAD:{place}")), "")
    if not place:
        return []
    here = ask("rev-parse", f"HEAD:{place}")
    commits = git("rev-list", "--glob", f"{REFS}*").split()
    asked = "".join(f"{commit}:{place}\n" for commit in commits)
    trees = git("cat-file", "--batch-check=%(objectname)", given=asked).splitlines()
    return [commit for commit, tree in zip(commits, trees, strict=True) if tree == here]


def _distance(commit: str) -> int:
    """Count the files of ours that differ between a commit of the template and this repository."""
    ours = ownership.of(commit)
    names = git("diff", "--name-only", "--no-renames", "-z", commit, "HEAD").split("\0")
    return sum(ours.is_ours(name) for name in names)
