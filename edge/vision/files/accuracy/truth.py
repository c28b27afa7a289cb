"""The true plates of photographs and recordings, as a person wrote them into a CSV file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from drivers.contract import Box
from models.documents.problems import ConfigurationError, Problem
from models.documents.spelling import nearest
from models.plates import Plate, normalised

_FILES, _PLATES = ("image", "clip", "file", "video"), ("plate", "plates")
_BOX = (("x",), ("y",), ("w", "width"), ("h", "height"))
_SEPARATORS = (",", ";", "\t")
_NO_UTF_8 = "\N{REPLACEMENT CHARACTER}"
_HEAD_EXPECTED = 'the first line names the columns: "image" or "clip", and "plate" or "plates"'


@dataclass(frozen=True, slots=True)
class TruePlate:
    """A plate that is there. `box`: where, if the file says it."""

    plate: Plate
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class TrueFile:
    """What a photograph or recording shows; no plates: that nothing may be read in it. `named_at`: where in the list
    it stands first.
    """

    path: Path
    plates: tuple[TruePlate, ...]
    named_at: str = ""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands between two separators, and in which column of the line it begins."""

    text: str
    column: int


@dataclass
class _Sheet:
    """A file while it is read: its columns by name and how many there are, in which line each plate stands, and what is
    wrong with it."""

    path: Path
    separator: str = ","
    columns: dict[str, int] = field(default_factory=dict[str, int])
    width: int = 0
    seen: dict[tuple[Path, Plate], int] = field(default_factory=dict[tuple[Path, Plate], int])
    problems: list[Problem] = field(default_factory=list[Problem])

    def wrong(self, line: int, cell: _Cell, expected: str, source: str, hint: str = "") -> None:
        width = max(1, len(cell.text))
        self.problems.append(
            Problem(str(self.path), line, cell.column, "", cell.text, expected, hint, source=source, width=width)
        )

    def cell(self, cells: Sequence[_Cell], names: Sequence[str]) -> _Cell | None:
        place = next((self.columns[name] for name in names if name in self.columns), None)
        return cells[place] if place is not None and place < len(cells) else None


def read_truth(path: Path) -> list[TrueFile]:
    """The files in the order of their first lines; one that stands in several lines has the plates of all of them, each
    once: a plate is read once in a file, and a second of the same text would be counted as missed.

    Files are named from the CSV's own folder. Separators and cases of plates don't matter. Several plates in a column
    `plates` are parted by spaces or `|`. Raises ConfigurationError, which shows every wrong line, or OSError.
    """
    sheet = _Sheet(path)
    lines = _lines(sheet)
    files: dict[Path, TrueFile] = {}
    if lines and _heads(sheet, lines[0]):
        for number, line in enumerate(lines[1:], start=2):
            if line.strip(f"{sheet.separator} "):
                for file in _read_line(sheet, number, line):
                    first = files.get(file.path, replace(file, plates=()))
                    files[file.path] = replace(first, plates=(*first.plates, *file.plates))
    if not files and not sheet.problems:
        sheet.wrong(max(1, len(lines)), _Cell("", 1), "no photograph or recording is named in it", "")
    if sheet.problems:
        raise ConfigurationError(sheet.problems)
    return list(files.values())


def _lines(sheet: _Sheet) -> list[str]:
    """Spreadsheets put a mark before the first letter, and end lines in their own ways."""
    raw = sheet.path.read_bytes()
    try:
        return raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        _no_utf_8(sheet, error)
        return []


def _no_utf_8(sheet: _Sheet, error: UnicodeDecodeError) -> None:
    """`error.object` has no mark before the first letter any more, from which its places count."""
    before, after = error.object[: error.start].split(b"\n"), error.object[error.start :].split(b"\n")[0]
    readable = before[-1].decode()
    line = f"{readable}{after.decode(errors='replace')}".replace("\0", " ")
    sheet.wrong(len(before), _Cell(_NO_UTF_8, len(readable) + 1), "UTF-8 is expected: save the file as CSV UTF-8", line)


def _heads(sheet: _Sheet, line: str) -> bool:
    """Whether the columns are named; they and their separator are known then."""
    for separator in _SEPARATORS:
        names = [cell.text.lower() for cell in _cells(line, separator)]
        if any(name in names for name in _FILES) and any(name in names for name in _PLATES):
            sheet.separator, sheet.width = separator, len(names)
            sheet.columns = {name: place for place, name in reversed(list(enumerate(names)))}
            return True
    cells = _cells(line, max(_SEPARATORS, key=line.count))
    lacking = [kind for kind in (_FILES, _PLATES) if not any(cell.text.lower() in kind for cell in cells)]
    misspelt = [found for kind in lacking if (found := _meant(cells, kind)) is not None]
    for cell, hint in misspelt or [(_Cell(line, 1), "")]:
        sheet.wrong(1, cell, _HEAD_EXPECTED, line, hint)
    return False


def _meant(cells: Sequence[_Cell], kind: Sequence[str]) -> tuple[_Cell, str] | None:
    """The column that is one of `kind`, misspelt."""
    meant = ((cell, nearest(cell.text, kind)) for cell in cells if cell.text.lower() not in (*_FILES, *_PLATES))
    return next(((cell, name) for cell, name in meant if name is not None), None)


def _read_line(sheet: _Sheet, number: int, line: str) -> Iterator[TrueFile]:
    cells = _cells(line, sheet.separator)
    named, written = sheet.cell(cells, _FILES), sheet.cell(cells, _PLATES)
    if named is None or not named.text:
        sheet.wrong(number, named or _Cell("", 1), "the name of a photograph or recording is expected", line)
        return
    if written is None:
        sheet.wrong(number, _Cell("", len(line) + 1), "the plate is missing: the line is too short", line)
        return
    before, file = len(sheet.problems), sheet.path.parent / named.text
    box = _box(sheet, number, cells, line)
    plates = list(_plates(sheet, number, file, written, line))
    _nothing_beyond(sheet, number, cells, line)
    if len(sheet.problems) == before:
        place = box if len(plates) == 1 else None
        at = f"{sheet.path}:{number}:{named.column}"
        yield TrueFile(file, tuple(TruePlate(plate, place) for plate in plates), at)


def _nothing_beyond(sheet: _Sheet, number: int, cells: Sequence[_Cell], line: str) -> None:
    """A plate that holds the separator would be cut there, and half of it taken for the truth."""
    beyond = next((cell for cell in cells[sheet.width :] if cell.text), None)
    if beyond is not None:
        quote = f'what holds a "{sheet.separator}" is put into quotes'
        sheet.wrong(
            number, beyond, f"nothing is expected here: the first line names {sheet.width} columns; {quote}", line
        )


def _plates(sheet: _Sheet, number: int, file: Path, cell: _Cell, line: str) -> Iterator[Plate]:
    for written in _written(sheet, cell):
        try:
            plate = normalised(written.text)
        except ValueError:
            sheet.wrong(number, written, "a plate is expected: 2 to 12 letters and digits", line)
            continue
        if (already := sheet.seen.get((file, plate))) is not None:
            sheet.wrong(number, written, f"{plate} of this file stands in line {already} already", line)
        sheet.seen.setdefault((file, plate), number)
        yield plate


def _written(sheet: _Sheet, cell: _Cell) -> Iterator[_Cell]:
    """A column `plates` may hold several in a cell."""
    for part in re.finditer(r".+" if "plate" in sheet.columns else r"[^\s|]+", cell.text):
        yield _Cell(part[0], cell.column + part.start())


def _box(sheet: _Sheet, number: int, cells: Sequence[_Cell], line: str) -> Box | None:
    found = [sheet.cell(cells, names) for names in _BOX]
    given = [cell for cell in found if cell is not None and cell.text]
    if len(given) < len(_BOX):
        return None
    sizes: list[int] = []
    for cell in given:
        try:
            sizes.append(round(float(cell.text)))
        except (ValueError, OverflowError):
            sheet.wrong(number, cell, "a number of pixels is expected", line)
    if len(sizes) < len(_BOX):
        return None
    for cell, size in zip(given[2:], sizes[2:], strict=True):
        if size < 1:
            sheet.wrong(number, cell, "a plate is at least one pixel wide and high", line)
    return Box(*sizes)


def _cells(line: str, separator: str) -> list[_Cell]:
    """With their places, which the csv module forgets. A quoted one may hold separators, and quotes in pairs."""
    cells: list[_Cell] = []
    start, quoted = 0, False
    for place, character in enumerate(f"{line}{separator}"):
        if character == '"':
            quoted = not quoted
        elif character == separator and (not quoted or place == len(line)):
            cells.append(_cell(line, start, place))
            start = place + 1
    return cells


def _cell(line: str, start: int, end: int) -> _Cell:
    text = line[start:end]
    at = start + len(text) - len(text.lstrip())
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return _Cell(text[1:-1].replace('""', '"').strip(), at + 2)
    return _Cell(text, at + 1)
