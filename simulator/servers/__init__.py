"""Real servers for the demo, the tests, the benches and the chaos runs: two MQTT brokers and PostgreSQL."""

from simulator.servers.binaries import Binaries, debian_binaries, wheel_binaries
from simulator.servers.mosquitto import Mosquitto
from simulator.servers.ports import free_port
from simulator.servers.postgres import Postgres
from simulator.servers.process import Server, ServerError
from simulator.servers.rumqtt import RumqttBroker

__all__ = [
    "Binaries",
    "Mosquitto",
    "Postgres",
    "RumqttBroker",
    "Server",
    "ServerError",
    "debian_binaries",
    "free_port",
    "wheel_binaries",
]
