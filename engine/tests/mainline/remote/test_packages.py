"""Packages of released versions, held to what their tags say."""

import pytest

from mainline.remote import packages
from mainline.remote.store import StorageError


def test_another_package_is_named_with_both_digests() -> None:
    """A package that is whole, and not the released one, is not used; the message names both and how to have it."""
    packages.check_digest("v1.0.0", "a" * 64, "a" * 64)
    said = (
        r"^the package of v1\.0\.0 has the digest b{12}, and a{12} was released; it is not used\. `\./mainline push "
        r"--all` .*`\./mainline rebuild v1\.0\.0` makes it again\.$"
    )
    with pytest.raises(StorageError, match=said):
        packages.check_digest("v1.0.0", "b" * 64, "a" * 64)
