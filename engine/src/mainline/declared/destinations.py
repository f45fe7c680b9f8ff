"""The section `destinations` of `deploy/<environment>.yaml`: where `predict --send` puts predictions."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mainline.declared.reading import Section

Column = Annotated[str, Field(min_length=1)]


class Destination(Section):
    """A table of a database, or a folder with a file for each file of predictions.

    `table` may name its schema (`scoring.delays`), and `url_from` names the variable that holds the address of the
    database, which is a secret. A row with the same `key` is replaced. `folder` is a path, or `s3://BUCKET/PREFIX`.
    `keep` lists the columns of the file that go along, besides the key and the prediction; None stands for all.
    """

    table: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$")] | None = None
    url_from: str | None = None
    key: list[Column] = Field(default_factory=list, max_length=16)
    folder: Annotated[str, Field(pattern=r"^(s3://[a-z0-9][a-z0-9.-]+(/[^\s:]*)?|[^\s:]+)$")] | None = None
    format: Literal["parquet", "csv"] = "parquet"
    keep: list[Column] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Destination":
        """Hold it to one of the two forms."""
        if (self.table is None) == (self.folder is None):
            raise ValueError("name a table (with url_from and key) or a folder, one of the two")
        if self.table and not (self.url_from and self.key):
            raise ValueError("a table needs url_from, the variable with its database's address, and key, its columns")
        if self.url_from and not re.fullmatch("[A-Z][A-Z0-9_]{0,99}", self.url_from):
            raise ValueError("url_from is the name of a variable, such as SCORING_URL; an address stays out of git")
        if self.folder and (self.url_from or self.key):
            raise ValueError("url_from and key are of a table; a folder has neither")
        if self.table and self.format != "parquet":
            raise ValueError("format is of a folder; a table has none")
        return self

    @property
    def place(self) -> str:
        """What it is called where something is said of it."""
        return f"table {self.table} ({self.url_from})" if self.table else f"{self.folder}"
