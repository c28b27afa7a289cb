"""Plates that cameras and recorders read themselves: from what they say to the events that lanes are told."""
