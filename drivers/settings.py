"""What every driver's settings have in common, and the kinds of value that technicians write in them."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from drivers.contract import DriverContext
from models.faults import Fault


class DriverSettings(BaseModel, abc.ABC):
    """One way of reaching one kind of hardware, as a technician configures it.

    A subclass names itself with `driver: Literal["name"] = "name"`, says in `contract` which contract of
    `drivers.contract` it fulfils, lists its faults, and builds itself. The registry finds it by scanning
    this package; nothing else in the tree changes when a driver is added.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    contract: ClassVar[type]
    faults: ClassVar[tuple[Fault, ...]] = ()
    simulated: ClassVar[bool] = False
    """True for drivers that only a simulation may use."""

    @classmethod
    def section_below(cls, written: Mapping[str, Any], key: str) -> type[BaseModel] | None:
        """The settings that the value of `key` is read into in the end, where its own type doesn't tell."""
        return None

    @abc.abstractmethod
    def build(self, context: DriverContext) -> Any:
        """The driver, not yet started. Opens nothing."""

    @property
    def claims(self) -> Mapping[str, str]:
        """What this part needs for itself alone, by the key that names it: a pin, a topic, a coil.

        Two parts of a lot that claim the same are an error of the configuration.
        """
        return {}

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        """What several parts may use at once as long as all use it in one way, such as a serial port at one speed:
        by the key that names it, its name and that way."""
        return {}

    @property
    def notices_within(self) -> float:
        """How many seconds ago an input may have changed when this part is heard to say so; 0: it speaks by itself."""
        return 0.0

    @property
    def on_when_cut(self) -> bool | None:
        """Whether an input that is set up like this reads on when its wire is cut; None: nobody can tell from here."""
        return None

    @property
    def is_missed(self) -> bool:
        """Whether an input is known to be out of reach when its device has died, and doesn't stand as it was."""
        return True

    @property
    def stays_made(self) -> bool:
        """Whether a relay that is set up like this keeps its contact made until it is told otherwise."""
        return True

    @property
    def reaches_hardware(self) -> bool:
        """Whether a real device may be at the far end; a simulation refuses such a part."""
        return not self.simulated
