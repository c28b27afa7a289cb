"""What a receipt printer says of its paper and its cover (ESC/POS `DLE EOT`). Pure."""

from __future__ import annotations

from dataclasses import dataclass

OFFLINE_CAUSE, ERROR_CAUSE, PAPER = 2, 3, 4
ASKED = (OFFLINE_CAUSE, ERROR_CAUSE, PAPER)

_COVER_OPEN = 0x04
_PAPER_STOPPED = 0x20
_ERRORS = {0x04: "a mechanical error", 0x08: "the cutter is blocked", 0x20: "an error that needs repair",
           0x40: "too hot, or another error that passes"}  # fmt: skip
_NEARLY_OUT = 0x0C
_OUT = 0x60


def question(what: int) -> bytes:
    """A printer answers this at once, even when it is off line or its buffer is full."""
    return b"\x10\x04" + bytes([what])


PRINTED_QUESTION = b"\x1dr\x01"
"""`GS r 1`: answered in its turn, when all before it has been printed."""
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""`DLE DC4 8`: forget what is in the buffers, half a ticket among it."""


def answers_at_once(byte: int) -> bool:
    """Whether this can be the answer to `question`: four of its bits never change."""
    return byte & 0x93 == 0x12


def answers_in_turn(byte: int) -> bool:
    """Whether this can be the answer to PRINTED_QUESTION."""
    return byte & 0x90 == 0x00


@dataclass(frozen=True, slots=True)
class PrinterState:
    """`error` is one line for people, empty when there is none."""

    cover_open: bool
    paper_out: bool
    paper_low: bool
    error: str


def state(offline_cause: int, error_cause: int, paper: int) -> PrinterState:
    errors = [meaning for bit, meaning in _ERRORS.items() if error_cause & bit]
    return PrinterState(
        cover_open=bool(offline_cause & _COVER_OPEN),
        paper_out=bool(offline_cause & _PAPER_STOPPED or paper & _OUT),
        paper_low=bool(paper & _NEARLY_OUT),
        error="; ".join(errors),
    )
