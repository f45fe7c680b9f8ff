"""Types of JSON documents that may come from anywhere: every text is bounded, and every number finite."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

LINE = r"^[^\x00-\x1f\x7f\x85\u2028\u2029]+$"
"""The pattern of a text without a break, however its reader breaks lines."""

Name = Annotated[str, Field(max_length=120)]
Text = Annotated[str, Field(max_length=600)]
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{7,64}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Verdict = Literal["pass", "warn", "fail", "cannot tell"]
"""What a check of the gate or of production comes to."""


class Part(BaseModel):
    """A piece of a document: known keys, exact types, no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
