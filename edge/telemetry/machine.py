"""How the lot's machine is: room on its disk, the size of its store, its temperature."""

from __future__ import annotations

import os
from pathlib import Path

from models.facts import MachineMeasured
from models.instants import Instant

_ZONES = Path("/sys/class/thermal")


def measured(store: Path, at: Instant, zones: Path = _ZONES) -> MachineMeasured:
    """Blocking for a moment. Raises OSError when the store's disk can't be asked."""
    disk = os.statvfs(store.parent)
    return MachineMeasured(
        at=at,
        disk_free=disk.f_bavail * disk.f_frsize,
        disk_total=disk.f_blocks * disk.f_frsize,
        store_bytes=sum(part.stat().st_size for part in store.parent.glob(f"{store.name}*")),
        millidegrees=_warmest(zones),
    )


def _warmest(zones: Path) -> int | None:
    """Thousandths of a degree Celsius; None on a machine that doesn't say."""
    said = (_temperature(zone) for zone in zones.glob("thermal_zone*/temp"))
    return max((each for each in said if each is not None), default=None)


def _temperature(zone: Path) -> int | None:
    try:
        return int(zone.read_text())
    except (OSError, ValueError):
        return None  # a sensor that is there and doesn't answer
