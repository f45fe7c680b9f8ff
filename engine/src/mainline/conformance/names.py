"""Names of features and fields: known where they are used, and none that leaks the label or identifies a person."""

from collections.abc import Collection, Iterable, Mapping

from mainline.contract import FeatureTable, Field
from mainline.errors import ParamsError, PolicyError, UseCaseError, nearest

PERSONAL = frozenset(
    {
        *("name", "first_name", "last_name", "full_name", "passenger", "birth_date", "date_of_birth", "birthday"),
        *("email", "phone", "mobile", "address", "street", "ip_address"),
        *("ssn", "passport", "credit_card", "iban"),
        *("vorname", "nachname", "familienname", "geburtsdatum", "geburtstag"),
        *("adresse", "anschrift", "straße", "strasse"),
        *("telefon", "telefonnummer", "prénom", "prenom", "nom_de_famille", "date_de_naissance", "courriel"),
        *("téléphone", "telephone", "apellido", "apellidos", "fecha_de_nacimiento", "dirección", "direccion"),
    }
)
"""Column names that identify a person, in four languages; one is carried only if it is declared with a reason."""


def check_policy(
    features: Iterable[str], request: Iterable[Field], banned: Mapping[str, str], tables: Iterable[FeatureTable] = (),
    key: Iterable[str] = (), declared: Collection[str] = (),
) -> None:  # fmt: skip
    """Refuse features, request fields and columns of feature tables whose name leaks the label or identifies a person.

    Names are compared whatever their case. A leak under another name is found by nobody's list. A field of the key,
    such as a number of a customer, may be banned: it is sent and kept, and is never a feature. What is `declared` to
    be personal was given a reason, and is hidden where it is not needed.

    Raises:
        PolicyError: naming the column and the reason it is banned.
    """
    reasons = {name.lower(): reason for name, reason in banned.items()}
    key = tuple(key)
    sent = [field.name for field in request if not (field.name in key and field.name.lower() in reasons)]
    named = [("feature", name) for name in features] + [("request field", name) for name in sent]
    named += [(f"column of feature table {table.name}", name) for table in tables for name in table.columns]
    for role, name in named:
        if name.lower() in reasons:
            raise PolicyError(
                f"{role} '{name}' is banned: {reasons[name.lower()]}. "
                "Remove it; the list is BANNED in src/usecase/interface.py."
            )
        if name.lower() in PERSONAL and name not in declared:
            raise PolicyError(
                f"{role} '{name}' is banned: it identifies a person. Remove it, or declare in PERSONAL in "
                "src/usecase/interface.py why it is needed."
            )


def check_features(chosen: Iterable[str], offered: Iterable[str]) -> None:
    """Refuse a feature that the use case does not compute.

    Raises:
        ParamsError: naming the nearest feature that exists.
    """
    offered = tuple(offered)
    for name in chosen:
        if name not in offered:
            found = f"'{name}' is not computed by src/usecase/features.py"
            raise ParamsError("features", found, nearest(name, offered))


def check_known(where: str, names: Iterable[str], known: Iterable[str], place: str) -> None:
    """Refuse a name in one place of the use case that another place does not have.

    Raises:
        UseCaseError: naming the nearest name that exists.
    """
    known = tuple(known)
    for name in names:
        if name not in known:
            hint = f"; {nearest(name, known)}" if known else "."
            raise UseCaseError(f"src/usecase/{where} names '{name}', which {place} lacks{hint}")
