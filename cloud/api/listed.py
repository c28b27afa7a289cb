"""What the API takes and answers about permits, accounts and barred vehicles."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from cloud.api.shapes import Shape
from cloud.intents.views import Stands
from models.access.barred import LONGEST_REASON as LONGEST_OF_BARRED
from models.access.barred import BarredAction
from models.access.passing import Beyond, PermitKind
from models.instants import Instant, from_rfc3339, to_rfc3339
from models.intents import AccountLimited, PermitGranted, PermitGrantedV1, VehicleBarred
from models.passback import Passback
from models.plates import masked
from models.spots import Right

LONGEST_NAME, LONGEST_REASON = 60, 300
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""PostgreSQL has no text with a NUL in it."""
Words = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1)]
By = Annotated[
    Words, Field(max_length=LONGEST_NAME, description="Who wants it: a person's name", examples=["A. Smith"])
]
Reason = Annotated[
    Words, Field(max_length=LONGEST_REASON, description="Why; it stands in the records", examples=["moved in"])
]
_TIME = "2026-12-01T00:00:00+01:00"


class Word(NamedTuple):
    """Who wants it, and why."""

    by: By
    reason: Reason


def _word(by: Annotated[By, Query()], reason: Annotated[Reason, Query()]) -> Word:
    return Word(by, reason)


WordAsked = Annotated[Word, Depends(_word)]
"""Of a request that has no body."""


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: By
    reason: Reason


class PermitIn(_Change):
    plates: list[str] = Field(
        min_length=1, max_length=50, description="Any of them may enter, however they are written"
    )
    cards: list[Text] = Field(default=[], max_length=50, description="Cards of the first plate, as their reader says")
    rights: list[Right] = Field(default=[], description="For spots that are kept back")
    passback: Passback | None = Field(default=None, description="As the lot has it unless given")
    valid_from: AwareDatetime | None = Field(default=None, description="At once unless given", examples=[_TIME])
    valid_until: AwareDatetime | None = Field(default=None, description="Until just before", examples=[_TIME])
    account: Text | None = Field(default=None, max_length=80, description="What several permits belong to")
    kind: PermitKind = Field(
        default=PermitKind.MONTHLY, description="`guest`: a guest pass; `courtesy`: free of charge"
    )
    hours: list[str] = Field(default=[], max_length=20, examples=[["mon-fri 07:00 to 18:00"]])
    in_at_a_time: int | None = Field(default=None, ge=1, description="So many of its vehicles inside at once")
    entries: int | None = Field(default=None, ge=1, description="A pass: so often it lets in, in all")
    beyond: Beyond = Field(
        default=Beyond.TRANSIENT, description="What becomes of a vehicle that it doesn't cover at that moment"
    )
    zones: list[Text] = Field(default=[], max_length=20, description="Where it may park; anywhere unless given")
    rates: Text | None = Field(default=None, description="Code of the tariff's rates that its stays are charged by")

    def terms(self) -> dict[str, Any]:
        """All but plates and cards, which are read as people write them."""
        times = {"valid_from": _at(self.valid_from), "valid_until": _at(self.valid_until)}
        return {**self.model_dump(exclude={"by", "reason", "plates", "cards", *times}), **times}


class AccountIn(_Change):
    in_at_a_time: int = Field(ge=0, le=100_000, description="Vehicles of all its permits together; 0: none")


class BarredIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    plates: list[str] = Field(min_length=1, max_length=50, description="Exactly these are barred")
    reason: Words = Field(max_length=LONGEST_OF_BARRED, description="Why; the lot shows it", examples=["debts"])
    action: BarredAction = Field(default=BarredAction.REFUSE, description="What is done when one of them comes")
    until: AwareDatetime | None = Field(default=None, description="Until just before; for good unless given")
    by: By

    def terms(self) -> dict[str, Any]:
        return {"reason": self.reason, "action": self.action, "until": _at(self.until)}


class StandingOut(Shape):
    """What an operator has said, and since when."""

    revision: int = Field(description="Of the lot's policy: higher ones came later", examples=[42])
    issued_by: str
    reason: str
    issued_at: str
    at_the_lot: bool = Field(description="Whether the lot has said that it has it. It goes there when its link is up")


class PermitOut(StandingOut):
    id: str
    kind: PermitKind
    plates: list[str] = Field(description="Masked unless the key has the scope `plates`", examples=[["AB•••••"]])
    cards: list[str] | None = Field(description="Null unless the key has the scope `plates`")
    rights: list[Right]
    passback: Passback | None
    valid_from: str | None
    valid_until: str | None
    account: str | None
    hours: list[str] = Field(description="None: always", examples=[["mon-fri 07:00 to 18:00"]])
    in_at_a_time: int | None
    entries: int | None
    beyond: Beyond
    zones: list[str]
    rates: str | None

    @classmethod
    def of(cls, stands: Stands, *, plates: bool) -> PermitOut:
        return cls.model_validate(_permit(stands, plates))


class PermitDetailOut(PermitOut):
    entries_used: int = Field(description="How often it has let somebody in, as far as the lot has told")

    @classmethod
    def whole(cls, stands: Stands, used: int, *, plates: bool) -> PermitDetailOut:
        return cls.model_validate({**_permit(stands, plates), "entries_used": used})


class PermitsOut(Shape):
    permits: list[PermitOut]
    next: str | None = Field(description="Pass as `cursor` for the page after this; null at the end")


class AccountOut(StandingOut):
    account: str
    in_at_a_time: int

    @classmethod
    def of(cls, stands: Stands) -> AccountOut:
        said = stands.intent
        assert isinstance(said, AccountLimited)
        return cls.model_validate({**stands.issued(), **said.model_dump()})


class AccountsOut(Shape):
    accounts: list[AccountOut]
    next: str | None = Field(description="Pass as `cursor` for the page after this; null at the end")


class BarredOut(StandingOut):
    id: str
    plates: list[str] = Field(description="Masked unless the key has the scope `plates`")
    action: BarredAction
    until: str | None

    @classmethod
    def of(cls, stands: Stands, *, plates: bool) -> BarredOut:
        said = stands.intent
        assert isinstance(said, VehicleBarred)
        shown = [plate if plates else masked(plate) for plate in said.plates]
        told = {"id": said.barred, "plates": shown, "action": said.action, "until": _time(said.until)}
        return cls.model_validate({**stands.issued(), **told, "reason": said.reason})


class BarredListOut(Shape):
    barred: list[BarredOut]
    next: str | None = Field(description="Pass as `cursor` for the page after this; null at the end")


class EndedOut(Shape):
    revision: int = Field(description="Of the lot's policy, from which on it doesn't stand any more")


def _permit(stands: Stands, plates: bool) -> dict[str, Any]:
    said = stands.intent
    assert isinstance(said, PermitGrantedV1)
    # What the first words don't say is as a permit has it that says nothing of it.
    whole = said if isinstance(said, PermitGranted) else PermitGranted.model_validate(said.model_dump())
    return {
        **stands.issued(),
        **whole.model_dump(include={"kind", "rights", "passback", "account", "beyond", "zones", "rates"}),
        "id": whole.permit,
        "plates": [plate if plates else masked(plate) for plate in whole.plates],
        "cards": list(whole.cards) if plates else None,
        "valid_from": _time(whole.valid_from),
        "valid_until": _time(whole.valid_until),
        "hours": [hours.said for hours in whole.hours],
        "in_at_a_time": whole.in_at_a_time,
        "entries": whole.entries,
    }


def _at(given: AwareDatetime | None) -> Instant | None:
    return None if given is None else from_rfc3339(given.isoformat())


def _time(at: Instant | None) -> str | None:
    return None if at is None else to_rfc3339(at)
