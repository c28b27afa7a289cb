"""Plates made up, pictured badly, and misread: what the benches of confusions and matching share."""
