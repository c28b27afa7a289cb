"""Reads the plates in a photograph or a recording that lies on disk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from drivers import registry
from drivers.contract import CameraSettings, PlateCandidate, PlateReader, Recording
from edge.vision.files.cut_off import is_cut_off
from edge.vision.files.found import FoundPlate
from edge.vision.frames.motion import Frame, MotionGate
from edge.vision.frames.view import is_caption, near_width, plates_in
from edge.vision.settings import ViewSettings
from edge.vision.voting.track import ALIKE, Sighting, Track, follow, similarity
from edge.vision.voting.vote import Verdict
from models.documents.spelling import nearest
from models.instants import SECOND, Monotonic

_PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_NO_DIGIT = re.compile(r"\D")
_READS_A_SECOND = 6.0
_OPENING_READS = 4
_LEAST_AGREEING = 2
_LEAST_CONFIDENCE = 0.5
_SHORTEST = 3
_EVERYTHING = ViewSettings()


class UnreadableFile(Exception):
    """A file that is missing or damaged, or that is neither a photograph nor a video. The text says which."""


def read_file(path: Path, reader: PlateReader) -> list[FoundPlate]:
    """The plates of one file: of a photograph the most prominent first, of a video one for each vehicle, as they come.

    Raises UnreadableFile.
    """
    if not path.is_file():
        raise UnreadableFile("it isn't a file" if path.exists() else f"there is no such file{_meant(path)}")
    return _photograph(path, reader) if is_photograph(path) else _video(path, reader)


def _meant(path: Path) -> str:
    """A misspelt name; another number isn't one."""
    number = _NO_DIGIT.sub("", path.name)
    try:
        names = [each.name for each in path.parent.iterdir() if _NO_DIGIT.sub("", each.name) == number]
    except OSError:
        return ""
    near = nearest(path.name, names)
    return "" if near is None else f'; did you mean "{near}"?'


def is_photograph(path: Path) -> bool:
    return path.suffix.lower() in _PHOTOGRAPHS


def frames_of(path: Path, wanted: Sequence[int]) -> Mapping[int, Frame]:
    """Those frames of a file by their numbers; one of a photograph is the photograph. What isn't there is left out.

    A recording is gone through once more: that is cheap beside reading it, and keeps no frame that nobody wants.
    Raises UnreadableFile.
    """
    if is_photograph(path):
        return dict.fromkeys(wanted, _decoded(path))
    source, found = _opened(path), dict[int, Frame]()
    try:
        for number in range(max(wanted, default=-1) + 1):
            frame = source.read()
            if frame is None:
                break
            if number in wanted:
                found[number] = frame
    finally:
        source.close()
    return found


def _decoded(path: Path) -> Frame:
    try:
        cut_off = is_cut_off(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(f"it can't be opened: {error.strerror or error}") from error
    if cut_off:
        raise UnreadableFile("it is damaged: its end is missing. Copy it anew from where it comes")
    picture: Any = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise UnreadableFile("it can't be decoded as a photograph")
    return picture


def _photograph(path: Path, reader: PlateReader) -> list[FoundPlate]:
    picture = _decoded(path)
    candidates = plates_in(picture, reader, _EVERYTHING)
    prominent = sorted(candidates, key=lambda c: -c.box.width * c.box.height * min(c.confidences) ** 3)
    return [FoundPlate(c.text, min(c.confidences), c.box, c.confidences) for c in prominent]


def _video(path: Path, reader: PlateReader) -> list[FoundPlate]:
    source = _opened(path)
    try:
        tracks, near = _tracked(source, reader)
    finally:
        source.close()
    return list(_vehicles(tracks, near, source.interval))


def _opened(path: Path) -> Recording:
    settings: Any = registry.find(CameraSettings, "opencv")
    try:
        return settings(source=str(path.absolute()), realtime=False).open()
    except OSError as error:
        raise UnreadableFile("it can't be decoded as a video or a photograph") from error


def _tracked(source: Recording, reader: PlateReader) -> tuple[list[Track], int]:
    """Every plate's track through the whole recording, in order of appearance; the near width."""
    every = max(1, round(1 / (source.interval * _READS_A_SECOND)))
    tracks: tuple[Track, ...] = ()
    gate = MotionGate()
    near, count, reads = 1, 0, 0
    while (frame := source.read()) is not None:
        at = Monotonic(round(count * source.interval * SECOND))
        if count % every == 0 and (gate.moves(frame, at, occupied=False) or reads < _OPENING_READS):
            reads += 1
            near = near_width(_EVERYTHING, frame.shape[1])
            sightings = [
                Sighting(candidate, caption=is_caption(candidate.box, frame.shape[0]))
                for candidate in plates_in(frame, reader, _EVERYTHING)
            ]
            tracks = follow(tracks, at, sightings, near, known=True)
        count += 1
    if count == 0:
        raise UnreadableFile("it can't be decoded as a video or a photograph")
    return sorted(tracks, key=lambda track: track.number), near


def _vehicles(tracks: Iterable[Track], near: int, interval: float) -> Iterator[FoundPlate]:
    """One plate a vehicle: readings too poor to mean anything and second tracks of the same plate are left out."""
    told: list[Verdict] = []
    trusted = [(track, track.verdict(near)) for track in tracks if track.came]
    best_first = sorted(trusted, key=lambda entry: (-entry[1].certain, -len(entry[0].reads)))
    kept: list[tuple[Track, Verdict]] = []
    for track, verdict in best_first:
        doubtful = (
            len(track.reads) < _LEAST_AGREEING or len(verdict.text) < _SHORTEST or verdict.weakest < _LEAST_CONFIDENCE
        )
        if doubtful or any(similarity(verdict.text, other.text) >= ALIKE for other in told):
            continue
        told.append(verdict)
        kept.append((track, verdict))
    for track, verdict in sorted(kept, key=lambda entry: entry[0].number):
        frame = _frame_of(verdict.best, track, interval)
        yield FoundPlate(verdict.text, verdict.weakest, verdict.best.box, verdict.confidences, verdict.others, frame)


def _frame_of(best: PlateCandidate, track: Track, interval: float) -> int:
    at = next(read.at for read in track.reads if read.candidate is best)
    return round(at / SECOND / interval)
