"""Calibrate a scenario to what was observed, and say how far the result is to be trusted."""
