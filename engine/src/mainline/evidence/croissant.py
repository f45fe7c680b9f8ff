"""The data of a version with its hashes and columns: Croissant 1.0 (docs.mlcommons.org/croissant)."""

from typing import Any

from mainline.evidence.datasets import Table
from mainline.evidence.facts import Facts
from mainline.periods import told

CONFORMS = "http://mlcommons.org/croissant/1.0"
PARQUET = "application/x-parquet"
_JSON = "application/json"
_LICENSES = ("license", "licence")
"""Under which names a source says its licence."""
_CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"}, "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{name: f"cr:{name}" for name in (
        "citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format",
        "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references",
        "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
    )},
}  # fmt: skip
"""The context that the specification's appendix asks for."""
_TYPES = {
    "int": "sc:Integer", "uint": "sc:Integer", "float": "sc:Float", "double": "sc:Float", "decimal": "sc:Float",
    "bool": "sc:Boolean", "timestamp": "sc:DateTime", "date": "sc:Date",
}  # fmt: skip


def compose(facts: Facts) -> dict[str, Any]:
    """Describe the raw data: each file with its MD5, which is its name in DVC, and the columns of each table."""
    origin = facts.data.origin
    license_ = next((origin[name] for name in _LICENSES if name in origin), None)
    window = facts.manifest["window"]
    said = "; ".join(f"{name}: {value}" for name, value in sorted(origin.items())) or "the source says nothing"
    parts = ", ".join(f"{name} {told(window[name])}" for name in window)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": f"{facts.artifact}-data",
        "description": f"Raw data that {facts.name} was made of ({said}): {parts}.",
        "version": facts.lineage.version.removeprefix("v"),
        "datePublished": facts.released,
        **({"license": license_} if license_ else {}),
        "distribution": [
            *(_file(path, md5) for path, md5 in facts.data.files.items()),
            *(_set(table) for table in facts.data.tables),
        ],
        "recordSet": [_records(table) for table in facts.data.tables if table.columns],
    }


def _file(path: str, md5: str) -> dict[str, Any]:
    kind = PARQUET if path.endswith(".parquet") else _JSON if path.endswith(".json") else "application/octet-stream"
    return {
        "@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path, "encodingFormat": kind,
        "md5": md5.removesuffix(".dir"),
    }  # fmt: skip


def _set(table: Table) -> dict[str, Any]:
    files = list(table.files)
    folder, _, _ = files[0].rpartition("/")
    return {
        "@type": "cr:FileSet", "@id": f"files/{table.name}", "name": table.name, "encodingFormat": PARQUET,
        "includes": files[0] if len(files) == 1 else f"{folder}/*.parquet",
    }  # fmt: skip


def _records(table: Table) -> dict[str, Any]:
    own = f"tables/{table.name}"
    source = {"fileSet": {"@id": f"files/{table.name}"}}
    return {
        "@type": "cr:RecordSet", "@id": own, "name": table.name,
        **({"description": f"{table.rows:,} rows."} if table.rows is not None else {}),
        "field": [
            {
                "@type": "cr:Field", "@id": f"{own}/{column}", "name": column, "dataType": _type(kind),
                "source": source | {"extract": {"column": column}},
            }
            for column, kind in table.columns.items()
        ],
    }  # fmt: skip


def _type(kind: str) -> str:
    return next((name for start, name in _TYPES.items() if kind.startswith(start)), "sc:Text")
