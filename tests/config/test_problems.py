"""What a technician is told: every problem of a file in one go, on the right line and column."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.config.load import load_lot
from edge.vision.settings import VisionSettings
from models.documents.problems import ConfigurationError
from tests.config.lots import RIGHT, altered, problems, told

ARMING_LOOP = "{driver: mqtt, host: 127.0.0.1, topic: in/arming, stale_after: 5 min}"
ID_EXPECTED = (
    "the lot's id is expected as enrolment gave it: 8-4-4-4-12 hexadecimal digits, such as "
    "01920000-0000-7000-8000-0000000000ff"
)
VENDS = "{driver: mqtt, host: 127.0.0.1, command_topic: out/vend}"


def of_file(file: Path) -> str:
    with pytest.raises(ConfigurationError) as wrong:
        load_lot(file)
    return str(wrong.value)


def test_a_right_file_has_no_problems():
    assert told(RIGHT) == []


def test_a_misspelt_key_a_wrong_type_and_an_unknown_spot_type_are_told_in_one_go():
    text = altered(
        ("floor: 0", "floor: ground"), ("type: COMPACT", "type: COMPCT"), ("    arming_loop", "    armingloop")
    )
    assert told(text) == [
        "8:12 levels[0].floor: a whole number is expected",
        "10:16 levels[0].spots[0].type: one of MOTORCYCLE, COMPACT, REGULAR, LARGE, HANDICAP, EV is expected; "
        'did you mean "COMPACT"?',
        '25:5 lanes[0].armingloop: unknown key; did you mean "arming_loop"?',
    ]


def test_the_line_is_reprinted_with_a_mark_under_the_fault(tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(altered(("floor: 0", "floor: ground"), ("    arming_loop", "    armingloop")))
    assert of_file(file) == (
        f"{file}:8:12  levels[0].floor\n"
        "    8 |     floor: ground\n"
        "      |            ^^^^^^ a whole number is expected\n"
        f"{file}:25:5  lanes[0].armingloop\n"
        "   25 |     armingloop: {driver: mqtt, host: 127.0.0.1, topic: in/arming, stale_after: 5 min}\n"
        '      |     ^^^^^^^^^^ unknown key; did you mean "arming_loop"?\n'
        "2 problems."
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Europe/Berlin", "Berln", 'a time zone of the IANA list is expected; did you mean "Europe/Berlin"?'),
        ("2.50", "2,50", "a comma begins a new key here; a decimal fraction is written with a point, as in 0.5"),
        ("500 ms", '"0,5 s"', 'a length of time is expected, such as "500 ms", "2 s" or 0.5 (seconds)'),
        ("rights: [EV]", "rights: [ELECTRIC]", "one of HANDICAP, EV is expected"),
        ("direction: exit", "direction: exti", 'one of entry, exit is expected; did you mean "exit"?'),
        (
            "driver: opencv, source: 0",
            "driver: opencw",
            "there is no such driver, only opencv, twin, dahua, frigate, hikvision, http_plates; "
            'did you mean "opencv"?',
        ),
        ("driver: opencv, source: 0", "source: 0", 'the key "driver" is missing here, such as driver: opencv'),
        ("numbers: 1-3", "numbers: 3-1", "this range runs backwards; did you mean 1-3?"),
        ("B08-B10", "B08-C10", "a range stays within one letter: B08-B10"),
        ("1-3", "1\N{EN DASH}3", "a range of spots is written with a plain hyphen; did you mean 1-3?"),
        ("1-3", "1..3", "a range of spots is written with a plain hyphen; did you mean 1-3?"),
        ("B08-B10", "B08 to B10", "a range of spots is written with a plain hyphen; did you mean B08-B10?"),
        ("currency: EUR", "currency: euro", "three capital letters are expected, as in EUR"),
        ("2.50", "2.505", "2.505 EUR has more decimal places than the currency (2)"),
        ("18.00", "2", "at least the hourly rate is expected: one hour would cost more"),
        ("0000000000ff", "nine", ID_EXPECTED),
        ("name: north-out", "name: north-in", "lanes[0] has this name already"),
        ("floor: -1", "floor: 0", "levels[0] has this floor already"),
        ("[E1, E2]", "[E1, 2]", "2: a number stands for one spot of 'Ground'; it has been used already"),
        ("out/vend", "in/vend", "lanes[0].barrier.command_topic uses topic in/vend on 127.0.0.1:1883 already"),
        ("in/arming", "in/+", "one topic is expected, without the wildcards + and #"),
        ("ab 12-cde", "--", "'--' isn't a plate: 2 to 12 letters and digits are expected"),
        ("name: North Street", "name: 5", "text is expected; put it in quotes"),
        ("name: north-out", "name: a b", "a short name of letters, digits and dashes is expected, such as north-in"),
        ("  timezone: Europe/Berlin\n", "", 'the key "timezone" is missing here'),
        ("timezone: Europe/Berlin", "timezone:", "this key has no value"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_in_a_technicians_words(old: str, new: str, said: str):
    assert [problem.message for problem in problems(altered((old, new)))] == [said]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("01920000-0000-7000-8000-0000000000ff", "4711", ID_EXPECTED),
        ("direction: entry", "direction: in", 'one of entry, exit is expected; did you mean "entry"?'),
        ("direction: exit", "direction: out", 'one of entry, exit is expected; did you mean "exit"?'),
        (
            ARMING_LOOP,
            "{driver: gpio, pin: 23, debounce: 30}",
            'this is 30 seconds, and at most 2 s is expected; did you mean "30 ms"?',
        ),
        (
            VENDS,
            "{driver: relays, hold_by: none, pulse: 500, open: {driver: gpio, pin: 5}}",
            'this is 500 seconds, and at most 5 s is expected; did you mean "500 ms"?',
        ),
        (VENDS, "{driver: relays, hold_by: none, pulse: 1 min, open: {driver: gpio, pin: 5}}", "at most 5 is expected"),
        (
            VENDS,
            "{driver: relays, hold_by: none, open: {product: lcus-2, at: /dev/ttyUSB0}}",
            'the key "driver" is missing here, such as driver: product',
        ),
        (
            VENDS,
            "{hold_by: none, open: {driver: gpio, pin: 5}}",
            'the key "driver" is missing here, such as driver: relays',
        ),
        (ARMING_LOOP, "{pin: 23}", 'the key "driver" is missing here, such as driver: gpio'),
        (
            ARMING_LOOP,
            "{driver: mqtt, host: 127.0.0.1, topic: in/arming, tls: yes}",
            "true or false is expected, or a section with the authority's file: tls: {ca: ...}",
        ),
        (
            ARMING_LOOP,
            "{driver: product, product: waveshare-modbus-rtu-io-8, at: /dev/ttyUSB0, baud: 9600}",
            "this goes into the product's options: options: {baud: 9600}",
        ),
    ],
)
def test_what_was_meant_is_told_where_it_can_be_guessed(old: str, new: str, said: str):
    assert [problem.message for problem in problems(altered((old, new)))] == [said]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("mqtt://10.0.0.2:1883", "such as 192.168.1.10: without mqtt:// in front"),
        ("mqtts://gate:hunter2@broker", "such as 192.168.1.10: without mqtts:// in front"),
        ("10.0.0.2:1883", "the port has a key of its own, port: 1883"),
        ("gate:hunter2@broker", "such as 192.168.1.10: no login, no path"),
        ("broker/gate", "such as 192.168.1.10: no login, no path"),
    ],
)
def test_an_address_where_a_host_is_expected_is_refused_in_plain_words(host: str, said: str):
    (problem,) = problems(altered(("127.0.0.1, command_topic: out/vend", f"'{host}', command_topic: out/vend")))
    assert problem.path == "lanes[1].barrier.host"
    assert problem.message.startswith("only the device's name or address is expected")
    assert problem.message.endswith(said)
    assert "hunter2" not in str(problem)


SHELLY = "driver: product, product: shelly-plus-1-mqtt, broker: {host: 127.0.0.1}"
MODBUS = "driver: modbus_tcp, host: 192.168.1.30"
AN_ADDRESS = "a topic is expected, as the device's MQTT settings show it: addresses are for `host`, and that of the"


@pytest.mark.parametrize(
    ("loop", "key", "said"),
    [
        (f"{SHELLY}, at: 192.168.1.40", "at", f"{AN_ADDRESS} broker, not of the device"),
        (f"{SHELLY}, at: shelly/", "at", "a topic is expected without / at either end: shelly"),
        (f"{SHELLY}, at: /shelly", "at", "a topic is expected without / at either end: shelly"),
        (
            "driver: modbus_tcp, host: 192.168.1.300, discrete_input: 0",
            "host",
            "this is no address: four numbers from 0 to 255 are expected, such as 192.168.1.10",
        ),
        (
            f"{MODBUS}, discrete_input: 10001",
            "discrete_input",
            "numbers count from 0 here: this is discrete input 0 in the manual's 1xxxx numbering",
        ),
        (f"{MODBUS}, coil: 10003", "coil", "this is discrete input 2 in the manual's 1xxxx numbering"),
        (f"{MODBUS}, coil: 00001", "coil", "this is coil 0 in the manual's 0xxxx numbering"),
        (
            f"{MODBUS}, holding_register: 40017, bit: 0",
            "holding_register",
            "this is holding register 16 in the manual's 4xxxx numbering",
        ),
        (
            "driver: gpio, pin: 0",
            "pin",
            "pins 0 and 1 are for the EEPROM of a HAT, which is read while the computer boots",
        ),
        ("driver: gpio, pin: 1", "pin", "pins 0 and 1 are for the EEPROM of a HAT"),
        ("driver: gpio, pin: GPIO23", "pin", "only the pin's number is expected: 23"),
    ],
)
def test_a_loop_that_is_written_as_in_another_book_is_refused_in_plain_words(loop: str, key: str, said: str):
    (problem,) = problems(altered((ARMING_LOOP, f"{{{loop}}}")))
    assert problem.path == f"lanes[0].arming_loop.{key}"
    assert said in problem.message


@pytest.mark.parametrize("host", ["broker", "broker.lot.local", "10.0.0.2", "::1", "fe80::1%eth0", "[2001:db8::7]"])
def test_a_name_or_address_is_a_host(host: str):
    assert problems(altered(("127.0.0.1, command_topic: out/vend", f"'{host}', command_topic: out/vend"))) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "begins"),
    [
        ("      host: 127.0.0.1\n", "     host: 127.0.0.1\n", 23, 22),
        ("    direction: entry\n", "   direction: entry\n", 20, 18),
        ("  - name: north-out", "   - name: north-out", 27, 18),
        ("    camera: {driver: opencv, source: 0}", "      camera: {driver: opencv, source: 0}", 30, 27),
    ],
)
def test_a_line_that_is_indented_wrongly_is_told_in_plain_words(old: str, new: str, line: int, begins: int):
    (problem,) = problems(altered((old, new)))
    assert problem.line == line
    assert problem.message.startswith("wrong indentation near this line")
    assert "block" not in problem.message


def test_what_stands_after_the_end_of_a_value_is_told_in_plain_words():
    (problem,) = problems(altered(("name: North Street", 'name: "North" Street')))
    assert (problem.line, problem.message) == (
        3,
        "something stands here after the end of a value: a quote or a comma too many, or one that is missing?",
    )


def test_an_exit_without_a_payment_terminal():
    text = altered(("    payment_terminal: {driver: simulated, delay: 500 ms}\n", ""))
    assert told(text) == ['27:5 lanes[1]: an exit takes money: it needs a "payment_terminal"']


def test_a_lot_without_an_entry():
    text = altered(("direction: entry", "direction: exit\n    payment_terminal: {driver: simulated}"))
    assert told(text) == ["19:3 lanes: at least one lane with direction: entry is expected"]


def test_a_missing_key_is_told_at_its_section():
    (missing,) = problems(altered(("currency: EUR, ", "")))
    assert (missing.line, missing.column, missing.path, missing.width) == (5, 1, "tariff.currency", len("tariff"))


def test_a_missing_section_is_told_at_the_top():
    text = RIGHT.replace("tariff: {currency: EUR, hourly_rate: 2.50, daily_maximum: 18.00}\n", "")
    assert told(text) == ['1:1 tariff: the key "tariff" is missing here']


def test_a_required_key_that_is_misspelt_is_told_once():
    assert told(altered(("currency:", "curency:"))) == ['5:10 tariff.curency: unknown key; did you mean "currency"?']


def test_what_does_not_agree_is_told_although_a_key_is_wrong_elsewhere():
    text = altered(("floor: 0", "floor: ground"), ("out/vend", "in/vend"), ("delay: 500 ms", "delay: long"))
    assert [p.path for p in problems(text)] == [
        "levels[0].floor",
        "lanes[1].barrier.command_topic",
        "lanes[1].payment_terminal.delay",
    ]


def test_what_is_shared_and_wrong_is_told_once_where_it_stands():
    text = altered(
        ("lot:\n", "x-broker: &broker {driver: mqtt, host: 127.0.0.1, prot: 1883}\nlot:\n"),
        ("{driver: mqtt, host: 127.0.0.1, topic: in/arming, stale_after: 5 min}", "{<<: *broker, topic: in/arming}"),
        ("{driver: mqtt, host: 127.0.0.1, command_topic: out/vend}", "{<<: *broker, command_topic: out/vend}"),
    )
    assert told(text) == ['1:51 lanes[0].arming_loop.prot: unknown key; did you mean "port"?']


def test_a_key_that_stands_twice_is_told_with_its_first_line():
    text = altered(("name: North Street", "name: North Street\n  name: South Street"))
    assert told(text) == ["4:3 lot.name: this key stands here twice: it is on line 3 already"]


def test_a_simulation_with_something_real_is_refused_at_that_part():
    text = altered(("127.0.0.1, command_topic: out/vend", "10.0.0.2, command_topic: out/vend"))
    (real,) = problems(text + "simulation: {wall_anchor: 2026-01-01T00:00:00Z}\n")
    assert real.path == "lanes[1].barrier"
    assert "a simulation moves nothing real" in real.message


def test_the_examples_id_is_refused_where_there_is_a_cloud():
    text = altered(("01920000-0000-7000-8000-0000000000ff", "00000000-0000-7000-8000-000000000000"))
    assert told(text) == []
    (example,) = problems(text + "link: {host: cloud.example}\n")
    assert example.path == "lot.id"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("lot:\n  name: a: b\n", 2, 10), ("lot: [1, 2\n", 1, 11), ("lot:\n\tname: x\n", 2, 1), ('lot: "open\n', 1, 11)],
)
def test_a_file_that_is_not_yaml_is_told_at_its_line(text: str, line: int, column: int):
    (problem,) = problems(text)
    assert problem.expected.startswith("this isn't YAML: ")
    assert (problem.line, problem.column) == (line, column)


def test_a_list_where_a_lot_is_expected():
    assert told("- 1\n- 2\n") == ["1:1 : a lot is expected: the sections lot, tariff, levels and lanes"]


def test_a_file_that_is_not_there_or_empty_or_no_text(tmp_path: Path):
    file = tmp_path / "lot.yaml"
    assert of_file(file).startswith(f"{file}  there is no such file")
    assert of_file(tmp_path).startswith(f"{tmp_path}  this is a folder")
    file.write_text("# nothing\n")
    assert of_file(file).startswith(f"{file}  the file is empty")
    file.write_bytes(b"lot:\n  name: Caf\xe9\n")
    assert of_file(file).startswith(f"{file}:2:12\n    2 |   name: Café")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(RIGHT)
    file.chmod(0)
    assert of_file(file).startswith(f"{file}  no permission")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("command_topic: in/vend", "command_topic: in/vend\n      password: hunter2"),
        ("rtsp://10.0.0.9/1}", "rtsp://admin:hunter2@10.0.0.9/1, sorce: 1}"),
        ("rtsp://10.0.0.9/1}", '"http://10.0.0.9/1?user=x&pwd=hunter2", sorce: 1}'),
        ("rtsp://10.0.0.9/1}", '"http://10.0.0.9/1?gate=1&user_pin=hunter2", sorce: 1}'),
        ("rtsp://10.0.0.9/1}", "ftp://admin:hunter2@10.0.0.9/1}"),
        ("command_topic: in/vend", 'command_topic: in/vend\n      body: "{\\"code\\": \\"hunter2\\"}"'),
    ],
)
def test_a_secret_that_stands_in_the_file_is_not_reprinted(old: str, new: str, tmp_path: Path):
    file = tmp_path / "lot.yaml"
    file.write_text(altered((old, new)))
    shown = of_file(file)
    assert "problem" in shown
    assert "hunter2" not in shown
    assert "hunter2" not in repr(problems(file.read_text()))


# --- what keeps an arm up ---

_MQTT = "    barrier:\n      driver: mqtt\n      host: 127.0.0.1\n      command_topic: in/vend\n"


def _with_relays(*lines: str) -> str:
    wired = "".join(f"      {line}\n" for line in ("driver: relays", "open: {driver: gpio, pin: 17}", *lines))
    return altered((_MQTT, f"    barrier:\n{wired}"))


def test_whoever_wires_an_open_contact_has_to_say_what_keeps_the_arm_up_in_a_fire():
    (problem,) = problems(_with_relays())
    assert (problem.line, problem.column, problem.path) == (21, 5, "lanes[0].barrier.hold_by")
    assert problem.source.strip() == "barrier:"
    assert "in a fire" in problem.expected
    assert "`hold_by: maintained` if the controller's OPEN input keeps the arm up" in problem.expected
    assert "`hold_by: none` if that input takes a pulse only" in problem.expected


@pytest.mark.parametrize("said", ["hold_by: maintained", "hold_by: none", "hold: {driver: gpio, pin: 18}"])
def test_what_keeps_the_arm_up_is_said_in_one_line(said: str):
    assert problems(_with_relays(said)) == ()


_ONLY_PULSES = "{driver: http_trigger, pulse_address: http://10.0.0.7/open}"
_AUTO_OFF = "{driver: mqtt, host: 127.0.0.1, command_topic: in/hold, own_pulse: 2 s}"
_SHELLY_AUTO_OFF = (
    "{driver: product, product: shelly-1-mqtt, at: shelly, broker: {host: 127.0.0.1}, options: {auto_off: 1 s}}"
)


@pytest.mark.parametrize("relay", [_ONLY_PULSES, _AUTO_OFF, _SHELLY_AUTO_OFF])
def test_a_contact_that_opens_by_itself_keeps_no_arm_up(relay: str):
    text = altered(
        (_MQTT, f"    barrier:\n      driver: relays\n      open: {relay}\n      hold_by: maintained\n"),
    )
    (problem,) = problems(text)
    assert (problem.line, problem.path) == (24, "lanes[0].barrier.hold_by")
    assert "can't stay made" in problem.expected
    assert problems(text.replace("hold_by: maintained", "hold_by: none")) == ()
    (problem,) = problems(_with_relays(f"hold: {relay}"))
    assert problem.path == "lanes[0].barrier.hold"
    assert "can't keep an arm up" in problem.expected


def test_a_wrong_open_contact_is_told_beside_what_keeps_the_arm_up():
    assert len(problems(_with_relays("hold_by: pulse"))) == 1


# --- products ---

_KM = "driver: product, product: kmtronic-4, at: /dev/ttyUSB0"
_SHELLY = "driver: product, product: shelly-pro-2, at: 192.168.1.40"
_BY_MQTT = "driver: product, product: shelly-plus-1-mqtt, channel: 1"


@pytest.mark.parametrize(
    ("written", "word", "said"),
    [
        ("driver: product, product: kmtronc-4, at: /dev/ttyUSB0", "kmtronc-4", "did you mean kmtronic-4"),
        ("driver: product, prodct: kmtronic-4, at: /dev/ttyUSB0", "prodct", 'did you mean "product"?'),
        ("driver: product, product: 12, at: /dev/ttyUSB0", "12", "text is expected"),
        ("driver: product, product: kmtronic-4", "kmtronic-4", "`at` is expected beside it: the product's serial port"),
        ("driver: product, product: kmtronic-4, at: 10.0.0.4", "10.0.0.4", "the port's device file is expected"),
        (f"{_KM}, chanel: 1", "chanel", 'did you mean "channel"?'),
        (f"{_KM}, channel: 5", "5", "1 to 4, as printed on it"),
        (f"{_KM}, unit: 2", "2", "has no use for this key"),
        (f"{_KM}, options: {{safe_state: leaf}}", "leaf", 'did you mean "leave"?'),
        (f"{_KM}, options: {{safe_stat: leave}}", "safe_stat", 'did you mean "safe_state"?'),
        (f"{_KM}, options: {{baud: fast}}", "fast", "one of 1200, 2400"),
        (f"{_KM}, broker: {{host: 127.0.0.1}}", "{host: 127.0.0.1}", "isn't reached by MQTT"),
        (f"{_SHELLY}:99999", "192.168.1.40:99999", "at most 65535"),
        (f"{_SHELLY}, channel: one", "one", "1 to 2, as printed on it"),
        (f"{_SHELLY}, password: hunter2", "password", "no password stands in this file"),
        (f"{_BY_MQTT}, at: shelly", "shelly-plus-1-mqtt", "`broker` is expected beside it"),
        (f"{_BY_MQTT}, at: shelly/#, broker: {{host: 127.0.0.1}}", "shelly/#", "without the wildcards"),
        (f"{_BY_MQTT}, at: shelly, broker: {{hst: 127.0.0.1}}", "hst", 'did you mean "host"?'),
        ("driver: product, product: waveshare-rpi-relay-3, at: /dev/gpio", "/dev/gpio", "sits on this computer"),
    ],
)
def test_what_is_wrong_with_a_product_stands_under_the_technicians_own_word(written: str, word: str, said: str):
    text = altered((_MQTT, f"    barrier:\n      driver: relays\n      hold_by: none\n      open: {{{written}}}\n"))
    (problem,) = problems(text)
    line = text.splitlines()[problem.line - 1]
    assert line[problem.column - 1 :][: problem.width] == word
    assert said in problem.message


def test_each_wrong_country_is_told_at_its_own_place_beside_whatever_else_is_wrong():
    text = RIGHT + "vision: {threads: two, countries: [de, uk, 5, holland, deu]}\n"
    unknown = "no plate formats are known of the country"
    assert told(text) == [
        "32:19 vision.threads: a whole number is expected",
        f'32:40 vision.countries[1]: {unknown} "uk"; did you mean "gb"?',
        "32:44 vision.countries[2]: text is expected; put it in quotes",
        f'32:47 vision.countries[3]: {unknown} "holland"; did you mean "nl"?',
        f'32:56 vision.countries[4]: {unknown} "deu"; did you mean "de"?',
    ]


def looking(view: str) -> str:
    """The right file with a view for its first lane."""
    return altered(("source: rtsp://10.0.0.9/1}", "source: rtsp://10.0.0.9/1}\n    view: " + view))


HALF_AND_REST = "{x: 0, y: 0, width: 0.7, height: 0.4}, {x: 0, y: 0.4, width: 0.7, height: 0.6}"


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("{masks: [{x: 0, y: 0, width: 1, height: 1}]}", "the whole picture"),
        (f"{{masks: [{HALF_AND_REST}, {{x: 0.6, y: 0, width: 0.4, height: 1}}]}}", "the whole picture"),
        (f"{{region: {{x: 0.1, y: 0.2, width: 0.6, height: 0.3}}, masks: [{HALF_AND_REST}]}}", "all of `region`"),
        (
            "{region: {x: 0.1, y: 0.2, width: 0.6, height: 0.3}, masks: [{x: 0.1, y: 0.2, width: 0.6, height: 0.3}]}",
            "all of `region`",
        ),
    ],
)
def test_masks_that_leave_a_lane_nothing_to_read_are_refused(view: str, said: str):
    [problem] = problems(looking(view))
    assert problem.path == "lanes[0].view.masks"
    assert problem.message == f"no plate could be read: the masks cover {said}"


@pytest.mark.parametrize(
    "view",
    [
        "{masks: []}",
        f"{{masks: [{HALF_AND_REST}]}}",
        f"{{region: {{x: 0.1, y: 0.2, width: 0.61, height: 0.3}}, masks: [{HALF_AND_REST}]}}",
        "{masks: [{x: 0, y: 0, width: 1, height: 0.5}, {x: 0, y: 0.52, width: 1, height: 0.48}]}",
    ],
)
def test_masks_that_leave_something_are_taken(view: str):
    assert told(looking(view)) == []


OF_THE_PICTURE = "a share of the picture is expected, from 0 to 1"


@pytest.mark.parametrize(
    ("view", "key", "said"),
    [
        ("{region: {x: 10, y: 0, width: 0.8, height: 0.5}}", "region.x", f"{OF_THE_PICTURE}: 0.1 for 10 %"),
        ("{region: {x: 0, y: 25%, width: 0.8, height: 0.5}}", "region.y", f"{OF_THE_PICTURE}: 0.25 for 25 %"),
        ("{region: {x: 0, y: 0, width: 1280, height: 0.5}}", "region.width", f"{OF_THE_PICTURE}: 0.1 for 10 %"),
        ("{region: {x: -0.1, y: 0, width: 0.8, height: 0.5}}", "region.x", "at least 0 is expected"),
        ("{region: {x: left, y: 0, width: 0.8, height: 0.5}}", "region.x", "a number is expected"),
        ("{min_plate_share: 6}", "min_plate_share", f"{OF_THE_PICTURE}: 0.06 for 6 %"),
    ],
)
def test_percent_and_pixels_of_a_picture_are_told_as_its_shares(view: str, key: str, said: str):
    [problem] = problems(looking(view))
    assert (problem.path, problem.message) == (f"lanes[0].view.{key}", said)


def seen_by(camera: str) -> str:
    """The right file with another first camera."""
    return altered(("{driver: opencv, source: rtsp://10.0.0.9/1}", camera))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("min_confidence: 85", "a share is expected, from 0 to 1: 0.85 for 85 %"),
        ("min_confidence: 85 %", "a share is expected, from 0 to 1: 0.85 for 85 %"),
        ("confidence_unsaid: 1.5", "a share is expected, from 0 to 1: 0.015 for 1.5 %"),
    ],
)
def test_how_sure_a_camera_has_to_be_is_a_share(written: str, said: str):
    [problem] = problems(seen_by(f"{{driver: http_plates, token_env: T, {written}}}"))
    assert problem.message == said


CAMERAS = "opencv, twin, dahua, frigate, hikvision, http_plates"
FRIGATE = "driver: frigate, host: 127.0.0.1, camera: in"


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (f"{{{FRIGATE}, full_confidence: 255}}", "unknown key: it is one of driver: dahua"),
        ("{driver: http_plates, token: hunter2hunter2}",
         "no secret stands in this file: name a variable with token_env or a file with token_file"),
        ("{driver: hikvision, post: {secret: hunter2hunter2}}",
         "no secret stands in this file: name a variable with token_env or a file with token_file"),
        ("{driver: rtsp, source: rtsp://10.0.0.9/1}",
         f'there is no such driver, only {CAMERAS}; did you mean "opencv"?'),
        ("{driver: webhook, token_env: T}", f'there is no such driver, only {CAMERAS}; did you mean "http_plates"?'),
        ("{driver: crystal-ball}", f"there is no such driver, only {CAMERAS}"),
        ("{driver: opencv, url: rtsp://10.0.0.9/1}", 'unknown key; did you mean "source"?'),
        ("{driver: opencv, source: 0, user: gate}", 'unknown key; did you mean "username"?'),
        ("{driver: opencv, source: 0, min_plate_share: 0.05}", "unknown key here: it goes into `lanes[0].view`"),
        ("{driver: opencv, source: 0}\n    min_plate_share: 0.05", "unknown key here: it goes into `lanes[0].view`"),
        ("{driver: opencv, source: 0}\n    lookalikes: ask", "unknown key here: it goes into `tickets`"),
        ("{driver: opencv, source: 0}\n    view: {countries: [de]}", "unknown key here: it goes into `vision`"),
        ("{driver: opencv, source: 0}\n    timming: {}", 'unknown key; did you mean "timing"?'),
    ],
)  # fmt: skip
def test_a_camera_that_is_written_like_another_or_elsewhere_is_told_what_belongs_where(camera: str, said: str):
    assert [problem.message for problem in problems(seen_by(camera))] == [said]


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("192.168.1.20", "192.168.1.20"),
        ("192.168.1.20:554/Streaming/Channels/101", "192.168.1.20:554"),
        ("admin:hunter2@192.168.1.20/live", "192.168.1.20"),
    ],
)
def test_a_cameras_address_without_its_beginning_is_no_recording(source: str, address: str):
    [problem] = problems(seen_by(f"{{driver: opencv, source: '{source}'}}"))
    assert problem.path == "lanes[0].camera.source"
    assert problem.message.startswith(f"this is an address without its beginning: rtsp://{address}/... is expected")
    assert "hunter2" not in problem.message


@pytest.mark.parametrize("source", ["192.168.1.20.mp4", "clips/192.168.1.20", "./10.0.0.1", "0", "lane.avi"])
def test_a_recording_may_be_named_after_an_address(source: str):
    assert told(seen_by(f"{{driver: opencv, source: '{source}'}}")) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("lots", ['a size in megabytes is expected, such as 512, "512 MB" or "1 GB"']),
        ("512 kB", ['a size in megabytes is expected, such as 512, "512 MB" or "1 GB"']),
        ("0.5", ['a size in megabytes is expected, such as 512, "512 MB" or "1 GB"']),
        ("128 MB", ["at least 256 is expected"]),
        ("512 MB", []),
        ("2 GB", []),
        ("512", []),
    ],
)
def test_the_readers_memory_is_a_size_in_megabytes(written: str, said: list[str]):
    assert [problem.message for problem in problems(f"{RIGHT}vision: {{memory: {written}}}\n")] == said


@pytest.mark.parametrize("memory", [None, 512])
def test_the_readers_settings_reach_its_process_as_they_are(memory: int | None):
    settings = VisionSettings(memory=memory)
    assert VisionSettings.model_validate_json(settings.model_dump_json()) == settings


def test_one_thing_where_a_list_is_expected_is_shown_as_a_list():
    text = f"{RIGHT}vision: {{countries: nl}}\n"
    assert told(text) == [
        "32:21 vision.countries: a list is expected: lines that begin with a dash, or [nl]",
    ]
