"""Hold a pack to the formats that it says it has, by the tools of others; run by the Python that has `tools.txt`.

`python validation.py FOLDER` prints a line for each format, and ends with 1 at the first that refuses it.
"""

import sys
from pathlib import Path


def check_bill(folder: Path) -> str:
    """Hold the bill to CycloneDX's own JSON schema, unknown keys refused."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str((folder / "model.cdx.json").read_text())
    return str(found.data) if found else ""


def check_data(folder: Path) -> str:
    """Load the data's description as MLCommons' library does, which raises at what it does not allow."""
    import mlcroissant

    try:
        found = mlcroissant.Dataset(jsonld=str(folder / "data.croissant.json"))
    except mlcroissant.ValidationError as error:
        return str(error)
    return "" if found.metadata.record_sets else "no table is described"


def check_card(folder: Path) -> str:
    """Load the card as the hub does: its head is checked, and its figures become results."""
    from huggingface_hub import ModelCard

    try:
        found = ModelCard((folder / "README.md").read_text(), ignore_metadata_errors=False).data.eval_results
    except (ValueError, KeyError, TypeError) as error:
        return repr(error)
    return "" if found and all(one.metric_value is not None for one in found) else "it has no results"


CHECKS = {"CycloneDX 1.6": check_bill, "Croissant 1.0": check_data, "model card": check_card}

if __name__ == "__main__":
    for name, check in CHECKS.items():
        said = check(Path(sys.argv[1]))
        print(f"{name}: {' '.join(said.split()) or 'valid'}")
        if said:
            sys.exit(1)
