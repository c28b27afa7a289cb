"""One camera, always its newest frame, and its stream opened again whenever it is lost, hangs or shows nothing new."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from drivers.contract import CameraSettings, FrameSource, Recording
from edge.vision.faults import COVERED, DARK, DAZZLED, ENDED, FROZEN, UNREACHABLE, UNUSABLE
from edge.vision.frames.health.clearness import PATIENCE, Clearness, Sight, light, looked
from edge.vision.frames.health.stillness import Change, Stillness, changed, seen
from edge.vision.frames.health.usable import usable
from edge.vision.frames.motion import Frame
from edge.vision.frames.reopening import Tries
from models.faults import Fault
from models.instants import SECOND, Clock, Monotonic

SILENT_AFTER = 5 * SECOND
GIVEN_UP_AFTER = 75 * SECOND
"""Longer than any patience that can be configured for a camera: whoever is silent for so long never comes back"""
REOPENED_AFTER = 120 * SECOND
"""A stream that shows always the same is opened anew when it has been open for so long"""
STEADY = 10.0
"""Seconds of pictures after which former failures don't count: a camera that is lost at once is asked less often"""
MOST_STUCK = 3
"""Threads that hang in a camera's library; then no more are risked on it until one comes back"""
_LOOK_SECONDS = 0.5
_LAST_WORDS = 1.0
_SIGHT = {Sight.DARK: DARK, Sight.COVERED: COVERED, Sight.DAZZLED: DAZZLED}


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame and the moment it was taken: for a recording played fast, the moment in the recording."""

    frame: Any
    at: Monotonic


@dataclass(eq=False)
class _Session:
    """One opening of the camera, by a thread of its own, which may hang for ever in the camera's library."""

    began: Monotonic
    heard: Monotonic
    thread: threading.Thread | None = None
    live: bool = True
    """A recording is waited for as long as its frames are looked at"""
    given_up: bool = False
    showed: bool = False
    why: str = ""


class Capture:
    """Holds the newest frame of a camera. Frames that nobody looked at in time are dropped, save for a recording
    that isn't played at its own pace: that one waits.

    `changed` is called, on a thread of the capture's, whenever there is a frame or a fault to see; `began` on each
    thread that opens the camera. `held`: seconds for which it is left alone at first.
    """

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock,
        changed: Callable[[], None],
        began: Callable[[], None] = lambda: None,
        held: float = 0.0,
    ) -> None:
        self._settings, self._clock, self._changed = settings, clock, changed
        self._began, self._held = began, held
        self._lock = threading.Condition()
        self._stopping = threading.Event()
        self._newest: Shot | None = None
        self._before: Frame | None = None
        self._last_at: Monotonic | None = None
        self._fault: tuple[Fault, str] | None = None
        self._stillness: Stillness | None = None
        self._clearness = Clearness()
        self._came, self._paced_at, self._paced = 0, clock.monotonic(), 0
        self._over = False
        self._session: _Session | None = None
        self._stuck: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end and close the camera; see `join`."""
        self._stopping.set()
        with self._lock:
            self._lock.notify_all()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def take(self) -> Shot | None:
        """The newest frame, each once."""
        with self._lock:
            shot, self._newest = self._newest, None
            self._lock.notify_all()
            return shot

    def expects_change(self, at: Monotonic) -> None:
        """A vehicle has driven onto the loop: a picture that doesn't change now is no picture of this lane."""
        with self._lock:
            if self._stillness is not None:
                self._stillness = replace(self._stillness, came=at)

    @property
    def is_over(self) -> bool:
        """A recording came to its end and its last frame was taken."""
        with self._lock:
            return self._over and self._newest is None

    def fault(self) -> tuple[Fault, str] | None:
        """What is wrong with the camera's stream now."""
        with self._lock:
            if self._fault is not None or self._over or self._last_at is None:
                return self._fault
            now = self._clock.monotonic()
            silent = now - self._last_at
            if silent > SILENT_AFTER:
                return FROZEN, f"no picture for {silent // SECOND} seconds"
            if self._is_frozen(now):
                return FROZEN, "always the same picture"
            return None

    def unclear(self) -> tuple[Fault, str] | None:
        """What is wrong with what its pictures show; they are looked at all the same."""
        with self._lock:
            said = self._clearness.said
        return None if said is None else (_SIGHT[said], f"for more than {PATIENCE // SECOND} seconds")

    def pace(self) -> tuple[float, int | None]:
        """How many pictures a second came since this was asked last, and how old the newest is, in microseconds."""
        with self._lock:
            now = self._clock.monotonic()
            seconds, came = (now - self._paced_at) / SECOND, self._came - self._paced
            self._paced_at, self._paced = now, self._came
            age = None if self._last_at is None else now - self._last_at
        return (round(came / seconds, 1) if seconds > 0 else 0.0), age

    # --- opening it, again and again ---

    def _run(self) -> None:
        self._stopping.wait(self._held)
        chance, tries = random.Random(), Tries()
        while not self._stopping.is_set() and not self._over:
            session = self._opened_once()
            took = (self._clock.monotonic() - session.began) / SECOND
            steady = session.showed and took > STEADY
            tries = (Tries() if steady else tries).again(took)
            if not self._over and session.why:
                self._say(UNREACHABLE, session.why)
            if not self._over:
                self._stopping.wait(tries.wait(chance))
            while len(self._hanging()) >= MOST_STUCK and not self._stopping.wait(_LOOK_SECONDS):
                pass

    def _opened_once(self) -> _Session:
        """Until the camera is lost, hangs, or shows nothing new."""
        now = self._clock.monotonic()
        session = self._session = _Session(began=now, heard=now)
        session.thread = threading.Thread(target=self._look_through, args=(session,), name="capture", daemon=True)
        session.thread.start()
        while session.thread.is_alive() and not self._stopping.is_set() and not session.given_up:
            session.thread.join(_LOOK_SECONDS)
            self._give_up_when_hopeless(session)
        if self._stopping.is_set():
            session.thread.join(_LAST_WORDS)
        return session

    def _give_up_when_hopeless(self, session: _Session) -> None:
        with self._lock:
            now = self._clock.monotonic()
            if session.live and now - session.heard > GIVEN_UP_AFTER and session.thread is not None:
                session.given_up = True
                session.why = f"its library hangs since {(now - session.heard) // SECOND} seconds"
                self._stuck.append(session.thread)
            elif self._is_frozen(now) and now - session.began > REOPENED_AFTER:
                session.given_up = True

    def _hanging(self) -> list[threading.Thread]:
        self._stuck = [thread for thread in self._stuck if thread.is_alive()]
        return self._stuck

    # --- on the session's own thread ---

    def _look_through(self, session: _Session) -> None:
        self._began()
        try:
            source = self._settings.open()
        except (OSError, MemoryError) as error:
            session.why = str(error) or "its picture takes more memory than there is"
            return
        try:
            self._drain(session, source)
        except (OSError, MemoryError) as error:
            session.why = str(error) or "its picture takes more memory than there is"
        finally:
            source.close()

    def _drain(self, session: _Session, source: FrameSource) -> None:
        recording = source if isinstance(source, Recording) else None
        session.live = recording is None
        began, count = self._clock.monotonic(), 0
        while not self._stopping.is_set() and not session.given_up:
            frame = source.read()
            if session.given_up:
                return
            if frame is None:
                self._end()
                return
            session.heard = self._clock.monotonic()
            if recording is None:
                self._took(session, frame)
            else:
                at = self._in_time(recording, began, count)
                self._offer(session, usable(frame), at, keep=not recording.realtime)
            count += 1

    def _in_time(self, source: Recording, began: Monotonic, count: int) -> Monotonic:
        """When the recording's frame is due, after having waited for that moment if it plays at its own pace."""
        due = Monotonic(began + round(count * source.interval * SECOND))
        if source.realtime:
            early = (due - self._clock.monotonic()) / SECOND
            if early > 0:
                self._stopping.wait(early)
        return due

    def _took(self, session: _Session, raw: Any) -> None:
        """A live picture: whether it is a new one, and whether anything shows in it, is looked at as it comes."""
        at = self._clock.monotonic()
        frame = usable(raw)
        if isinstance(frame, str):
            self._offer(session, frame, at, keep=False)
            return
        change = changed(frame, self._before)
        self._before = frame
        clearness = self._clearness
        if clearness.is_due(at):
            clearness = looked(clearness, light(frame), at)
        with self._lock:
            self._clearness = clearness
            self._stillness = seen(self._stillness, Change.SCENE if self._shows_nothing() else change, at)
            withheld = self._stillness.withholds(at)
        self._offer(session, None if withheld else frame, at, keep=False)

    def _shows_nothing(self) -> bool:
        """Pictures of nothing may be alike by nature: black has no noise."""
        return Sight.DARK in (self._clearness.said, self._clearness.other)

    def _offer(self, session: _Session, frame: Frame | str | None, at: Monotonic, keep: bool) -> None:
        """A picture came; `None`: one that tells nothing new; text: why it can't be used."""
        with self._lock:
            while keep and self._newest is not None and not self._stopping.is_set():
                self._lock.wait()
            self._last_at, self._came = self._clock.monotonic(), self._came + 1
            session.showed = True
            if isinstance(frame, str):
                self._fault = (UNUSABLE, frame)
            else:
                self._fault = None
                self._newest = self._newest if frame is None else Shot(frame, at)
        self._changed()

    def _is_frozen(self, now: Monotonic) -> bool:
        return self._stillness is not None and self._stillness.frozen(now)

    def _end(self) -> None:
        with self._lock:
            self._over = True
            self._fault = (ENDED, "the recording was played to its end")
        self._changed()

    def _say(self, fault: Fault, detail: str) -> None:
        with self._lock:
            self._fault = (fault, detail)
        self._changed()
