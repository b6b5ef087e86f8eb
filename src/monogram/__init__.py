"""Monogram: one model per person, at close to the price of one."""

__version__ = "0.1.0"
