"""What a technician can set about plate reading: the engine for the lot, the view for each lane."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from drivers.values import Seconds, ShareOfPicture
from models.plates.formats import countries_named


class Hidden(StrEnum):
    """What is made unrecognisable in the pictures of vehicles that are kept."""

    WINDSCREEN = "windscreen"
    SURROUNDINGS = "surroundings"


_MEMORY = re.compile(r"\s*(\d{1,6})\s*(MB|GB)\s*")
_ONE_EDGE = 1e-6
"""Two edges are one, as shares of a picture: less than a pixel apart."""


def _known(code: str) -> str:
    (country,) = countries_named([code])
    return country.code


def _megabytes(written: Any) -> Any:
    """A bare number is one of megabytes. Raises ValueError."""
    if written is None or (isinstance(written, int) and not isinstance(written, bool)):
        return written
    match = _MEMORY.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError('a size in megabytes is expected, such as 512, "512 MB" or "1 GB"')
    return int(match[1]) * (1024 if match[2] == "GB" else 1)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class VisionSettings(_Section):
    """The engine that reads plates, one for all lanes."""

    reader: Annotated[Literal["auto", "fast-alpr", "rapidocr"], Field(title="Reader")] = "auto"
    """`fast-alpr` needs weights; `rapidocr` is slower and less exact but needs none; `auto` takes what it can"""

    weights: Annotated[Path | None, Field(title="Folder with weights")] = None
    """Where the ONNX files of fast-alpr lie; left out: $PARKGATE_WEIGHTS, then the folder of `weights install`"""

    threads: Annotated[int, Field(title="Threads", ge=1, le=16)] = 1
    """Processor cores that one reading may use"""

    spare: Annotated[bool, Field(title="A spare process")] = True
    """A second process with the reader loaded takes over at once when the first crashes; it takes about 130 MB of
    memory. Without it, reading is back when the reader is loaded: some seconds on a small computer"""

    memory: Annotated[int | None, Field(title="Memory, in megabytes", ge=256), BeforeValidator(_megabytes)] = None
    """Such as 512 or 512 MB: what each process may ask for at most, but always what it needs to read; left out: what
    the reader takes, 512 MB, and 128 MB for each camera, but no more than three quarters of the computer's"""

    countries: Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], Field(title="Countries")] = ()
    """Where most vehicles come from, such as [de, nl, us-ca]: a doubtful character is read as their plates have it. A
    sure reading is never changed, and plates of other countries are read all the same"""


class Area(_Section):
    """A rectangle in the picture, in shares of its width and height from the top left: 0 to 1."""

    x: Annotated[ShareOfPicture, Field(title="Left")]
    """Left edge, as a share of the picture's width"""

    y: Annotated[ShareOfPicture, Field(title="Top")]
    """Top edge, as a share of the picture's height"""

    width: Annotated[ShareOfPicture, Field(title="Width", gt=0)]
    """As a share of the picture's width"""

    height: Annotated[ShareOfPicture, Field(title="Height", gt=0)]
    """As a share of the picture's height"""

    @model_validator(mode="after")
    def _inside_the_picture(self) -> Area:
        if self.x + self.width > 1 + 1e-9 or self.y + self.height > 1 + 1e-9:
            raise ValueError("the rectangle reaches beyond the picture: x + width and y + height are at most 1")
        return self

    def holds(self, x: float, y: float) -> bool:
        """Whether a point, in shares of the picture, lies inside."""
        return self.x <= x <= self.x + self.width and self.y <= y <= self.y + self.height

    def hidden_by(self, masks: Sequence[Area]) -> bool:
        """Whether the masks leave nothing of it: between two of their edges all is masked or nothing."""
        across = _between(
            self.x, self.x + self.width, [edge for mask in masks for edge in (mask.x, mask.x + mask.width)]
        )
        down = _between(
            self.y, self.y + self.height, [edge for mask in masks for edge in (mask.y, mask.y + mask.height)]
        )
        return all(any(mask.holds(x, y) for mask in masks) for x in across for y in down)


def _between(first: float, last: float, edges: Sequence[float]) -> list[float]:
    """A place between each two edges that follow each other from `first` to `last`, but for those that are one."""
    stops = sorted({first, last, *(edge for edge in edges if first < edge < last)})
    return [(one + other) / 2 for one, other in pairwise(stops) if other - one > _ONE_EDGE]


_WHOLE = Area(x=0, y=0, width=1, height=1)


class ViewSettings(_Section):
    """What of a lane's picture counts."""

    region: Annotated[Area | None, Field(title="Region of interest")] = None
    """Only plates in this part of the picture are looked for; left out: everywhere"""

    masks: Annotated[tuple[Area, ...], Field(title="Masks")] = ()
    """Parts of the picture that never hold a plate: a parked car, a sign, the camera's own caption; not all of it, nor
    all of `region`"""

    min_plate_share: Annotated[ShareOfPicture, Field(title="Narrowest plate, as a share")] = 0.055
    """A plate narrower than this share of the picture's width is still too far away to count"""

    min_plate_pixels: Annotated[int, Field(title="Narrowest plate, in pixels", ge=20)] = 60
    """A plate narrower than this can't be read surely, whatever the picture's size; the larger of both counts"""

    hide: Annotated[tuple[Hidden, ...], Field(title="Hidden in pictures")] = (Hidden.WINDSCREEN, Hidden.SURROUNDINGS)
    """What nobody can recognise in kept pictures: `windscreen`, the people behind it; `surroundings`, all beside the
    vehicle. What lies outside `region` isn't kept, masks and other plates never show; `[]`: the rest does"""

    guess_after: Annotated[Seconds, Field(title="Ask the driver after", gt=0, le=60)] = 5.0
    """A vehicle whose plate still isn't certain after this long is asked whether the likeliest one is its own; less
    than the lane's `read_within`"""

    @field_validator("masks")
    @classmethod
    def _leave_something(cls, masks: tuple[Area, ...], info: ValidationInfo) -> tuple[Area, ...]:
        region: Area | None = info.data.get("region")
        if masks and (region or _WHOLE).hidden_by(masks):
            all_of_it = "the whole picture" if region is None else "all of `region`"
            raise ValueError(f"no plate could be read: the masks cover {all_of_it}")
        return masks
