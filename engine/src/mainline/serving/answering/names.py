"""Names of fields as GraphQL takes them: fewer than JSON does."""

import re
from collections.abc import Iterable

from mainline.errors import MainlineError
from mainline.serving.answering.model import Model

_NAME = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")
"""A name of the language; those that begin with two underscores are its own."""


def check(models: Iterable[Model]) -> None:
    """Hold the fields of models to the names that GraphQL has.

    Raises:
        MainlineError: when one is not such a name.
    """
    for model in models:
        answered = () if model.classes else (model.response,)
        for field in (*model.reader.fields, *answered):
            if not _NAME.fullmatch(field.name):
                raise MainlineError(
                    f"service.graphql: the field {field.name!r} of {model.name} {model.version} is not a name in "
                    "GraphQL, which takes letters, digits and _, no digit first and not __ first. Name it otherwise in "
                    "src/usecase/interface.py and release that, or set `graphql: null`."
                )
