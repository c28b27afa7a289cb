"""From the files that were read to the page that shows what went wrong in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import cv2

from drivers.contract import Box
from edge.vision.files.accuracy.comparing import Answer, Outcome, Totals, times
from edge.vision.files.accuracy.page import Card, Report, Row, page
from edge.vision.files.drawing import drawn
from edge.vision.files.keeping import Folder
from edge.vision.files.reading import UnreadableFile, frames_of
from edge.vision.files.work import Done
from edge.vision.frames.motion import Frame

_CROP_LONGER_SIDE = 640
_AROUND = 0.35
"""Of a plate's width and height, shown around it: the reader may have cut it wrongly."""


def write_errors(truth: Path, reader: str, all_done: Sequence[Done], totals: Totals, folder: Folder) -> Path:
    """The page, which lies in the folder with its pictures. Raises OSError."""
    read = [done for done in all_done if done.answers is not None]
    report = Report(
        truth=truth.name,
        reader=reader,
        totals=totals,
        photographs=times(done.took for done in read if done.is_photograph),
        recordings=times(done.took for done in read if not done.is_photograph),
        cards=[card for done in read for card in _cards(done, folder)],
        rows=[Row(done.file.name, done.answers or (), done.took) for done in read],
        unread=[done.file.name for done in all_done if done.why_not],
    )
    return folder.page(page(report))


def _cards(done: Done, folder: Folder) -> Iterator[Card]:
    wrong = [answer for answer in done.answers or () if answer.outcome is not Outcome.EXACT]
    if not wrong:
        return
    numbers = [_frame_number(answer) for answer in wrong]
    frames = _frames(done.file, numbers)
    for answer, number in zip(wrong, numbers, strict=True):
        frame = frames.get(number)
        whole = None if frame is None else _whole(done, answer, frame, folder)
        box = _where(answer)
        crop = None if frame is None or box is None else folder.picture(f"{done.file.stem}-plate", cropped(frame, box))
        yield Card(done.file.name, answer, whole, crop)


def _frames(file: Path, numbers: Sequence[int]) -> Mapping[int, Frame]:
    """None of a file that is gone since it was read: what was read of it is shown all the same."""
    try:
        return frames_of(file, numbers)
    except UnreadableFile:
        return {}


def _whole(done: Done, answer: Answer, frame: Frame, folder: Folder) -> str:
    """The picture that was drawn already, or one that is drawn now."""
    if done.is_photograph and done.drawn:
        return done.drawn[0]
    if answer.found in done.plates and done.drawn:
        return done.drawn[done.plates.index(answer.found)]
    shown = done.plates if done.is_photograph else [plate for plate in (answer.found,) if plate is not None]
    return folder.picture(f"{done.file.stem}-error", drawn(frame, shown))


def _frame_number(answer: Answer) -> int:
    return 0 if answer.found is None else answer.found.frame


def _where(answer: Answer) -> Box | None:
    if answer.found is not None:
        return answer.found.box
    return None if answer.truth is None else answer.truth.box


def cropped(frame: Frame, box: Box) -> Frame:
    """The plate with something around it, large: something of the picture, wherever the box is said to be."""
    height, width = frame.shape[:2]
    aside, above = round(box.width * _AROUND), round(box.height * _AROUND)
    left, top = min(max(0, box.x - aside), width - 1), min(max(0, box.y - above), height - 1)
    right, bottom = max(left + 1, box.x + box.width + aside), max(top + 1, box.y + box.height + above)
    part = frame[top:bottom, left:right]
    scale = _CROP_LONGER_SIDE / max(part.shape[:2])
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    large: Any = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
    return cast("Frame", large)
