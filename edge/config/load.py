"""Reads a lot's YAML file: either a lot that can be run, or every problem of the file at once."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from edge.config.absent import absent
from edge.config.cautions import cautions
from edge.config.checks import Finding, KnownLane, Pieces, disagreements
from edge.config.explain import problems_of_lot
from edge.config.lane_settings import LaneSettings
from edge.config.parts import parts_in
from edge.config.settings import LevelSettings, LotSettings, PermitSettings
from edge.config.timing import TimingSettings
from edge.vision.settings import ViewSettings
from models.documents.document import Document, read_document
from models.documents.problems import ConfigurationError, Problem, in_order
from models.documents.text import text_of

LISTS = ("levels", "permits", "lanes")
BESIDE_THE_LANES = ("fire", "inputs", "spot_sensors")
SINGLES = ("lot", "tariff", "retention", "link", "simulation")
FOR_ANCHORS = "x-"
"""Top-level keys that begin so are passed over: a place for what several sections share."""


def load_lot(path: Path) -> LotSettings:
    """The lot that `path` describes. Raises ConfigurationError with every problem of the file."""
    return parse_lot(_text_of(path), str(path))


def look_over(path: Path) -> tuple[LotSettings, list[Problem]]:
    """The lot that `path` describes, and what should be put right though it can be run. Raises ConfigurationError."""
    text = _text_of(path)
    lot = parse_lot(text, str(path))
    document = read_document(text, str(path))
    return lot, in_order([_warning(document, finding) for finding in (*cautions(lot), *absent(lot))])


def _warning(document: Document, finding: Finding) -> Problem:
    problem = document.problem(document.at_value(finding.path), finding.path, finding.expected)
    return dataclasses.replace(problem, warning=True)


def parse_lot(text: str, name: str) -> LotSettings:
    """The lot that `text` describes; `name` stands for the file in problems. Raises ConfigurationError."""
    document = read_document(text, name)
    if document.problems and document.data is None:
        raise ConfigurationError(document.problems)
    written: Any = document.data
    if not isinstance(written, dict):
        raise ConfigurationError([_no_lot(document)])
    sections = cast("dict[str, Any]", written)
    document.data = {key: value for key, value in sections.items() if not key.startswith(FOR_ANCHORS)}
    return _checked(document)


def _checked(document: Document) -> LotSettings:
    problems = list(document.problems)
    settings: LotSettings | None = None
    try:
        settings = LotSettings.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of_lot(document, LotSettings, error.errors(include_url=False))
    for finding in disagreements(_pieces(document.data)):
        mark = document.at_value(finding.path)
        problems.append(document.problem(mark, finding.path, finding.expected))
    if settings is None or problems:
        raise ConfigurationError(in_order(problems))
    return settings


def _pieces(data: dict[str, Any]) -> Pieces:
    """What is right by itself, so that one wrong key doesn't hide what else disagrees."""
    right = _right_fields(LotSettings, {key: value for key, value in data.items() if key not in LISTS})
    return Pieces(
        **{key: right[key] for key in SINGLES if key in right},
        levels=_right_items(data, "levels", LevelSettings),
        permits=_right_items(data, "permits", PermitSettings),
        lanes={index: _known_lane(lane) for index, lane in _items(data, "lanes")},
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
    return text_of(_content(path), str(path))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError:
        reason = "this is a folder; a file is expected"
    except FileNotFoundError:
        reason = "there is no such file; `parkgate-edge init` writes an example"
    except PermissionError:
        reason = "no permission to read this file"
    except OSError as error:
        reason = f"the file can't be read: {error.strerror}"
    raise ConfigurationError([Problem(str(path), 0, 0, "", "", reason)])
