"""Loudness and true peak as the standards define them."""

from ._core import Meter

__all__ = ["Meter"]
