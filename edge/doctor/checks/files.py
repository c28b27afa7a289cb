"""The files that a lot needs: the plate reader's weights, the broker's authority, recordings, the store itself."""

from __future__ import annotations

import ssl
from pathlib import Path

from drivers.broker import BrokerSettings
from drivers.contract import CameraSettings
from edge.doctor.findings import About
from edge.doctor.needs import brokers
from edge.doctor.person import Person
from edge.doctor.subject import Found, Subject
from edge.vision.readers import weights
from edge.vision.readers.weights import WeightsError
from edge.vision.settings import VisionSettings

CHECK = "files"


def look(subject: Subject) -> Found:
    person = subject.machine.person
    yield from _readable(About(CHECK, "configuration"), subject.config, person)
    yield from _weights(subject.settings.vision, person)
    yield from _recordings(subject)
    yield from _authorities(subject)
    if subject.store.exists():
        yield from _own_files(subject.store, person)


def _readable(about: About, path: Path, person: Person) -> Found:
    if person.may_read(path):
        yield about.ok(f"{path} can be read by {person.name}")
    else:
        yield about.fail(
            f"{path} can't be read by {person.name}, as whom the daemon runs",
            f"chgrp {person.name} {path}; chmod 640 {path}; the folders above it have to let {person.name} through",
        )


def _weights(vision: VisionSettings, person: Person) -> Found:
    about = About(CHECK, "vision")
    if vision.reader == "rapidocr":
        yield about.ok("plates are read with RapidOCR, as configured")
        return
    try:
        found = weights.find(vision.weights)
    except WeightsError as error:
        fix = "`parkgate-edge weights install --from FOLDER` brings fast-alpr's weights"
        if vision.reader == "fast-alpr":
            yield about.fail(f"fast-alpr's weights can't be used: {error}", fix)
        else:
            yield about.warn(f"plates are read with RapidOCR, which reads one in four wrong: {error}", fix)
        return
    hidden = [file.path for file in found.files if not person.may_read(file.path)]
    if hidden:
        yield about.fail(f"{person.name} can't read {', '.join(map(str, hidden))}", f"chmod -R a+rX {found.folder}")
    else:
        yield about.ok(f"fast-alpr's weights are in {found.folder} ({found.detector.path.name})")


def _recordings(subject: Subject) -> Found:
    for part in subject.parts:
        source = getattr(part.settings, "source", "")
        if part.settings.contract is not CameraSettings or not getattr(part.settings, "is_recording", False):
            continue
        about, path = About(CHECK, part.name), Path(source)
        if not path.is_file():
            where = "" if path.is_absolute() else f"; it is looked for in {Path.cwd()}, where the doctor was started"
            yield about.fail(f"there is no file {path}{where}", "The camera's `source`; write the whole path")
        else:
            yield from _readable(about, path, subject.machine.person)


def _authorities(subject: Subject) -> Found:
    known: list[tuple[str, BrokerSettings]] = [
        (broker.settings.address, broker.settings) for broker in brokers(subject.parts).values()
    ]
    if subject.settings.link is not None:
        known.append(("link", subject.settings.link))
    for name, broker in known:
        if broker.tls is None or broker.tls.ca is None:
            continue
        about, ca = About(CHECK, name), broker.tls.ca
        try:
            broker.tls_context()
        except ssl.SSLError:
            yield about.fail(f"{ca} holds no certificate", "The authority's file in PEM, as the operator gave it")
        except OSError as error:
            yield about.fail(f"{ca} can't be read: {error.strerror}", f"The file {ca}, and who may read it")
        else:
            yield from _readable(about, ca, subject.machine.person)


def _own_files(store: Path, person: Person) -> Found:
    """A daemon that was once started as root leaves files behind that its own user can't write."""
    about = About(CHECK, "store")
    own = [store, *(store.with_name(store.name + end) for end in ("-wal", "-shm", ".lock", ".head", ".tables"))]
    foreign = [path for path in own if path.exists() and not person.may_use(path)]
    if foreign:
        names = " ".join(map(str, foreign))
        yield about.fail(f"{person.name} can't write {names}", f"chown {person.name}: {names}")
    else:
        yield about.ok(f"{store} is {person.name}'s to write")
