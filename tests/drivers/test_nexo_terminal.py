"""A card terminal over nexo: what it took is asked about after a break, never asked for again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.contract import (
    ChargeOutcome,
    DriverContext,
    DriverError,
    Fate,
    NotSent,
    PaymentTerminal,
    RefundOutcome,
)
from drivers.far_book import FarBook
from drivers.money import without_card_numbers
from drivers.nexo_terminal import NexoTerminal, NexoTerminalSettings
from models.ids import PaymentId, RefundId
from models.instants import Instant
from models.money import Minor
from simulator.nexo_peer import Does, NexoPeer

PAYMENT, REFUND = PaymentId("01920000-0000-7000-8000-0000000000aa"), RefundId("01920000-0000-7000-8000-0000000000bb")
SUM = Minor(1234)


@dataclass
class Far:
    peer: NexoPeer
    book: Path
    terminal: Callable[[], NexoTerminal]
    faults: list[str] = field(default_factory=list)

    def taken(self) -> list[tuple[str, int]]:
        return [(line.kind, line.amount) for line in FarBook(self.book).report(Instant(0), Instant(2**62))]


@pytest.fixture
async def far(tmp_path: Path, context: DriverContext) -> AsyncIterator[Far]:
    peer = NexoPeer(tmp_path / "far.sqlite", lambda: Instant(1))
    async with peer:
        settings = NexoTerminalSettings(
            host="127.0.0.1", port=peer.port, poi_id="POI-1", answer_within=2, resolve_within=0
        )
        yield Far(peer, tmp_path / "far.sqlite", lambda: settings.build(context))


async def test_a_payment_is_taken_once_however_often_it_is_asked_for_also_after_a_restart(far: Far) -> None:
    first = await far.terminal().charge(PAYMENT, SUM, "EUR")
    again = await far.terminal().charge(PAYMENT, SUM, "EUR")
    assert (first.outcome, first.amount) == (ChargeOutcome.TAKEN, SUM)
    assert first == again
    assert (far.taken(), far.peer.asked) == ([("charge", SUM)], [PAYMENT])
    assert isinstance(far.terminal(), PaymentTerminal)


async def test_what_was_taken_before_the_connection_broke_is_heard_by_asking(far: Far) -> None:
    far.peer.does = Does.TAKES_AND_BREAKS_OFF
    charged = await far.terminal().charge(PAYMENT, SUM, "EUR")
    assert (charged.outcome, charged.reference[:4]) == (ChargeOutcome.TAKEN, "POI-")
    assert (far.taken(), far.peer.asked) == ([("charge", SUM)], [PAYMENT])


async def test_a_terminal_that_broke_off_and_has_nothing_is_not_believed_so_soon(far: Far) -> None:
    far.peer.does = Does.BREAKS_OFF
    with pytest.raises(DriverError, match="broke_off"):
        await far.terminal().charge(PAYMENT, SUM, "EUR")
    assert (await far.terminal().ask(PAYMENT)).fate is Fate.NOTHING
    assert (far.taken(), far.peer.asked) == ([], [PAYMENT])


@pytest.mark.parametrize(
    ("does", "outcome"),
    [(Does.DECLINES, ChargeOutcome.DECLINED), (Does.HAS_NO_BANK, ChargeOutcome.UNREACHABLE)],
)
async def test_a_no_moves_no_money(far: Far, does: Does, outcome: ChargeOutcome) -> None:
    far.peer.does = does
    assert (await far.terminal().charge(PAYMENT, SUM, "EUR")).outcome is outcome
    assert far.taken() == []


async def test_of_a_terminal_that_is_switched_off_nobody_says_that_nothing_was_taken(far: Far) -> None:
    await far.peer.__aexit__()
    assert (await far.terminal().ask(PAYMENT)).fate is Fate.UNKNOWN
    with pytest.raises(DriverError) as wrong:
        await far.terminal().charge(PAYMENT, SUM, "EUR")
    assert not isinstance(wrong.value, NotSent), "an earlier run may have sent it"


async def test_a_refund_is_given_back_once_and_never_more_than_was_taken(far: Far) -> None:
    terminal = far.terminal()
    await terminal.charge(PAYMENT, SUM, "EUR")
    back = [await terminal.refund(PAYMENT, REFUND, Minor(234), "EUR") for _ in range(2)]
    assert [each.outcome for each in back] == [RefundOutcome.REFUNDED] * 2
    too_much = await terminal.refund(PAYMENT, RefundId("another"), SUM, "EUR")
    assert too_much.outcome is RefundOutcome.DECLINED
    assert sorted(far.taken()) == [("charge", SUM), ("refund", 234)]


async def test_a_card_number_in_place_of_a_token_goes_no_further(far: Far) -> None:
    far.peer.does = Does.TELLS_A_CARD_NUMBER
    assert (await far.terminal().charge(PAYMENT, SUM, "EUR")).reference == "************1111"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("card 5500-0000-0000-0004 ok", "card ************0004 ok"),
        ("378282246310005", "***********0005"),
        ("4111111111111112", "4111111111111112"),
        ("RRN 123456789012", "RRN 123456789012"),
        ("SIM-0A1B2C", "SIM-0A1B2C"),
    ],
)
def test_card_numbers_are_blotted_out_and_tokens_stay(said: str, kept: str) -> None:
    assert without_card_numbers(said) == kept
