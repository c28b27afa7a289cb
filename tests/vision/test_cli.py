import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
import structlog
import typer
from typer.testing import CliRunner

from drivers.contract import Box, PlateReader
from edge.own_folder import OwnFolder
from edge.vision.files.accuracy.comparing import compared, totals
from edge.vision.files.accuracy.errors import write_errors
from edge.vision.files.accuracy.truth import TruePlate
from edge.vision.files.cli import read, weights_app
from edge.vision.files.found import FoundPlate
from edge.vision.files.job import Job
from edge.vision.files.keeping import Folder
from edge.vision.files.work import Done
from models.plates import Plate
from tests.vision.passages import a_passage, empty_lane, recorded, with_car

app = typer.Typer()
app.command()(read)
app.add_typer(weights_app, name="weights")
RAPIDOCR = ["--reader", "rapidocr"]


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command sets up the logs of its process, which here is the test run's."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "car.png"
    cv2.imwrite(str(path), with_car(empty_lane(), "AB123CD"))
    return path


def test_one_object_a_file_with_the_plate_its_box_and_the_reader(photograph: Path):
    ran = CliRunner().invoke(app, ["read", str(photograph), "--json", *RAPIDOCR])
    told = json.loads(ran.stdout)
    assert ran.exit_code == 0
    assert set(told) == {"file", "plates", "reader", "ms"}
    assert told["file"] == str(photograph)
    assert told["reader"].startswith("rapidocr")
    [plate] = told["plates"]
    assert plate["plate"] == "AB123CD"
    x, y, width, height = plate["box"]
    assert 235 <= x + width / 2 <= 405
    assert 362 <= y + height / 2 <= 402


def test_a_video_has_one_entry_for_each_vehicle_in_order(tmp_path: Path):
    film = recorded([*a_passage("AB123CD"), *a_passage("XY987ZW")], tmp_path / "lane.avi")
    ran = CliRunner().invoke(app, ["read", str(film), "--json", *RAPIDOCR])
    assert [plate["plate"] for plate in json.loads(ran.stdout)["plates"]] == ["AB123CD", "XY987ZW"]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_done(tmp_path: Path, photograph: Path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    text = tmp_path / "notes.txt"
    text.write_text("no video")
    missing = tmp_path / "missing.mp4"
    files = [str(broken), str(text), str(missing), str(photograph)]
    ran = CliRunner().invoke(app, ["read", *files, "--json", *RAPIDOCR])
    assert ran.exit_code == 2
    assert [json.loads(line)["file"] for line in ran.stdout.splitlines()] == [str(photograph)]
    for path, reason in ((broken, "as a photograph"), (text, "as a video"), (missing, "no such file")):
        assert any(str(path) in line and reason in line for line in ran.stderr.splitlines())


def test_a_photograph_whose_end_is_missing_is_damaged_and_not_one_without_a_plate(
    photograph: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    whole, cut, mid_head = tmp_path / "whole.jpg", tmp_path / "cut.jpg", tmp_path / "head.jpg"
    picture = cv2.imread(str(photograph))
    assert picture is not None
    cv2.imwrite(str(whole), picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    mid_head.write_bytes(whole.read_bytes()[:100])
    whole.write_bytes(whole.read_bytes() + b"what cameras put after the end")
    code, [file], beside = ran_with(str(cut), str(mid_head), str(whole))
    assert (code, [plate["plate"] for plate in file["plates"]]) == (2, ["AB123CD"])
    assert f"{cut}: it is damaged: its end is missing" in beside
    assert f"{mid_head}: it is damaged: its end is missing" in beside
    assert "Premature end" not in capfd.readouterr().err


def test_a_small_picture_within_a_photograph_is_not_its_end(photograph: Path, tmp_path: Path):
    picture = cv2.imread(str(photograph))
    assert picture is not None
    small = cv2.imencode(".jpg", cv2.resize(picture, (80, 60)))[1].tobytes()
    raw = cv2.imencode(".jpg", picture)[1].tobytes()
    preview = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    cut = tmp_path / "cut.jpg"
    cut.write_bytes((raw[:2] + preview + raw[2:])[: len(raw) // 2])
    assert ran_with(str(cut))[:2] == (2, [])


def test_without_json_people_get_a_table(photograph: Path):
    ran = CliRunner().invoke(app, ["read", str(photograph), *RAPIDOCR])
    assert "AB123CD" in ran.stdout
    assert "Confidence" in ran.stdout


def test_an_unknown_reader_is_refused(photograph: Path):
    assert CliRunner().invoke(app, ["read", str(photograph), "--reader", "crystal-ball"]).exit_code == 2


@pytest.mark.parametrize("said", [[], ["--reader", "auto"], ["--reader", "fast-alpr"]])
def test_a_folder_of_weights_that_cannot_be_used_is_an_error_and_nothing_else_reads(
    photograph: Path, tmp_path: Path, said: list[str]
):
    nowhere, empty, damaged = tmp_path / "nope", tmp_path / "empty", tmp_path / "damaged"
    empty.mkdir()
    damaged.mkdir()
    for name in ("yolo-t.onnx", "cct_xs.onnx", "cct_xs_plate_config.yaml"):
        (damaged / name).write_bytes(b"no weights")
    for folder, reason in ((nowhere, "doesn't exist"), (empty, "holds no weights"), (damaged, "can't be loaded")):
        ran = CliRunner().invoke(app, ["read", str(photograph), "--json", "--weights", str(folder), *said])
        assert (ran.exit_code, ran.stdout) == (2, "")
        assert str(folder) in ran.stderr
        assert reason in ran.stderr
        assert "--weights" in ran.stderr
        assert "weights install" in ran.stderr


def test_rapidocr_asked_for_by_name_needs_no_weights(photograph: Path, tmp_path: Path):
    ran = CliRunner().invoke(app, ["read", str(photograph), "--json", "--weights", str(tmp_path / "nope"), *RAPIDOCR])
    assert (ran.exit_code, json.loads(ran.stdout)["reader"][:8]) == (0, "rapidocr")


def test_weights_that_are_not_there_are_said_to_be_missing(tmp_path: Path):
    ran = CliRunner().invoke(app, ["weights", "status", "--weights", str(tmp_path / "none")])
    assert ran.exit_code == 1
    assert "holds no weights" in ran.stderr


def test_weights_are_installed_from_a_folder_with_their_checksums(shared: Path, tmp_path: Path):
    source = str(shared / "lpr" / "weights")
    ran = CliRunner().invoke(app, ["weights", "install", "--from", source, "--to", str(tmp_path)])
    assert ran.exit_code == 0
    assert "8031afb5" in ran.stdout
    assert CliRunner().invoke(app, ["weights", "status", "--weights", str(tmp_path)]).exit_code == 0


def test_an_installation_says_where_from(tmp_path: Path):
    assert CliRunner().invoke(app, ["weights", "install", "--to", str(tmp_path)]).exit_code == 2


def ran_with(*said: str) -> tuple[int, list[dict[str, Any]], str]:
    ran = CliRunner().invoke(app, ["read", *said, "--json", *RAPIDOCR])
    return ran.exit_code, [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


def test_what_was_read_is_drawn_beside_the_photograph_and_compared_with_the_truth(photograph: Path, tmp_path: Path):
    truth, drawn = tmp_path / "truth.csv", tmp_path / "drawn"
    truth.write_text("image;plate\ncar.png;AB-123-CE\n")
    code, [file, last], beside = ran_with("--truth", str(truth), "--draw", str(drawn))
    assert code == 0
    assert file["answers"] == [{"outcome": "wrong", "truth": "AB123CE", "read": "AB123CD"}]
    assert file["drawn"] == ["car-read.jpg"]
    assert (last["accuracy"]["plates"], last["accuracy"]["exact"], last["accuracy"]["wrong"]) == (1, 0, 1)
    assert last["accuracy"]["confused"] == [{"is": "E", "read": "D", "times": 1}]
    page = (drawn / "index.html").read_text()
    assert "AB123C<mark" in page.replace("</span><span>", "").replace("<span>", "").replace("</span>", "")
    assert sorted(each.name for each in drawn.iterdir()) == ["car-plate.jpg", "car-read.jpg", "index.html"]
    assert str(drawn / "index.html") in beside
    assert {each.stat().st_mode & 0o077 for each in drawn.iterdir()} == {0}


def test_a_picture_of_somebody_else_is_never_written_over_and_our_own_is(photograph: Path, tmp_path: Path):
    drawn = tmp_path / "drawn"
    assert ran_with(str(photograph), "--draw", str(drawn))[0] == 0
    assert ran_with(str(photograph), "--draw", str(drawn))[0] == 0
    foreign = photograph.read_bytes()
    (drawn / "car-read.jpg").write_bytes(foreign)
    code, [file], beside = ran_with(str(photograph), "--draw", str(drawn))
    assert (code, [plate["plate"] for plate in file["plates"]]) == (2, ["AB123CD"])
    assert "car-read.jpg is there already" in beside
    assert (drawn / "car-read.jpg").read_bytes() == foreign


def test_where_nothing_can_be_written_it_is_told_what_to_do_about_it(
    photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    truth = tmp_path / "truth.csv"
    truth.write_text("image,plate\ncar.png,AB123CD\n")
    assert "car.png is a file: name a folder" in ran_with(str(photograph), "--draw", str(photograph))[2]
    assert "car.png is a file: name a folder" in ran_with("--truth", str(truth), "--page", str(photograph / "in"))[2]

    def forbidden(*_: object) -> Path:
        raise PermissionError(13, "Permission denied", "car-read.jpg")

    monkeypatch.setattr(OwnFolder, "write", forbidden)
    code, _, beside = ran_with("--truth", str(truth), "--draw", str(tmp_path / "drawn"))
    assert (code, beside.count("you may not write there: name a folder of your own"), "Errno" in beside) == (
        2,
        2,
        False,
    )


def test_the_page_shows_the_other_errors_where_a_file_is_gone_by_then(
    photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    truth, page, gone = tmp_path / "truth.csv", tmp_path / "page", tmp_path / "gone.png"
    gone.write_bytes(photograph.read_bytes())
    truth.write_text("image,plate\ngone.png,AB123CE\ncar.png,AB123CE\n")
    read_all = Job.run

    def and_one_goes(job: Job, reader: PlateReader) -> list[Done]:
        all_done = read_all(job, reader)
        gone.unlink()
        return all_done

    monkeypatch.setattr(Job, "run", and_one_goes)
    code, _, beside = ran_with("--truth", str(truth), "--page", str(page))
    assert (code, str(page / "index.html") in beside) == (0, True)
    shown = (page / "index.html").read_text()
    assert (shown.count("no picture"), shown.count('src="car-plate.jpg"')) == (1, 1)


def test_a_page_without_errors_is_not_said_to_show_any(photograph: Path, tmp_path: Path):
    truth, page = tmp_path / "truth.csv", tmp_path / "page"
    truth.write_text("image,plate\ncar.png,AB123CD\n")
    assert f"There are no errors; the page is {page / 'index.html'}" in ran_with(
        "--truth", str(truth), "--page", str(page)
    )[2].replace("\n", "")


def test_what_was_read_besides_is_no_error_and_has_no_truth(photograph: Path, tmp_path: Path):
    truth, page, street = tmp_path / "truth.csv", tmp_path / "page", tmp_path / "street.png"
    street.write_bytes(photograph.read_bytes())
    truth.write_text("image,plate\nstreet.png,AB123CD\n")
    beside = FoundPlate("XY99", 0.9, Box(1, 1, 40, 10))
    near = FoundPlate("AB123CD", 0.9, Box(300, 370, 60, 20))
    done = Done(street, (near, beside), 20, compared([TruePlate(Plate("AB123CD"))], (near, beside), photograph=True))
    shown = write_errors(truth, "fast-alpr", [done], totals([done.answers or ()]), Folder(page)).read_text()
    errors, _, besides = shown.partition('<h2 id="besides-head">Read besides')
    assert "None: every plate was read, and nothing invented." in errors
    assert "XY99" not in errors
    assert "XY99" in besides
    assert '<span class="who">truth</span>' not in shown
    assert "<td>AB123CD<br>–</td>" in shown
    assert 'class="off"' not in shown


def test_nothing_is_read_with_a_truth_that_cannot_be_used(tmp_path: Path):
    truth = tmp_path / "truth.csv"
    truth.write_text("image,plate\ncar.png,?\n")
    code, told, beside = ran_with("--truth", str(truth))
    assert (code, told) == (2, [])
    assert f"{truth}:2:9" in beside
    assert ran_with("--truth", str(tmp_path / "none.csv"))[0] == 2
    assert ran_with()[0] == 2


def test_a_file_of_the_truth_that_is_missing_is_named_and_not_counted(photograph: Path, tmp_path: Path):
    truth = tmp_path / "truth.csv"
    truth.write_text("image,plate\ncar.png,AB123CD\ngone.png,XY99\n")
    code, [_, last], beside = ran_with("--truth", str(truth))
    assert (code, last["accuracy"]["plates"], last["accuracy"]["unread"]) == (2, 1, 1)
    assert "gone.png: there is no such file" in beside
    assert f"named at {truth}:3:1" in beside


def test_of_a_file_that_is_missing_the_one_that_was_meant_is_told_and_never_another_number(
    photograph: Path, tmp_path: Path
):
    (tmp_path / "lane-11.png").write_bytes(photograph.read_bytes())
    truth = tmp_path / "truth.csv"
    truth.write_text("image,plate\nlane-11.pgn,AB12\nlane-12.png,XY99\n")
    _, _, beside = ran_with("--truth", str(truth))
    assert 'lane-11.pgn: there is no such file; did you mean "lane-11.png"?' in beside
    assert beside.count("did you mean") == 1
