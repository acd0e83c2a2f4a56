"""Describes the world before t = 0: the scenario file, the road network, the demand."""
