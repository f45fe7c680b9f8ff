"""The code of a model type of the user's own is among what a stage depends on, or an edit of it would not be seen."""

from mainline.data import local_files
from mainline.declared import own_model
from mainline.declared.params import Params
from mainline.errors import MainlineError
from mainline.repository.imports import first_party

STAGES = ("train", "package")
"""The stages that fit the declared model."""


def check(params: Params, *stages: str) -> None:
    """Refuse to fit an own model for stages that do not declare its file, and what that imports, in `dvc.yaml`.

    Raises:
        MainlineError: naming the file, and what writes the line that is missing.
    """
    file = own_model.file(params.model.type)
    code = [path.as_posix() for path in first_party(file)] if file else []
    for stage in stages:
        missing = sorted({*code} - {*local_files.dependencies(stage=stage)}) if code else []
        if missing:
            raise MainlineError(
                f"{missing[0]}, which {params.model.type} needs, is not among the deps of {stage} in dvc.yaml, so that "
                "a change of it would not be seen. `./mainline deps --write` adds it."
            )
