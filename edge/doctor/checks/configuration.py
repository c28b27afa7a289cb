"""The lot's file: whether a lot can be run from it, and what is said about it otherwise."""

from __future__ import annotations

from edge.config.cautions import cautions
from edge.config.cli import notes
from edge.config.settings import LotSettings
from edge.config.tariff_cautions import tariff_cautions
from edge.doctor.findings import About, Finding
from edge.doctor.subject import Found, Subject
from models.documents.document import Path, path_text
from models.documents.problems import Problem, rendered

CHECK = "configuration"


def look(subject: Subject) -> Found:
    lot = subject.settings
    about = About(CHECK, "lot")
    lanes = ", ".join(lane.name for lane in lot.lanes)
    yield about.ok(f"{lot.lot.name} can be run: {lot.total_spots()} spots, lanes {lanes}")
    for note in notes(lot):
        yield about.ok(note)
    for caution in cautions(lot):
        part = _named(caution.path, lot)
        yield About(CHECK, part).warn(caution.expected, f"`parkgate-edge check {subject.config}` shows the line")
    for caution in tariff_cautions(lot):
        said = f"{path_text(caution.path)}: {caution.expected}"
        yield About(CHECK, "tariff").warn(said, f"`parkgate-edge check {subject.config}` shows the line")


def _named(path: Path, lot: LotSettings) -> str:
    """As the daemon names the part: `north-in.closing_loop`."""
    match path:
        case ("lanes", int(index), *below):
            return f"{lot.lanes[index].name}.{path_text(tuple(below))}"
        case _:
            return path_text(path)


def problem(found: Problem) -> Finding:
    """A problem as it stands, with its place and its line."""
    return About(CHECK, found.path or "lot").fail(rendered([found]), f"{found.place}: {found.message}")
