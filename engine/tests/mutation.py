"""`make -C engine mutation`: break what must be able to say no, one small change at a time. Which does no test see?

mutmut makes the changes and runs the tests (`[tool.mutmut]` of pyproject.toml names both). Changes of words alone are
counted apart: what a person reads is not held to the letter. What a run knows is kept in `mutants/`, so the next one
tests only what has changed.
"""

import ast
import difflib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LIMIT = 0.1
"""Share of the changes, words aside, that may go unseen: some change nothing that anybody could see."""
FOLDER = Path("mutants")
SURVIVED, UNTESTED = 0, 33
"""How mutmut notes that the tests passed all the same, and that none of them runs the line."""


class Mutant(NamedTuple):
    """A change: its name, whether a test saw it, whether it is one of words alone, and its lines."""

    name: str
    seen: bool
    words: bool
    lines: list[str]


def main() -> int:
    """Run the tests against every change; print what none of them saw; fail where that is too much."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(["mutmut", "run"], check=True, env=environment, stdout=subprocess.DEVNULL)
    found = list(read(FOLDER))
    for mutant in found:
        if not mutant.seen and not mutant.words:
            print(f"\n{mutant.name}", *mutant.lines, sep="\n")
    print(f"\n{'':40} changes  unseen  of words alone")
    for module, mutants in _by_module(found).items():
        print(f"{module:40} {len(mutants):7,} {_unseen(mutants, False):7,} {_unseen(mutants, True):15,}")
    sense = sum(not mutant.words for mutant in found)
    share = _unseen(found, False) / max(sense, 1)
    print(f"\n{share:.1%} of {sense:,} changes that are not of words alone went unseen; the limit is {LIMIT:.0%}.")
    return int(not sense or share > LIMIT)


def read(folder: Path) -> Iterator[Mutant]:
    """Yield what mutmut noted of each change that was tested."""
    for meta in sorted(folder.rglob("*.meta")):
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        tree = ast.parse(meta.with_suffix("").read_text(encoding="utf-8"))
        functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for name, code in codes.items():
            if code is not None:
                short = name.rpartition(".")[2]
                original = functions[f"{short.rpartition('__mutmut_')[0]}__mutmut_orig"]
                seen = code not in (SURVIVED, UNTESTED)
                yield Mutant(name, seen, _same(original, functions[short]), _difference(original, functions[short]))


def _same(original: ast.FunctionDef, changed: ast.FunctionDef) -> bool:
    """Whether two functions differ in texts alone."""
    return _without_words(original) == _without_words(changed)


def _without_words(function: ast.FunctionDef) -> str:
    class Blank(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.Constant:
            return ast.Constant("") if isinstance(node.value, str) else node

        def visit_JoinedStr(self, _: ast.JoinedStr) -> ast.Constant:
            return ast.Constant("")

    copy = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(copy, ast.FunctionDef)
    return "\n".join(ast.dump(Blank().visit(line)) for line in copy.body)


def _difference(original: ast.FunctionDef, changed: ast.FunctionDef) -> list[str]:
    before, after = (ast.unparse(function).splitlines()[1:] for function in (original, changed))
    lines = difflib.unified_diff(before, after, n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def _by_module(mutants: list[Mutant]) -> dict[str, list[Mutant]]:
    names = Counter(mutant.name.rpartition(".")[0] for mutant in mutants)
    return {name: [mutant for mutant in mutants if mutant.name.rpartition(".")[0] == name] for name in sorted(names)}


def _unseen(mutants: list[Mutant], words: bool) -> int:
    return sum(not mutant.seen and mutant.words == words for mutant in mutants)


if __name__ == "__main__":
    sys.exit(main())
