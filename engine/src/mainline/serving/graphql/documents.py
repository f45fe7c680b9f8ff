"""Documents of GraphQL, read within bounds: what passes here costs no more than a model's answer has members."""

import re
from collections.abc import Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    ValidationContext,
    ValidationRule,
    parse,
    specified_rules,
    validate,
)

from mainline.serving.answering.problems import SHOWN

MOST_TOKENS = 500
"""Of a document; the query by which tools ask for a schema has some 170."""
MOST_CHARACTERS = 2**14
REMEMBERED = 16
"""Documents that are known to be sound: clients send one again and again, with other variables."""
_ABOUT_TYPES = re.compile(r"__(schema|type)\b")
"""Of a document that asks for the schema. Its answer takes 10 ms, so it is never one of those that are known."""


class DocumentError(Exception):
    """A document that is not executed."""

    def __init__(self, kind: str, errors: Sequence[GraphQLError]) -> None:
        super().__init__(kind)
        self.kind, self.errors = kind, errors


class OneNameRule(ValidationRule):
    """A field has one name in a document, so that no answer is larger than all that there is, once."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._names: dict[tuple[str, str], str] = {}

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Refuse a second name."""
        parent, field = self.context.get_parent_type(), node.name.value
        name = node.alias.value if node.alias else field
        if parent and self._names.setdefault((parent.name, field), name) != name:
            detail = f"{field!r} has several names here; ask for it once"
            hint = ", and send more rows or more requests." if field == "predict" else "."
            self.report_error(GraphQLError(detail + hint, node))


RULES = (*specified_rules, OneNameRule)


class Documents:
    """The documents that clients of one schema send."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[str, DocumentNode] = {}

    def known(self, text: str) -> DocumentNode | None:
        """Return a document that was sound before; None if it is not remembered."""
        return self._known.get(text)

    def remember(self, text: str, document: DocumentNode) -> None:
        """Keep a sound document; the one that has been kept for longest goes."""
        if _ABOUT_TYPES.search(text):
            return
        if text not in self._known and len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[text] = document

    def read(self, text: str) -> DocumentNode:
        """Read a document, and hold it to the schema.

        Raises:
            DocumentError: when it cannot be read, or does not fit.
        """
        try:
            document = parse(text, max_tokens=MOST_TOKENS, max_source_length=MOST_CHARACTERS)
        except GraphQLError as error:
            raise DocumentError("malformed-message", [error]) from None
        if errors := validate(self._schema, document, RULES, max_errors=SHOWN):
            raise DocumentError("invalid-request", errors)
        return document
