"""`check` and `init` as a technician calls them."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge.config import cli
from edge.config.load import load_lot
from tests.config.lots import RIGHT, altered


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(cli.check)
    app.command()(cli.init)
    return app


def test_check_says_what_a_lot_consists_of(app: typer.Typer, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(RIGHT)
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0
    assert "North Street can be run." in result.stdout
    assert "2.50 EUR for each started hour" in result.stdout
    assert "takes no money" in result.stdout


def test_check_ends_with_2_and_every_problem_on_the_error_stream(app: typer.Typer, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(
        altered(("floor: 0", "floor: ground"), ("type: COMPACT", "type: COMPCT"), ("    barrier:\n", "    barier:\n"))
    )
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.endswith("3 problems.\n")
    assert [place for place in (":8:12 ", ":10:16 ", ":21:5 ") if f"{file}{place}" not in result.stderr] == []


def test_init_writes_an_example_that_can_be_used_and_never_overwrites(app: typer.Typer, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    assert CliRunner().invoke(app, ["init", str(file)]).exit_code == 0
    assert load_lot(file).lot.name == "North Street"
    file.write_text("mine")
    refused = CliRunner().invoke(app, ["init", str(file)])
    assert refused.exit_code == 2
    assert file.read_text() == "mine"
    assert "nothing was written" in refused.stderr
