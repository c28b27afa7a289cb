"""The terminal that takes no real money."""

from __future__ import annotations

import pytest

from drivers.contract import ChargeOutcome, DriverContext
from drivers.simulated_terminal import SimulatedTerminalSettings
from models.ids import PaymentId
from models.money import Minor
from tests.drivers.conftest import Notebook

PAYMENT = PaymentId("01920000-0000-7000-8000-0000000000aa")


async def test_a_restarted_daemon_that_asks_again_gets_the_same_reference(context: DriverContext):
    settings = SimulatedTerminalSettings(delay=0)
    before = await settings.build(context).charge(PAYMENT, Minor(250), "EUR")
    after = await settings.build(context).charge(PAYMENT, Minor(250), "EUR")
    assert before == after


@pytest.mark.parametrize("answer", [ChargeOutcome.DECLINED, ChargeOutcome.UNREACHABLE])
async def test_no_money_moves_when_the_terminal_says_no(context: DriverContext, answer: ChargeOutcome):
    terminal = SimulatedTerminalSettings(delay=0, answer=answer).build(context)
    charged = await terminal.charge(PAYMENT, Minor(250), "EUR")
    assert (charged.outcome, charged.reference) == (answer, "")


async def test_an_unreachable_terminal_is_a_fault(context: DriverContext, faults: Notebook):
    await SimulatedTerminalSettings(answer=ChargeOutcome.UNREACHABLE).build(context).start()
    assert list(faults.on) == ["terminal.unreachable"]
