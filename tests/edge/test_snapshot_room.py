"""A snapshot that the disk couldn't take gives its room back: tickets need it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.sync import snapshots
from edge.sync.snapshots import Snapshots
from models.digests import LAYOUT
from models.wire.state_snapshots import SnapshotWanted
from tests.edge.lots import LOT, HandClock

NOTHING = None


async def test_a_snapshot_that_could_not_be_taken_keeps_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[bool] = []
    file = tmp_path / "lot.sqlite.snapshot"

    def full(_store: object, _wanted: object, _now: object, keep: Callable[[str], None]) -> None:
        keep("x" * 1_000_000)
        begun.append(file.exists())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(snapshots, "take", full)
    taken = Snapshots(LOT, tmp_path / "lot.sqlite", NOTHING, NOTHING, HandClock(), NOTHING)  # type: ignore[arg-type]
    assert await taken._snapshot_for(SnapshotWanted(lot=LOT, resync="r", layout=LAYOUT, wanted=())) is None
    assert begun == [True]
    assert not file.exists()
