"""The section `packages` of an environment."""

import pytest

from mainline.declared import reading
from mainline.declared.package_places import Packages
from mainline.errors import ParamsError


@pytest.mark.parametrize(
    "address",
    ["ghcr.io/owner/model", "127.0.0.1:5000/a/b-c/d_e", "http://registry.local:5000/model", "[::1]:5000/m", "r/m__x.y"],
)
def test_repositories_are_taken(address: str) -> None:
    """Host, port and path as the OCI distribution specification has them."""
    assert reading.check_section(Packages, {"registry": address}).registry == address


@pytest.mark.parametrize(
    "address",
    ["ghcr.io", "ghcr.io/Owner/model", "ghcr.io/model:v1", "https://ghcr.io/model", "me:secret@ghcr.io/model", "a b/m"],
)
def test_something_else_is_refused(address: str) -> None:
    """A tag, a scheme, capitals, a password or no repository: the line says how one is written."""
    with pytest.raises(ParamsError, match=r"registry: is .*; write host and repository, such as ghcr.io/owner/model"):
        reading.check_section(Packages, {"registry": address})


def test_cache_has_an_absolute_path() -> None:
    """Servers of one machine run in several folders."""
    with pytest.raises(ParamsError, match=r"cache: is 'cache' \(str\); write an absolute path"):
        reading.check_section(Packages, {"cache": "cache"})
