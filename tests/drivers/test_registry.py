"""Finding drivers by scanning: one that can't be loaded takes no other down."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from drivers.contract import Barrier, DigitalInput, DriverContext, PaymentTerminal, Sign
from drivers.registry import Catalogue, UnknownDriver, find, names, scan, settings_for
from drivers.settings import DriverSettings

GOOD = """
from typing import ClassVar, Literal
from drivers.contract import Barrier
from drivers.settings import DriverSettings

class PulseSettings(DriverSettings):
    contract: ClassVar[type] = Barrier
    driver: Literal["pulse"] = "pulse"
    def build(self, context): return None
"""


@pytest.fixture
def a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    folder = tmp_path / "some_drivers"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "pulse.py").write_text(GOOD)
    (folder / "lacks_a_package.py").write_text("import a_package_that_nobody_has\n")
    (folder / "half_written.py").write_text("class Settings(:\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("some_drivers")
    for name in [name for name in sys.modules if name.startswith("some_drivers")]:
        del sys.modules[name]


@pytest.fixture
def found(a_package: ModuleType) -> Catalogue:
    return scan(a_package)


def test_a_broken_driver_takes_no_other_down(found: Catalogue):
    assert found.names(Barrier) == ("pulse",)
    assert set(found.broken) == {"lacks_a_package", "half_written"}


def test_who_asks_for_a_broken_driver_is_told_why(found: Catalogue):
    with pytest.raises(UnknownDriver, match=r"lacks_a_package\.py couldn't be loaded: .*a_package_that_nobody_has"):
        found.find(Barrier, "lacks_a_package")


def test_who_asks_for_an_unknown_driver_is_told_what_there_is(found: Catalogue):
    with pytest.raises(UnknownDriver, match="there is no such driver, only pulse"):
        found.find(Barrier, "gpio")


def test_the_second_driver_of_one_name_is_refused(a_package: ModuleType):
    (Path(a_package.__path__[0]) / "pulse_too.py").write_text(GOOD)
    found = scan(a_package)
    assert "already" in found.broken["pulse_too"]
    assert found.names(Barrier) == ("pulse",)


def test_one_name_may_stand_for_several_contracts():
    assert find(Barrier, "mqtt") is not find(DigitalInput, "mqtt")


class Lane(BaseModel):
    barrier: Annotated[DriverSettings, settings_for(Barrier)]
    sign: Annotated[DriverSettings, settings_for(Sign)] | None = None


def test_a_field_takes_the_settings_of_the_named_driver():
    lane = Lane.model_validate({"barrier": {"driver": "mqtt", "host": "h", "command_topic": "t"}})
    assert type(lane.barrier) is find(Barrier, "mqtt")
    assert Lane.model_validate_json(lane.model_dump_json()) == lane
    assert Lane(barrier=lane.barrier) == lane


def test_errors_are_those_of_the_named_driver_only():
    with pytest.raises(ValidationError) as wrong:
        Lane.model_validate({"barrier": {"driver": "mqtt", "host": "h", "comand_topic": "t"}})
    assert [error["type"] for error in wrong.value.errors()] == ["missing", "extra_forbidden"]


def test_a_contract_without_drivers_refuses_every_name():
    class Gangway: ...

    class Berth(BaseModel):
        gangway: Annotated[DriverSettings, settings_for(Gangway)]

    assert names(Gangway) == ()
    with pytest.raises(ValidationError):
        Berth.model_validate({"gangway": {"driver": "led"}})


def test_a_simulated_terminal_says_that_it_is(context: DriverContext):
    assert find(PaymentTerminal, "simulated").simulated
    assert not find(Barrier, "mqtt").simulated
