"""Operations of GraphQL, and what came of them."""

from typing import Any

from tests.mainline.serving.asking import Client, Reply

QUERY = """
query Delays($rows: [Row!]!) {
  predict(rows: $rows) {
    model version request_id predictions { arr_delay } features { rows ...Known }
  }
}
fragment Known on Features { looked_up missing stale }
"""
SHORT = "query ($rows: [Row!]!) { predict(rows: $rows) { version } }"
OWN_TYPE, JSON = "application/graphql-response+json", "application/json"


def ask(client: Client, rows: Any, query: str = QUERY, **given: Any) -> Reply:
    """Send a query with rows as its variable."""
    return client.ask("/graphql", {"query": query, "variables": {"rows": rows}}, **given)


def outcomes(client: Client) -> dict[str, int]:
    """Return how requests ended so far, with and without a model."""
    (model,) = client.service.models()
    return dict(model.metrics.outcomes + client.service.metrics.refused)
