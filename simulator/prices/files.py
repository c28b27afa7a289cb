"""Tariffs and price policies as files; what is wrong with one is said with its place in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from models.money import from_major
from models.pricing import Policy
from models.tariff import Tariff
from simulator.prices.charging import PLAIN

SECTION = "dynamic"


@dataclass(frozen=True, slots=True)
class PriceFile:
    """What stands in a file: a policy, and the tariff whose rates it multiplies, or an ordinary one."""

    name: str
    policy: Policy
    tariff: Tariff


def price_file(path: Path) -> PriceFile:
    """Raises OSError, or ValueError with `file:line:column` and what is expected there."""
    text = path.read_text(encoding="utf-8")
    try:
        root = YAML(typ="base", pure=True).compose(text)
        # Every value stays the text that was written: no number passes through binary fractions.
        said: Any = YAML(typ="base", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise ValueError(f"{path}:{mark.line + 1 if mark else 1}: {error.problem}") from error
    except YAMLError as error:
        raise ValueError(f"{path}:1: no YAML: {error}") from error
    if not isinstance(said, dict) or SECTION not in said:
        raise ValueError(f"{path}:1:1: a section `{SECTION}:` is expected, as in config/tariffs/dynamic-default.yaml")
    tariff = {key: value for key, value in said.items() if key != SECTION}
    try:
        policy = Policy.model_validate(said[SECTION] or {})
    except ValidationError as error:
        raise ValueError("\n".join(_told(path, root, one) for one in error.errors())) from error
    return PriceFile(path.stem, policy, _tariff(path, tariff) if tariff else PLAIN)


def _tariff(path: Path, said: dict[str, Any]) -> Tariff:
    """Its amounts are written as on a price board: 2.50."""
    try:
        currency = str(said.get("currency"))
        amounts = {key: from_major(Decimal(said[key]), currency) for key in ("hourly_rate", "daily_maximum")}
        return Tariff.model_validate({**said, **amounts})
    except (KeyError, ArithmeticError, ValueError) as error:
        raise ValueError(f"{path}: currency, hourly_rate and daily_maximum are expected: {error}") from error


def _told(path: Path, root: Any, error: Any) -> str:
    line, column = _place(root, (SECTION, *error["loc"]))
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error["loc"])
    said = str(error.get("ctx", {}).get("error", error["msg"]))
    expected = {"extra_forbidden": "unknown key", "missing": "this key is missing here"}.get(error["type"], said)
    return f"{path}:{line}:{column}: {SECTION}{key}: {expected}"


def _place(node: Any, loc: Sequence[str | int]) -> tuple[int, int]:
    """Line and column of the value at `loc`, or of the nearest section around it, counted from 1."""
    for step in loc:
        below = None
        if isinstance(node, MappingNode):
            below = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            below = node.value[step]
        if below is None:
            break
        node = below
    return node.start_mark.line + 1, node.start_mark.column + 1
