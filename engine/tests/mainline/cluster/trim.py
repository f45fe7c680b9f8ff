"""`python -m tests.mainline.cluster.trim FILE ...`: take what the manifests use over from published definitions.

A file is a CRD as YAML, or the schema of a kind of Kubernetes' own as the package `kubernetes-validate` has it, which
refers to `_definitions.json` beside it.

Writes `schemas.json`: of each kind, names, types, values and required fields as far as a manifest that is rendered
here names them. A name that the definition does not have ends it.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.mainline.cluster.test_manifests import SCHEMAS, everything

KEPT = ("type", "enum", "pattern", "minimum", "maximum", "required")
"""What is kept of a field; descriptions and defaults are not."""


Definitions = Mapping[str, Any]


def trim(
    schema: Mapping[str, Any], used: Iterable[Any], where: str, definitions: Definitions | None = None
) -> dict[str, Any]:
    """Return a schema as far as values use it; `definitions` are what it refers to, by name.

    Raises:
        KeyError: naming a field that the schema does not have.
    """
    values, known = list(used), definitions or {}
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    kept = {name: schema[name] for name in KEPT if name in schema}
    if schema.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
    if "oneOf" in schema:
        kept["type"] = sorted({kind for one in schema["oneOf"] for kind in _types(one)})
    if "items" in schema:
        kept["items"] = trim(schema["items"], [item for value in values for item in value], f"{where}[]", known)
    elif "properties" in schema:
        names = sorted({name for value in values for name in value} | set(schema.get("required", ())))
        unknown = [name for name in names if name not in schema["properties"]]
        if unknown:
            raise KeyError(f"{where}: {unknown} are not in the published definition")
        kept["properties"] = {
            name: trim(schema["properties"][name], [v[name] for v in values if name in v], f"{where}.{name}", known)
            for name in names
        }
        kept["additionalProperties"] = False
    elif "additionalProperties" in schema:
        more = schema["additionalProperties"]
        kept["additionalProperties"] = trim(more, [], where, known) if isinstance(more, Mapping) else more
    return kept


def _types(schema: Mapping[str, Any]) -> list[str]:
    found = schema["type"]
    return found if isinstance(found, list) else [found]


def _definition(file: Path) -> tuple[str, Mapping[str, Any], Definitions]:
    """Return the kind that a file defines, its schema, and what that refers to."""
    if file.suffix == ".json":
        schema = json.loads(file.read_text(encoding="utf-8"))
        definitions = json.loads(file.with_name("_definitions.json").read_text(encoding="utf-8"))["$defs"]
        return schema["x-kubernetes-group-version-kind"][0]["kind"], schema, definitions
    defined = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]
    return defined["names"]["kind"], defined["versions"][0]["schema"]["openAPIV3Schema"], {}


def main(files: Iterable[str]) -> None:
    """Replace the kinds that the files define."""
    rendered = [manifest for _, manifest in everything()]
    found = dict(SCHEMAS)
    for file in files:
        kind, version, definitions = _definition(Path(file))
        of_kind = [manifest for manifest in rendered if manifest["kind"] == kind]
        metadata = {"properties": {name: SCHEMAS["Deployment"]["properties"]["metadata"]["properties"][name]
                                   for name in ("name", "labels")}}  # fmt: skip
        properties = {**version["properties"], "metadata": {"type": "object", **metadata}}
        found[kind] = trim({**version, "properties": properties}, of_kind, kind, definitions)
    text = json.dumps(found, separators=(",", ":"), sort_keys=True)
    Path(__file__).with_name("schemas.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
