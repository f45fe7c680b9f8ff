"""The files of `src/usecase/`, as they follow from a plan."""

from mainline.declared import card
from mainline.scaffold.code import fill, plain
from mainline.scaffold.computation import features, scoring
from mainline.scaffold.declarations import interface, schema
from mainline.scaffold.delivery import source
from mainline.scaffold.outline import events, own_files, response
from mainline.scaffold.plan import Plan


def files(plan: Plan) -> dict[str, str]:
    """Return the text of each file by its path."""
    texts = {
        "__init__": _title(plan), "source": source(plan), "schema": schema(plan), "interface": interface(plan),
        "features": features(plan), "scoring": scoring(plan),
        "tables": fill("usecase/tables.py", {"moving": fill("usecase/moving", {}) if plan.time else ""}),
    }  # fmt: skip
    code = {f"src/usecase/{name}.py": text for name, text in texts.items()}
    return code | {card.FILE.as_posix(): fill("usecase/card.yaml", {})}


def _title(plan: Plan) -> str:
    said = f"for a row of {events(plan)}, predict {response(plan)}"
    title = plain(plan.label)
    files = plain(", ".join(own_files(plan)), 60)
    return fill("usecase/__init__.py", {"title": f"{title[:1].upper()}{title[1:]}", "sentence": said, "files": files})
