"""Why an environment takes nothing now: it has the version, waits for a person, test or other one, or went back."""

from collections.abc import Mapping

from mainline.declared.environments import Environment
from mainline.registry import tags
from mainline.registry.tags import Assigned, Version
from mainline.release import requirements
from mainline.release.candidate import Candidate
from mainline.repository import lock
from mainline.repository.git import ask, git

ALREADY = "already has it"


def reason(name: str, declared: Mapping[str, Environment], asked: Candidate, version: Version | None) -> str:
    """Return why an environment takes nothing now; '' if it takes main's version."""
    last = _last(name)
    if _has(name, version):
        return ALREADY
    if last is not None and last.version is not None and _is_held(last, asked):
        return f"keeps {last.version.name} (`./mainline rollback --now`) until the revert is merged"
    promotion = declared[name].promotion
    lacking = requirements.lacking(name, declared, version)
    if lacking:
        return lacking
    if promotion.approval == "manual":
        return f"waits for a person: `./mainline promote {name}`"
    if promotion.after is not None:
        has_it = _has(promotion.after, version)
        if not has_it and reason(promotion.after, declared, asked, version):
            return f"waits for {promotion.after}"
    return ""


def _last(name: str) -> Assigned | None:
    earlier = tags.assignments(name)
    return earlier[-1] if earlier else None


def _has(name: str, version: Version | None) -> bool:
    """Whether an environment has a version already."""
    last = _last(name)
    return version is not None and last is not None and last.version == version


def _is_held(last: Assigned, asked: Candidate) -> bool:
    """Whether a rollback at once still stands: main has had one and the same model since it was made.

    Models are told by their content, which the record has: where history was rewritten, commits have other names.
    """
    record = last.record
    if record is None or record.kind != "rollback":
        return False
    known = ask("merge-base", record.main, asked.commit) == record.main
    since = f"{record.main}..{asked.commit}" if known else asked.commit
    dated = [] if known else [f"--since={last.when}"]
    changed = git("rev-list", "--first-parent", *dated, since, "--", str(lock.LOCK)).split()
    return all(
        lock.package_at(commit).removesuffix(".dir") == record.main_digest for commit in [asked.commit, *changed]
    )
