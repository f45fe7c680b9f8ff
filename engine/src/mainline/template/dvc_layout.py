"""`params.yaml` as DVC lays it out: after `dvc exp run -S`, and `dvc exp apply`, its diff shows what was set alone."""

import tempfile
from pathlib import Path

import yaml


def rewritten(text: str) -> str:
    """Return a text as DVC writes it when it sets a value; what cannot be read stays as it is.

    Lists become one line an item, without an indentation; an empty line below a list goes, and so do comments in it.
    """
    from dvc.exceptions import DvcException  # which takes half a second
    from dvc.utils.hydra import apply_overrides

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "params.yaml")
        file.write_text(text, encoding="utf-8")
        try:
            apply_overrides(str(file), [])
        except DvcException:
            return text
        return file.read_text(encoding="utf-8")


def kept(text: str) -> str:
    """Return a text as DVC writes it, or as it is where DVC would drop a comment or read a value otherwise."""
    anew = rewritten(text)
    if anew == text:
        return text
    same = yaml.safe_load(anew) == yaml.safe_load(text) and _comments(anew) == _comments(text)
    return anew if same else text


def _comments(text: str) -> int:
    return sum("#" in line for line in text.splitlines())
