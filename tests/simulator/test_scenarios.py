"""What shall go wrong when: scenario files, and the same words over MQTT."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from drivers.contract import Position
from models.ids import LaneName
from models.instants import Monotonic, Reading
from simulator.cars import Habit
from simulator.clock import RealTime
from simulator.hardware import Broker, understood
from simulator.orders import Behave, Break
from simulator.run import Silence, Simulation
from simulator.scenario import Planned, Scenario, Wish, scenario_file, wished
from simulator.servers import Mosquitto
from simulator.topics import LaneTopics, LotTopics
from simulator.troubles import Trouble
from simulator.witness import Witness
from tests.brokers import USERS, Talker, talker
from tests.simulator.drive import IN, OUT, a_lot

HOUSE = Path(__file__).resolve().parents[2]
LANES = [IN, OUT]
NOW = Reading("boot", Monotonic(0), RealTime().read().wall, synced=True)


def test_a_scenario_hands_out_each_wish_once_and_in_time():
    late, soon = Wish(IN, fault=Trouble.ARM_STUCK, lasts=20), Wish(OUT, driver=Habit.TAILGATES)
    scenario = Scenario([Planned(12, late), Planned(3, soon)], begins=10)

    assert scenario.next_due() == 13
    assert scenario.due(13.0) == [soon]
    assert scenario.due(21.9) == []
    assert scenario.due(22.0) == [late]
    assert scenario.next_due() is None


def test_a_wish_becomes_a_signal_for_its_lane_and_a_star_for_all():
    assert Wish(IN, fault=Trouble.ARM_STUCK, lasts=20).signals(LANES, 5.0) == [Break(IN, Trouble.ARM_STUCK, 25.0)]
    everywhere = Wish("*", driver=Habit.HESITATES).signals(LANES, 5.0)
    assert everywhere == [Behave(IN, Habit.HESITATES), Behave(OUT, Habit.HESITATES)]


@pytest.mark.parametrize("file", sorted((HOUSE / "config" / "scenarios").glob("*.yaml")), ids=lambda file: file.name)
def test_the_scenarios_of_the_house_can_be_played(file: Path):
    assert scenario_file(file, LANES)


@pytest.mark.parametrize(
    ("written", "line", "complaint"),
    [
        ("- {at: 12 s, lane: north-in, fault: arm_stuk}", 1, "there is no fault 'arm_stuk'; known are arm_stuck"),
        ("- at: 12 s\n  lane: north-in\n  driver: drunk\n", 3, "there is no driver 'drunk'"),
        ("- at: 12 s\n  lane: east\n  fault: fire\n", 2, "there is no lane 'east'; there are north-in, north-out"),
        (
            "- at: 1 s\n  lane: '*'\n  fault: fire\n- at: soon\n  lane: '*'\n  fault: fire\n",
            4,
            "isn't a length of time",
        ),
        ("- {lane: north-in, fault: fire}", 1, "`at` is missing"),
        ("- {at: 1 s, lane: north-in}", 1, "one of fault, driver and mend is expected"),
        ("- {at: 1 s, lane: north-in, driver: crowds, for: 3 s}", 1, "only a fault lasts"),
        ("- at: 1 s\n  lane: north-in\n  fault: fire\n  color: red\n", 4, "'color' isn't a key"),
        ("at: 1 s", 1, "a list is expected"),
        ("- {at: 1 s", 1, "expected"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, written: str, line: int, complaint: str):
    file = tmp_path / "rain.yaml"
    file.write_text(written)
    with pytest.raises(ValueError) as wrong:
        scenario_file(file, LANES)
    assert str(wrong.value).startswith(f"{file}:{line}: ")
    assert complaint in str(wrong.value)


def test_a_fault_can_be_ended_by_a_message_too():
    assert wished({"lane": "north-in", "mend": "arm_stuck"}, LANES) == Wish("north-in", mend=Trouble.ARM_STUCK)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"vend": "a"}, "vend"),
        ({"hold": True, "id": "a"}, "hold"),
        ({"hold": False, "id": "a"}, "release"),
        ({"lower": True, "id": "a"}, "lower"),
    ],
)
def test_a_barrier_understands_each_order(said: dict[str, object], told: str):
    heard = understood(IN, json.dumps(said).encode(), retained=False, at=NOW)
    assert (heard.told, heard.vend_id, heard.refused) == (told, "a", None)
    assert understood(IN, json.dumps(said).encode(), retained=True, at=NOW).refused == "retained"


@pytest.mark.parametrize("said", [{"hold": True}, {"hold": "yes", "id": "a"}, {"lower": False, "id": "a"}, {"id": "a"}])
def test_an_order_without_an_id_or_a_meaning_moves_nothing(said: dict[str, object]):
    assert understood(IN, json.dumps(said).encode(), retained=False, at=NOW).refused == "malformed"


# --- live ---


class Live:
    """A simulated lot on a real broker, nobody in it."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        self.name = uuid4().hex
        topics = [LaneTopics(lane, f"sim/{self.name}/{lane}") for lane in LANES]
        self.topics, self.lot = topics[0], LotTopics(self.name)
        broker = Broker("127.0.0.1", mosquitto.port, "parkgate", USERS["parkgate"])
        world = replace(a_lot(), next_due=1e9)
        self.simulation = Simulation(
            world, broker, topics, Witness(None), Silence(), RealTime(), lot=self.lot, tolerated=99
        )
        self._running = asyncio.create_task(self.simulation.run())

    async def over(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


def heard(client: Talker, topic: str, payload: str) -> None:
    """Raises TimeoutError when it is never said."""
    while (message := client.hear()).topic != topic or message.payload.decode() != payload:
        pass


async def test_an_arm_is_held_and_released_over_mqtt(mosquitto: Mosquitto):
    live = Live(mosquitto)
    with talker(mosquitto.port) as client:
        client.subscribe(live.topics.position)
        await asyncio.to_thread(heard, client, live.topics.position, "closed")
        client.publish(live.topics.command, json.dumps({"hold": True, "id": "hold-1"}))
        await asyncio.to_thread(heard, client, live.topics.position, "held")
        client.publish(live.topics.command, json.dumps({"hold": False, "id": "release-1"}))
        await asyncio.to_thread(heard, client, live.topics.position, "closed")
        client.publish(live.topics.command, json.dumps({"hold": True, "id": "hold-1"}))
        await asyncio.sleep(0.5)
        assert live.simulation.world.lane(IN).arm.position is Position.CLOSED
    await live.over()


async def test_what_is_injected_happens_and_the_truth_is_told(mosquitto: Mosquitto):
    live = Live(mosquitto)
    with talker(mosquitto.port) as client:
        client.subscribe(f"sim/{live.name}/#")
        await asyncio.to_thread(heard, client, live.lot.fire, "OFF")
        client.publish(live.lot.inject, "no json")
        client.publish(live.lot.inject, json.dumps({"lane": IN, "fault": "arm_broken_off", "for": "1 s"}))
        await asyncio.to_thread(heard, client, live.topics.position, "faulted")
        await asyncio.to_thread(heard, client, live.topics.position, "closed")
        client.publish(live.lot.inject, json.dumps({"lane": OUT, "fault": "fire"}))
        await asyncio.to_thread(heard, client, live.lot.fire, "ON")
        client.subscribe(live.lot.truth(LaneName("+"), "went_wrong"))
        client.publish(live.lot.inject, json.dumps({"lane": IN, "fault": "position_dead"}))
        while (message := await asyncio.to_thread(client.hear)).topic != live.lot.truth(IN, "went_wrong"):
            pass
        assert json.loads(message.payload)["fault"] == "position_dead"
    await live.over()


async def test_a_retained_injection_is_passed_over(mosquitto: Mosquitto):
    name = uuid4().hex
    with talker(mosquitto.port) as client:
        client.publish(f"sim/{name}/inject", json.dumps({"lane": IN, "fault": "fire"}), retain=True)
        live = Live(mosquitto)
        live.lot = LotTopics(name)
        await asyncio.sleep(1)
        assert all(not lane.troubles for lane in live.simulation.world.lanes)
        await live.over()
