import hashlib
from pathlib import Path

import pytest

from edge.vision.readers import weights
from edge.vision.readers.choosing import choose_reader
from edge.vision.readers.weights import WeightsError
from edge.vision.settings import VisionSettings


def some_weights(folder: Path, *detectors: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*detectors, "cct_xs.onnx", "cct_xs_plate_config.yaml"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_a_float_detector_is_taken_before_an_int8_one(tmp_path: Path):
    found = weights.in_folder(some_weights(tmp_path, "yolo-a-int8.onnx", "yolo-b-f32.onnx"))
    assert found.detector.path.name == "yolo-b-f32.onnx"


def test_an_int8_detector_does_when_there_is_no_other(tmp_path: Path):
    found = weights.in_folder(some_weights(tmp_path, "yolo-a-int8.onnx"))
    assert found.detector.path.name == "yolo-a-int8.onnx"


def test_installed_weights_are_the_ones_that_were_given(tmp_path: Path):
    source = some_weights(tmp_path / "from", "yolo-t.onnx")
    installed = weights.install_from(source, tmp_path / "to")
    assert [file.sha256 for file in installed.files] == [
        hashlib.sha256(name.encode()).hexdigest() for name in ("yolo-t.onnx", "cct_xs.onnx", "cct_xs_plate_config.yaml")
    ]


def test_a_new_installation_replaces_the_old_one(tmp_path: Path):
    target = some_weights(tmp_path / "to", "yolo-a-old.onnx")
    weights.install_from(some_weights(tmp_path / "from", "yolo-z-new.onnx"), target)
    assert weights.in_folder(target).detector.path.name == "yolo-z-new.onnx"


def test_what_is_missing_is_named(tmp_path: Path):
    (tmp_path / "yolo-t.onnx").write_bytes(b"x")
    with pytest.raises(WeightsError, match="no plate speller"):
        weights.in_folder(tmp_path)


def test_a_configured_folder_is_the_only_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PARKGATE_WEIGHTS", str(some_weights(tmp_path / "env", "yolo-t.onnx")))
    with pytest.raises(WeightsError, match=r"doesn't exist.*named by `vision: weights:` in the lot's file"):
        weights.find(tmp_path / "typo")
    with pytest.raises(WeightsError, match=r"doesn't exist.*named by --weights"):
        weights.find(tmp_path / "typo", weights.BY_OPTION)
    assert weights.find(None).folder == tmp_path / "env"


def test_without_weights_rapidocr_reads_and_says_so(tmp_path: Path):
    reader = choose_reader(VisionSettings(weights=tmp_path / "none"))
    assert reader.name.startswith("rapidocr")


def test_damaged_weights_fall_back_too(tmp_path: Path):
    reader = choose_reader(VisionSettings(weights=some_weights(tmp_path, "yolo-t.onnx")))
    assert reader.name.startswith("rapidocr")


def test_fast_alpr_asked_for_by_name_never_turns_into_something_else(tmp_path: Path):
    with pytest.raises(WeightsError, match="holds no weights"):
        choose_reader(VisionSettings(reader="fast-alpr", weights=tmp_path))


def test_the_shared_weights_are_those_of_fast_plate_ocr(shared: Path):
    assert weights.in_folder(shared / "lpr" / "weights").speller.sha256.startswith("8031afb5")
