"""How patient a lane is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LaneTiming(BaseModel):
    """Waits of one lane, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    read_within: float = Field(
        default=12, gt=0, title="Read within", description="Say that the plate couldn't be read after this long"
    )
    retry_after: float = Field(
        default=5, gt=0, title="Retry after", description="Ask again for a refused vehicle that is still waiting"
    )
    rise_within: float = Field(
        default=5, gt=0, title="Rise within", description="An arm that still reads closed after this long is silent"
    )
    back_out_after: float = Field(
        default=3,
        gt=0,
        title="Back-out after",
        description="A vehicle that left the arming loop and hasn't reached the closing loop by then has backed out",
    )
    clear_within: float = Field(
        default=60, gt=0, title="Clear within", description="A closing loop that is occupied for longer is stuck"
    )
