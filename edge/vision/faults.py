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
    meaning="The stream is open but no new picture comes",
    does="Opens the stream anew; the lane does what `when_unread` says",
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
FAULTS = (UNREACHABLE, FROZEN, ENDED, CRASHED)
