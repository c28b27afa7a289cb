"""What the API answers about reservations."""

from __future__ import annotations

from pydantic import Field

from cloud.api.shapes import Shape
from cloud.queries import ReservationView
from models.instants import to_rfc3339
from models.plates import masked

_TIME = "2026-12-24T08:00:00Z"


class ReservationOut(Shape):
    """A place of a type at a lot, from `start` until just before `end`. Which spot it is, the lot says at arrival."""

    id: str
    status: str = Field(
        description="`HELD`: for some minutes, while its driver pays; `BOOKED`; `ARRIVED`; `CANCELLED`;"
        " `EXPIRED`: nobody came, or the hold ended",
        examples=["BOOKED"],
    )
    spot_type: str = Field(examples=["REGULAR"])
    start: str = Field(examples=[_TIME])
    end: str = Field(examples=["2026-12-24T18:00:00Z"])
    plate: str | None = Field(description="Masked unless the key has the scope `plates`", examples=["AB•••••"])
    user: str | None = Field(description="Your own id of the user, as you gave it")
    booked_at: str | None
    held_until: str | None = Field(description="For `HELD`: confirm it by then")
    cancelled_at: str | None
    at_the_lot: bool = Field(description="Whether the lot has said that it knows; its code opens there in any case")

    @classmethod
    def of(cls, view: ReservationView, *, plates: bool) -> ReservationOut:
        return cls.model_validate(_said(view, plates))


class BookedOut(ReservationOut):
    code: str | None = Field(
        description="What the driver shows at the entry, as the text of a QR code. It opens the lot: give it to nobody"
        " else. Null while it is held",
        examples=["PR1:AGJZY..."],
    )

    @classmethod
    def with_code(cls, view: ReservationView, code: str | None, *, plates: bool) -> BookedOut:
        return cls.model_validate({**_said(view, plates), "code": code})


class ReservationsOut(Shape):
    reservations: list[ReservationOut]
    next: str | None = Field(description="Pass as `cursor` for the page after this; null at the end")


class PlacesOut(Shape):
    """`available` places could be booked of that time now, of `for_sale` that the lot keeps back at most."""

    spot_type: str = Field(examples=["REGULAR"])
    start: str = Field(examples=[_TIME])
    end: str
    available: int = Field(examples=[7])
    for_sale: int = Field(examples=[40])


def _said(view: ReservationView, plates: bool) -> dict[str, object]:
    return {
        "id": view.id,
        "status": view.status.value,
        "spot_type": view.spot_type.value,
        "start": to_rfc3339(view.start),
        "end": to_rfc3339(view.end),
        "plate": view.plate if view.plate is None or plates else masked(view.plate),
        "user": view.user,
        "booked_at": None if view.booked_at is None else to_rfc3339(view.booked_at),
        "held_until": None if view.held_until is None else to_rfc3339(view.held_until),
        "cancelled_at": None if view.cancelled_at is None else to_rfc3339(view.cancelled_at),
        "at_the_lot": view.at_the_lot,
    }
