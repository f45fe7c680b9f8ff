"""Hold lines of events to OpenLineage's own classes; run by the Python that has `openlineage.txt`.

`python hold_events.py FILE` rebuilds each event and facet by the class that its schema's address names. A class takes
no key that its schema lacks, and none may be missing that the schema requires. What the client would send of the
rebuilt event must be what stands in the line. Prints how many events and facets there are.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

import attr
from openlineage.client import generated
from openlineage.client.generated import base
from openlineage.client.serde import Serde

KINDS: list[Any] = [
    found
    for module in pkgutil.iter_modules(generated.__path__)
    for found in vars(importlib.import_module(f"{generated.__name__}.{module.name}")).values()
    if isinstance(found, type) and issubclass(found, base.BaseFacet)
]
CLASSES = {kind._get_schema(): kind for kind in KINDS}
counted = 0


def facets(given: dict[str, Any]) -> dict[str, Any]:
    """Rebuild facets by their schemas."""
    return {name: _facet(dict(content)) for name, content in given.items()}


def _facet(content: dict[str, Any]) -> Any:
    global counted
    counted += 1
    kind = CLASSES[content.pop("_schemaURL")]
    return kind(producer=content.pop("_producer"), **content)


def dataset(kind: type, given: dict[str, Any]) -> Any:
    """Rebuild a dataset with its facets."""
    return kind(**{name: facets(value) if isinstance(value, dict) else value for name, value in given.items()})


lines = Path(sys.argv[1]).read_text().splitlines()
for line in lines:
    event = json.loads(line)
    assert event.pop("schemaURL") == base.RunEvent._get_schema()
    made = base.RunEvent(
        run=base.Run(event["run"]["runId"], facets(event["run"]["facets"])),
        job=base.Job(event["job"]["namespace"], event["job"]["name"], facets(event["job"]["facets"])),
        eventType=base.EventType(event["eventType"]),
        inputs=[dataset(base.InputDataset, one) for one in event["inputs"]],
        outputs=[dataset(base.OutputDataset, one) for one in event["outputs"]],
        **{name: event[name] for name in ("eventTime", "producer")},
    )
    attr.validate(made)
    sent = json.loads(Serde.to_json(made))
    for one in sent["inputs"]:
        assert one.pop("inputFacets") == {}  # the client sends them even if there are none
    assert sent == json.loads(line), (sent, json.loads(line))
print(json.dumps([len(lines), counted]))
