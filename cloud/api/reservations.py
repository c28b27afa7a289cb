"""Routes for booking places at a lot, and for listing, cancelling and showing what is booked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import asyncpg
from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud import queries
from cloud.api import asked, cursors
from cloud.api.access import Database, Orderer, Parts, Reader, connected
from cloud.api.asked import ABOUT_A_LOT, LotPath, PlateLookedFor, lot_there
from cloud.api.booked import BookedOut, PlacesOut, ReservationOut, ReservationsOut
from cloud.api.cursors import Cursor
from cloud.api.errors import ApiError, Problem, answers
from cloud.booking import ending, selling
from cloud.booking.drawing import drawn
from cloud.booking.selling import NotSold, Wanted
from cloud.booking.service import Bookings
from cloud.db.connect import UNREACHABLE
from cloud.keys import ApiKey
from cloud.queries import ReservationFilter, ReservationView
from cloud.queries.reservations import Place
from cloud.service import Cloud
from models.ids import LotId, ReservationId
from models.instants import SECOND, Instant, to_rfc3339
from models.reservations.peak import Span
from models.spots import SpotType
from models.tickets import ReservationStatus

router = APIRouter(prefix="/v1/lots", tags=["reservations"])

ReservationPath = Annotated[str, Path(description="The reservation's id")]
RequestKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        description="Your own: the same for the same reservation, however often you ask. A new one for each",
    ),
]
_ABOUT_ONE = (*ABOUT_A_LOT, Problem.RESERVATION_NOT_FOUND)
_TIMES = {
    "in_the_past": Problem.IN_THE_PAST,
    "too_short": Problem.TOO_SHORT,
    "too_long": Problem.TOO_LONG,
    "too_far_ahead": Problem.TOO_FAR_AHEAD,
    "not_whole_seconds": Problem.NOT_WHOLE_SECONDS,
}
_NOT_SOLD = {
    **_TIMES,
    "no_quota": Problem.NO_QUOTA,
    "unsettled": Problem.UNSETTLED,
    "sold_out": Problem.SOLD_OUT,
    "key_reused": Problem.KEY_REUSED,
}
_SHORTEST_HOLD, _LONGEST_HOLD = 60, 1800


class BookingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    spot_type: SpotType
    start: AwareDatetime = Field(description="RFC 3339 with an offset", examples=["2026-12-24T09:00:00+01:00"])
    end: AwareDatetime = Field(description="Until just before", examples=["2026-12-24T19:00:00+01:00"])
    plate: str | None = Field(default=None, max_length=20, description="The lot lets this plate in as well as the code")
    user: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        description="Your own id of the user, a UUID",
    )
    hold_seconds: int | None = Field(
        default=None,
        ge=_SHORTEST_HOLD,
        le=_LONGEST_HOLD,
        description="Only keep the place for so long, while its driver pays: `confirm` books it",
    )


@router.post(
    "/{lot}/reservations",
    status_code=201,
    summary="Book a place",
    responses=answers(*ABOUT_A_LOT, *_NOT_SOLD.values(), Problem.PLATE_INVALID, Problem.BOOKING_OFF),
)
async def book(
    lot: LotPath, booking: BookingIn, cloud: Parts, key: Orderer, request: RequestKey, response: Response
) -> BookedOut:
    """Books a place of a type for a time, if one is free at every moment of it.

    A client that got no answer asks again with the same `Idempotency-Key`: it gets the reservation that it has (200
    instead of 201), never a second one. What is booked has its place, whatever becomes of the link to the lot.
    """
    bookings, now = _bookings(cloud), cloud.clock.read().wall
    wanted = _wanted(lot, booking, key, request, now)
    try:
        async with _reached():
            sold, code = await bookings.sell(key.tenant, wanted, now)
    except NotSold as refused:
        if refused.why == "no_quota":
            async with connected(cloud) as connection:
                await lot_there(connection, key, lot)
        raise ApiError(_NOT_SOLD[refused.why]) from refused
    if sold.anew:
        shown = None if wanted.hold_until is not None else code
        return BookedOut.with_code(_as_sold(sold.reservation, wanted, now), shown, plates=key.may("plates"))
    response.status_code = 200
    async with connected(cloud) as connection:
        return _answer(bookings, await _found(connection, key, lot, sold.reservation), key)


@router.get(
    "/{lot}/reservations/availability",
    summary="Places that could be booked",
    responses=answers(*ABOUT_A_LOT, Problem.BOOKING_OFF),
)
async def availability(
    lot: LotPath,
    cloud: Parts,
    key: Reader,
    database: Database,
    type: Annotated[SpotType, Query(description="Type of the spot")],
    start: Annotated[AwareDatetime, Query(description="RFC 3339 with an offset; `+` is written %2B")],
    end: Annotated[AwareDatetime, Query(description="Until just before")],
) -> PlacesOut:
    """How many places of a type could be booked for all of a time, as things are now."""
    await lot_there(database, key, lot)
    span = _span(start, end)
    async with _reached(), _bookings(cloud).connection() as connection:
        free, room = await selling.free_places(connection, LotId(lot), type, span, cloud.clock.read().wall)
    return PlacesOut(
        spot_type=type.value,
        start=to_rfc3339(span.start),
        end=to_rfc3339(span.end),
        available=free,
        for_sale=room,
    )


@router.get(
    "/{lot}/reservations",
    summary="Reservations by their beginning",
    responses=answers(*ABOUT_A_LOT, Problem.CURSOR_INVALID, Problem.PLATE_INVALID),
)
async def reservations(
    lot: LotPath,
    database: Database,
    key: Reader,
    status: Annotated[ReservationStatus | None, Query(description="Only reservations in this state")] = None,
    plate: PlateLookedFor = None,
    begins_from: Annotated[AwareDatetime | None, Query(description="Only those that begin from then on")] = None,
    begins_before: Annotated[AwareDatetime | None, Query(description="Only those that begin before")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Most reservations in the answer")] = 50,
) -> ReservationsOut:
    """The lot's reservations, those that are cancelled or over too, the earliest first."""
    since, before = (None if at is None else asked.at(at) for at in (begins_from, begins_before))
    which = ReservationFilter(status, asked.plate_looked_for(plate, key), since, before)
    after = _after(cursor)
    await lot_there(database, key, lot)
    page = await queries.reservations_page(database, key.tenant, lot, which, after, limit)
    plates = key.may("plates")
    return ReservationsOut(
        reservations=[ReservationOut.of(view, plates=plates) for view in page.reservations],
        next=cursors.written(page.next),
    )


@router.get("/{lot}/reservations/{reservation}", summary="One reservation", responses=answers(*_ABOUT_ONE))
async def reservation(lot: LotPath, reservation: ReservationPath, database: Database, key: Reader) -> ReservationOut:
    """A reservation as it stands, without its code."""
    return ReservationOut.of(await _found(database, key, lot, reservation), plates=key.may("plates"))


@router.get(
    "/{lot}/reservations/{reservation}/code",
    summary="The code that its driver shows",
    response_class=Response,
    responses={
        **answers(*_ABOUT_ONE, Problem.NOT_BOOKED, Problem.BOOKING_OFF),
        200: {"content": {"text/plain": {}, "image/svg+xml": {}, "image/png": {}}},
    },
)
async def code(
    lot: LotPath,
    reservation: ReservationPath,
    cloud: Parts,
    database: Database,
    key: Orderer,
    format: Annotated[Literal["text", "svg", "png"], Query(description="The text, or its QR code")] = "text",
) -> Response:
    """The code as text or as a QR code. It opens the lot once, in its time, for whoever shows it."""
    view = await _found(database, key, lot, reservation)
    text = _answer(_bookings(cloud), view, key).code
    if text is None:
        raise ApiError(Problem.NOT_BOOKED)
    content, kind = drawn(text, format)
    return Response(content, media_type=kind, headers={"Cache-Control": "no-store"})


@router.post(
    "/{lot}/reservations/{reservation}/confirm",
    summary="Book what is held",
    responses=answers(*_ABOUT_ONE, Problem.NOT_HELD, Problem.BOOKING_OFF),
)
async def confirm(lot: LotPath, reservation: ReservationPath, cloud: Parts, key: Orderer) -> BookedOut:
    """Makes a reservation of a hold whose time isn't over. Asking twice does no harm."""
    bookings = _bookings(cloud)
    try:
        async with _reached(), bookings.connection() as connection:
            id = ReservationId(_id(reservation))
            await ending.confirm(connection, key.tenant, asked.lot_id(lot), id, cloud.clock.read().wall)
    except ending.NotHeld as over:
        raise ApiError(Problem.NOT_HELD) from over
    except LookupError as unknown:
        raise ApiError(Problem.RESERVATION_NOT_FOUND) from unknown
    bookings.something_to_tell()
    async with connected(cloud) as connection:
        return _answer(bookings, await _found(connection, key, lot, reservation), key)


@router.delete(
    "/{lot}/reservations/{reservation}",
    summary="Cancel a reservation",
    responses=answers(*_ABOUT_ONE, Problem.NOT_CANCELLABLE, Problem.BOOKING_OFF),
)
async def cancel(lot: LotPath, reservation: ReservationPath, cloud: Parts, key: Orderer) -> ReservationOut:
    """Cancels what hasn't begun to be used. Cancelling twice does no harm.

    Its place can be booked again when the lot has said that it knows: until then the code would open there.
    """
    bookings = _bookings(cloud)
    try:
        async with _reached(), bookings.connection() as connection:
            id = ReservationId(_id(reservation))
            await ending.cancel(connection, key.tenant, asked.lot_id(lot), id, key.name, cloud.clock.read().wall)
    except ending.NotCancellable as over:
        raise ApiError(Problem.NOT_CANCELLABLE) from over
    except LookupError as unknown:
        raise ApiError(Problem.RESERVATION_NOT_FOUND) from unknown
    bookings.something_to_tell()
    async with connected(cloud) as connection:
        return ReservationOut.of(await _found(connection, key, lot, reservation), plates=key.may("plates"))


def _bookings(cloud: Cloud) -> Bookings:
    if cloud.bookings is None:
        raise ApiError(Problem.BOOKING_OFF)
    return cloud.bookings


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    """A database that is away becomes the API's own answer."""
    try:
        yield
    except (*UNREACHABLE, asyncpg.TransactionRollbackError) as away:
        raise ApiError(Problem.DATABASE_AWAY) from away


def _wanted(lot: str, booking: BookingIn, key: ApiKey, request: str, now: Instant) -> Wanted:
    hold = booking.hold_seconds
    return Wanted(
        lot=asked.lot_id(lot),
        spot_type=booking.spot_type,
        span=_span(booking.start, booking.end),
        by=key.name,
        key=request,
        plate=asked.plate(booking.plate),
        user=booking.user,
        hold_until=None if hold is None else Instant(now + hold * SECOND),
    )


def _as_sold(id: ReservationId, wanted: Wanted, now: Instant) -> ReservationView:
    return ReservationView(
        id=id,
        lot=wanted.lot,
        status=ReservationStatus.BOOKED if wanted.hold_until is None else ReservationStatus.HELD,
        spot_type=wanted.spot_type,
        start=wanted.span.start,
        end=wanted.span.end,
        plate=wanted.plate,
        user=wanted.user,
        booked_at=now,
        booked_by=wanted.by,
        held_until=wanted.hold_until,
        cancelled_at=None,
        cancelled_by=None,
        at_the_lot=False,
    )


def _answer(bookings: Bookings, view: ReservationView, key: ApiKey) -> BookedOut:
    code = None
    if view.status in (ReservationStatus.BOOKED, ReservationStatus.ARRIVED):
        code = bookings.code(view.lot, view.id, view.spot_type, Span(view.start, view.end))
    return BookedOut.with_code(view, code, plates=key.may("plates"))


async def _found(connection: AsyncConnection, key: ApiKey, lot: str, reservation: str) -> ReservationView:
    found = await queries.find_reservation(connection, key.tenant, lot, reservation)
    if found is None:
        await lot_there(connection, key, lot)
        raise ApiError(Problem.RESERVATION_NOT_FOUND)
    return found


def _id(text: str) -> str:
    if not queries.is_id(text):
        raise ApiError(Problem.RESERVATION_NOT_FOUND)
    return text


def _span(start: AwareDatetime, end: AwareDatetime) -> Span:
    try:
        return Span(asked.at(start), asked.at(end))
    except ValueError as wrong:
        raise ApiError(Problem.TOO_SHORT) from wrong


def _after(cursor: str | None) -> Place | None:
    found = cursors.read(cursor)
    return None if found is None else (found[0], ReservationId(found[1]))
