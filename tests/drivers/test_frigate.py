"""Frigate's topics behind a real Mosquitto, in the forms of its documentation. No real Frigate was met."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import DriverContext
from drivers.frigate import FrigateSettings
from drivers.plate_sources.frigate_events import is_other_news, tracked, update
from drivers.plate_sources.heard import Heard, HeardPlate, HeardVehicle
from models.spots import VehicleType
from tests.drivers.conftest import Device, Notebook, eventually

ID = "1607123955.475377-mxklsc"


def an_event(kind: str = "update", **more: Any) -> str:
    """As docs.frigate.video prints it, cut to what is told apart."""
    after: dict[str, Any] = {
        "id": ID,
        "camera": "gate",
        "frame_time": 1607123962.082975,
        "label": "car",
        "sub_label": None,
        "top_score": 0.95,
        "false_positive": False,
        "start_time": 1607123955.475377,
        "end_time": None,
        "score": 0.87,
        "box": [432, 496, 544, 854],
        "current_zones": [],
        "entered_zones": [],
        "stationary": False,
        "has_snapshot": False,
        "position_changes": 2,
        "recognized_license_plate": None,
        **more,
    }
    return json.dumps({"type": kind, "before": {**after, "current_zones": []}, "after": after})


def an_update(plate: str = "AB12CDE", score: float = 0.95, **more: Any) -> str:
    said = {"type": "lpr", "id": ID, "name": "", "plate": plate, "score": score, "camera": "gate"}
    return json.dumps({**said, "timestamp": 1607123958.748393, **more})


@pytest.mark.parametrize(
    ("said", "text", "sure"),
    [
        ({"recognized_license_plate": "AB12CDE", "recognized_license_plate_score": 0.93}, "AB12CDE", 0.93),
        ({"recognized_license_plate": ["AB12CDE", 0.994]}, "AB12CDE", 0.994),
        ({"recognized_license_plate": "AB12CDE"}, "AB12CDE", None),
        ({"sub_label": ["John's car", 0.9], "recognized_license_plate": "AB12CDE"}, "AB12CDE", None),
    ],
)
def test_a_plate_is_found_in_each_form_of_an_event(said: dict[str, Any], text: str, sure: float | None):
    seen = tracked(an_event(**said))
    assert seen is not None
    assert seen.plate is not None
    assert (seen.plate.text, seen.plate.confidence, seen.plate.event) == (text, sure, ID)
    assert seen.plate.vehicle_type is VehicleType.REGULAR


def test_a_name_is_no_plate_unless_it_is_said_to_be_one():
    for form in ("AB12CDE", ["AB12CDE", 0.9]):
        named, plain = an_event(sub_label=form), tracked(an_event(sub_label=form))
        assert plain is not None
        assert plain.plate is None
        seen = tracked(named, sub_label_is_plate=True)
        assert seen is not None
        assert seen.plate is not None
        assert seen.plate.text == "AB12CDE"


def test_what_is_over_has_no_plate_any_more():
    for said in (an_event("end", recognized_license_plate="AB12CDE", end_time=1607123970.1),
                 an_event(false_positive=True, recognized_license_plate="AB12CDE")):  # fmt: skip
        seen = tracked(said)
        assert seen is not None
        assert (seen.over, seen.plate) == (True, None)


def test_an_update_is_a_plate_and_other_news_are_none():
    read = update(an_update())
    assert read is not None
    assert (read.camera, read.plate.text, read.plate.confidence) == ("gate", "AB12CDE", 0.95)
    for other in ("description", "face", "classification"):
        said = json.dumps({"type": other, "id": ID, "name": "x"})
        assert update(said) is None
        assert is_other_news(said)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "after", "id", "camera", "label", "plate", "recognized_license_plate", "score",
                         "current_zones", "frame_time", "timestamp", "sub_label"]),
        inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), _ANYTHING.map(json.dumps)))
def test_whatever_stands_there_nothing_breaks(text: str):
    tracked(text, True)
    update(text)
    is_other_news(text)


class Site:
    def __init__(self, source: Any, device: Device) -> None:
        self.heard = list[Heard]()
        source.on_heard(self.heard.append)
        self._device = device

    def events(self, text: str, retain: bool = False) -> None:
        self._device.says("gate/frigate/events", text, retain)

    def updates(self, text: str) -> None:
        self._device.says("gate/frigate/tracked_object_update", text)

    @property
    def plates(self) -> list[str]:
        return [heard.text for heard in self.heard if isinstance(heard, HeardPlate)]

    @property
    def here(self) -> list[bool]:
        return [heard.here for heard in self.heard if isinstance(heard, HeardVehicle)]


def a_source(login: dict[str, Any], context: DriverContext, **more: Any) -> Any:
    written = {**login, "prefix": "gate/frigate", "camera": "gate", **more}
    return FrigateSettings.model_validate(written).build(context)


async def reached(device: Device, site: Site) -> None:
    """Until the broker passes on what is said."""

    def heard() -> bool:
        site.updates(an_update("PROBE1"))
        return bool(site.plates)

    await eventually(heard)
    site.heard.clear()


async def test_a_vehicle_comes_is_read_and_goes(
    login: dict[str, Any], context: DriverContext, device: Device, started: Any, faults: Notebook
):
    source = a_source(login, context)
    site = Site(source, device)
    await started(source)
    await reached(device, site)
    site.events(an_event("new"))
    site.updates(an_update("AB1"))
    site.updates(an_update("AB12CDE"))
    site.events(an_event(camera="street", recognized_license_plate="STREET1"))
    site.updates(an_update("STREET2", camera="street"))
    site.events(an_event(label="person"))
    site.events(an_event("end", end_time=1607123970.0))
    await eventually(lambda: site.here[-1:] == [False])
    assert site.plates[-2:] == ["AB1", "AB12CDE"]
    assert not {"STREET1", "STREET2"}.intersection(site.plates)
    assert site.here == [True, False]
    assert faults.on == {}


async def test_what_the_broker_has_kept_opens_nothing(
    login: dict[str, Any], context: DriverContext, device: Device, started: Any
):
    kept = Site(a_source(login, context), device)
    kept.events(an_event(recognized_license_plate="OLD1234"), retain=True)
    source = a_source(login, context)
    site = Site(source, device)
    await started(source)
    await reached(device, site)
    assert "OLD1234" not in site.plates
    kept.events("", retain=True)


async def test_only_what_is_in_the_zone_counts_and_its_plate_from_then_on(
    login: dict[str, Any], context: DriverContext, device: Device, started: Any
):
    source = a_source(login, context, zones=["stop"])
    site = Site(source, device)
    await started(source)

    def heard() -> bool:
        site.events(an_event(id="probe", current_zones=["stop"]))
        return bool(site.heard)

    await eventually(heard)
    site.updates(an_update("AB12CDE"))
    site.events(an_event(current_zones=["street"], recognized_license_plate="AB12CDE"))
    site.events(an_event(id="parked", current_zones=["stop"], stationary=True, recognized_license_plate="PARKED1"))
    site.events(an_event(current_zones=["stop"]))
    site.events(an_event(current_zones=["street"]))
    await eventually(lambda: False in site.here)
    assert site.plates == ["AB12CDE"]
    said = [heard for heard in site.heard if getattr(heard, "event", "") == ID]
    assert [type(heard) for heard in said] == [HeardVehicle, HeardPlate, HeardVehicle]


async def test_who_waits_at_the_arm_while_the_broker_is_away_is_there_afterwards_and_who_parked_is_not(
    login: dict[str, Any], context: DriverContext, device: Device, started: Any
):
    source = a_source(login, context)
    site = Site(source, device)
    await started(source)
    await reached(device, site)
    site.events(an_event())
    site.events(an_event(id="left"))
    await eventually(lambda: len(site.here) == 2)
    source.lost("the broker went away for a moment")
    site.heard.clear()
    site.events(an_event("end", id="left", end_time=1607123970.0))
    site.events(an_event(id="left", stationary=True))
    site.events(an_event(id="parked", stationary=True))
    site.events(an_event(stationary=True, recognized_license_plate="AB12CDE"))
    await eventually(lambda: site.plates == ["AB12CDE"])
    assert [heard.event for heard in site.heard if isinstance(heard, HeardVehicle)] == [ID]


@pytest.mark.parametrize("why", ["restarts", "falls silent"])
async def test_vehicles_whose_end_frigate_never_tells_are_not_there_for_ever(
    login: dict[str, Any], context: DriverContext, device: Device, started: Any, faults: Notebook, why: str
):
    source = a_source(login, context, **({} if why == "restarts" else {"stale_after": "300 ms"}))
    site = Site(source, device)
    await started(source)
    await reached(device, site)
    site.events(an_event(id="before"))
    await eventually(lambda: site.here == [True])
    if why == "restarts":
        device.says("gate/frigate/available", "offline")
        await eventually(lambda: "device.offline" in faults.on)
        device.says("gate/frigate/available", "online")
    else:
        await eventually(lambda: "device.silent" in faults.on)
    site.heard.clear()
    site.events(an_event("end", id="before", end_time=1607123970.0))
    site.events(an_event(id="now"))
    await eventually(lambda: bool(site.heard))
    assert [heard.event for heard in site.heard if isinstance(heard, HeardVehicle)] == ["now"]


async def test_a_vehicle_is_followed_though_frigate_forgot_to_tell_the_end_of_many(
    login: dict[str, Any], context: DriverContext, device: Device, started: Any
):
    source = a_source(login, context, zones=["stop"])
    site = Site(source, device)
    await started(source)
    await eventually(lambda: source._reached)
    in_zone = {"current_zones": ["stop"]}
    many = [f"car {number}" for number in range(300)]
    for id in many:
        source.received("gate/frigate/events", an_event(id=id, **in_zone).encode())
        source.received("gate/frigate/events", an_event(id="waits", **in_zone).encode())
    source.received("gate/frigate/tracked_object_update", an_update(id="waits").encode())
    assert site.plates == ["AB12CDE"], "whoever is spoken of stays known"
    gone = [heard.event for heard in site.heard if isinstance(heard, HeardVehicle) and not heard.here]
    assert gone == many[: len(gone)]
    assert len(gone) >= 40
    source.received("gate/frigate/events", an_event("end", id="waits").encode())
    assert site.here[-1] is False


async def test_a_frigate_that_stops_or_talks_nonsense_is_a_fault(
    login: dict[str, Any], context: DriverContext, device: Device, started: Any, faults: Notebook
):
    source = a_source(login, context)
    site = Site(source, device)
    await started(source)
    await reached(device, site)
    device.says("gate/frigate/available", "offline")
    await eventually(lambda: "device.offline" in faults.on)
    device.says("gate/frigate/available", "online")
    await eventually(lambda: faults.on == {})
    for nonsense in ("{", "[]", '{"after": 7}'):
        site.events(nonsense)
        await eventually(lambda: faults.on.keys() == {"plates.garbled"})
        site.updates('{"type": "description", "id": "1", "description": "a red car"}')
        await eventually(lambda: faults.on == {})
    site.updates('{"type": "lpr", "plate": "AB12CDE"}')
    await eventually(lambda: faults.on.keys() == {"plates.garbled"})
    assert "AB12CDE" not in str(faults.ever), "no plate is told"
