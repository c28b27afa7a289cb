"""The facts that change no row: they are kept to be read."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf
from models.facts import (
    ClockSet,
    CloudKeysLearnt,
    CommandRefused,
    CommandRefusedV1,
    CountReset,
    DaemonStarted,
    ExitDoubted,
    IntentsTaken,
    LaneTimed,
    LinkInterrupted,
    LotRestored,
    MachineMeasured,
    MatchDecided,
    MoneyCaseSettled,
    PassbackNoted,
    PersonNeeded,
    PlateDiffered,
    RefundDeclined,
    RefundPromised,
    ReportCompared,
    StateDigested,
    StoreQuarantined,
    StreamOpened,
    TelemetryBegun,
    VehicleAlerted,
)
from models.ids import LotId


@changes_of.register
def _(
    fact: DaemonStarted
    | CountReset
    | PlateDiffered
    | PassbackNoted
    | PersonNeeded
    | ClockSet
    | CommandRefused
    | CommandRefusedV1
    | CloudKeysLearnt
    | ExitDoubted
    | MatchDecided
    | IntentsTaken
    | MoneyCaseSettled
    | ReportCompared
    | StoreQuarantined
    | StreamOpened
    | VehicleAlerted,
    lot: LotId,
    spot_of: SpotOf,
) -> list[Change]:
    return []


@changes_of.register
def _(
    fact: LaneTimed | MachineMeasured | LinkInterrupted | TelemetryBegun, lot: LotId, spot_of: SpotOf
) -> list[Change]:
    return []


@changes_of.register
def _(fact: StateDigested | LotRestored | RefundPromised | RefundDeclined, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return []
