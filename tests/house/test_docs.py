"""What the docs say of codes and commands is what the code has."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.main import get_command

from cloud.cli import app as cloud
from edge.cli import app as edge
from simulator.cli import app as simulator
from tests.house.catalogues import fault_table, refusal_table
from tests.house.tree import HOUSE

PAPERS = [HOUSE / "README.md", *sorted((HOUSE / "docs").glob("*.md"))]
COMMANDS = {"parkgate-edge": edge, "parkgate-cloud": cloud, "parkgate-sim": simulator}


def test_a_technician_finds_every_fault_that_a_lot_can_raise() -> None:
    assert fault_table() in (HOUSE / "docs/technician.md").read_text()


def test_an_operator_finds_every_reason_for_a_refusal() -> None:
    assert refusal_table() in (HOUSE / "docs/operator.md").read_text()


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


def test_every_page_and_picture_that_the_docs_name_is_there() -> None:
    for paper in PAPERS:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", paper.read_text()):
            assert (paper.parent / target).exists(), f"{paper.name} names {target}"
