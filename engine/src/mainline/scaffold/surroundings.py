"""`dvc.yaml`, the README and the schedule of retraining, in which some lines speak of the model."""

import json
import re

from mainline.scaffold.code import plain, slug
from mainline.scaffold.dialect import TableError
from mainline.scaffold.estimators import another
from mainline.scaffold.outline import OWN, events, example, is_plain, own_files, request, response, shell
from mainline.scaffold.plan import Plan
from mainline.scaffold.yaml_text import scalar
from mainline.text import count, few

_OURS = re.compile(r"\n<!-- model: begin -->\n.*?\n<!-- model: end -->\n", re.DOTALL)
_EXAMPLE = re.compile(r"\n<!-- example: begin -->\n.*?\n<!-- example: end -->\n", re.DOTALL)
_CRON = re.compile(r'^( +- cron: )"[^"]*".*$', re.MULTILINE)
_SCHEDULES = {
    "day": ('"23 4 * * *"', "the day before is complete by then"),
    "week": ('"23 4 * * 2"', "the week before is complete by then"),
    "month": ('"23 4 2 * *"', "the month before is complete by then"),
    "quarter": ('"23 4 2 1,4,7,10 *"', "the quarter before is complete by then"),
    "year": ('"23 4 2 1 *"', "the year before is complete by then"),
}
_TIMELESS = ('"23 4 2 * *"', "the data has no time: only what was declared or delivered since is new")
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
    """Return the README with a section about this model before its first one, and without the shipped example."""
    text = _EXAMPLE.sub("", _OURS.sub("", text))
    start = text.find("\n## ")
    start = len(text) if start < 0 else start
    return f"{text[:start]}\n<!-- model: begin -->\n{_section(plan)}\n<!-- model: end -->\n{text[start:]}"


def retraining(text: str, plan: Plan) -> str:
    """Return the workflow that retrains, with the schedule on which a period of the data is complete."""
    cron, comment = _SCHEDULES[plan.time.unit] if plan.time else _TIMELESS
    return _CRON.sub(lambda match: f"{match[1]}{cron} # {comment}", text, count=1)


def predict_command(plan: Plan) -> str:
    """Return the command that predicts the raw file."""
    return f"./mainline predict {shell(own_files(plan)[0])}{'' if is_plain(plan) else ' --raw'}"


def _section(plan: Plan) -> str:
    left = [name for name in plan.left_out if name not in request(plan)]
    files = ", ".join(f"`{plain(name, 80)}`" for name in own_files(plan))
    lines = ["## This model", "", f"For a row of {events(plan)}, it predicts {response(plan)}."]
    lines.append(f"It learns from {count(plan.labelled, 'row')} and {count(len(plan.features), 'column')} of {files}.")
    if left:
        some = few([f"`{plain(name)}`" for name in left], _SHOWN)
        lines.append(f"Left out are {some}; `src/usecase/` says why.")
    asked = json.dumps(example(plan), ensure_ascii=False)
    asked = asked if asked.isprintable() else json.dumps(example(plan))
    lines += ["", "```console", "$ make repro && make test", "$ make gate", f"$ {predict_command(plan)}"]
    lines += ["$ KEY=$(./mainline api-key laptop | head -n 1)", "$ make serve    # what follows, in another terminal"]
    headers = "-H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json'"
    lines.append(f"$ curl -s http://127.0.0.1:8080/predict {headers} -d {shell(asked)}")
    return "\n".join([*lines, "```", "", *_edits(plan)])


def _edits(plan: Plan) -> list[str]:
    """Say what to edit for another model; the numbers are those of the last run, and stand in no README."""
    kind, given, space = another(plan)
    window = "`./mainline window --advance` takes it, once its rows are in the file"
    more = (
        (f"train on one {plan.time.unit} more", window)
        if plan.time
        else ("learn from more rows", "add them to the file; each row that was there keeps its side of the split")
    )
    model = f"`model.type: {kind}`, `model.params: {given}`; for `./mainline tune`: `tune.space: {space}`"
    rows = [more, ("try another model", model), ("leave out a feature", "remove its line under `features`")]
    return [
        "`make repro` prints how good it is beside a baseline, and `make gate` whether that is enough to release it.",
        "Edit [params.yaml](params.yaml) or `src/usecase/`: `./mainline try` says in seconds whether that is better.",
        "Then run `make repro` and commit; only the stages that the edit touches run again.",
        "", "| to | do, or edit in `params.yaml` |", "|---|---|", *(f"| {to} | {what} |" for to, what in rows),
    ]  # fmt: skip
