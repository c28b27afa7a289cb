"""The cloud's MQTT broker: who may speak there, as whom, and how it proves who it is. Mosquitto 2 reads these files.

`thread` is the other side: it serves the cloud's own connections.
"""
