"""Lot files for tests: a small right one, and the same with something wrong."""

from __future__ import annotations

from edge.config.load import parse_lot
from models.documents.problems import ConfigurationError, Problem

RIGHT = """\
lot:
  id: 01920000-0000-7000-8000-0000000000ff
  name: North Street
  timezone: Europe/Berlin
tariff: {currency: EUR, hourly_rate: 2.50, daily_maximum: 18.00}
levels:
  - name: Ground
    floor: 0
    spots:
      - {type: COMPACT, numbers: 1-3}
      - {type: EV, numbers: [E1, E2]}
  - name: Basement
    floor: -1
    spots:
      - {type: LARGE, numbers: B08-B10}
permits:
  - {plate: ab 12-cde, rights: [EV]}
lanes:
  - name: north-in
    direction: entry
    barrier:
      driver: mqtt
      host: 127.0.0.1
      command_topic: in/vend
    arming_loop: {driver: mqtt, host: 127.0.0.1, topic: in/arming, stale_after: 5 min}
    camera: {driver: opencv, source: rtsp://10.0.0.9/1}
  - name: north-out
    direction: exit
    barrier: {driver: mqtt, host: 127.0.0.1, command_topic: out/vend}
    camera: {driver: opencv, source: 0}
    payment_terminal: {driver: simulated, delay: 500 ms}
"""


def altered(*changes: tuple[str, str]) -> str:
    """The right file with each first text replaced by the second. The first has to be there once."""
    text = RIGHT
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the file"
        text = text.replace(old, new)
    return text


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a file; nothing when it can be used."""
    try:
        parse_lot(text, "lot.yaml")
    except ConfigurationError as error:
        return error.problems
    return ()


def told(text: str) -> list[str]:
    """Each problem as `line:column path: message`."""
    return [f"{p.line}:{p.column} {p.path}: {p.message}" for p in problems(text)]
