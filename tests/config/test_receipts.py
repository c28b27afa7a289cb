"""Who sells the parking and where receipts are given, as a technician writes it."""

from __future__ import annotations

import pytest

from edge.config.load import parse_lot
from models.receipts.document import Business
from tests.config.lots import RIGHT, altered, problems

TERMINAL = "    payment_terminal: {driver: simulated, delay: 500 ms}\n"
PRINTER = "    ticket_printer: {driver: escpos, network: {host: 10.0.0.5}}\n"


def letterhead(written: str) -> Business:
    return parse_lot(RIGHT + written, "lot.yaml").letterhead().business


def test_a_receipt_bears_who_sells_the_parking_or_else_the_lot() -> None:
    said = letterhead("business: {name: North Ltd, address: 1 High Street, tax_id: DE 123}\n")
    assert said == Business(name="North Ltd", address="1 High Street", tax_id="DE 123")
    lot = parse_lot(RIGHT, "lot.yaml").lot
    assert letterhead("") == Business(name=lot.name, address=lot.address)


@pytest.mark.parametrize(
    ("written", "path", "why"),
    [
        ("business: {address: x}\n", "business", "name"),
        ("business: {name: North Ltd, tax_id: '#'}\n", "business.tax_id", "such as DE 123456789"),
        ("business: {name: North Ltd, vat: DE1}\n", "business.vat", "unknown key"),
    ],
)
def test_a_mistake_is_told_where_it_stands(written: str, path: str, why: str) -> None:
    [problem] = problems(RIGHT + written)
    assert (problem.file, problem.line) == ("lot.yaml", RIGHT.count("\n") + 1)
    assert problem.column > 1 or "missing" in problem.expected


def test_a_tax_number_may_look_like_a_number() -> None:
    assert letterhead("business: {name: North Ltd, tax_id: 0123456789}\n").tax_id == "0123456789"


@pytest.mark.parametrize("asks", ["receipts: always", "receipt_button: {driver: gpio, pin: 4}"])
def test_receipts_need_a_printer(asks: str) -> None:
    [problem] = problems(altered((TERMINAL, f"{TERMINAL}    {asks}\n")))
    assert "there is no `ticket_printer` here" in str(problem)
    assert asks.partition(":")[0] in str(problem)
    assert problems(altered((TERMINAL, f"{TERMINAL}{PRINTER}    {asks}\n"))) == ()
    assert problems(altered((TERMINAL, f"{TERMINAL}    receipts: asked\n"))) == ()


def test_a_station_has_a_printer_of_its_own() -> None:
    station = "stations:\n  - name: hall\n    payment_terminal: {driver: simulated}\n    receipts: always\n"
    [problem] = problems(RIGHT + station)
    assert "there is no `receipt_printer` here" in str(problem)
    assert problems(RIGHT + station + "    receipt_printer: {driver: escpos, network: {host: 10.0.0.5}}\n") == ()
