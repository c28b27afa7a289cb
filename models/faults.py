"""What can go wrong with a part, declared once and named by a stable code."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """One entry of a part's fault catalogue.

    `code` is stable and dotted, such as `camera.frozen`: facts, logs, the console and the docs all use it.
    """

    model_config = ConfigDict(frozen=True)

    code: str = Field(pattern=r"^[a-z_]+(\.[a-z_]+)+$")
    meaning: str
    look_at: str
    does: str = ""
    """What the lot does about it by itself"""
    ends: str = ""
    """What ends it: seen by itself, or a person's order"""
