"""What was read, as tables for people and as JSON for programmes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.vision.files.accuracy.comparing import NOTHING, Answer, Times, Totals, counted, times
from edge.vision.files.found import FoundPlate
from edge.vision.files.percents import percent, percent_with_tenths, to_digits
from edge.vision.files.work import Done


def as_json(done: Done, reader: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "file": str(done.file),
        "plates": [_plate(plate) for plate in done.plates],
        "reader": reader,
        "ms": done.took,
    }
    if done.answers is not None:
        told["answers"] = [_answer(answer) for answer in done.answers]
    if done.drawn:
        told["drawn"] = list(done.drawn)
    return told


def accuracy_as_json(totals: Totals, all_done: Sequence[Done]) -> dict[str, Any]:
    """Shares are of the plates that are there; `characters`: of the plates that were found."""
    return {
        "files": totals.files,
        "unread": sum(bool(done.why_not) for done in all_done),
        "plates": totals.plates,
        "exact": totals.exact,
        "exact_or_alike": totals.exact_or_alike,
        "wrong": totals.wrong,
        "missed": totals.missed,
        "invented": totals.invented,
        "besides": totals.besides,
        "exact_share": to_digits(totals.share(totals.exact), 4),
        "exact_or_alike_share": to_digits(totals.share(totals.exact_or_alike), 4),
        "character_share": to_digits(totals.character_share, 4),
        "confused": [{"is": step.true, "read": step.read, "times": count} for step, count in totals.confused],
        "ms": {name: {"files": t.files, "median": t.median, "p99": t.p99} for name, t in _timed(all_done)},
    }


def print_file(done: Done, reader: str) -> None:
    console = Console(highlight=False)
    if not done.plates:
        console.print(f"{done.file}: no plate found ({reader}, {done.took} ms)", markup=False)
        return
    table = Table(
        title=str(done.file), caption=f"{reader}, {done.took} ms", title_justify="left", caption_justify="left"
    )
    for column in ("Plate", "Confidence", "Left", "Top", "Width", "Height"):
        table.add_column(column, justify="left" if column == "Plate" else "right")
    for plate in done.plates:
        box = plate.box
        table.add_row(plate.plate, percent(plate.confidence), str(box.x), str(box.y), str(box.width), str(box.height))
    console.print(table)


def print_accuracy(totals: Totals, all_done: Sequence[Done], reader: str) -> None:
    console = Console(highlight=False)
    console.print(_by_file([done for done in all_done if done.answers is not None]))
    console.print(_totals(totals, all_done, reader))
    if totals.confused:
        console.print(_confused(totals))


def _by_file(compared: Sequence[Done]) -> Table:
    table = Table(title="File by file", title_justify="left")
    for column in ("File", "Truth", "Read", "Outcome", "ms"):
        table.add_column(column, justify="right" if column == "ms" else "left", overflow="fold")
    for done in compared:
        answers = done.answers or ()
        table.add_row(
            done.file.name,
            "\n".join(answer.true_text or NOTHING for answer in answers) or NOTHING,
            "\n".join(answer.read_text or NOTHING for answer in answers) or NOTHING,
            "\n".join(answer.outcome.value for answer in answers) or "rightly nothing",
            str(done.took),
        )
    return table


def _totals(totals: Totals, all_done: Sequence[Done], reader: str) -> Table:
    title = f"{counted(totals.plates, 'plate')} in {counted(totals.files, 'file')}, {reader}"
    table = Table(title=title, title_justify="left")
    for column in ("", "Count", "Share"):
        table.add_column(column, justify="left" if not column else "right")
    for name, count in (
        ("exact", totals.exact),
        ("exact with O = 0", totals.exact_or_alike),
        ("found but wrong", totals.wrong),
        ("missed", totals.missed),
    ):
        table.add_row(name, str(count), percent_with_tenths(totals.share(count)))
    table.add_row("invented", str(totals.invented), "")
    if totals.besides:
        table.add_row("read besides, in photographs", str(totals.besides), "")
    table.add_row(
        "characters right, of the plates found", str(totals.right), percent_with_tenths(totals.character_share)
    )
    for name, took in _timed(all_done):
        table.add_row(f"{name}: median, 99 % within", f"{took.median} ms", f"{took.p99} ms")
    unread = sum(bool(done.why_not) for done in all_done)
    if unread:
        table.add_row("files that can't be read, not counted", str(unread), "")
    return table


def _confused(totals: Totals) -> Table:
    table = Table(title="Characters taken for others", title_justify="left")
    for column in ("Is", "Read as", "Times"):
        table.add_column(column, justify="right" if column == "Times" else "left")
    for step, count in totals.confused:
        table.add_row(step.true, step.read, str(count))
    return table


def _timed(all_done: Sequence[Done]) -> list[tuple[str, Times]]:
    """Of the files that were compared."""
    kinds = {"photographs": True, "recordings": False}
    found = {
        name: times(done.took for done in all_done if done.answers is not None and done.is_photograph is kind)
        for name, kind in kinds.items()
    }
    return [(name, took) for name, took in found.items() if took is not None]


def _plate(plate: FoundPlate) -> dict[str, Any]:
    told: dict[str, Any] = {
        "plate": plate.plate,
        "confidence": to_digits(plate.confidence, 3),
        "box": [plate.box.x, plate.box.y, plate.box.width, plate.box.height],
        "confidences": [to_digits(confidence, 3) for confidence in plate.confidences],
    }
    if plate.others:
        told["others"] = [{"plate": other.plate, "share": to_digits(other.share, 3)} for other in plate.others]
    return told


def _answer(answer: Answer) -> dict[str, Any]:
    """`truth` or `read` is empty where there is none."""
    return {"outcome": answer.outcome.name.lower(), "truth": answer.true_text, "read": answer.read_text}
