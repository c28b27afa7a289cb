"""The daemon's socket beside its store: whoever may use it sees what the lot does, and can give orders."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge.lane.outcome import ARRIVED_WITHIN, Outcome
from edge.money_orders import Order as MoneysOrder
from edge.receipt_orders import ReceiptOrder
from edge.status import DaemonStatus
from edge.ticket_orders import Order as TicketsOrder
from edge.ticket_orders import VehicleThere, WhoIsThere
from models.lanes import LaneState, OrderKind
from models.wire.commands import LONGEST_NAME, LONGEST_SPOT, MOST_COUNTED

_LOG = structlog.get_logger("edge.local")
_ANSWER_WITHIN = 3.0
_OUTCOME_WITHIN = ARRIVED_WITHIN + _ANSWER_WITHIN
_MOST = 1 << 20
_LONGEST_REQUEST = 1 << 16
STATUS = b"status\n"
_UNANSWERED = "nobody knows whether this was done; `parkgate-edge status` shows the lane. It isn't tried again."


class LaneOrder(BaseModel):
    """A person's order to one lane, as it comes over the socket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lane: str
    kind: OrderKind
    by: str = Field(min_length=1, max_length=80)
    reason: str = Field(min_length=1, max_length=300)
    state: LaneState | None = None


class PassbackOrder(BaseModel):
    """A person's order to hold no last passage against a permit any more; no plate: against nobody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passback: Literal["reset"] = "reset"
    plate: str | None = Field(default=None, max_length=40)
    by: str = Field(min_length=1, max_length=80)
    reason: str = Field(min_length=1, max_length=300)


class SpotsOrder(BaseModel):
    """A person's order about spots: one of them out of service or into it, or how many vehicles were counted on a level
    (without one: in the lot)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spots: Literal["out_of_service", "in_service", "reset_count"]
    spot: str | None = Field(default=None, max_length=LONGEST_SPOT)
    level: str | None = Field(default=None, max_length=LONGEST_NAME)
    vehicles: int | None = Field(default=None, ge=0, le=MOST_COUNTED)
    by: str = Field(min_length=1, max_length=80)
    reason: str = Field(min_length=1, max_length=300)


Asked = LaneOrder | PassbackOrder | SpotsOrder | ReceiptOrder | TicketsOrder | WhoIsThere | MoneysOrder
_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)


class Trouble(BaseModel):
    """The fault for which a barrier couldn't be told: its code, what it means, what the driver saw, what to look at."""

    model_config = ConfigDict(frozen=True)

    code: str
    meaning: str
    detail: str
    look_at: str


class Obeyed(BaseModel):
    """What became of an order. `why_not` is one line for the person, empty when the lane obeys; `said` is what came of
    it then. `failed`: the barrier wasn't told, or nobody knows; `trouble` says why. `there`: what was asked about."""

    model_config = ConfigDict(frozen=True)

    why_not: str = ""
    said: str = "done"
    failed: bool = False
    trouble: Trouble | None = None
    there: VehicleThere | None = None


def obeyed(outcome: Outcome) -> Obeyed:
    """What came of an order, as it goes over the socket."""
    wrong = outcome.wrong
    trouble = None
    if wrong is not None:
        fault = wrong.fault
        trouble = Trouble(code=fault.code, meaning=fault.meaning, detail=wrong.detail, look_at=fault.look_at)
    return Obeyed(why_not=outcome.why_not, said=outcome.said, failed=outcome.failed, trouble=trouble)


def socket_path(store: Path) -> Path:
    return store.with_name(store.name + ".sock")


class LocalSocket:
    """Answers one line with one line. Only the daemon's own user (and root) may connect."""

    def __init__(
        self, path: Path, snapshot: Callable[[], DaemonStatus], obey: Callable[[Asked], Awaitable[Obeyed]]
    ) -> None:
        self._path, self._snapshot, self._obey = path, snapshot, obey
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """A lot whose status can't be asked for (a path too long for a socket) works all the same."""
        mask = os.umask(0o177)
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._answer, str(self._path), limit=_LONGEST_REQUEST)
        except OSError as wrong:
            _LOG.warning("local.unavailable", path=str(self._path), why=str(wrong))
        finally:
            os.umask(mask)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = await reader.readline()
            writer.write((await self._said(asked)).model_dump_json().encode())
        except (ValueError, ConnectionError) as wrong:
            _LOG.info("local.bad_request", why=type(wrong).__name__)
        finally:
            writer.close()

    async def _said(self, asked: bytes) -> BaseModel:
        if asked == STATUS:
            return self._snapshot()
        try:
            order = _ASKED.validate_json(asked)
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False)[0]
            return Obeyed(why_not=f"{'.'.join(map(str, first['loc'])) or 'the order'}: {first['msg']}")
        return await self._obey(order)


class NoDaemon(Exception):
    """No daemon answers for this store. The text says why, and what that means for an order."""


def ask(store: Path) -> DaemonStatus | None:
    """The running daemon's snapshot; None when no daemon answers for this store. Blocking."""
    try:
        return DaemonStatus.model_validate_json(_asked(store, STATUS, _ANSWER_WITHIN))
    except NoDaemon:
        return None


def give(store: Path, order: Asked, within: float = _OUTCOME_WITHIN) -> Obeyed:
    """Tell the running daemon. Raises NoDaemon when there is none, or when it didn't answer: nothing is repeated."""
    line = order.model_dump_json().encode() + b"\n"
    return Obeyed.model_validate_json(_asked(store, line, within))


def _asked(store: Path, line: bytes, within: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(within)
        try:
            connection.connect(str(socket_path(store)))
            connection.sendall(line)
            said = b"".join(iter(lambda: connection.recv(_MOST), b""))
        except (FileNotFoundError, ConnectionRefusedError) as wrong:
            raise NoDaemon(f"none runs on the store {store}. Nothing was done.") from wrong
        except PermissionError as wrong:
            raise NoDaemon("only root and the daemon's own user may speak to it. Nothing was done.") from wrong
        except OSError as wrong:
            raise NoDaemon(f"{_UNANSWERED} ({wrong.strerror or wrong})") from wrong
    if not said:
        raise NoDaemon(_UNANSWERED)
    return said
