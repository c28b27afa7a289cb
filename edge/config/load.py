"""Reads a lot's YAML file: either a lot that can be run, or every problem of the file at once."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from edge.config.absent import absent
from edge.config.cautions import cautions
from edge.config.checks import KnownLane, Pieces, disagreements
from edge.config.explain import problems_of_lot
from edge.config.lane_settings import LaneSettings
from edge.config.list_settings import AccountSettings, BarredSettings, PermitSettings
from edge.config.parts import parts_in
from edge.config.rate_checks import unknown_rates
from edge.config.settings import LevelSettings, LotSettings
from edge.config.tariff_cautions import tariff_cautions
from edge.config.tariff_file import CannotRead, content_of, document_of, read_tariff
from edge.config.timing import TimingSettings
from edge.vision.settings import ViewSettings
from models.documents.document import Document
from models.documents.document import Path as Way
from models.documents.finding import Finding
from models.documents.problems import ConfigurationError, Problem, in_order
from models.documents.sections import read_sections
from models.documents.text import text_of
from models.tariff import Terms

LISTS = ("levels", "permits", "accounts", "barred", "lanes")
BESIDE_THE_LANES = ("fire", "inputs", "spot_sensors", "stations")
SINGLES = ("lot", "tariff", "allocation", "payments", "stations", "retention", "link", "simulation")


def load_lot(path: Path) -> LotSettings:
    """The lot that `path` describes. Raises ConfigurationError with every problem of the file, and of its tariff's."""
    lot, _ = _whole(path)
    return lot


def look_over(path: Path) -> tuple[LotSettings, list[Problem]]:
    """The lot that `path` describes, and what should be put right though it can be run. Raises ConfigurationError."""
    lot, document = _whole(path)
    found = (*cautions(lot), *absent(lot), *_rates_of_the_cloud(lot))
    warnings = in_order([_warning(document, finding) for finding in found])
    if lot.tariff.file is not None:
        tariff = document_of(path, lot.tariff.file)
        warnings += in_order([_warning(tariff, finding) for finding in tariff_cautions(lot)])
    return lot, warnings


def _rates_of_the_cloud(lot: LotSettings) -> Iterator[Finding]:
    """Of a lot with a link: the cloud may have set a tariff that has them, so it isn't stopped by its own."""
    return unknown_rates(dict(enumerate(lot.permits)), lot.tariff.terms) if lot.link is not None else iter(())


def _warning(document: Document, finding: Finding) -> Problem:
    return dataclasses.replace(_problem(document, finding), warning=True)


def _problem(document: Document, finding: Finding) -> Problem:
    return document.problem(document.at_value(finding.path), finding.path, finding.expected)


def parse_lot(text: str, name: str) -> LotSettings:
    """The lot that `text` describes; `name` stands for the file in problems. A tariff in a file of its own isn't read.
    Raises ConfigurationError."""
    checked = _checked(read_sections(text, name, _no_lot))
    if checked.lot is None or checked.problems:
        raise ConfigurationError(in_order(checked.problems))
    return checked.lot


@dataclass(frozen=True)
class _Checked:
    """A lot's file after it was looked through. `lot` None: it can't be told what it is."""

    document: Document
    pieces: Pieces
    lot: LotSettings | None
    problems: list[Problem]


def _whole(path: Path) -> tuple[LotSettings, Document]:
    """The lot with the tariff in its own file. Raises ConfigurationError with the problems of both files."""
    checked = _checked(read_sections(_text_of(path), str(path), _no_lot))
    tariff, problems = checked.pieces.tariff, list(checked.problems)
    terms: Terms | None = None
    named = tariff is not None and tariff.file is not None
    if tariff is not None and tariff.file is not None:
        try:
            terms = read_tariff(path, tariff.file, checked.pieces.lot)
        except CannotRead as wrong:
            where: Way = ("tariff", "file")
            problems.append(checked.document.problem(checked.document.at_value(where), where, str(wrong)))
        except ConfigurationError as wrong:
            raise ConfigurationError([*in_order(problems), *wrong.problems]) from None
    if tariff is not None and checked.pieces.link is None and (terms is not None) is named:
        problems += [_problem(checked.document, finding) for finding in unknown_rates(checked.pieces.permits, terms)]
    if checked.lot is None or problems or (named and terms is None):
        raise ConfigurationError(in_order(problems))
    return checked.lot if terms is None else checked.lot.with_terms(terms), checked.document


def _checked(document: Document) -> _Checked:
    problems = list(document.problems)
    settings: LotSettings | None = None
    try:
        settings = LotSettings.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of_lot(document, LotSettings, error.errors(include_url=False))
    pieces = _pieces(document.data)
    problems += [_problem(document, finding) for finding in disagreements(pieces)]
    return _Checked(document, pieces, settings, problems)


def _pieces(data: dict[str, Any]) -> Pieces:
    """What is right by itself, so that one wrong key doesn't hide what else disagrees."""
    right = _right_fields(LotSettings, {key: value for key, value in data.items() if key not in LISTS})
    levels = _right_items(data, "levels", LevelSettings)
    return Pieces(
        **{key: right[key] for key in SINGLES if key in right},
        levels=levels,
        all_levels=len(levels) == len(list(_items(data, "levels"))),
        permits=_right_items(data, "permits", PermitSettings),
        accounts=_right_items(data, "accounts", AccountSettings),
        barred=_right_items(data, "barred", BarredSettings),
        lanes={index: _known_lane(lane) for index, lane in _items(data, "lanes")},
        sensed=right.get("spot_sensors", ()),
        beside={path: part for key in BESIDE_THE_LANES if key in right for path, part in parts_in((key,), right[key])},
        kiosk="kiosk" in right,
    )


def _known_lane(written: dict[str, Any]) -> KnownLane:
    right = _right_fields(LaneSettings, written)
    parts = dict(found for key, value in right.items() for found in parts_in((key,), value))
    keys = frozenset(key for key, value in written.items() if value is not None)
    view, timing = right.get("view", ViewSettings()), right.get("timing", TimingSettings())
    wrong = {"view", "timing"} & keys - right.keys()
    waits = None if wrong else (view.guess_after, timing.read_within)
    return KnownLane(right.get("name"), right.get("direction"), right.get("two_way") is True, parts, waits, keys)


_Model = TypeVar("_Model", bound=BaseModel)


def _right_items(data: dict[str, Any], section: str, model: type[_Model]) -> dict[int, _Model]:
    right: dict[int, _Model] = {}
    for index, item in _items(data, section):
        with contextlib.suppress(ValidationError):
            right[index] = model.model_validate(item)
    return right


def _items(data: dict[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    written = data.get(section)
    for index, item in enumerate(cast("list[Any]", written) if isinstance(written, list) else []):
        if isinstance(item, dict):
            yield index, cast("dict[str, Any]", item)


def _right_fields(model: type[BaseModel], written: dict[str, Any]) -> dict[str, Any]:
    right: dict[str, Any] = {}
    for key, value in written.items():
        if key in model.model_fields and value is not None:
            with contextlib.suppress(ValidationError):
                right[key] = _adapter(model, key).validate_python(value)
    return right


@functools.cache
def _adapter(model: type[BaseModel], key: str) -> TypeAdapter[Any]:
    field = model.model_fields[key]
    annotation: Any = field.annotation
    for note in field.metadata:
        annotation = Annotated[annotation, note]
    return TypeAdapter[Any](annotation)


def _no_lot(document: Document) -> Problem:
    if document.data is None:
        return Problem(document.name, 0, 0, "", "", "the file is empty; `parkgate-edge init` writes an example")
    mark = document.values[()]
    return document.problem(mark, (), "a lot is expected: the sections lot, tariff, levels and lanes")


def _text_of(path: Path) -> str:
    try:
        content = content_of(path, "; `parkgate-edge init` writes an example")
    except CannotRead as wrong:
        raise ConfigurationError([Problem(str(path), 0, 0, "", "", str(wrong))]) from None
    return text_of(content, str(path))
