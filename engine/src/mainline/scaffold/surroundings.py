"""`dvc.yaml` and the README, in which a few lines speak of the model."""

import json
import re

from mainline.scaffold.code import plain, slug
from mainline.scaffold.dialect import TableError
from mainline.scaffold.inference import Plan
from mainline.scaffold.outline import OWN, events, example, is_plain, own_files, request, response, shell
from mainline.scaffold.settings import scalar

_OURS = re.compile(r"\n<!-- model: begin -->\n.*?\n<!-- model: end -->\n", re.DOTALL)
_INGEST = re.compile(r"(  ingest:\n(?:    .*\n)*?    deps:\n)((?:      - .*\n)+)")
_ARTIFACT = re.compile(
    r"^  [a-z][a-z0-9-/]*:\n(    path: models/package\n    type: model\n)    desc: .*\n", re.MULTILINE
)
_SHOWN = 6


def pipeline(text: str, plan: Plan) -> str:
    """Return `dvc.yaml` with the data files among the dependencies of ingest, and the model under its own name.

    Raises:
        TableError: when the file has another form.
    """
    found = _INGEST.search(text)
    if not found or not _ARTIFACT.search(text):
        raise TableError("dvc.yaml has no stage ingest with deps, or no artifact models/package; put them back first.")
    written = [line.removeprefix("      - ").strip('"') for line in found[2].splitlines()]
    kept = [name for name in written if not name.startswith((f"{OWN}/", "src/usecase/"))]
    code = ["src/usecase/schema.py", "src/usecase/source.py"]
    names = [name for name in kept if name.startswith("engine/")] + [*own_files(plan), *code]
    names += [name for name in kept if name not in names]
    text = text.replace(found[0], found[1] + "".join(f"      - {scalar(name)}\n" for name in names), 1)
    described = scalar(f"Predicts {response(plan)}; what is registered, promoted and served")
    name = slug(plan.label, "model")
    return _ARTIFACT.sub(lambda match: f"  {name}:\n{match[1]}    desc: {described}\n", text, count=1)


def readme(text: str, plan: Plan) -> str:
    """Return the README with a section about this model before its first section."""
    text = _OURS.sub("", text)
    start = text.find("\n## ")
    start = len(text) if start < 0 else start
    return f"{text[:start]}\n<!-- model: begin -->\n{_section(plan)}\n<!-- model: end -->\n{text[start:]}"


def predict_command(plan: Plan) -> str:
    """Return the command that predicts the raw file."""
    return f"./mainline predict {shell(own_files(plan)[0])}{'' if is_plain(plan) else ' --raw'}"


def _section(plan: Plan) -> str:
    left = [name for name in plan.left_out if name not in request(plan)]
    files = ", ".join(f"`{plain(name, 80)}`" for name in own_files(plan))
    few = ", ".join(f"`{plain(name)}`" for name in left[:_SHOWN])
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    lines = ["## This model", "", f"For a row of {events(plan)}, it predicts {response(plan)}."]
    lines.append(f"It learns from {plan.labelled:,} rows and {len(plan.features)} columns of {files}.")
    lines += [f"Left out are {few}{more}; `src/usecase/` says why."] if left else []
    asked = json.dumps(example(plan), ensure_ascii=False)
    asked = asked if asked.isprintable() else json.dumps(example(plan))
    lines += ["", "```console", "$ make repro && make test", "$ make gate", f"$ {predict_command(plan)}"]
    lines += ["$ KEY=$(./mainline api-key laptop | head -n 1)", "$ make serve    # what follows, in another terminal"]
    headers = "-H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json'"
    lines.append(f"$ curl -s http://127.0.0.1:8080/predict {headers} -d {shell(asked)}")
    return "\n".join([*lines, "```"])
