"""What the wiring pictures show is what the example lots say."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.house.tree import HOUSE
from tests.house.wiring import GPIO, MODBUS, PICTURES, USB
from tests.house.wiring import TOLD as FAR_ENDS

SHOWN = {"wiring-gpio.svg": GPIO, "wiring-usb.svg": USB, "wiring-modbus.svg": MODBUS}
OUTPUTS = {"open": "OPEN", "close": "CLOSE", "hold": "HOLD OPEN"}


def as_written(lot: str, name: str) -> dict[str, Any]:
    """The parts of a lane by their keys, as they stand in the file, and the fire contact."""
    yaml: Any = YAML(typ="safe", pure=True)
    whole = yaml.load((HOUSE / f"config/lots/{lot}.yaml").read_text())
    lane = next(each for each in whole["lanes"] if each["name"] == name)
    parts = {**lane["barrier"], **lane, "fire": whole.get("fire")}
    return {role: part for role in (*OUTPUTS, *FAR_ENDS, "fire") if (part := parts.get(role)) is not None}


def wires_in(picture: str) -> dict[str, str]:
    """The terminal at the board by what stands at the far end of its wire: texts of one row."""
    svg = (HOUSE / "docs/pictures" / picture).read_text()
    texts = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<', svg)
    rows = re.findall(r'<polyline points="([\d.]+),([\d.]+) (730),\2"', svg)
    wires: dict[str, str] = {}
    for edge, row, far in rows:
        beside = [
            (float(x), unescape(text)) for x, y, text in texts if float(y) - float(row) in (-6, 5) and text != "COM"
        ]
        near = next(text for x, text in beside if x == float(edge) - 12)
        end = next((text for x, text in beside if x == float(far) + 14), "COM")
        wires[end] = near
    return wires


def number_of(part: dict[str, Any]) -> str:
    """The terminal that has this number: modules print from 1 what the protocol counts from 0."""
    if "pin" in part:
        return f"GPIO{part['pin']}"
    if "coil" in part:
        return f"DO{part['coil'] + 1}"
    if "discrete_input" in part:
        return f"DI{part['discrete_input'] + 1}"
    return f"{'DI' if 'modbus' in part.get('product', '') else 'K'}{part['channel']}"


@pytest.mark.parametrize("picture", SHOWN)
def test_each_wire_of_a_picture_goes_where_its_example_lot_says(picture: str) -> None:
    written = as_written(*SHOWN[picture])
    wires = wires_in(picture)
    for role, part in written.items():
        begins = OUTPUTS.get(role) or FAR_ENDS.get(role) or "N"
        [near] = [at for far, at in wires.items() if far.startswith(begins) and (role != "fire" or "fire" in far)]
        assert re.search(rf"\b{number_of(part)}\b", near), f"{role}: {near}"


@pytest.mark.parametrize("picture", SHOWN)
def test_a_picture_shows_no_terminal_that_its_example_lot_doesnt_name(picture: str) -> None:
    shown = set(re.findall(r"\b(?:GPIO|K|DO|DI)\d+\b", " ".join(wires_in(picture).values())))
    assert shown == {number_of(part) for part in as_written(*SHOWN[picture]).values()}
    assert f"lane {SHOWN[picture][1]} of config/lots/{SHOWN[picture][0]}.yaml" in PICTURES[picture]().svg()


@pytest.mark.parametrize("picture", SHOWN)
def test_a_contact_is_drawn_closed_at_rest_where_the_file_turns_it_round(picture: str) -> None:
    written = as_written(*SHOWN[picture])
    turned = {
        role
        for role, part in written.items()
        if part.get("active_low") is False or part.get("inverted") or part.get("options", {}).get("inverted")
    }
    closed = {far for far in wires_in(picture) if "NC" in far}
    assert len(closed) == len(turned - set(OUTPUTS))
