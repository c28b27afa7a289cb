"""Reads the photographs and recordings of a person at the prompt."""
