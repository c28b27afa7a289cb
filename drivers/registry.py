"""Finds the drivers by scanning this package, so that nobody has to import one by name."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

import drivers
from drivers.settings import DriverSettings

# What an import can raise for reasons that lie in that one file or in a package it lacks.
_BROKEN_FILE = (
    ImportError,
    SyntaxError,
    NameError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    OSError,
    RuntimeError,
)


class UnknownDriver(LookupError):
    """No driver of that name fulfils the contract. The text says which do, and which files couldn't be loaded."""


@dataclass(frozen=True)
class Catalogue:
    """The drivers of a package: by contract and name, and the files that failed with the reason why."""

    found: Mapping[tuple[type, str], type[DriverSettings]]
    broken: Mapping[str, str]

    def names(self, contract: type) -> tuple[str, ...]:
        """The drivers that fulfil `contract`, in alphabetical order."""
        return tuple(sorted(name for kind, name in self.found if kind is contract))

    def find(self, contract: type, name: str) -> type[DriverSettings]:
        """The settings of one driver. Raises UnknownDriver."""
        settings = self.found.get((contract, name))
        if settings is None:
            raise UnknownDriver(self.why_missing(contract, name))
        return settings

    def why_missing(self, contract: type, name: str, *instead: type) -> str:
        """Why `name` isn't to be had, for the person who asked for it. Drivers of `instead` would have done, too."""
        reasons = [f"drivers/{file}.py couldn't be loaded: {reason}" for file, reason in self.broken.items()]
        of_that_name = [text for text, file in zip(reasons, self.broken, strict=True) if name in file]
        if of_that_name:
            return f"the driver {name!r} can't be used: {'; '.join(of_that_name)}"
        names = [name for each in (contract, *instead) for name in self.names(each)]
        known = f"there is no such driver, only {', '.join(names) or 'none at all'}"
        return "; ".join([known, *reasons])


def scan(package: ModuleType) -> Catalogue:
    """Import every file of `package` and gather its drivers. A file that fails takes no other down."""
    found: dict[tuple[type, str], type[DriverSettings]] = {}
    broken: dict[str, str] = {}
    for file in sorted(pkgutil.iter_modules(package.__path__), key=lambda file: file.name):
        try:
            module = importlib.import_module(f"{package.__name__}.{file.name}")
            for settings in _declared_in(module):
                key = (settings.contract, driver_name(settings))
                if key in found:
                    raise TypeError(f"{found[key].__module__} has a {key[0].__name__} driver {key[1]!r} already")
                found[key] = settings
        except _BROKEN_FILE as error:
            broken[file.name] = f"{type(error).__name__}: {error}"
    return Catalogue(found, broken)


def _declared_in(module: ModuleType) -> Iterator[type[DriverSettings]]:
    for value in vars(module).values():
        if (
            inspect.isclass(value)
            and issubclass(value, DriverSettings)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
        ):
            yield value


def driver_name(settings: type[DriverSettings]) -> str:
    """The `driver:` that a technician writes for these settings. Raises TypeError when the class declares none."""
    field = settings.model_fields.get("driver")
    if field is None or get_origin(field.annotation) is not Literal or not hasattr(settings, "contract"):
        raise TypeError(f"{settings.__name__} has to declare `driver: Literal[...]` and `contract`")
    return get_args(field.annotation)[0]


@functools.cache
def catalogue() -> Catalogue:
    """The drivers of this installation, scanned once in a process."""
    return scan(drivers)


def find(contract: type, name: str) -> type[DriverSettings]:
    """The settings class of one driver. Raises UnknownDriver."""
    return catalogue().find(contract, name)


def names(contract: type) -> tuple[str, ...]:
    return catalogue().names(contract)


@dataclass(frozen=True)
class ChosenDriver:
    """Tells pydantic that a field holds the settings of one driver of `contract`, or of one that does instead, chosen
    by its `driver` key."""

    contract: type
    instead: tuple[type, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices: dict[Any, CoreSchema] = {
            name: handler.generate_schema(find(contract, name))
            for contract in self.contracts
            for name in names(contract)
        }
        if not choices:
            return core_schema.no_info_plain_validator_function(self._refuse)
        return core_schema.tagged_union_schema(choices, discriminator="driver")

    @property
    def contracts(self) -> tuple[type, ...]:
        return (self.contract, *self.instead)

    def find(self, name: str) -> type[DriverSettings] | None:
        """The settings of the driver that is chosen so, if there is one."""
        found = (catalogue().found.get((contract, name)) for contract in self.contracts)
        return next((settings for settings in found if settings is not None), None)

    def names(self) -> tuple[str, ...]:
        return tuple(name for contract in self.contracts for name in names(contract))

    def _refuse(self, written: Any) -> Any:
        if not isinstance(written, Mapping):
            raise PydanticCustomError("model_type", "a section is expected")
        if "driver" not in written:
            raise PydanticCustomError("union_tag_not_found", "a driver has to be named")
        raise PydanticCustomError("union_tag_invalid", "there is no such driver", {"tag": str(written["driver"])})


def settings_for(contract: type, *instead: type) -> ChosenDriver:
    """For a field: `barrier: Annotated[DriverSettings, settings_for(Barrier)]`."""
    return ChosenDriver(contract, instead)
