"""Tickets and receipts as an ESC/POS printer wants them: a ticket has large letters and a QR code. Pure."""

from __future__ import annotations

import difflib
import importlib
import io
import textwrap
from dataclasses import dataclass
from typing import Any, Literal

import segno

from drivers.contract import PrintedReceipt, PrintedTicket
from drivers.post.plain_text import printable, without_commands

_LARGEST_LETTERS = 4
_LARGEST_DOTS = 8
"""Printed dots to one module of the QR code, which is then a millimetre wide."""
_QUIET_MODULES = 4
_UNTOLD_DOTS = 384
"""The narrowest paper, 58 mm, where neither the profile nor the settings say how wide it is."""
_LONGEST_LINES = 40
_LONGEST_RECEIPT = 200


@dataclass(frozen=True, slots=True)
class Paper:
    """What the printer can do. `dots` and `columns`: None where its profile knows."""

    profile: str
    dots: int | None
    columns: int | None
    picture: Literal["raster", "graphics", "column"]
    cut: Literal["full", "part", "none"]


_PICTURES = {"raster": "bitImageRaster", "graphics": "graphics", "column": "bitImageColumn"}


def get_ready() -> None:
    """Let the first ticket be as quick as the others: python-escpos takes half a second to import, more on a Pi.

    It isn't imported above, where everybody who only looks for drivers would pay for it.
    """
    importlib.import_module("escpos.printer")


def printed(ticket: PrintedTicket, paper: Paper) -> bytes:
    """The bytes of a ticket. Takes some milliseconds, once `get_ready` was called. Raises ValueError."""
    from escpos.printer import Dummy

    printer: Any = Dummy(profile=paper.profile)
    columns = paper.columns or printer.profile.get_columns("a")
    printer.hw("INIT")
    printer.set(align="center", bold=True, double_height=True, double_width=False)
    _say(printer, ticket.lot, columns)
    _large(printer, ticket.code, columns)
    printer.set(align="center", bold=False, normal_textsize=True)
    for line in (ticket.entered, *ticket.lines[:_LONGEST_LINES]):
        _say(printer, line, columns)
    if ticket.qr:
        _picture(printer, ticket.qr, paper)
    return _cut_off(printer, paper)


def printed_receipt(receipt: PrintedReceipt, paper: Paper) -> bytes:
    """The bytes of a receipt, whose lines stand as they were laid out."""
    from escpos.printer import Dummy

    printer: Any = Dummy(profile=paper.profile)
    columns = paper.columns or printer.profile.get_columns("a")
    printer.hw("INIT")
    printer.set(align="left", font="a", bold=False, normal_textsize=True)
    for line in receipt.laid_out(columns)[:_LONGEST_RECEIPT]:
        printer.textln(without_commands(line)[:columns])
    return _cut_off(printer, paper)


def _cut_off(printer: Any, paper: Paper) -> bytes:
    if paper.cut == "none":
        printer.print_and_feed(6)
    else:
        printer.cut(mode=paper.cut.upper())
    output: bytes = printer.output
    return output


def _say(printer: Any, line: str, columns: int) -> None:
    for row in textwrap.wrap(printable(line), columns):
        printer.textln(row)


def _large(printer: Any, code: str, columns: int) -> None:
    legible = printable(code)
    size = max(1, min(_LARGEST_LETTERS, columns // max(1, len(legible))))
    printer.set(align="center", bold=True, custom_size=True, width=size, height=size)
    _say(printer, legible, columns // size)


def _picture(printer: Any, text: str, paper: Paper) -> None:
    code = segno.make_qr(text, error="m")  # raises segno.DataOverflowError, a ValueError
    dots = _tell_width(printer, paper)
    modules = code.symbol_size(border=_QUIET_MODULES)[0]
    scale = min(_LARGEST_DOTS, dots // modules)
    if scale < 1:
        raise ValueError(f"the QR code needs {modules} dots, and the paper has {dots}")
    file = io.BytesIO()
    code.save(file, kind="png", scale=scale, border=_QUIET_MODULES)
    file.seek(0)
    printer.image(file, impl=_PICTURES[paper.picture])


def _tell_width(printer: Any, paper: Paper) -> int:
    """How many dots a line has. python-escpos must know too: else it prints a warning to the console."""
    media = printer.profile.profile_data["media"]
    known = media.get("width", {}).get("pixels")
    dots = paper.dots or (known if isinstance(known, int) else _UNTOLD_DOTS)
    told = {**media, "width": {**media.get("width", {}), "pixels": dots}}
    printer.profile.profile_data = {**printer.profile.profile_data, "media": told}
    return dots


def known_profile(name: str) -> str:
    """`name` itself. Raises ValueError when python-escpos has no such profile."""
    if name != "default":
        from escpos.capabilities import CAPABILITIES

        names = list(CAPABILITIES["profiles"])
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
            meant = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(names)}"
            raise ValueError(f"python-escpos has no profile {name!r}{meant}")
    return name
