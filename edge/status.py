"""What the daemon is doing now, as it tells whoever asks."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from models.instants import Instant, Reading


class FaultStatus(BaseModel):
    """A fault that is open now. `source` names the part, such as `north-in.closing_loop`."""

    model_config = ConfigDict(frozen=True)

    source: str
    code: str
    detail: str


class CameraStatus(BaseModel):
    """How a camera's pictures come: how many a second, and how long ago the last one; None: none came. `name`: its
    lane's, or that with `.far`."""

    model_config = ConfigDict(frozen=True)

    name: str
    rate: float
    seconds_ago: float | None


class VisionStatus(BaseModel):
    """The processes that read plates. `restarts`: how often one had to be replaced since the daemon's start; `spare`:
    whether another has its reader loaded; `memory`: bytes that they hold."""

    model_config = ConfigDict(frozen=True)

    restarts: int = 0
    spare: bool = False
    memory: int = 0
    cameras: tuple[CameraStatus, ...] = ()


class LaneStatus(BaseModel):
    """One lane. `price`: what its sign shows of it to who comes in; `state`: whom it lets in; `hold`: why its arm is
    kept up; `assumed`: nobody reads where the arm is."""

    model_config = ConfigDict(frozen=True)

    name: str
    direction: str
    phase: str
    barrier: str
    sign: str
    faults: tuple[FaultStatus, ...]
    state: str = "open"
    hold: str | None = None
    assumed: bool = False
    arming_loop: bool | None = None
    closing_loop: bool | None = None
    price: str = ""


class SpotStatus(BaseModel):
    """What a spot's own sensor says; None while it isn't known."""

    model_config = ConfigDict(frozen=True)

    level: int
    number: str
    occupied: bool | None


class PolicyStatus(BaseModel):
    """What holds of permits and tariffs now. `tariff` None: the lot's own. `factor`: by how much its rates are
    multiplied now, where the price moves. `plates`: how many have a permit. `shadowed`: plates, masked, of which the
    lot's own file says something else than the cloud. `heard`: messages of the cloud by what became of them."""

    model_config = ConfigDict(frozen=True)

    tariff: str | None = None
    factor: str | None = None
    plates: int = 0
    shadowed: tuple[str, ...] = ()
    heard: dict[str, int] = {}


class DaemonStatus(BaseModel):
    """A snapshot of the running daemon. `faults` are those of the lot itself, beside its lanes; `now` is the daemon's
    wall time, `clock` all that its clock says. `acknowledged`: seconds since the cloud last said how far it has a
    stream; `resyncs`: how often it has asked for the lot's whole state since the start."""

    model_config = ConfigDict(frozen=True)

    release: str
    pid: int
    reader: str
    link: str
    lanes: tuple[LaneStatus, ...]
    faults: tuple[FaultStatus, ...] = ()
    sensed: tuple[SpotStatus, ...] = ()
    refused_commands: dict[str, int] = {}
    now: Instant | None = None
    clock: Reading | None = None
    policy: PolicyStatus = PolicyStatus()
    acknowledged: dict[str, int] = {}
    resyncs: int = 0
    vision: VisionStatus = VisionStatus()
