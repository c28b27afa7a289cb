"""A person's order for a receipt, as the daemon's socket has it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.phrases.language import LanguageCode

Width = Annotated[int, Field(ge=16, le=100)]


class ReceiptOrder(BaseModel):
    """What hasn't been on paper yet, or copies. `at` is the lane or station whose printer prints it; None: the text is
    the answer, so many letters wide. `language` goes over the lot's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    receipt: Literal["of"] = "of"
    ticket: Annotated[str, Field(min_length=1, max_length=60)]
    at: Annotated[str, Field(max_length=60)] | None = None
    width: Width = 42
    language: LanguageCode | None = None
