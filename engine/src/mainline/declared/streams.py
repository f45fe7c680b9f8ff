"""The section `stream` of `deploy/<environment>.yaml`: the Redis stream that `predict --stream redis` answers."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mainline.declared.quantities import Positive
from mainline.declared.reading import Section
from mainline.declared.service import Count, Place, RedisUrl

Name = Annotated[str, Field(pattern=r"^[\w.:{}-]+$", max_length=200)]


class Stream(Section):
    """Where entries come from and answers go, and how much of both there may be.

    `requests` and `answers` are streams of Redis, `group` its consumer group; who is in one group shares the entries.
    With `full: wait` no entry is read while there are `most_answers`; with `trim` the oldest answers go. An entry that
    a consumer has held for `claim_seconds` is taken over, and given up after so many `deliveries`.
    """

    url: RedisUrl
    password_file: Place | None = None
    requests: Name = "requests"
    answers: Name = "answers"
    group: Name = "mainline"
    batch: Count = 100
    most_answers: Count = 100_000
    full: Literal["wait", "trim"] = "wait"
    claim_seconds: Positive = 60.0
    deliveries: Count = 5
    delete_answered: bool = False

    @model_validator(mode="after")
    def _has_two_streams(self) -> "Stream":
        if self.requests == self.answers:
            raise ValueError("requests and answers are one stream; each answer would be answered: name two")
        return self
