"""The contract: the policy that both sides are held to, and the features that exist."""

import pytest

from mainline.contract import PERSONAL, Field, check_features, check_policy
from mainline.errors import PolicyError
from usecase import features, interface

BANNED = {"air_time": "it is known only after landing"}


def field(name: str) -> Field:
    """Return a field of a request."""
    return Field(name, "number", "Any", 1.0)


def test_shipped_use_case_keeps_the_policy() -> None:
    """The flights' features and request pass."""
    check_policy((*features.NUMERIC, *features.CATEGORICAL), interface.REQUEST, interface.BANNED)


def test_banned_feature_is_refused_with_the_reason() -> None:
    """A feature that leaks the label is refused, with the reason on the list."""
    with pytest.raises(PolicyError, match=r"^feature 'air_time' is banned: it is known only after landing\. Remove"):
        check_policy(["distance", "air_time"], [], BANNED)


def test_banned_request_field_is_refused_with_the_reason() -> None:
    """What may not be a feature may not be asked of a client either."""
    with pytest.raises(PolicyError, match=r"^request field 'air_time' is banned: it is known only after landing\."):
        check_policy([], [field("distance"), field("air_time")], BANNED)


@pytest.mark.parametrize("name", ["air_time", "arr_time", "arr_delay"])
def test_shipped_list_bans_what_is_known_too_late(name: str) -> None:
    """Each of the flights' leaking columns is on the list that ships."""
    with pytest.raises(PolicyError, match=f"^feature '{name}' is banned"):
        check_policy([name], [], interface.BANNED)


@pytest.mark.parametrize("name", [*sorted(PERSONAL), "Email"])
def test_personal_data_is_refused(name: str) -> None:
    """A name that identifies a person is refused as feature and as request field, in any case."""
    with pytest.raises(PolicyError, match=f"^feature '{name}' is banned: it identifies a person"):
        check_policy([name], [], {})
    with pytest.raises(PolicyError, match=f"^request field '{name}' is banned: it identifies a person"):
        check_policy([], [field(name)], {})


def test_unknown_feature_names_the_nearest() -> None:
    """A feature that is not computed is refused with the one that was probably meant."""
    with pytest.raises(PolicyError, match=r"features: 'distanc' is not computed by .*; did you mean 'distance'\?"):
        check_features(["carrier", "distanc"], (*features.NUMERIC, *features.CATEGORICAL))


def test_offered_features_pass() -> None:
    """Features that are computed pass, whatever their order."""
    check_features(iter(["b", "a"]), iter(["a", "b", "c"]))
