"""A lot that exists only on the wire: cars, cameras, loops and arms, spoken over MQTT and HTTP."""
