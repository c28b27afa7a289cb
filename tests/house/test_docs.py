"""What the docs say of codes and commands is what the code has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from typer.main import get_command
from typer.testing import CliRunner

from cloud.cli import app as cloud
from cloud.ingest.cases import CaseKind
from drivers.registry import catalogue, driver_name
from drivers.settings import DriverSettings
from edge.cli import app as edge
from edge.config.settings import LotSettings
from models.lanes import LaneState, OrderKind, PassageKind
from simulator.cli import app as simulator
from tests.house.catalogues import PARTS, all_faults, fault_table, marked, papers, refusal_table, renewed
from tests.house.keys import CONTRACTS, driver_keys, every_driver, section_keys
from tests.house.tree import HOUSE
from tests.house.wiring import PICTURES

PAPERS = papers()
COMMANDS = {"parkgate-edge": edge, "parkgate-cloud": cloud, "parkgate-sim": simulator}


def test_a_technician_finds_every_fault_that_a_lot_can_raise() -> None:
    assert fault_table() in (HOUSE / "docs/technician.md").read_text()


def test_an_operator_finds_every_reason_for_a_refusal() -> None:
    assert refusal_table() in (HOUSE / "docs/operator.md").read_text()


@pytest.mark.parametrize("kind", get_args(CaseKind))
def test_an_operator_finds_every_case(kind: str) -> None:
    assert f"| `{kind}` |" in (HOUSE / "docs/operator.md").read_text()


@pytest.mark.parametrize(
    ("paper", "name"), [(paper, name) for paper in PAPERS for name in marked(paper.read_text())], ids=str
)
def test_what_is_drawn_from_the_code_is_as_the_code_is_now(paper: Path, name: str) -> None:
    text = paper.read_text()
    assert renewed(text, {name}) == text, "stale: python -m tests.house.catalogues --write"


def test_everything_that_is_drawn_from_the_code_stands_in_the_docs() -> None:
    assert {name for paper in PAPERS for name in marked(paper.read_text())} == set(PARTS)


def test_a_stale_part_is_found_and_renewed() -> None:
    stale = "before\n<!-- generated: refusals -->\n\n| old |\n\n<!-- end -->\nafter\n"
    assert renewed(stale) == f"before\n<!-- generated: refusals -->\n\n{refusal_table()}\n\n<!-- end -->\nafter\n"


def test_the_table_of_faults_lacks_none_that_the_code_declares() -> None:
    """Also one of a room that nobody has told the table about."""
    rooms = [path for room in ("drivers", "edge") for path in (HOUSE / room).rglob("*.py")]
    declared = {code for path in rooms for code in re.findall(r'\bcode="([a-z_.]+)"', path.read_text())}
    assert declared - {fault.code for fault in all_faults()} == set()


def test_every_driver_and_every_key_of_it_is_told() -> None:
    assert set(CONTRACTS) == {contract for contract, _ in catalogue().found}
    told = driver_keys()
    for _, name, settings in every_driver():
        assert f"#### `driver: {name}`" in told
        assert driver_name(settings) == name


def test_every_section_that_a_technician_can_write_is_told() -> None:
    """A section of a section that has no table of its own would leave its keys untold."""
    told = section_keys()
    for model in _sections_below(LotSettings):
        for key, field in model.model_fields.items():
            assert f"| `{field.alias or key}` |" in told, f"{model.__name__}.{key}"


def _sections_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for each in _classes_in(field.annotation):
            if issubclass(each, BaseModel) and not issubclass(each, DriverSettings):
                yield from _sections_below(each)


def _classes_in(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type):
        yield annotation
    for inner in get_args(annotation):
        yield from _classes_in(inner)


def test_an_operator_finds_every_state_kind_and_order() -> None:
    text = (HOUSE / "docs/operator.md").read_text()
    assert [kind for kind in PassageKind if f"| `{kind}` |" not in text] == []
    assert [state for state in LaneState if f"| `{state}` |" not in text] == []
    orders = {kind.replace("_", "-") for kind in OrderKind if kind is not OrderKind.SET_STATE}
    assert [order for order in orders if not re.search(rf"`(\.\.\.|parkgate-edge lane) {order} LANE", text)] == []


def shown_commands() -> list[tuple[str, str]]:
    """(file, line) of each of our commands in a shell block of the docs."""
    found: list[tuple[str, str]] = []
    for paper in PAPERS:
        for block in re.findall(r"```sh\n(.*?)```", paper.read_text(), re.S):
            lines = [line.strip() for line in block.splitlines()]
            found += [(paper.name, line) for line in lines if re.match(r"(\.venv/bin/)?parkgate-|make ", line)]
    return found


@pytest.mark.parametrize(("paper", "line"), shown_commands())
def test_a_command_in_the_docs_exists_with_its_options(paper: str, line: str) -> None:
    words = shlex.split(line.removeprefix(".venv/bin/"), comments=True)
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (HOUSE / "Makefile").read_text(), re.M), f"{paper}: {line}"
        return
    command = get_command(COMMANDS[words[0]])
    rest = words[1:]
    while rest and hasattr(command, "commands") and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    assert not hasattr(command, "commands") or getattr(command, "invoke_without_command", False), f"{paper}: {line}"
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in rest if word.startswith("-")} <= options, f"{paper}: {line}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_which_release_it_is(command: str) -> None:
    said = CliRunner().invoke(COMMANDS[command], ["--version"])
    assert (said.exit_code, said.stdout) == (0, f"{command} {version('parkgate')}\n")


@pytest.mark.parametrize("name", PICTURES)
def test_a_wiring_picture_is_as_its_script_draws_it(name: str) -> None:
    drawn = (HOUSE / "docs/pictures" / name).read_text()
    assert PICTURES[name]().svg() == drawn, "stale: python -m tests.house.wiring"


def test_every_page_and_picture_that_the_docs_name_is_there() -> None:
    for paper in PAPERS:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", paper.read_text()):
            assert (paper.parent / target).exists(), f"{paper.name} names {target}"


def test_every_heading_that_the_docs_point_to_is_there() -> None:
    for paper in PAPERS:
        for page, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", paper.read_text()):
            target = paper if not page else (paper.parent / page).resolve()
            assert heading in _anchors(target.read_text()), f"{paper.name} points to {page}#{heading}"


def _anchors(text: str) -> set[str]:
    """As Markdown viewers make them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
