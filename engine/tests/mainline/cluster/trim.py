"""`python -m tests.mainline.cluster.trim CRD.yaml ...`: take what the manifests use over from published definitions.

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


def trim(schema: Mapping[str, Any], used: Iterable[Any], where: str) -> dict[str, Any]:
    """Return a schema as far as values use it.

    Raises:
        KeyError: naming a field that the schema does not have.
    """
    values = list(used)
    kept = {name: schema[name] for name in KEPT if name in schema}
    if schema.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
    if "items" in schema:
        kept["items"] = trim(schema["items"], [item for value in values for item in value], f"{where}[]")
    elif "properties" in schema:
        names = sorted({name for value in values for name in value} | set(schema.get("required", ())))
        unknown = [name for name in names if name not in schema["properties"]]
        if unknown:
            raise KeyError(f"{where}: {unknown} are not in the published definition")
        kept["properties"] = {
            name: trim(schema["properties"][name], [v[name] for v in values if name in v], f"{where}.{name}")
            for name in names
        }
        kept["additionalProperties"] = False
    elif "additionalProperties" in schema:
        kept["additionalProperties"] = schema["additionalProperties"]
    return kept


def main(files: Iterable[str]) -> None:
    """Replace the kinds that the files define."""
    rendered = [manifest for _, manifest in everything()]
    found = dict(SCHEMAS)
    for file in files:
        defined = yaml.safe_load(Path(file).read_text(encoding="utf-8"))["spec"]
        kind, version = defined["names"]["kind"], defined["versions"][0]["schema"]["openAPIV3Schema"]
        of_kind = [manifest for manifest in rendered if manifest["kind"] == kind]
        metadata = {"properties": {name: SCHEMAS["Deployment"]["properties"]["metadata"]["properties"][name]
                                   for name in ("name", "labels")}}  # fmt: skip
        properties = {**version["properties"], "metadata": {"type": "object", **metadata}}
        found[kind] = trim({**version, "properties": properties}, of_kind, kind)
    text = json.dumps(found, separators=(",", ":"), sort_keys=True)
    Path(__file__).with_name("schemas.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
