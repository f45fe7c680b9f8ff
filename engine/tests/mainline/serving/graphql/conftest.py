"""A service that speaks GraphQL, and somebody who asks."""

from collections.abc import Callable

import pytest

from tests.mainline.serving.asking import Client


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A client of a service that speaks GraphQL."""
    return make_client(graphql={}, limits={"rows": 300})
