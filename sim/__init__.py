"""Runs a scenario: the clock, what happens at which time, what is watched, saved and shown."""
