"""One file for each way of touching hardware. Each declares its settings and its faults."""
