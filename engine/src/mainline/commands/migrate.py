"""List all that is left to edit after an upgrade."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from mainline import faults, files
from mainline.claims import declarations
from mainline.declared import card, deploy_files, environments, gate, params, reading, tune
from mainline.errors import MainlineError, ParamsError
from mainline.pipeline import dependencies
from mainline.scaffold.code import fill
from mainline.template import declaration, dvc_layout, renames
from mainline.template.declaration import Edit
from mainline.text import count

PIPELINE, PARAMS = Path("dvc.yaml"), Path("params.yaml")
REFERENCE = Path("engine/tests/flights/dvc.yaml")
"""The pipeline that the machinery ships."""


LAYOUT = (
    "params.yaml: `dvc exp run -S` writes lists one line an item, and no empty line below them; an experiment's diff "
    "would show that too"
)


class UnfinishedError(MainlineError):
    """Something is left to edit."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--write", action="store_true", help="edit dvc.yaml, and the names that params.yaml has of before"
    )


def run(arguments: argparse.Namespace) -> str:
    """List every edit that is left, or make those first that need no decision.

    Raises:
        UnfinishedError: listing what is left, of all files at once.
    """
    done = _write() if arguments.write else []
    mechanical = [*(f"dvc.yaml: {edit}" for edit in _edits()), *_card(), *_names(), *_layout()]
    left = list(dict.fromkeys([*mechanical, *_settings(), *_code()]))
    if not left:
        return "\n".join([*done, "Nothing is left to edit. Next: `make repro` and `make test`."])
    hint = [f"`./mainline migrate --write` makes {_those(len(mechanical), len(left))}"] if mechanical else []
    raise UnfinishedError("\n  ".join([*done, f"{count(len(left), 'edit')} left:", *left, *hint]))


def _write() -> list[str]:
    """Make the edits of `dvc.yaml` and of names in `params.yaml`, and list them."""
    edits, names = _edits(), renames.found(reading.read(PARAMS))
    texts = {PIPELINE: declaration.edited(PIPELINE.read_text(encoding="utf-8"), edits)} if edits else {}
    texts |= {card.FILE: fill("usecase/card.yaml", {})} if _card() else {}
    before = PARAMS.read_text(encoding="utf-8")
    renamed = renames.written(before, names) if names else before
    laid_out = dvc_layout.kept(renamed)
    if laid_out != before:
        texts[PARAMS] = laid_out
    for path, text in texts.items():
        files.replace(path, text)
    done = [
        *(f"dvc.yaml: {edit}" for edit in edits),
        *([f"{card.FILE}: written, every part of it a gap"] if card.FILE in texts else []),
        *(f"params.yaml: {old} is now {new}" for old, new in names.items()),
        *(["params.yaml: laid out as `dvc exp run -S` does"] if laid_out != renamed else []),
    ]
    return ["Made:", *(f"  {line}" for line in done)] if done else []


def _edits() -> list[Edit]:
    own, reference = (path.read_text(encoding="utf-8") for path in (PIPELINE, REFERENCE))
    return declaration.edits(own, reference, dependencies.needed)


def _card() -> list[str]:
    return [] if card.FILE.is_file() else [f"{card.FILE}: is missing; it says what people know of the model"]


def _names() -> list[str]:
    return [f"params.yaml: {old} is called {new} now" for old, new in renames.found(reading.read(PARAMS)).items()]


def _layout() -> list[str]:
    text = PARAMS.read_text(encoding="utf-8")
    return [LAYOUT] if dvc_layout.kept(text) != text else []


def _settings() -> list[str]:
    """List all that is wrong with the declared files under the names of now."""
    raw = renames.renamed(reading.read(PARAMS))
    found = reading.problems(params.Params, raw, "", PARAMS.name)
    for name, model in (("gate", gate.Policy), ("tune", tune.Search)):
        if isinstance(raw.get(name), dict):
            found += reading.problems(model, raw[name], name, PARAMS.name)
    for path in deploy_files.environment_files():
        try:
            environments.load(path)
        except ParamsError as error:
            found.append(error)
    return [str(problem) for problem in found]


def _code() -> list[str]:
    """List what of the contract the code does not keep; what follows from a declared file is listed there."""
    lacking = [said for name in declarations.OFFERED for said in _lacking(name)]
    if lacking:
        return lacking
    from mainline.claims import catalogue  # which imports the use case
    from mainline.claims.batches import NoDataError

    found = []
    for claim in catalogue.ALL:
        try:
            found.append(catalogue.problem(claim))
        except NoDataError as error:
            found.append(str(error))
    return [said for said in found if said and not said.startswith("params.yaml:")]


def _lacking(name: str) -> Iterator[str]:
    """Say which names a module does not offer, or why it cannot be imported."""
    for wanted in declarations.OFFERED[name]:
        try:
            getattr(declarations.module(name), wanted)
        except Exception as error:
            expected = faults.explain(error)
            if expected is None:
                raise
            yield str(expected)


def _those(mechanical: int, left: int) -> str:
    return "all of them." if mechanical == left else f"the first {mechanical}."
