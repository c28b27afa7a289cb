"""The weights of fast-alpr: where they lie, which detector is taken, their checksums, and how they get there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "PARKGATE_WEIGHTS"
SYSTEM_FOLDER = Path("/var/lib/parkgate/weights")
HUB_DETECTOR = "yolo-v9-t-416-license-plate-end2end"
HUB_SPELLER = "cct-xs-v2-global-model"
_PLATE_CONFIG = "plate_config"
IN_THE_LOTS_FILE = "`vision: weights:` in the lot's file"
BY_OPTION = "--weights"


class WeightsError(Exception):
    """Weights can't be used or installed. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    path: Path
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One detector, one speller, and the speller's plate config, in one folder."""

    folder: Path
    detector: WeightFile
    speller: WeightFile
    config: WeightFile

    @property
    def files(self) -> tuple[WeightFile, ...]:
        return self.detector, self.speller, self.config


@dataclass(frozen=True, slots=True)
class Place:
    """A folder where weights are looked for, and who named it."""

    folder: Path
    named_by: str


def user_folder() -> Path:
    """Where `weights install` puts them for a user who isn't root."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "parkgate" / "weights"


def install_folder() -> Path:
    """Where `weights install` puts them: for everybody when root installs, else for this user."""
    return SYSTEM_FOLDER if os.geteuid() == 0 else user_folder()


def places(configured: Path | None, named_by: str) -> tuple[Place, ...]:
    """Where weights are looked for, the first choice first. A folder that was named, at `named_by`, is the only one."""
    if configured is not None:
        return (Place(configured.expanduser(), named_by),)
    if os.environ.get(VARIABLE):
        return (Place(Path(os.environ[VARIABLE]).expanduser(), f"${VARIABLE}"),)
    return (Place(user_folder(), "`weights install`"), Place(SYSTEM_FOLDER, "`weights install` as root"))


def find(configured: Path | None, named_by: str = IN_THE_LOTS_FILE) -> Weights:
    """The weights to use. Raises WeightsError that says for each place why there are none."""
    reasons: list[str] = []
    for place in places(configured, named_by):
        try:
            return in_folder(place.folder)
        except WeightsError as error:
            reasons.append(f"{error} (named by {place.named_by})")
    raise WeightsError("; ".join(reasons))


def in_folder(folder: Path) -> Weights:
    """The weights in one folder. Raises WeightsError when a part is missing.

    Of several detectors a float one goes before an int8 copy, which was no faster here and, by its makers'
    figures, a little less exact; then the name decides, so that every machine chooses the same.
    """
    try:
        if not folder.exists():
            raise WeightsError(f"{folder} doesn't exist, so it holds no weights")
        names = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    except OSError as error:
        raise WeightsError(f"{folder} can't be listed: {error.strerror}") from error
    detectors = [path for path in names if path.suffix == ".onnx" and "yolo" in path.name]
    spellers = [path for path in names if path.suffix == ".onnx" and "yolo" not in path.name]
    configs = [path for path in names if _PLATE_CONFIG in path.name and path.suffix in (".yaml", ".yml")]
    if not names:
        raise WeightsError(f"{folder} holds no weights")
    for found, missing in ((detectors, "plate detector (yolo*.onnx)"), (spellers, "plate speller (*.onnx)")):
        if not found:
            raise WeightsError(f"{folder} holds no {missing}")
    speller, config = _matching(folder, spellers, configs)
    detector = min(detectors, key=lambda path: ("int8" in path.name, path.name))
    return Weights(folder, _weight_file(detector), _weight_file(speller), _weight_file(config))


def _matching(folder: Path, spellers: list[Path], configs: list[Path]) -> tuple[Path, Path]:
    """The speller and the config that belongs to it, by name."""
    for speller in spellers:
        for config in configs:
            if config.name.startswith(speller.stem):
                return speller, config
    if len(spellers) == 1 and len(configs) == 1:
        return spellers[0], configs[0]
    raise WeightsError(f"{folder} holds no {_PLATE_CONFIG} (*.yaml) that belongs to {spellers[0].name}")


def install_from(source: Path, target: Path) -> Weights:
    """Copy the weights that would be used from `source` to `target`, whole or not at all.

    Raises WeightsError, also when the copy differs from what was read.
    """
    weights = in_folder(source)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in weights.files:
            partial = target / f".{file.path.name}.part"
            shutil.copyfile(file.path, partial)
            if _sha256(partial) != file.sha256:
                raise WeightsError(f"{file.path.name} was damaged while it was copied to {target}")
            partial.replace(target / file.path.name)
        for old in _others(target, weights):
            old.unlink()
    except OSError as error:
        raise WeightsError(f"the weights can't be written to {target}: {error.strerror or error}") from error
    return in_folder(target)


def install_from_hub(target: Path) -> Weights:
    """Fetch detector and speller with fast-alpr's own download, then install them. Needs internet.

    Raises WeightsError that says what to do without.
    """
    # They are imported here because they load the whole engine, which the other commands don't need.
    import fast_plate_ocr.inference.hub as speller_hub
    import open_image_models.detection.core.hub as detector_hub

    fetched = target.with_name(f"{target.name}.fetched")
    try:
        detector_hub.download_model(HUB_DETECTOR, save_directory=fetched)
        speller_hub.download_model(HUB_SPELLER, save_directory=fetched)
        return install_from(fetched, target)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"fast-alpr's hub can't be reached ({error}). Run `parkgate-edge weights install --hub` on a machine with "
            "internet, copy its folder here and run `parkgate-edge weights install --from FOLDER`"
        ) from error
    finally:
        shutil.rmtree(fetched, ignore_errors=True)


def _others(folder: Path, weights: Weights) -> Iterator[Path]:
    """Weights of an earlier installation, which the choice by name might prefer to the new ones."""
    new = {file.path.name for file in weights.files}
    for path in folder.iterdir():
        known = path.suffix == ".onnx" or _PLATE_CONFIG in path.name
        if path.is_file() and known and path.name not in new:
            yield path


def _weight_file(path: Path) -> WeightFile:
    try:
        return WeightFile(path, _sha256(path), path.stat().st_size)
    except OSError as error:
        raise WeightsError(f"{path} can't be read: {error.strerror}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
