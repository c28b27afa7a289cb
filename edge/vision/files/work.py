"""Goes through the files that a person wants read, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drivers.contract import PlateReader
from edge.vision.files.accuracy.comparing import Answer, compared
from edge.vision.files.accuracy.truth import TrueFile
from edge.vision.files.drawing import drawn
from edge.vision.files.found import FoundPlate
from edge.vision.files.keeping import Folder
from edge.vision.files.reading import UnreadableFile, frames_of, is_photograph, read_file
from models.instants import SECOND, Clock


@dataclass(frozen=True, slots=True)
class Done:
    """One file. `took` in milliseconds. `answers`: how it compares with the truth; None where none is known.
    `drawn`: its pictures, one a plate of a recording, one for all plates of a photograph. `why_not`: why it isn't read.
    """

    file: Path
    plates: tuple[FoundPlate, ...] = ()
    took: int = 0
    answers: tuple[Answer, ...] | None = None
    drawn: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def is_photograph(self) -> bool:
        return is_photograph(self.file)


def read_each(files: Sequence[Path], truth: Sequence[TrueFile], reader: PlateReader, clock: Clock) -> Iterator[Done]:
    """In their order, each as soon as it is read."""
    known = {file.path.resolve(): file for file in truth}
    for file in files:
        true, began = known.get(file.resolve()), clock.monotonic()
        try:
            plates = tuple(read_file(file, reader))
        except UnreadableFile as error:
            yield Done(file, why_not=str(error) if true is None else f"{error} (named at {true.named_at})")
            continue
        took = round((clock.monotonic() - began) * 1000 / SECOND)
        answers = None if true is None else compared(true.plates, plates, is_photograph(file))
        yield Done(file, plates, took, answers)


def draw_one(done: Done, folder: Folder) -> Done:
    """Its pictures are in the folder. A photograph without a plate is drawn all the same. Raises OSError."""
    frames = frames_of(done.file, [0] if done.is_photograph else [plate.frame for plate in done.plates])
    if done.is_photograph:
        return replace(done, drawn=(folder.picture(f"{done.file.stem}-read", drawn(frames[0], done.plates)),))
    names = [
        folder.picture(f"{done.file.stem}-vehicle{number}-read", drawn(frames[plate.frame], [plate]))
        for number, plate in enumerate(done.plates, start=1)
    ]
    return replace(done, drawn=tuple(names))
