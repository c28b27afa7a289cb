"""What the API answers with: RFC 3339 times in UTC, money in minor units with its currency, plates masked by right."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cloud.queries import Alarm, Availability, LaneView, LotView, TicketView
from models.instants import Instant, to_rfc3339
from models.plates import masked

_TIME = "2026-11-20T08:12:30.000000Z"
_LOT = "0192f0c1-2b3c-7d4e-8f50-61728394a5b6"


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class Money(Shape):
    """`250` of `EUR` are 2.50 euros."""

    amount: int = Field(description="In the currency's smallest unit", examples=[250])
    currency: str = Field(description="ISO 4217", examples=["EUR"])


class Location(Shape):
    lat: float = Field(description="Degrees north, WGS 84", examples=[52.5])
    lng: float = Field(description="Degrees east, WGS 84", examples=[13.4])


class CountOut(Shape):
    total: int = Field(examples=[100])
    available: int = Field(examples=[45])


class AvailabilityOut(Shape):
    """Free spots of a lot.

    `total` counts every spot, also those under maintenance; removed spots count nowhere. `available` counts
    spots that a vehicle may be sent to now: not occupied, not reserved, not under maintenance.
    """

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "example": {
                "total": 500,
                "available": 234,
                "by_level": {"1": {"total": 100, "available": 45}},
                "by_type": {"COMPACT": {"total": 150, "available": 78}},
            }
        },
    )

    total: int
    available: int
    by_level: dict[str, CountOut] = Field(description="By floor number")
    by_type: dict[str, CountOut] = Field(description="By spot type; a type that the lot hasn't is left out")

    @classmethod
    def of(cls, view: Availability) -> AvailabilityOut:
        return cls(
            total=view.total,
            available=view.available,
            by_level={floor: CountOut(total=c.total, available=c.available) for floor, c in view.by_level.items()},
            by_type={kind: CountOut(total=c.total, available=c.available) for kind, c in view.by_type.items()},
        )


class LotOut(Shape):
    id: str = Field(examples=[_LOT])
    name: str = Field(examples=["North Street"])
    address: str
    timezone: str = Field(description="IANA name", examples=["Europe/Berlin"])
    currency: str | None = Field(description="ISO 4217; null until the lot has told of itself", examples=["EUR"])
    location: Location | None
    total: int = Field(examples=[500])
    available: int = Field(examples=[234])
    online: bool = Field(description="The lot's link is up. A lot works on without it")
    last_contact: str | None = Field(description="The last sign of life", examples=[_TIME])
    backlog: int | None = Field(description="Facts that the lot said it still had to send", examples=[0])
    applied_seq: int = Field(description="Number of the last fact of its ledger that was applied", examples=[48213])
    release: str | None = Field(description="Release of the lot's daemon", examples=["0.1.0"])
    alarms: int = Field(description="Active faults and open cases", examples=[0])

    @classmethod
    def of(cls, view: LotView) -> LotOut:
        return cls.model_validate(_lot(view))


class LotsOut(Shape):
    lots: list[LotOut]


class LaneOut(Shape):
    """A lane and the last vehicle there."""

    name: str = Field(examples=["north-in"])
    direction: str = Field(examples=["entry"])
    event: str | None = Field(
        description="`admitted`, `entered`, `backed_out`, `allowed_out`, `turned_back`, `left` or `refused`",
        examples=["entered"],
    )
    at: str | None = Field(examples=[_TIME])
    plate: str | None = Field(description="Masked unless the key has the scope `plates`", examples=["AB•••••"])
    ticket: str | None
    ticket_code: str | None = Field(examples=["7Q3K-M4XW"])
    reason: str | None = Field(description="Why it was refused", examples=["LOT_FULL"])
    phase: str | None = Field(description="What the lane is doing, as the lot last said")
    barrier: str | None = Field(
        description="`open`, `closed`, `held`, `moving`, `faulted` or `unknown`", examples=["closed"]
    )
    faults: list[str] = Field(examples=[[]])
    state: str | None = Field(
        default=None,
        description="Whom the lane lets in: `open`, `full`, `closed_to_transients` or `closed`",
        examples=["open"],
    )
    hold: str | None = Field(default=None, description="Why its arm is kept up: `keep_open` or `fire`; null: it isn't")

    @classmethod
    def of(cls, view: LaneView, *, plates: bool) -> LaneOut:
        return cls(
            name=view.name,
            direction=view.direction,
            event=view.event,
            at=_time(view.at),
            plate=_plate(view.plate, plates),
            ticket=view.ticket,
            ticket_code=view.ticket_code,
            reason=view.reason,
            phase=view.phase,
            barrier=view.barrier,
            faults=list(view.lane_faults),
            state=view.state,
            hold=view.hold,
        )


class AlarmOut(Shape):
    raised_by: str = Field(description="`lot` for a fault that it reports, `cloud` for a case", examples=["lot"])
    code: str = Field(examples=["camera.frozen"])
    source: str = Field(examples=["north-in.camera"])
    detail: str
    since: str = Field(examples=[_TIME])
    times: int = Field(description="How often the cloud met it", examples=[1])

    @classmethod
    def of(cls, view: Alarm) -> AlarmOut:
        return cls(
            raised_by=view.raised_by,
            code=view.code,
            source=view.source,
            detail=view.detail,
            since=to_rfc3339(view.since),
            times=view.times,
        )


class LotDetailOut(LotOut):
    lanes: list[LaneOut]
    active_alarms: list[AlarmOut]

    @classmethod
    def whole(cls, view: LotView, lanes: list[LaneOut], alarms: list[AlarmOut]) -> LotDetailOut:
        return cls.model_validate({**_lot(view), "lanes": lanes, "active_alarms": alarms})


class TicketOut(Shape):
    """One stay, from entry to exit."""

    id: str
    code: str = Field(description="For people; check-digited", examples=["7Q3K-M4XW"])
    status: str = Field(examples=["ACTIVE"])
    plate: str | None = Field(
        description="Masked unless the key has the scope `plates`; null when it couldn't be read", examples=["AB•••••"]
    )
    vehicle_type: str = Field(examples=["REGULAR"])
    spot_number: str | None = Field(examples=["104"])
    floor_number: int | None = Field(examples=[1])
    entry_lane: str = Field(examples=["north-in"])
    entry_time: str = Field(examples=[_TIME])
    exit_lane: str | None
    exit_time: str | None
    amount_due: Money | None = Field(description="Null until the driver was quoted at an exit")
    amount_paid: Money
    length_known: bool = Field(
        description="False: nobody knew the time, so the stay was charged for the shortest that it can have been"
    )
    refund_owed: Money = Field(description="What the driver had paid too much, by what is known of the time since")
    serial: int | None = Field(description="Counts the lot's tickets", examples=[4711])
    entered_by: str = Field(description="What the vehicle came in on", examples=["plate", "button", "reservation"])
    permit: str | None = Field(description="The permit on which it is inside, if it is on one")
    account: str | None = Field(description="Whose permit that is")
    reservation: str | None = Field(description="The reservation on which it is inside, if it is on one")
    lost: bool = Field(description="Its driver had no ticket to show")
    merged_into: str | None = Field(description="The ticket that stands for this stay, since a person merged the two")
    exit_match: str | None = Field(
        description="What led to it at its exit; `alike`: a plate that only looked like its own",
        examples=["exact", "code", "card", "by_hand", "alike"],
    )

    @classmethod
    def of(cls, view: TicketView, *, plates: bool) -> TicketOut:
        due = None if view.amount_due is None else Money(amount=view.amount_due, currency=view.currency)
        return cls(
            id=view.id,
            code=view.code,
            status=view.status,
            plate=_plate(view.plate, plates),
            vehicle_type=view.vehicle_type,
            spot_number=view.spot_number,
            floor_number=view.floor_number,
            entry_lane=view.entry_lane,
            entry_time=to_rfc3339(view.entry_time),
            exit_lane=view.exit_lane,
            exit_time=_time(view.exit_time),
            amount_due=due,
            amount_paid=Money(amount=view.amount_paid, currency=view.currency),
            length_known=not view.fee_bounded,
            refund_owed=Money(amount=view.refund_owed, currency=view.currency),
            serial=view.serial,
            entered_by=view.entered_by,
            permit=view.permit,
            account=view.account,
            reservation=view.reservation,
            lost=view.lost,
            merged_into=view.merged_into,
            exit_match=view.exit_match,
        )


class TicketsOut(Shape):
    tickets: list[TicketOut]
    next: str | None = Field(description="Pass as `cursor` for the page after this; null at the end")


def _lot(view: LotView) -> dict[str, object]:
    located = view.lat is not None and view.lng is not None
    return {
        "id": view.id,
        "name": view.name,
        "address": view.address,
        "timezone": view.timezone,
        "currency": view.currency,
        "location": {"lat": view.lat, "lng": view.lng} if located else None,
        "total": view.total,
        "available": view.available,
        "online": view.online,
        "last_contact": _time(view.last_contact),
        "backlog": view.backlog,
        "applied_seq": view.applied_seq,
        "release": view.release,
        "alarms": view.alarms,
    }


def _time(at: Instant | None) -> str | None:
    return None if at is None else to_rfc3339(at)


def _plate(plate: str | None, clear: bool) -> str | None:
    return plate if plate is None or clear else masked(plate)
