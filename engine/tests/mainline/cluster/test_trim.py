"""What is kept of a published definition."""

import pytest

from tests.mainline.cluster.trim import trim

SCHEMA = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"type": "string", "description": "said at length"},
        "limit": {"x-kubernetes-int-or-string": True},
        "other": {"type": "string"},
    },
}


def test_what_is_used_or_required_is_kept() -> None:
    """Names, types and required fields stay; what no manifest names goes, and is refused from then on."""
    assert trim(SCHEMA, [{"limit": 1}], "Kind") == {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}, "limit": {"type": ["integer", "string"]}},
        "additionalProperties": False,
    }


def test_name_that_was_not_published_is_refused() -> None:
    """A manifest cannot bring a field of its own into the schemas."""
    with pytest.raises(KeyError, match=r"Kind: \['limits'\] are not in the published definition"):
        trim(SCHEMA, [{"limits": 1}], "Kind")
