"""What can go wrong between a lane's camera and its plate."""

from __future__ import annotations

from models.faults import Fault

UNREACHABLE = Fault(
    code="camera.unreachable",
    meaning="The camera's stream can't be opened, or was lost",
    does="Opens it again and again; the lane does what `when_unread` says",
    ends="Pictures come again",
    look_at="The camera's power and network, its address, user and password; for USB the cable",
)
FROZEN = Fault(
    code="camera.frozen",
    meaning="The stream is open but no new picture comes, or always the same one to the last bit",
    does="Reads none of them and opens the stream anew; the lane does what `when_unread` says",
    ends="New pictures come",
    look_at="The camera itself: restart it; then the load of the network",
)
ENDED = Fault(
    code="camera.ended",
    meaning="The recording that plays this camera has come to its end",
    does="Nothing: a recording is played once",
    ends="The daemon is started again",
    look_at="Nothing, if a recording was meant; else the camera's source in the configuration",
)
CRASHED = Fault(
    code="vision.crashed",
    meaning="The process that reads plates stopped or hung; it is being started again",
    does="Starts it again; the lanes do what `when_unread` says",
    ends="It reads again",
    look_at="The daemon's log; memory and temperature of the edge computer; the weights",
)
INTERRUPTED = Fault(
    code="vision.interrupted",
    meaning="The process that reads plates stopped or hung; the spare one took over at once",
    does="Reads on: who stands at the arm is read anew by the spare process, and another spare is started",
    ends="A minute has passed without another time",
    look_at="The daemon's log, if it comes again: it says what stopped the process, and over which camera's pictures",
)
POISONOUS = Fault(
    code="camera.poisonous",
    meaning="This camera's pictures crash the process that reads plates, again and again",
    does="Leaves this camera alone, each time for longer (30 seconds to half an hour), so that the other lanes are "
    "read; its own lane does what `when_unread` says",
    ends="Its pictures have been read for a minute without a crash",
    look_at="The camera: restart it, set its stream to H.264 or MJPEG, update its firmware; put another in its place "
    "to be sure. Where memory is named: `vision: memory:`",
)
UNUSABLE = Fault(
    code="camera.unusable",
    meaning="The camera sends pictures that can't be looked at: far too small, far too large, or none at all",
    does="Leaves them out; the lane does what `when_unread` says",
    ends="A picture comes that can be used",
    look_at="The address: whether it is the camera's main stream; the stream's size in the camera's own settings",
)
DARK = Fault(
    code="camera.dark",
    meaning="Nothing but black has been seen for a minute: there is no light at all, or the lens is covered",
    does="Reads on: a car's own lights may show its plate",
    ends="Something has been seen for a minute",
    look_at="The lane's lamp or the camera's infrared light; then the lens",
)
COVERED = Fault(
    code="camera.covered",
    meaning="The picture has been one plain colour for a minute: something is on or close before the lens",
    does="Reads on",
    ends="Something has been seen for a minute",
    look_at="The lens: paint, tape, a sticker, dirt, ice or a web; then whether the camera still looks at the lane",
)
DAZZLED = Fault(
    code="camera.dazzled",
    meaning="The picture has been all but white for a minute: sun or the camera's own infrared light blinds it",
    does="Reads on",
    ends="The picture has been other than white for a minute",
    look_at="What shines or reflects into the lens; the camera's exposure and infrared settings; dirt on its window",
)
PICTURES_NOT_KEPT = Fault(
    code="camera.pictures_not_kept",
    meaning="Pictures of this camera's vehicles can't be kept",
    does="Reads on; these vehicles have no picture on record",
    ends="A vehicle's picture is kept",
    look_at="The folder of pictures beside the store: who may write to it, and the room on its disk; of a camera that "
    "sends them itself, whether they are JPEGs",
)
STILL_READ = frozenset({DARK.code, COVERED.code, DAZZLED.code, INTERRUPTED.code, PICTURES_NOT_KEPT.code})
"""Told, but the lane isn't blind: its pictures are read as well as they can be"""
FAULTS = (
    *(UNREACHABLE, FROZEN, ENDED, CRASHED, INTERRUPTED, POISONOUS, UNUSABLE),
    *(DARK, COVERED, DAZZLED, PICTURES_NOT_KEPT),
)
