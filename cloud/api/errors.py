"""The API's errors: a stable code each, a message for the person and a hint what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

log = structlog.get_logger(__name__)


class _Entry(NamedTuple):
    status: int
    code: str
    message: str
    hint: str


class Problem(Enum):
    """Every error that the API answers with. Codes are stable; messages may become clearer."""

    KEY_MISSING = _Entry(
        401,
        "key_missing",
        "This needs an API key",
        "Send the header `Authorization: Bearer pk_...`; `parkgate-cloud keys add` makes a key",
    )
    KEY_UNKNOWN = _Entry(401, "key_unknown", "This API key isn't known, or was revoked", "Ask the operator for a key")
    SCOPE_MISSING = _Entry(
        403, "scope_missing", "This API key may not do that", "Use a key with the scope that the documentation names"
    )
    LOT_NOT_FOUND = _Entry(
        404, "lot_not_found", "There is no such lot", "GET /v1/lots lists the lots that this key can see"
    )
    LANE_NOT_FOUND = _Entry(
        404, "lane_not_found", "The lot has no such lane", "GET /v1/lots/{lot} names the lot's lanes"
    )
    NOT_FOUND = _Entry(404, "not_found", "There is nothing at this address", "/docs lists what there is")
    METHOD_NOT_ALLOWED = _Entry(
        405, "method_not_allowed", "This address doesn't take that method", "/docs lists what there is"
    )
    COMMAND_KNOWN = _Entry(
        409,
        "command_known",
        "A command with this id was given before; it wasn't given again",
        "GET /v1/lots/{lot}/commands shows what came of it; take a new id for a new order",
    )
    COMMAND_IMPOSSIBLE = _Entry(
        422,
        "command_impossible",
        "There is no such command for that",
        "`set_state` takes a state; `reset_passback`, `reset_count` (with `vehicles`) and `spot_...` (with `spot`) are"
        " for the whole lot, every other kind for a lane",
    )
    INVALID = _Entry(422, "invalid", "The request has values that can't be", "`details` names each of them")
    CURSOR_INVALID = _Entry(
        422, "cursor_invalid", "The cursor isn't one that this API gave", "Pass `next` of the page before as it came"
    )
    CODE_INVALID = _Entry(
        422, "code_invalid", "That can't be a ticket code", "A code has eight characters, such as 7Q3K-M4XW"
    )
    PLATE_INVALID = _Entry(
        422, "plate_invalid", "That can't be a licence plate", "Two to twelve letters and digits are expected"
    )
    RESERVATION_NOT_FOUND = _Entry(
        404,
        "reservation_not_found",
        "The lot has no such reservation",
        "GET /v1/lots/{lot}/reservations lists those that there are",
    )
    SOLD_OUT = _Entry(
        409, "sold_out", "No place of that type is left for all of that time", "Ask for another time, type or lot"
    )
    NO_QUOTA = _Entry(
        409,
        "no_quota",
        "The lot keeps no places of that type back for reservations",
        "`parkgate-cloud reservations quota` asks it to; it counts when the lot has said that it does",
    )
    UNSETTLED = _Entry(
        409,
        "lot_unsettled",
        "The lot knows of things that this cloud doesn't, so nothing is sold there",
        "An operator settles it: `parkgate-cloud policy adopt` or `overrule`",
    )
    NOT_CANCELLABLE = _Entry(
        409, "not_cancellable", "Its vehicle has come, or its time is over", "GET the reservation: `status` says which"
    )
    NOT_HELD = _Entry(
        409, "not_held", "The reservation isn't held any more", "Book anew: the place may have been sold meanwhile"
    )
    NOT_BOOKED = _Entry(
        409, "not_booked", "Only what is booked has a code", "GET the reservation: `status` says how it stands"
    )
    KEY_REUSED = _Entry(
        409,
        "idempotency_key_reused",
        "This Idempotency-Key stands for another reservation",
        "Make a new key for each reservation, and send the same one only to ask again for the same",
    )
    IN_THE_PAST = _Entry(
        422, "in_the_past", "That time has begun or is over", "A reservation begins a quarter of an hour ago at most"
    )
    TOO_SHORT = _Entry(422, "too_short", "That is too short a time", "A quarter of an hour is the least")
    TOO_LONG = _Entry(422, "too_long", "That is too long a time", "31 days are the most")
    TOO_FAR_AHEAD = _Entry(422, "too_far_ahead", "That is too far ahead", "400 days are the most")
    NOT_WHOLE_SECONDS = _Entry(
        422, "not_whole_seconds", "Times of reservations are whole seconds", "Leave the fractions of seconds out"
    )
    BOOKING_OFF = _Entry(
        503, "booking_off", "This process of the cloud can't sell reservations", "Give it PARKGATE_SIGNING_KEY_FILE"
    )
    PERMIT_NOT_FOUND = _Entry(
        404, "permit_not_found", "No such permit stands at the lot", "GET /v1/lots/{lot}/permits lists those that do"
    )
    ACCOUNT_NOT_FOUND = _Entry(
        404,
        "account_not_found",
        "That account has no limit at the lot",
        "GET /v1/lots/{lot}/accounts lists those that do",
    )
    BARRED_NOT_FOUND = _Entry(
        404, "barred_not_found", "The lot's list has no such entry", "GET /v1/lots/{lot}/barred lists those that stand"
    )
    TICKET_NOT_FOUND = _Entry(
        404, "ticket_not_found", "The lot has no such ticket", "GET /v1/lots/{lot}/tickets lists those that there are"
    )
    DAY_NOT_FOUND = _Entry(
        404, "day_not_found", "The lot has had no such business day yet", "GET /v1/lots/{lot}/books says which is open"
    )
    UNACCEPTABLE = _Entry(422, "unacceptable", "No lot could act by that; nothing was changed", "`details` says why")
    INTERNAL = _Entry(500, "internal", "Something failed here; it has been logged", "Try again, then tell the operator")
    COMMANDS_OFF = _Entry(
        503,
        "commands_off",
        "This process of the cloud can't give commands",
        "Give it PARKGATE_SIGNING_KEY_FILE and a broker",
    )
    BROKER_AWAY = _Entry(
        503,
        "broker_away",
        "The broker can't be reached at the moment; nothing was sent",
        "Try again in some seconds, or give the order at the lot",
    )
    LOT_SILENT = _Entry(
        503,
        "lot_silent",
        "The lot doesn't answer: nothing was sent and nothing was done",
        "Look at the lot's link; `parkgate-edge lane ...` gives the order at the lot itself",
    )
    DATABASE_AWAY = _Entry(
        503, "database_away", "The database can't be reached at the moment", "Try again in some seconds"
    )


class ApiError(Exception):
    """`details`: what is wrong with it in particular, for the person."""

    def __init__(self, problem: Problem, details: list[str] | None = None) -> None:
        super().__init__(problem.value.code)
        self.problem, self.details = problem, details


class ErrorBody(BaseModel):
    code: str = Field(description="Stable: programs may rely on it", examples=["lot_not_found"])
    message: str = Field(examples=["There is no such lot"])
    hint: str = Field(description="What to do about it")
    details: list[str] | None = Field(default=None, description="For `invalid` and `unacceptable`: what is wrong")


class ErrorAnswer(BaseModel):
    error: ErrorBody


def told(wrong: Iterable[Mapping[str, Any]]) -> list[str]:
    """What pydantic finds, a line each, without the values."""
    return [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in wrong]


def answers(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for its documentation."""
    documented: dict[int | str, dict[str, Any]] = {}
    for problem in problems:
        status, code, message, _ = problem.value
        entry = documented.setdefault(
            status, {"model": ErrorAnswer, "description": "", "content": {"application/json": {"examples": {}}}}
        )
        entry["description"] = f"{entry['description']}; {message}".removeprefix("; ")
        entry["content"]["application/json"]["examples"][code] = {"value": _body(problem)}
    return documented


def install(app: FastAPI) -> None:
    """Makes every error of the application answer in this shape."""

    @app.exception_handler(ApiError)
    async def _(request: Request, error: ApiError) -> JSONResponse:
        return _answer(error.problem, error.details)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:
        return _answer(Problem.INVALID, told(error.errors()))

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        known = {404: Problem.NOT_FOUND, 405: Problem.METHOD_NOT_ALLOWED}.get(error.status_code)
        if known is not None:
            return _answer(known, headers=error.headers)
        body = {"error": {"code": "http", "message": str(error.detail), "hint": ""}}
        return JSONResponse(body, error.status_code, headers=dict(error.headers or {}))

    @app.exception_handler(DBAPIError)
    async def _(request: Request, error: DBAPIError) -> JSONResponse:
        log.error("api.database_failed", path=request.url.path, error=type(error.orig).__name__)
        return _answer(Problem.DATABASE_AWAY if error.connection_invalidated else Problem.INTERNAL)

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> JSONResponse:
        log.error("api.failed", path=request.url.path, error=type(error).__name__)
        return _answer(Problem.INTERNAL)


def _answer(
    problem: Problem, details: list[str] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    challenge = {"WWW-Authenticate": "Bearer"} if problem.value.status == 401 else {}
    return JSONResponse(_body(problem, details), problem.value.status, headers={**(headers or {}), **challenge})


def _body(problem: Problem, details: list[str] | None = None) -> dict[str, Any]:
    _, code, message, hint = problem.value
    body: dict[str, Any] = {"code": code, "message": message, "hint": hint}
    return {"error": body if details is None else {**body, "details": details}}
