"""What a commit is about, also if a forge merged it and its subject names only the branch."""

import re

_MERGED = re.compile(r"Merge (?:pull request #\d+ from \S+|branch '[^']+' into '[^']+')")
"""How GitHub and GitLab begin the commit of a merge; the title of what was merged is the next line."""


def told(subject: str, body: str) -> str:
    """Return the subject of a commit, or the title of the pull request that it merged."""
    title = next((line.strip() for line in body.splitlines() if line.strip()), "")
    return title if title and _MERGED.fullmatch(subject) else subject
