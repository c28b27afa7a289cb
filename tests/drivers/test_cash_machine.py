"""A machine for coins and notes: what was put in is known after every break, and is taken once or given back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from drivers.cash_machine import CashMachine, CashMachineSettings
from drivers.contract import Charged, ChargeOutcome, DriverContext, DriverError, Fate, NotSent, PaymentTerminal
from drivers.post import cash_words
from models.ids import PaymentId
from models.instants import Instant
from models.money import Minor
from simulator.cash_peer import CashPeer
from tests.drivers.cables import Cable
from tests.drivers.conftest import Notebook, eventually
from tests.quick_clock import QuickClock

FIRST, SECOND_ONE = (PaymentId(f"01920000-0000-7000-8000-0000000000a{n}") for n in (1, 2))
SUM = Minor(450)


@dataclass
class Far:
    peer: CashPeer
    machine: CashMachine
    faults: Notebook
    charges: list[asyncio.Task[Charged]] = field(default_factory=list)

    async def opens(self, payment: PaymentId = FIRST, amount: Minor = SUM) -> asyncio.Task[Charged]:
        """Somebody is asked to pay, and the machine takes their money."""
        charge = asyncio.create_task(self.machine.charge(payment, amount, "EUR"))
        self.charges.append(charge)
        await eventually(lambda: self.peer.open == payment)
        return charge

    async def report(self) -> dict[str | None, int]:
        return {line.payment: line.amount for line in await self.machine.report(Instant(0), Instant(2**62))}


@asynccontextmanager
async def machine_at(peer: CashPeer, context: DriverContext, **said: object) -> AsyncIterator[CashMachine]:
    settings = CashMachineSettings.model_validate({"tcp": {"host": "127.0.0.1", "port": peer.port}, **said})
    built = settings.build(context)
    await built.start()
    await eventually(lambda: "cash.unreachable" not in context.faults.on and built._opened.is_set())  # type: ignore[attr-defined]
    yield built
    await built.stop()


@pytest.fixture
def quick(context: DriverContext) -> DriverContext:
    return replace(context, part="out.payment_terminal", clock=QuickClock())


@pytest.fixture
async def far(tmp_path: Path, quick: DriverContext, faults: Notebook) -> AsyncIterator[Far]:
    async with (
        CashPeer(tmp_path / "machine.sqlite", quick.clock.wall, change=1000) as peer,  # type: ignore[attr-defined]
        machine_at(peer, quick, pay_within=20) as machine,
    ):
        found = Far(peer, machine, faults)
        yield found
        for charge in found.charges:
            charge.cancel()


async def test_the_exact_sum_is_taken_once_however_often_it_is_asked_for(far: Far) -> None:
    charge = await far.opens()
    far.peer.insert(200, 200, 50)
    said = Charged(ChargeOutcome.TAKEN, f"M-{FIRST}", amount=SUM)
    assert await charge == said
    assert await far.machine.charge(FIRST, SUM, "EUR") == said, "it answers as before"
    assert not far.peer.insert(200), "and takes nothing more"
    assert (far.peer.kept, far.peer.begun, await far.report()) == ({FIRST: 450}, [FIRST], {FIRST: 450})
    assert isinstance(far.machine, PaymentTerminal)
    assert (far.machine.provider, far.machine.abilities.cash) == ("cash:out", True)


@pytest.mark.parametrize(("change", "kept"), [(1000, 450), (0, 500)])
async def test_what_it_has_no_change_for_is_told_as_taken(far: Far, change: int, kept: int) -> None:
    far.peer.change = change
    charge = await far.opens()
    far.peer.insert(500)
    assert (await charge).amount == kept
    assert (far.peer.kept, await far.report()) == ({FIRST: kept}, {FIRST: kept})
    assert ("cash.no_change" in far.faults.on) is (change == 0)


@pytest.mark.parametrize("escrow", [True, False])
async def test_who_does_not_pay_in_full_in_time_gets_it_back_or_has_paid_a_part(far: Far, escrow: bool) -> None:
    far.peer.escrow = escrow
    charge = await far.opens()
    far.peer.insert(200)
    said = await charge
    taken = (ChargeOutcome.DECLINED, None) if escrow else (ChargeOutcome.TAKEN, 200)
    assert (said.outcome, said.amount) == taken
    assert far.peer.kept == ({} if escrow else {FIRST: 200})


async def test_the_next_driver_finds_the_machine_free(far: Far) -> None:
    went_away = await far.opens()
    far.peer.insert(200)
    charge = await far.opens(SECOND_ONE)
    assert (await went_away).outcome is ChargeOutcome.DECLINED
    far.peer.insert(450)
    assert (await charge).amount == SUM
    assert far.peer.kept == {SECOND_ONE: 450}


async def test_a_line_that_breaks_in_the_middle_loses_no_coin(far: Far) -> None:
    charge = await far.opens()
    far.peer.insert(200)
    far.peer.hang_up()
    far.peer.insert(200)
    await asyncio.sleep(0.1)
    far.peer.insert(50)
    assert (await charge).amount == SUM
    assert far.peer.begun == [FIRST]


@pytest.mark.parametrize("escrow", [True, False])
async def test_after_a_power_cut_the_machine_says_what_was_put_in(far: Far, escrow: bool) -> None:
    far.peer.escrow = escrow
    charge = await far.opens()
    far.peer.insert(200)
    far.peer.power_fails()
    assert (await charge).amount == (None if escrow else 200)
    became = await far.machine.ask(FIRST)
    assert (became.fate, became.amount) == ((Fate.DECLINED, None) if escrow else (Fate.TAKEN, 200))


async def test_a_daemon_that_was_restarted_goes_on_with_the_same_payment(far: Far, quick: DriverContext) -> None:
    charge = await far.opens()
    far.peer.insert(200)
    charge.cancel()
    await far.machine.stop()
    assert (await far.machine.ask(FIRST)).fate is Fate.UNKNOWN, "nobody can say now"
    async with machine_at(far.peer, quick) as again:
        assert (await again.ask(FIRST)).fate is Fate.PENDING
        far.peer.insert(250)
        assert (await again.charge(FIRST, SUM, "EUR")).amount == SUM
    assert far.peer.kept == {FIRST: 450}


async def test_what_an_earlier_run_left_open_is_ended_before_the_next_pays(far: Far) -> None:
    (await far.opens()).cancel()
    far.peer.insert(100)
    charge = await far.opens(SECOND_ONE)
    far.peer.insert(450)
    assert (await charge).amount == SUM
    assert (await far.machine.ask(FIRST)).fate is Fate.DECLINED
    assert far.peer.kept == {SECOND_ONE: 450}


async def test_what_the_machine_never_heard_of_it_will_not_take_later_either(far: Far) -> None:
    assert (await far.machine.ask(FIRST)).fate is Fate.NOTHING
    late = far.peer.answer({"n": 1, **cash_words.take(FIRST, SUM, "EUR", 20)})
    assert (late["state"], far.peer.insert(450), far.peer.begun) == ("over", False, [])


async def test_a_machine_that_is_silent_or_off_is_a_fault_and_nobody_says_that_nothing_was_taken(far: Far) -> None:
    far.peer.hears_nothing = True
    assert (await far.machine.ask(FIRST)).fate is Fate.UNKNOWN
    await far.peer.__aexit__()
    with pytest.raises(DriverError) as wrong:
        await far.machine.charge(FIRST, SUM, "EUR")
    assert not isinstance(wrong.value, NotSent), "an earlier run may have begun it"
    assert "cash.unreachable" in far.faults.on


async def test_a_machine_that_is_out_of_order_takes_nothing(far: Far) -> None:
    far.peer.out_of_order = True
    assert (await far.machine.charge(FIRST, SUM, "EUR")).outcome is ChargeOutcome.UNREACHABLE
    assert "cash.out_of_order" in far.faults.on
    far.peer.out_of_order = False
    far.peer.insert(450) or await far.opens()
    await eventually(lambda: "cash.out_of_order" not in far.faults.on)


async def test_a_long_record_is_told_whole_and_only_of_its_time(far: Far) -> None:
    for number in range(cash_words.REPORTED_AT_ONCE * 2 + 1):
        far.peer.answer({"n": 1, **cash_words.take(PaymentId(f"payment-{number}"), SUM, "EUR", 20)})
        far.peer.insert(450)
    assert len(await far.report()) == cash_words.REPORTED_AT_ONCE * 2 + 1
    assert list(await far.machine.report(Instant(0), Instant(1))) == []


@pytest.mark.parametrize(
    "said",
    [{}, {"state": "open", "inserted": -1}, {"state": "open", "inserted": 1, "given_back": 2}, {"state": "fine"}],
)
def test_what_no_machine_can_mean_is_not_believed(said: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        cash_words.told(said)


async def test_it_speaks_over_a_serial_line_that_is_plugged_in_later(
    tmp_path: Path, quick: DriverContext, faults: Notebook
) -> None:
    cable, peer = Cable(tmp_path / "cash"), CashPeer(tmp_path / "machine.sqlite", quick.clock.wall)  # type: ignore[attr-defined]
    machine = CashMachineSettings.model_validate({"serial": {"port": str(cable.port)}}).build(quick)
    await machine.start()
    await eventually(lambda: "cash.unreachable" in faults.on)
    cable.plug_in()
    loop = asyncio.get_running_loop()
    loop.add_reader(cable.descriptor, _speaks(cable, peer))
    await eventually(lambda: "cash.unreachable" not in faults.on)
    charge = asyncio.create_task(machine.charge(FIRST, SUM, "EUR"))
    await eventually(lambda: peer.insert(450))
    assert (await charge).amount == SUM
    loop.remove_reader(cable.descriptor)
    await machine.stop()
    cable.pull_out()


def _speaks(cable: Cable, peer: CashPeer) -> Callable[[], None]:
    half = bytearray()

    def heard() -> None:
        half.extend(os.read(cable.descriptor, 4096))
        *lines, rest = bytes(half).split(b"\n")
        half[:] = rest
        for line in lines:
            cable.says(peer.hear(line))

    return heard
