"""The fact by which lot and cloud find out whether they say the same."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from models.facts.base import Fact
from models.instants import Instant

BEFORE_ALL = "00000000-0000-0000-0000-000000000000"


class Part(BaseModel):
    """Some rows of one table. `which`: all of them, the open ones, or a run of ids, from after `after` up to and with
    `to`; None: up to the last."""

    model_config = ConfigDict(frozen=True)

    table: str
    which: str
    after: str = BEFORE_ALL
    to: str | None = None


class DigestedPart(Part):
    """So many rows, and the hash over them."""

    rows: int
    hash: str

    @property
    def part(self) -> Part:
        return Part(table=self.table, which=self.which, after=self.after, to=self.to)


class StateDigested(Fact, type="state.digested", version=1):
    """What the lot's tables held when this was written: the cloud's must hold the same once it has applied everything
    up to this fact, and nothing after. `layout` names the columns and parts (`models.digests`)."""

    layout: int
    digested: tuple[DigestedPart, ...]
    at: Instant
