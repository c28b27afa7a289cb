"""The house rules that tools enforce: style, types, and which part may know which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import HOUSE

BIN = Path(sys.executable).parent


def _complaints(*command: str) -> str:
    """What a tool has to say against the tree, empty when it is content."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return "" if done.returncode == 0 else f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def _passes(complaints: str) -> None:
    if complaints:
        pytest.fail(complaints, pytrace=False)


def test_the_code_keeps_the_style():
    _passes(_complaints("ruff", "check", "--output-format=concise", "."))


def test_the_code_is_formatted():
    _passes(_complaints("ruff", "format", "--check", "."))


def test_the_arrows_between_the_parts_point_one_way():
    _passes(_complaints("lint-imports", "--no-cache"))


@pytest.mark.timeout(300)
def test_the_types_hold():
    _passes(_complaints("pyright"))
