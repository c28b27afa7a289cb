"""The computer's clock: whether a time server sets it, whether it survives a power cut, and what the lot calls now."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from edge.clock import kernel_is_synced
from edge.doctor.findings import About, Finding
from edge.doctor.machine import Machine
from edge.doctor.subject import Found, Subject
from edge.store import StoreUnavailable, boots
from edge.store.database import looking_into
from models.instants import SECOND, Instant, to_datetime

CHECK = "clock"
_ABOUT = About(CHECK, "lot")
_A_DAY = 86400 * SECOND


def look(subject: Subject) -> Found:
    now = subject.machine.clock.read().wall
    yield synced(kernel_is_synced())
    yield from _against_the_store(subject, now)
    zone = subject.settings.lot.timezone
    local = to_datetime(now).astimezone(ZoneInfo(zone))
    yield _ABOUT.ok(f"at the lot it is {local:%Y-%m-%d %H:%M} ({zone})")
    yield battery(subject.machine)


def synced(by_a_server: bool) -> Finding:
    if by_a_server:
        return _ABOUT.ok("a time server sets the clock")
    return _ABOUT.warn(
        "no time server has set the clock since the start",
        "`timedatectl` shows why: the network, the time server, `systemctl enable --now systemd-timesyncd`",
    )


def battery(machine: Machine) -> Finding:
    """A Raspberry Pi 4 has none; a Pi 5 has one whose battery may be missing."""
    if machine.found("sys/class/rtc/rtc*"):
        return _ABOUT.ok("there is a real-time clock")
    return _ABOUT.warn(
        "there is no real-time clock: after a power cut the clock goes on from where it stopped until a server answers",
        "A real-time clock with a battery (DS3231; on a Raspberry Pi 5 the battery alone). Prices by the hour need it",
    )


def _against_the_store(subject: Subject, now: Instant) -> Found:
    if not subject.store.exists():
        return
    try:
        with looking_into(subject.store) as connection:
            last = boots.latest_wall(connection)
    except StoreUnavailable as error:
        yield About(CHECK, "store").fail(f"the store can't be read: {error}", "The store's file and its disk")
        return
    if subject.settings.simulation is None and last - now > _A_DAY:
        yield _ABOUT.fail(
            f"the clock says {to_datetime(now):%Y-%m-%d %H:%M} UTC, but the store knows of "
            f"{to_datetime(last):%Y-%m-%d %H:%M} UTC already",
            "Set the clock (`timedatectl`) while the daemon runs: until then the store's last time is run on from",
        )
