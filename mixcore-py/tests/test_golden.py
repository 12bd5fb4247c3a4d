"""The golden hashes of the Rust tests, reproduced through NumPy arrays."""

from __future__ import annotations

import csv
import hashlib
import os
import pathlib

import mixcore
import numpy
import pytest
from conftest import Array, programme

FRAMES = 6007
BLOCK = 480


def golden() -> dict[str, str]:
    """Return the hashes that Rust, Python and C share."""
    path = pathlib.Path(os.environ["MIXCORE_SOURCE"]) / "mixcore/tests/golden/hashes.csv"
    with path.open() as file:
        return {row["name"]: row["sha256"] for row in csv.DictReader(file)}


def digest(*arrays: Array) -> str:
    """Return the SHA-256 of samples in planar order, little-endian, -0 as +0."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update((array + array.dtype.type(0)).tobytes())
    return sha.hexdigest()


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
def test_the_limiter_gives_the_golden_bits(dtype: type) -> None:
    outputs = []
    for layout, channels in (("stereo", 2), ("5.1", 6)):
        limiter = mixcore.dynamics.Limiter(48_000, layout)
        audio = programme(channels, FRAMES, dtype)
        blocks = [limiter.process(audio[:, n : n + BLOCK]) for n in range(0, FRAMES, BLOCK)]
        outputs.append(numpy.concatenate(blocks, axis=1))
    name = f"limiter/f{numpy.dtype(dtype).itemsize * 8}"
    assert digest(*outputs) == golden()[name]


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
def test_the_meter_gives_the_golden_bits(dtype: type) -> None:
    meter = mixcore.loudness.Meter(48_000, "5.1", max_duration_s=10.0)
    meter.push(programme(6, 4 * 48_000, dtype))
    found = meter.measurement()
    readings = [
        found.integrated_lufs,
        found.momentary_max_lufs,
        found.short_term_max_lufs,
        found.loudness_range_lu,
        found.true_peak_dbtp,
        found.sample_peak_dbfs,
    ]
    name = f"meter/f{numpy.dtype(dtype).itemsize * 8}"
    assert digest(numpy.array(readings, dtype=numpy.float64)) == golden()[name]
