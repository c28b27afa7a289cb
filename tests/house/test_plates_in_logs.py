"""No log shows a plate in clear: what is said of one in the code is masked, and errors keep what they were given."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator

import asyncpg
import pytest
from fastapi.exceptions import ResponseValidationError
from pydantic import BaseModel, ValidationError

from cloud.logs import WithoutValues
from drivers.contract import Box
from edge.vision.events import PlateDecided, PlateRead
from edge.vision.process.protocol import read_said, said_line
from models.facts import VehicleRegistered
from models.ids import LaneName
from models.plates import Plate
from models.quiet_errors import hide_values
from tests.house.tree import HOUSE

ROOMS = ("edge", "drivers", "models", "cloud")
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "bind"}
PLATE, MASKED = "HHPK482", "masked"
SAYS_PLATE = ("plate", "plates", "license_plate", "text", "read", "seen", "candidate", "verdict", "arrival", "vehicle")
"""Names of values that are a plate or hold one."""
HOLDS_NONE = {("edge/sync/uplink.py", "verdict"), ("cloud/ingest/window_desk.py", "verdict")}
"""What is called the same and is something else."""


def sources(*words: str) -> Iterator[tuple[str, str]]:
    """The product's files in which one of the words stands, by their paths."""
    for room in ROOMS:
        for path in sorted((HOUSE / room).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if any(word in source for word in words):
                yield str(path.relative_to(HOUSE)), source


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            on = node.func.value
            name = on.id if isinstance(on, ast.Name) else on.attr if isinstance(on, ast.Attribute) else ""
            if "log" in name.lower():
                yield node


def unmasked(said: ast.AST) -> Iterator[str]:
    """The names in it that hold a plate and aren't inside `masked(...)`, or counted."""
    if isinstance(said, ast.Call) and isinstance(said.func, ast.Name) and said.func.id in (MASKED, "len", "type"):
        return
    if isinstance(said, ast.Attribute):
        if said.attr in SAYS_PLATE:
            yield said.attr
        elif not isinstance(said.value, ast.Name):
            yield from unmasked(said.value)
        return
    if isinstance(said, ast.Name) and said.id in SAYS_PLATE:
        yield said.id
    for child in ast.iter_child_nodes(said):
        yield from unmasked(child)


def in_clear(source: str) -> list[str]:
    """Every name of a plate that a log call of this source is given as it is."""
    found: list[str] = []
    for call in log_calls(ast.parse(source)):
        for said in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(said, ast.IfExp):  # masked(plate) if plate else None
                found += [*unmasked(said.body), *unmasked(said.orelse)]
            else:
                found += unmasked(said)
    return found


def test_no_log_call_is_given_a_plate_that_isnt_masked() -> None:
    wrong = [
        f"{path}: {name}"
        for path, source in sources("structlog", "_log.")
        for name in in_clear(source)
        if (path, name) not in HOLDS_NONE
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "said",
    [
        '_LOG.info("lane.plate", plate=read.plate)',
        '_LOG.info(f"seen {plate}")',
        'self._log.warning("x", why=f"{arrival.plate} came")',
        '_LOG.error("x", event=candidate)',
    ],
)
def test_control_one_that_is_would_be_found(said: str) -> None:
    assert in_clear(said)


def test_a_masked_one_is_fine() -> None:
    assert in_clear('_LOG.info("x", plate=masked(read.plate) if read.plate else None, many=len(plates))') == []


def test_no_web_server_writes_down_what_was_asked_of_it() -> None:
    """Plates stand in addresses: `?plate=AB12CDE`."""
    asked = [
        (path, {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords})
        for path, source in sources("uvicorn")
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("uvicorn.Config", "uvicorn.run")
    ]
    assert asked
    assert [path for path, said in asked if said.get("access_log") != "False"] == []


def test_a_line_of_the_vision_process_that_cant_be_understood_is_refused_without_its_plate() -> None:
    read = PlateRead(Plate(PLATE), 0.9, 3, Box(1, 2, 3, 4), 3)
    line = said_line(PlateDecided(LaneName("in"), 1, read)).replace(b'"frames": 3', b'"frames": "HHPK482"')
    with pytest.raises(ValueError, match="frames") as wrong:
        read_said(line)
    assert PLATE not in str(wrong.value)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter") as cut:
        read_said(line[:-9])
    assert PLATE not in str(cut.value)


class _Permit(BaseModel):
    plates: list[int]


def _given() -> Iterator[str]:
    """Errors of pydantic, FastAPI and PostgreSQL as they are told."""
    try:
        _Permit.model_validate({"plates": [PLATE, f"{PLATE}, input_type=x"]})
    except ValidationError as wrong:
        yield str(wrong)
        yield str(ResponseValidationError(wrong.errors()))
    row = asyncpg.NotNullViolationError('null value in column "lot_id"')
    vars(row).update(detail=f"Failing row contains (1, {PLATE}, two\nlines {PLATE}).", hint=None)
    yield f"Traceback:\n{row}"
    yield f"Traceback:\n{row}\n\nThe above exception was the direct cause of the following exception:\n{row}"


@pytest.mark.parametrize("text", list(_given()))
def test_what_an_error_was_given_reaches_no_log(text: str) -> None:
    assert PLATE in text, "control"
    told = hide_values(None, "error", {"event": "part.failed", "exception": text, "seq": 3})
    assert PLATE not in str(told)
    assert (told["event"], told["seq"]) == ("part.failed", 3)


def test_what_libraries_log_by_themselves_is_held_to_it_too() -> None:
    with pytest.raises(ValidationError) as wrong:
        _Permit.model_validate({"plates": [PLATE]})
    failed = wrong.value
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, "failed", None, (type(failed), failed, None))
    assert PLATE in logging.Formatter().format(record), "control"
    record.exc_text = None
    assert PLATE not in WithoutValues().format(record)


def test_a_fact_that_doesnt_fit_says_so_without_its_plate() -> None:
    with pytest.raises(ValidationError) as wrong:
        VehicleRegistered.model_validate({"license_plate": [PLATE]})
    assert "license_plate" in str(wrong.value)
    assert PLATE not in str(wrong.value)
