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


def noted(app: typer.Typer, file: Path, text: str) -> list[str]:
    """What `check` says of a right file beside the table."""
    file.write_text(text)
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 0, result.stderr
    return [line.removeprefix("! ") for line in result.stdout.splitlines() if line.startswith("! ")]


def test_a_password_a_key_and_an_authority_that_are_not_there_are_told_once_each(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("LOT_LINK", raising=False)
    text = RIGHT.replace(
        "{driver: mqtt, host: 127.0.0.1, ",
        f"{{driver: mqtt, host: 127.0.0.1, username: gate, password_file: {tmp_path}/none, ",
    )
    text += (
        "link: {host: cloud.example, username: lot, password_env: LOT_LINK, tls: {ca: /none.pem}}\n"
        f"vision: {{weights: {tmp_path}/weights}}\nstore: {{path: {tmp_path}/lot.sqlite}}\n"
    )
    said = noted(app, tmp_path / "lot.yaml", text)
    assert [line for line in said if ": the " in line] == [
        f"lanes[0].arming_loop.password_file: the file {tmp_path}/none can't be read: No such file or directory",
        f"vision.weights: the folder {tmp_path}/weights isn't there",
        "link.password_env: the variable LOT_LINK isn't set here; it has to be in the daemon's environment",
        "link.tls.ca: the file /none.pem can't be read: No such file or directory",
    ]


def test_what_is_there_is_not_told(app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "link.password").write_text("a password\n")
    monkeypatch.setenv("LOT_LINK", "a password")
    text = RIGHT + f"store: {{path: {tmp_path}/lot.sqlite}}\n"
    link = "link: {host: cloud.example, username: lot, password_%s: %s}\n"
    for way in (("env", "LOT_LINK"), ("file", tmp_path / "link.password")):
        said = noted(app, tmp_path / "lot.yaml", text + link % way)
        assert [line for line in said if ": the " in line] == []


def test_an_arm_whose_position_is_only_assumed_is_told(app: typer.Typer, tmp_path: Path):
    assumed = "where its arm is isn't read, but assumed from what the arm was told."
    text = altered(("command_topic: in/vend", "command_topic: in/vend\n      position_topic: in/position"))
    said = noted(app, tmp_path / "lot.yaml", text)
    assert f"north-out: {assumed}" in said
    assert f"north-in: {assumed}" not in said
