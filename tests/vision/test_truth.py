"""The list of true plates, as people's spreadsheets write it, and what is said of a list that can't be used."""

from pathlib import Path

import pytest

from drivers.contract import Box
from edge.vision.files.accuracy.truth import TrueFile, read_truth
from models.documents.problems import ConfigurationError


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "truth.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def plates(files: list[TrueFile]) -> list[tuple[str, list[str]]]:
    return [(file.path.name, [str(plate.plate) for plate in file.plates]) for file in files]


def test_photographs_with_boxes(tmp_path: Path) -> None:
    [file] = read_truth(written(tmp_path, "image,x,y,w,h,plate\na.jpg,1,2,30,8,ab 12-cde\n"))
    assert file.path == tmp_path / "a.jpg"
    assert [(plate.plate, plate.box) for plate in file.plates] == [("AB12CDE", Box(1, 2, 30, 8))]


def test_recordings_with_several_plates_and_one_that_shows_none(tmp_path: Path) -> None:
    files = read_truth(written(tmp_path, "clip,plates\nclips/a.avi,AB-12 CD34\nb.avi,\n"))
    assert plates(files) == [("a.avi", ["AB12", "CD34"]), ("b.avi", [])]


def test_a_spreadsheets_mark_semicolons_quotes_capitals_and_line_ends(tmp_path: Path) -> None:
    content = '\ufeffImage;Plate\r\n"my car; front.jpg";"m äb 12"\r\n\r\nmy dog.jpg; \r\n'
    files = read_truth(written(tmp_path, content))
    assert plates(files) == [("my car; front.jpg", ["MAB12"]), ("my dog.jpg", [])]


def test_a_photograph_in_two_lines_has_two_plates(tmp_path: Path) -> None:
    assert plates(read_truth(written(tmp_path, "image\tplate\na.jpg\tAB12\na.jpg\tCD34\n"))) == [
        ("a.jpg", ["AB12", "CD34"])
    ]


@pytest.mark.parametrize(
    ("content", "places"),
    [
        ("name,number\na.jpg,AB12\n", ["1:1"]),
        ("image,plate\na.jpg,?\n ,AB12\nb.jpg\n", ["2:7", "3:2", "4:6"]),
        ("clip,plates\na.avi,AB12 X CD34\n", ["2:12"]),
        ("image,x,y,w,h,plate\na.jpg,1,two,3,4,AB12\n", ["2:9"]),
        (
            "image,x,y,w,h,plate\na.jpg,1,2,0,4,AB12\nb.jpg,1,2,3,-8,CD34\nc.jpg,1,2,0.4,8,EF56\n",
            ["2:11", "3:13", "4:11"],
        ),
        ("image,plate\n", ["1:1"]),
        ("", ["1:1"]),
        (b"image,plate\na.jpg,\xe4\xf6\n", ["2:7"]),
        ("imagee,plate\na.jpg,AB12\n", ["1:1"]),
        ("file;x;Plat e;y\na.jpg;1;AB12;1\n", ["1:8"]),
        ("imgae;number\na.jpg;AB12\n", ["1:1"]),
        (b"\xef\xbb\xbfimage,plate\na.jpg,\xe4\xf6\n", ["2:7"]),
        ("image,plate\na.jpg,W$A56,660\nb.jpg,AB12,,x,y\n", ["2:13", "3:13"]),
        ("image,plate\na.jpg,AB12\nb.jpg,CD34\na.jpg,ab-12\n", ["4:7"]),
        ("clip,plates\na.avi,AB12 CD34 AB12\n", ["2:17"]),
    ],
)
def test_every_mistake_is_told_at_its_place(tmp_path: Path, content: str | bytes, places: list[str]) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigurationError) as wrong:
        read_truth(path)
    assert [problem.place for problem in wrong.value.problems] == [f"{path}:{place}" for place in places]


def test_empty_cells_after_the_last_are_a_spreadsheets_and_no_mistake(tmp_path: Path) -> None:
    assert plates(read_truth(written(tmp_path, "image,plate\na.jpg,AB12,,\n"))) == [("a.jpg", ["AB12"])]


def test_of_a_plate_that_stands_twice_it_is_told_where_it_stands_already(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"AB12 of this file stands in line 2 already"):
        read_truth(written(tmp_path, "image,plate\na.jpg,AB12\n./a.jpg,AB 12\n"))


@pytest.mark.parametrize(
    ("head", "meant"), [("imagee,plate", "image"), ("clip;Plats", "plates"), ("Imgae\tplate", "image")]
)
def test_of_a_misspelt_column_the_right_one_is_told(tmp_path: Path, head: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=f'did you mean "{meant}"'):
        read_truth(written(tmp_path, f"{head}\n"))


def test_a_line_that_is_no_utf_8_is_shown_with_a_mark_at_what_is_not(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        read_truth(written(tmp_path, "image,plate\nh\u00f6f.jpg,".encode() + b"\xc4B12\n"))
    shown = str(wrong.value).splitlines()
    assert shown[1].endswith("| h\u00f6f.jpg,\ufffdB12")
    assert shown[2].index("^") == shown[1].index("\ufffd")
