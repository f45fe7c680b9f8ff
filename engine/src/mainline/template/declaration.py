"""`dvc.yaml` of a fork beside the machinery's own: what its stages lack, and the lines that say so."""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import yaml

from mainline import plain_yaml
from mainline.declared import reading
from mainline.errors import MainlineError

SECTIONS = ("deps", "params", "outs", "metrics", "plots")
MADE = ("outs", "metrics", "plots")
"""Sections of what a stage writes; a file is in one of them."""
CODE = ("src/", "engine/", "requirements/")
"""Where dependencies are that follow from imports."""
_STAGE = re.compile(r"^  (?P<name>[\w-]+):\n(?P<body>(?:    .*\n|[ ]*\n)*)", re.MULTILINE)
_SECTION = r"^    {}:\n((?:      .*\n)+)"
_ENTRY = re.compile(r"^      - .*\n(?:^        .*\n)*", re.MULTILINE)

Needs = Callable[[str], Set[str]]


class PipelineError(MainlineError):
    """`dvc.yaml` cannot be edited line by line."""


@dataclass(frozen=True)
class Edit:
    """One entry of a stage's section that comes or goes."""

    stage: str
    section: str
    name: str
    added: str
    """The lines to add, as the machinery's own pipeline has them; '' if the entry goes."""

    def __str__(self) -> str:
        return f"{self.stage}: {self.section}: {'add' if self.added else 'remove'} {self.name}"


def edits(own: str, reference: str, needs: Needs) -> list[Edit]:
    """List what the stages of a pipeline lack, and what they have no more; what a fork added besides stays.

    Args:
        own: the text of the fork's `dvc.yaml`.
        reference: that of the machinery.
        needs: the code that a stage depends on, by its name.

    Raises:
        PipelineError: when a stage is not there, or the file is not one of a pipeline.
    """
    mine, theirs = _stages(own), _stages(reference)
    lines = {(stage, section): dict(_entries(body, section)) for stage, body in _bodies(reference) for section in MADE}
    found = []
    for stage, wanted in theirs.items():
        if not isinstance(mine.get(stage), Mapping):
            raise PipelineError(f"dvc.yaml has no stage {stage}; copy it from engine/tests/flights/dvc.yaml.")
        found += [*_of_dependencies(stage, mine[stage], wanted, needs(stage)), *_of_params(stage, mine[stage], wanted)]
        found += _of_outputs(stage, mine[stage], wanted, lines)
    return found


def edited(own: str, wanted: list[Edit]) -> str:
    """Return the text with the edits made, and all else as it was.

    Raises:
        PipelineError: when a stage or section is written in another form than a line for each entry.
    """

    def stage(match: re.Match[str]) -> str:
        body = match["body"]
        for edit in (edit for edit in wanted if edit.stage == match["name"]):
            body = _edited(body, edit)
        return f"  {match['name']}:\n{body}"

    head, marker, rest = own.partition("stages:\n")
    end = re.search(r"^\S", rest, re.MULTILINE)
    stages, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    made = head + marker + _STAGE.sub(stage, stages) + tail
    _check(own, made, wanted)
    return made


def _of_dependencies(stage: str, own: Mapping[str, Any], wanted: Mapping[str, Any], code: Set[str]) -> Iterator[Edit]:
    present = _names(own, "deps")
    data = [name for name in _names(wanted, "deps") if not name.startswith(CODE)]
    for name in [*sorted(code), *data]:
        if name not in present:
            yield Edit(stage, "deps", name, f"      - {name}\n")
    for name in present:
        if name.startswith(CODE) and name not in code:
            yield Edit(stage, "deps", name, "")


def _of_params(stage: str, own: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Edit]:
    """A section as a whole stands for each key of it."""
    present = _names(own, "params")
    for name in _names(wanted, "params"):
        if name not in present and name.split(".")[0] not in present:
            yield Edit(stage, "params", name, f"      - {name}\n")
            for part in (each for each in present if each.startswith(f"{name}.")):
                yield Edit(stage, "params", part, "")


def _of_outputs(
    stage: str,
    own: Mapping[str, Any],
    wanted: Mapping[str, Any],
    lines: Mapping[tuple[str, str], Mapping[str, str]],
) -> Iterator[Edit]:
    """A file that is under `outs` and belongs to metrics or plots moves; between those two it is the fork's choice."""
    places = {name: section for section in MADE for name in _names(own, section)}
    for section in MADE:
        for name in _names(wanted, section):
            if places.get(name) == "outs" != section:
                yield Edit(stage, "outs", name, "")
            elif name in places:
                continue
            yield Edit(stage, section, name, lines[stage, section][name])


def _names(stage: Mapping[str, Any], section: str) -> list[str]:
    """Name the entries of a section, each of which is a name or a name with its options."""
    return [str(entry if isinstance(entry, str) else next(iter(entry))) for entry in stage.get(section) or []]


def _stages(text: str) -> Mapping[str, Any]:
    try:
        content = plain_yaml.load(text)
    except yaml.YAMLError as error:
        raise PipelineError(f"dvc.yaml is not YAML ({reading.explain(error)}); correct that line.") from error
    stages = content.get("stages") if isinstance(content, Mapping) else None
    return stages if isinstance(stages, Mapping) else {}


def _bodies(text: str) -> Iterator[tuple[str, str]]:
    for match in _STAGE.finditer(text.partition("stages:\n")[2]):
        yield match["name"], match["body"]


def _entries(body: str, section: str) -> Iterator[tuple[str, str]]:
    """Yield each entry of a section of a stage with its lines."""
    found = re.search(_SECTION.format(section), body, re.MULTILINE)
    for lines in _ENTRY.findall(found[1] if found else ""):
        entry = plain_yaml.load(lines)[0]
        yield str(entry if isinstance(entry, str) else next(iter(entry))), lines


def _edited(body: str, edit: Edit) -> str:
    """Add an entry at the end of its section, or remove it, and the section if nothing is left of it."""
    found = re.search(_SECTION.format(edit.section), body, re.MULTILINE)
    if not edit.added:
        lines = dict(_entries(body, edit.section)).get(edit.name, "")
        return body.replace(f"    {edit.section}:\n{lines}" if found and found[1] == lines else lines, "", 1)
    if found:
        return body[: found.end()] + edit.added + body[found.end() :]
    empty = re.search(rf"^    {edit.section}:[ ]*\n", body, re.MULTILINE)
    if empty:
        return body[: empty.end()] + edit.added + body[empty.end() :]
    if re.search(rf"^    {edit.section}:", body, re.MULTILINE):
        raise PipelineError(_of_another_form(edit.stage, edit.section))
    whole = body.rstrip("\n ") + "\n"
    return f"{whole}    {edit.section}:\n{edit.added}{body[len(whole) :]}"


def _check(own: str, made: str, wanted: list[Edit]) -> None:
    """Hold the text that was made to what was asked for.

    Raises:
        PipelineError: when it says anything else, since the fork writes its pipeline in another form.
    """
    try:
        before, after = (plain_yaml.load(text)["stages"] for text in (own, made))
    except yaml.YAMLError:
        after = {}
    for stage in before:
        for section in SECTIONS:
            asked = [edit for edit in wanted if (edit.stage, edit.section) == (stage, section)]
            gone = {edit.name for edit in asked if not edit.added}
            expected = [name for name in _names(before[stage], section) if name not in gone]
            expected += [edit.name for edit in asked if edit.added]
            if stage not in after or _names(after[stage], section) != expected:
                raise PipelineError(_of_another_form(stage, section))


def _of_another_form(stage: str, section: str) -> str:
    return f"dvc.yaml: {section} of {stage} is not written a line for each entry. Edit it by hand."
