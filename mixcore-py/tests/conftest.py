"""Signals that several tests use."""

from __future__ import annotations

from typing import Any

import numpy
import numpy.typing
import pytest

Array = numpy.typing.NDArray[Any]

RATE_HZ = 48_000


def noise(seed: int, frames: int) -> Array:
    """Return the white noise of the core's tests: the 32-bit LCG of Numerical Recipes."""
    state = numpy.empty(frames, dtype=numpy.uint64)
    value = seed
    for n in range(frames):
        value = (value * 1_664_525 + 1_013_904_223) & 0xFFFF_FFFF
        state[n] = value
    return (state >> numpy.uint64(8)).astype(numpy.float64) / (1 << 23) - 1.0


def programme(channels: int, frames: int, dtype: type) -> Array:
    """Return the programme whose output the golden hashes are of."""
    levels = numpy.array([0.05, 2.5, 0.0, 0.6, 0.05, 2.5, 0.6, 0.6])
    level = levels[numpy.arange(frames) * 8 // max(frames, 1)]
    rows: list[Array] = [noise(77 + 7919 * channel, frames).astype(dtype) for channel in range(channels)]
    audio: Array = numpy.stack(rows) * level.astype(dtype)
    return audio


@pytest.fixture(scope="session")
def music() -> Array:
    """Return 10 s of stereo: two tones that beat, and noise."""
    time_s = numpy.arange(10 * RATE_HZ) / RATE_HZ
    beat = numpy.sin(2 * numpy.pi * 440 * time_s) + numpy.sin(2 * numpy.pi * 442.5 * time_s)
    hiss = numpy.random.default_rng(5).standard_normal((2, time_s.size))
    return (0.2 * beat + 0.02 * hiss).astype(numpy.float32)
