"""Parts as careless cameras send them: cut anywhere, without lengths or with wrong ones, among rubbish."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.plate_sources.multipart import (
    LARGEST_PART,
    MOST_LINES,
    MOST_PARTS,
    WHOLE_WITHIN,
    Part,
    Parts,
    boundary_in,
    parts_of,
)

XML = b"<a>\r\n<b/>\r\n</a>"
JPEG = b"\xff\xd8\xff\xe0 --b \r\n--bound\r\n \x00\xff\xd9"


def part(content: bytes, kind: str = "application/xml", length: int | None = -1, line: bytes = b"\r\n") -> bytes:
    size = len(content) if length == -1 else length
    heads = [b"--boundary", f"Content-Type: {kind}".encode()]
    heads += [] if size is None else [f"Content-Length: {size}".encode()]
    return line.join([*heads, b"", content, b""])


def contents(parts: list[Part]) -> list[bytes]:
    return [each.content for each in parts]


@pytest.mark.parametrize(
    ("said", "boundary"),
    [
        ("multipart/mixed; boundary=boundary", b"boundary"),
        ('multipart/form-data; charset=utf-8; boundary="--my boundary"', b"my boundary"),
        ("Multipart/x-mixed-replace;boundary=--myboundary", b"myboundary"),
        ("application/xml", None),
        ("multipart/mixed", None),
        ('multipart/mixed; boundary="--"', None),
    ],
)
def test_the_boundary_is_found(said: str, boundary: bytes | None):
    assert boundary_in(said) == boundary


STREAM = (
    b"\r\n" + part(XML) + part(JPEG, "image/jpeg") + part(b"Heartbeat", "text/plain") + b"rubbish\r\n"
    + part(XML, line=b"\n") + part(JPEG, "image/jpeg") + b"--boundary--\r\n"
)  # fmt: skip
EXPECTED = [XML, JPEG, b"Heartbeat", XML, JPEG]


@pytest.mark.parametrize("at", range(0, len(STREAM), 3))
def test_it_does_not_matter_where_the_network_cuts(at: int):
    parts = Parts(b"boundary")
    assert contents([*parts.feed(STREAM[:at]), *parts.feed(STREAM[at:]), *parts.end()]) == EXPECTED


def test_byte_by_byte_a_part_is_there_with_its_last_byte():
    parts, got = Parts(b"boundary"), list[bytes]()
    for place, byte in enumerate(STREAM):
        got += contents(parts.feed(bytes([byte])))
        if place == STREAM.index(XML) + len(XML) - 1:
            assert got == [XML], "nobody waits for the next word"
    assert got == EXPECTED


@pytest.mark.parametrize("length", [None, 0, 10_000_000_000, 5_000])
def test_without_a_right_length_a_part_ends_at_the_next_boundary(length: int | None):
    parts = Parts(b"boundary")
    assert contents(parts.feed(part(XML, length=length) + part(b"next"))) == [XML, b"next"]


def test_without_a_length_a_part_that_is_whole_is_not_waited_for():
    parts = Parts(b"boundary", is_whole=lambda content: content.endswith(b"</a>"))
    assert contents(parts.feed(part(XML, length=None))) == [XML]
    assert contents(parts.feed(part(b"<a>}", length=None))) == []


def test_a_length_that_is_too_small_costs_that_part_only():
    parts = Parts(b"boundary")
    assert contents(parts.feed(part(XML, length=4) + part(b"next"))) == [XML[:4], b"next"]


def test_the_fields_of_a_form_have_names():
    body = b'--x\r\nContent-Disposition: form-data; name="anpr.xml"; filename="A.xml"\r\n\r\n<a/>\r\n--x--\r\n'
    (found,) = Parts(b"x").feed(body)
    assert (found.name, found.content) == ("anpr.xml", b"<a/>")


def test_a_body_that_breaks_off_gives_no_half_part():
    parts = Parts(b"boundary")
    cut = part(XML)[:-6]
    assert contents([*parts.feed(cut), *parts.end()]) == []


def test_what_never_ends_is_thrown_away():
    parts = Parts(b"boundary")
    for _ in range(LARGEST_PART // 65_536 + 2):
        assert parts.feed(b"x" * 65_536) == []
    assert parts.skipped
    assert contents(parts.feed(b"\r\n" + part(XML))) == [XML]
    parts.feed(b"--boundary\r\nContent-Type: image/jpeg\r\n\r\n")
    for _ in range(LARGEST_PART // 65_536 + 2):
        assert parts.feed(b"y" * 65_536) == []
    assert contents(parts.feed(b"\r\n" + part(XML))) == [XML]


_MB = 1 << 20


@pytest.mark.parametrize(
    "body",
    [b"\n" * (8 * _MB), b"--b\n\n" * (8 * _MB // 6), b"--b\r\nA: b\r\n\r\nx\r\n" * (8 * _MB // 17),
     b" --b\nContent-Length: 1\n\nx\n" * 60 + b"\r" * (8 * _MB)],
    ids=["nothing but line ends", "nothing but boundaries", "tiny parts", "short parts before much else"],
)  # fmt: skip
def test_no_post_keeps_the_lot_waiting_for_seconds(body: bytes):
    """What takes so long is refused, or it doesn't take long."""
    began = time.thread_time()
    with suppress(ValueError):
        parts_of(body, b"b")
    assert time.thread_time() - began < 2


def test_a_post_has_as_many_parts_as_cameras_post_and_no_more():
    body = part(b"x", length=None) * MOST_PARTS
    assert len(parts_of(body, b"boundary")) == MOST_PARTS
    with pytest.raises(ValueError, match="more parts"):
        parts_of(body + part(b"x"), b"boundary")
    with pytest.raises(ValueError, match="more lines"):
        parts_of(b"\n" * MOST_LINES + part(b"x"), b"boundary")


def test_what_ends_in_each_piece_as_if_it_were_whole_is_not_read_again_and_again():
    read = list[int]()

    def never_whole(content: bytes) -> bool:
        read.append(len(content))
        return False

    parts = Parts(b"boundary", never_whole)
    parts.feed(b"--boundary\r\nContent-Type: application/json\r\n\r\n")
    for _ in range(8192):
        parts.feed(b'{"a": 1, "b": {}}' * 6)
    assert 0 < sum(read) < 8 * _MB, "of less than one that was sent"
    assert contents(parts.feed(b"\r\n" + part(XML))[-1:]) == [XML]


def test_a_picture_without_a_length_may_be_longer_than_any_alert():
    picture = b"\xff\xd8\xff" + bytes(WHOLE_WITHIN)
    parts = Parts(b"boundary", lambda content: True)
    assert contents(parts.feed(part(picture, length=None)) + parts.feed(part(XML))) == [picture, XML]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"--boundary", b"\r\n", b"\n", b"Content-Length: 9", b":", b"--boundary--", b"Content-Length: 0"]),
), max_size=30), st.integers(1, 7))  # fmt: skip
def test_arbitrary_bytes_break_nothing_and_the_next_good_part_is_found(pieces: list[bytes], size: int):
    parts, rubbish = Parts(b"boundary"), b"".join(pieces)
    for at in range(0, len(rubbish), size):
        parts.feed(rubbish[at : at + size])
    parts.feed(b"\r\n" + part(b"filler") * 3)
    assert contents(parts.feed(part(XML)))[-1:] == [XML]
