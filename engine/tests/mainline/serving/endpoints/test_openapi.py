"""The OpenAPI document says what the service does."""

from pathlib import Path
from typing import Any

import jsonschema_rs

from mainline.serving.http.app import ENDPOINTS, V2_MODEL
from tests.browser import WIDTHS, Browser
from tests.mainline.serving.asking import Client
from tests.mainline.serving.http.test_app import ADMIN

Rows = list[dict[str, Any]]


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a schema of the document, with what it refers to."""
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


def test_document_has_every_path(client: Client) -> None:
    """What is served is described, but for administration."""
    document = client.ask("/openapi.json").json
    model = client.service.choose()
    named = {path for path in ENDPOINTS if path not in (*ADMIN, "/docs", "/outcomes")}  # kept beside a follower alone
    named |= {f"/v2/models/{model.name}{v}{s}" for v in ("", f"/versions/{model.version}") for s in V2_MODEL}
    assert document["paths"].keys() == named
    for path, item in document["paths"].items():
        for method, described in item.items():
            open_ = client.ask(path, method=method.upper(), key="").status != 401
            assert (described.get("security") == []) == open_, path


def test_answers_keep_the_document(client: Client, rows: Rows) -> None:
    """Requests, answers and problems are valid by the schemas that the document gives for them."""
    document = client.ask("/openapi.json").json
    for content, name in (
        (rows, "Requests"), (rows[0], "Requests"), (client.predict(rows).json, "Answer"),
        (client.predict({"bad": 1}).json, "Problem"), (client.ask("/livez").json, "Status"),
    ):  # fmt: skip
        jsonschema_rs.validator_for(schema(document, name)).validate(content)
    assert not jsonschema_rs.is_valid(schema(document, "Requests"), rows[0] | {"flight": "x"})


def test_schemas_are_the_package_s(client: Client, package_dir: Path) -> None:
    """Request and prediction are described as the package describes them."""
    import json

    document = client.ask("/openapi.json").json
    for ours, theirs in (("Request", "request"), ("Prediction", "response")):
        packaged = json.loads((package_dir / f"{theirs}.schema.json").read_text())
        assert document["components"]["schemas"][ours] == {k: v for k, v in packaged.items() if k != "$schema"}


def test_examples_of_the_document_work(client: Client) -> None:
    """A person who sends the examples gets predictions."""
    for path, item in client.ask("/openapi.json").json["paths"].items():
        if "post" in item:
            example = item["post"]["requestBody"]["content"]["application/json"]["example"]
            assert client.ask(path, example).status == 200


def test_page_fits_every_width(browser: Browser, client: Client) -> None:
    """From a small phone to a wide screen nothing sticks out of `/docs`, also if names are long: tables scroll."""
    page = client.ask("/docs").body.decode()
    long = page.replace("flight-delay", "W" * 300)
    assert long != page
    for width, one in zip(WIDTHS * 2, browser.measure([page, long]), strict=True):
        assert one["scrolled"] <= one["width"] == width
