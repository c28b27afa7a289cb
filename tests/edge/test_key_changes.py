"""How a lot follows the cloud's change of keys, on a real broker: nobody is left behind, and there is no way back."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from models.ids import LotId
from models.wire import topics
from models.wire.envelopes import unpack
from models.wire.keys import KeysHeld, Trust, announced, changed
from models.wire.seals import Signer, key_id
from simulator.servers import Mosquitto
from tests.brokers import Talker, talker
from tests.edge.clouds import HonestCloud, becomes
from tests.edge.commanded import Commanded, commanded, the_cloud
from tests.edge.lots import Lot, a_lot
from tests.edge.test_link import all_sent, cars_enter
from tests.keys import SIGNER, public_file

NEXT, AFTER = Signer.generated(), Signer.generated()


@pytest.fixture
def lot(tmp_path: Path) -> Lot:
    return a_lot(tmp_path, id=LotId(str(uuid4())))


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The key that signs, and the next one."""
    return public_file(tmp_path, SIGNER, NEXT)


def public(*signers: Signer) -> tuple[str, ...]:
    return tuple(signer.public_text for signer in signers)


def rotated() -> list[bytes]:
    """NEXT signs from day to day, AFTER is the one after it, and what signed before is retired."""
    trust = Trust(0, public(SIGNER, NEXT))
    joined = announced(trust, public(SIGNER, NEXT, AFTER), NEXT)
    return [joined, announced(changed(trust, joined), public(NEXT, AFTER), AFTER)]


ROTATED = rotated()


def tell(cloud: Talker, lot: Lot, *messages: bytes) -> None:
    for message in messages:
        cloud.publish(topics.down(lot.id, "keys"), message)  # type: ignore[arg-type]


def goes_by(site: Commanded, *signers: Signer) -> bool:
    return site.link._keys.trust is not None and site.link._keys.trust.keys == public(*signers)


async def test_a_lot_says_which_keys_it_goes_by_and_follows(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    with talker(mosquitto.port) as cloud:
        cloud.subscribe(topics.down_ack(lot.id, "keys"))
        async with commanded(lot, mosquitto, keys) as site:
            said = unpack(KeysHeld, cloud.hear().payload)
            assert (said.serial, said.newest) == (0, NEXT.key_id)
            tell(cloud, lot, *ROTATED)
            await becomes(lambda: goes_by(site, NEXT, AFTER))
        learnt = lot.rows("SELECT json_extract(body, '$.forgotten') FROM journal WHERE type = 'cloud_keys.learnt'")
        assert learnt == [("[]",), (f'["{key_id(SIGNER.public_text)}"]',)]


async def test_the_next_key_is_believed_by_a_lot_that_slept_through_the_rotation(
    lot: Lot, mosquitto: Mosquitto, keys: Path
) -> None:
    """It knew that key long before: no message has to reach it first."""
    async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as cloud:
        cloud.signer = NEXT
        await cloud.order(cloud.command("in", await cloud.nonce()))
        assert site.gate.moved == 1


async def test_a_retired_key_is_worth_nothing_also_after_a_restart(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    with talker(mosquitto.port) as teller:
        async with commanded(lot, mosquitto, keys) as site:
            tell(teller, lot, *ROTATED)
            await becomes(lambda: goes_by(site, NEXT, AFTER))
        async with commanded(lot, mosquitto, keys) as site, the_cloud(mosquitto, lot) as thief:
            assert goes_by(site, NEXT, AFTER), "before anything is heard"
            thief.send(thief.sealed(thief.command("in", "0" * 32)))
            await becomes(lambda: site.refusals() == ["FORGED"])
            with HonestCloud(mosquitto, lot.id) as cloud:  # it acknowledges with the retired key
                await cars_enter(lot, 1)
                await becomes(lambda: cloud.windows > 0)
                await becomes(lambda: "link.not_believed" in site.faults)
                assert not all_sent(lot)


@pytest.mark.parametrize("told_before", [0, 1, 2])
async def test_no_old_change_brings_a_retired_key_back(
    lot: Lot, mosquitto: Mosquitto, keys: Path, told_before: int
) -> None:
    with talker(mosquitto.port) as teller:
        async with commanded(lot, mosquitto, keys) as site:
            tell(teller, lot, *ROTATED)
            await becomes(lambda: goes_by(site, NEXT, AFTER))
            trust = Trust(9, public(SIGNER, NEXT))
            tell(teller, lot, *ROTATED[:told_before], announced(trust, public(SIGNER, NEXT), NEXT))
            await becomes(lambda: "link.keys_not_followed" in site.faults)
            assert goes_by(site, NEXT, AFTER)


async def test_a_new_enrolment_goes_over_what_was_learnt(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    anew = Signer.generated()
    with talker(mosquitto.port) as teller:
        async with commanded(lot, mosquitto, keys) as site:
            tell(teller, lot, *ROTATED)
            await becomes(lambda: goes_by(site, NEXT, AFTER))
    public_file(keys.parent, anew)
    async with commanded(lot, mosquitto, keys) as site:
        assert goes_by(site, anew)


async def test_the_file_gone_what_was_learnt_stands(lot: Lot, mosquitto: Mosquitto, keys: Path) -> None:
    with talker(mosquitto.port) as teller:
        async with commanded(lot, mosquitto, keys) as site:
            tell(teller, lot, *ROTATED)
            await becomes(lambda: goes_by(site, NEXT, AFTER))
    keys.unlink()
    async with commanded(lot, mosquitto, keys) as site:
        assert goes_by(site, NEXT, AFTER)
        assert "link.no_keys" in site.faults
