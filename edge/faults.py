"""The lot's open faults: each raised once, cleared once, on record and for everybody to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge.lane.faults import ENDED_BY_A_PERSON
from edge.store import Transaction
from models.facts import FaultCleared, FaultRaised
from models.faults import Fault

_LOG = structlog.get_logger("edge.faults")

_ENDED_BY_A_PERSON = {fault.code for fault in ENDED_BY_A_PERSON}
_DETAIL_LENGTH = 300
"""A fact has to fit into an envelope, whatever an exception has to say."""

Write = Callable[[Callable[[Transaction], None]], None]
"""Puts a decision into the store's queue."""


@dataclass(frozen=True, slots=True)
class OpenFault:
    code: str
    source: str
    detail: str


class FaultBoard:
    """What is wrong at this lot now. Repeats of a fault that is already open are not new faults."""

    def __init__(self, write: Write, raised: Callable[[str, str], None] = lambda source, code: None) -> None:
        """`raised(source, code)` is told of each fault that begins."""
        self._write, self._raised = write, raised
        self._open: dict[tuple[str, str], OpenFault] = {}

    def open(self, source: str | None = None) -> list[OpenFault]:
        """The open faults of one part, or of all."""
        return [fault for fault in self._open.values() if source is None or _belongs(fault.source, source)]

    def raise_(self, source: str, code: str, detail: str) -> None:
        if (source, code) in self._open:
            return
        fault = OpenFault(code, source, detail[:_DETAIL_LENGTH])
        self._open[source, code] = fault
        _LOG.warning("fault.raised", source=source, code=code, detail=detail)
        self._write(lambda tx: _record_raised(tx, fault))
        self._raised(source, code)

    def clear(self, source: str, code: str) -> None:
        if self._open.pop((source, code), None) is None:
            return
        _LOG.info("fault.cleared", source=source, code=code)
        self._write(lambda tx: record_cleared(tx, source, code))

    def adopt(self, standing: list[OpenFault]) -> None:
        """Faults of the last run that only a person ends: they are on record already."""
        self._open.update({(fault.source, fault.code): fault for fault in standing})

    def reporter(self, source: str) -> PartFaults:
        return PartFaults(self, source)


@dataclass(frozen=True)
class PartFaults:
    """The board as one part sees it (`drivers.contract.FaultReporter`)."""

    board: FaultBoard
    source: str

    def raised(self, fault: Fault, detail: str) -> None:
        self.board.raise_(self.source, fault.code, detail)

    def cleared(self, fault: Fault) -> None:
        self.board.clear(self.source, fault.code)


def _belongs(source: str, part: str) -> bool:
    """Whether `source` is that part or something in it: `in.camera` is the lane `in`'s, `in-2.camera` isn't."""
    return source == part or source.startswith(f"{part}.")


def _record_raised(tx: Transaction, fault: OpenFault) -> None:
    tx.record(FaultRaised(fault=tx.mint(), code=fault.code, source=fault.source, detail=fault.detail, at=tx.at.wall))


def record_cleared(tx: Transaction, source: str, code: str) -> None:
    """Close that fault on record; harmless when it isn't open there."""
    rows = tx.connection.execute(
        "SELECT id FROM faults WHERE source = ? AND code = ? AND cleared_at IS NULL", (source, code)
    ).fetchall()
    for row in rows:
        tx.record(FaultCleared(fault=row["id"], code=code, source=source, at=tx.at.wall))


def forget_faults_of_last_run(tx: Transaction) -> list[OpenFault]:
    """A fresh start knows of no fault: what is still wrong will be found again. Those that only a person ends stand."""
    rows = tx.connection.execute("SELECT source, code, detail FROM faults WHERE cleared_at IS NULL").fetchall()
    standing: list[OpenFault] = []
    for row in rows:
        if row["code"] in _ENDED_BY_A_PERSON:
            standing.append(OpenFault(row["code"], row["source"], row["detail"]))
        else:
            record_cleared(tx, row["source"], row["code"])
    return standing
