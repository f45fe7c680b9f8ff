"""Claims about what the use case declares; they need no row of data."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from mainline import personal, processes
from mainline.conformance.code import TRAVELLING
from mainline.conformance.names import check_features, check_policy
from mainline.conformance.requests import check_time
from mainline.conformance.tables import check_tables
from mainline.data import sides
from mainline.data.columns import from_rows
from mainline.declared import card, params
from mainline.errors import RequestError, UseCaseError

OFFERED = {
    "source": ("describe", "fetch"),
    "schema": ("TABLES", "EVENTS", "STATIC"),
    "interface": ("NAME", "TASK", "LABEL", "KEY", "REQUEST", "RESPONSE", "BANNED"),
    "tables": ("FEATURE_TABLES", "build_static"),
    "features": ("CATEGORICAL", "NUMERIC", "compute"),
    "scoring": ("fit_target", "respond", "slices"),
}
LIMIT = 120.0
"""Seconds that one of them may take to be imported; less than one is usual."""
ALONE = """
import sys, numpy, runpy
class Alone:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in {"numpy", *sys.stdlib_module_names}:
            raise ImportError(f"imports {name}")
sys.meta_path.insert(0, Alone)
try:
    runpy.run_path(sys.argv[1])
except ImportError as error:
    sys.exit(str(error))
"""


def module(name: str) -> ModuleType:
    """Import a module of the use case; an import that fails is said by `faults.explain`."""
    return import_module(f"usecase.{name}")


def every_module_offers_what_the_machinery_calls() -> None:
    """The six modules have every name of the contract."""
    for name, offered in OFFERED.items():
        for wanted in offered:
            getattr(module(name), wanted)


def declarations_fit_each_other() -> None:
    """Task, response, request, label, key, group and schema name the same things; data has time everywhere or nowhere.

    A table has columns, and its key, if it has one, is in the request.
    """
    from mainline.stages.validate import check_use_case

    check_use_case()
    fields = [field.name for field in module("interface").REQUEST]
    tables = module("tables").FEATURE_TABLES
    check_tables(tables, fields)
    check_time(not params.load().data.snapshot, module("features"), tables, sides.group(module("interface")))


def no_banned_name_is_used() -> None:
    """No feature, field or column of a table has a banned name, the label's, or a person's that is not declared."""
    interface = module("interface")
    banned = {interface.LABEL: "it is the label"} | dict(interface.BANNED)
    allowed = personal.columns(interface)
    check_policy(features(), interface.REQUEST, banned, module("tables").FEATURE_TABLES, interface.KEY, allowed)


def features_have_one_name_each() -> None:
    """No feature is declared twice, and each that `params.yaml` chooses is declared."""
    declared = features()
    for name in declared:
        if declared.count(name) > 1:
            raise UseCaseError(f"src/usecase/features.py: '{name}' is declared twice; name it once.")
    check_features(params.load().features, declared)


def examples_are_requests() -> None:
    """The examples of the fields, put together, are a request that a server would answer."""
    interface = module("interface")
    for field in interface.REQUEST:
        try:
            from_rows([{field.name: field.example}], [field])
        except RequestError as error:
            raise UseCaseError(f"src/usecase/interface.py: REQUEST: the example of {error.reason}") from error
    from_rows([{field.name: field.example for field in interface.REQUEST}], interface.REQUEST)


def the_card_has_only_what_a_card_asks() -> None:
    """`card.yaml` has known keys alone, each of its kind; what nobody has said yet is left empty."""
    card.load()


def code_that_travels_is_importable_alone() -> None:
    """`features.py` and `scoring.py` go into the package; they are imported with numpy and nothing else."""
    for file in TRAVELLING:
        path = Path(module(file.stem).__file__ or "")
        try:
            ran = processes.run([sys.executable, "-I", "-c", ALONE, str(path)], LIMIT, text=True, errors="replace")
        except subprocess.TimeoutExpired as error:
            raise UseCaseError(
                f"{file} is imported for more than {LIMIT:g} s; it may only define names. Move work that takes long to "
                "src/usecase/tables.py, or into a function."
            ) from error
        if ran.returncode:
            said = ran.stderr.strip().splitlines()[-1]
            raise UseCaseError(
                f"{file} {said}; code that travels in the package may import numpy and the standard "
                "library. Move what needs more to src/usecase/tables.py."
            )


def features() -> tuple[str, ...]:
    """Return the names of all features that the use case declares."""
    declared = module("features")
    return (*declared.NUMERIC, *declared.CATEGORICAL)


CLAIMS = (
    every_module_offers_what_the_machinery_calls, declarations_fit_each_other, no_banned_name_is_used,
    features_have_one_name_each, examples_are_requests, the_card_has_only_what_a_card_asks,
    code_that_travels_is_importable_alone,
)  # fmt: skip
