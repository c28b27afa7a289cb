"""When a process that doesn't hear the broker leaves its lots to the others."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from cloud.clock import SystemClock
from cloud.ingest.broker import BrokerLink
from cloud.ingest.fitness import DEAF, LONGEST_REST, WELL, Fitness, looked
from cloud.ingest.service import Ingest
from cloud.ingest.sharing import SHARES
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.instants import SECOND, Monotonic
from simulator.servers import Mosquitto, free_port
from tests.brokers import USERS
from tests.cloud.test_ingest import becomes, counted, ingesting
from tests.keys import SIGNER


def after(fitness: Fitness, hears: bool, begin: int, end: int) -> Fitness:
    """It was looked at once a second."""
    for second in range(begin, end):
        fitness = looked(fitness, hears, Monotonic(second * SECOND))
    return fitness


def test_a_connection_that_is_made_anew_moves_no_lot() -> None:
    fitness = after(Fitness.at(Monotonic(0)), True, 0, 10)
    assert after(fitness, False, 10, 14).may_serve
    assert not after(fitness, False, 10, 15).may_serve


def test_who_was_deaf_serves_again_once_it_hears_and_has_rested() -> None:
    deaf = after(Fitness.at(Monotonic(0)), False, 0, 8)
    assert not deaf.may_serve
    assert not after(deaf, False, 8, 1000).may_serve
    assert not after(deaf, True, 8, 10).may_serve
    assert after(deaf, True, 8, 11).may_serve


def test_who_is_refused_whenever_it_asks_asks_ever_more_seldom_until_it_is_well() -> None:
    fitness, now, rests = Fitness.at(Monotonic(0)), 0, list[int]()
    for _ in range(9):
        while fitness.may_serve:
            now += SECOND
            fitness = looked(fitness, False, Monotonic(now))
        assert fitness.rests_until is not None
        rests.append(fitness.rests_until - now)
        now = fitness.rests_until
        fitness = looked(fitness, True, Monotonic(now))
    assert rests[:3] == [DEAF, 2 * DEAF, 4 * DEAF]
    assert rests[-1] == LONGEST_REST
    assert looked(fitness, True, Monotonic(now + WELL)).rest == DEAF


async def test_a_process_that_does_not_reach_the_broker_leaves_its_lots_to_one_that_does(
    settings: CloudSettings, mosquitto: Mosquitto
) -> None:
    deaf, metrics = CloudSettings.model_validate({**settings.model_dump(), "mqtt_port": free_port()}), Metrics()
    running = asyncio.create_task(Ingest(deaf, SIGNER, SystemClock(), metrics).run())
    try:
        await becomes(lambda: counted(metrics, "parkgate_ingest_shares_held") == SHARES)
        async with ingesting(settings, mosquitto) as hearing:
            await becomes(lambda: counted(hearing, "parkgate_ingest_shares_held") == SHARES)
            assert counted(metrics, "parkgate_ingest_shares_held") == 0
            assert counted(hearing, "parkgate_ingest_processes") == 1
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_broker_that_refuses_topics_is_not_heard_until_it_is_asked_anew(
    settings: CloudSettings, mosquitto: Mosquitto
) -> None:
    known = {"mqtt_port": mosquitto.port, "mqtt_username": "parkgate", "mqtt_password": USERS["parkgate"]}
    full = CloudSettings.model_validate({**settings.model_dump(), **known, "mqtt_client_id": "refused"})
    link = BrokerLink(full, lambda message: None, lambda up: None)
    link.listen(frozenset({"parkgate/v1/a/state"}))
    link.start()
    try:
        await becomes(lambda: link.listening)
        refusal = ReasonCode(PacketTypes.SUBACK, "Not authorized")
        link._on_subscribe(link._client, None, 1, [refusal], None)
        assert not link.hears
        link.listen(frozenset())
        assert link.hears
        link.listen(frozenset({"parkgate/v1/a/state"}))
        await becomes(lambda: link.listening)
    finally:
        await link.stop()
