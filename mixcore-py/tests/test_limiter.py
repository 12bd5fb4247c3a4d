"""The limiter on arrays: streaming, rendering, output arrays."""

from __future__ import annotations

import mixcore
import numpy
import pytest
from conftest import RATE_HZ, Array, programme


def test_the_ceiling_holds_on_a_meter_of_its_own(music: Array) -> None:
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo", ceiling_dbtp=-3.0)
    found = mixcore.measure(limiter.render(music * 4), RATE_HZ)
    # Promise 3: at most 0.01 dB over, at least 0.1 dB under.
    assert -3.1 <= float(found.true_peak_dbtp or 0) <= -2.99
    assert limiter.latency_frames == 718


def test_what_is_below_the_ceiling_passes_bit_for_bit(music: Array) -> None:
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    assert numpy.array_equal(limiter.render(music), music)
    late = limiter.process(music)
    lag = limiter.latency_frames
    assert numpy.array_equal(late[:, lag:], music[:, :-lag]) and not late[:, :lag].any()


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
@pytest.mark.parametrize("frames", [0, 1, 300, 6007])
def test_render_is_process_without_its_latency(dtype: type, frames: int) -> None:
    clip = programme(2, frames, dtype)
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    rendered = limiter.render(clip)
    lag = limiter.latency_frames
    flushed = limiter.process(numpy.concatenate([clip, numpy.zeros((2, lag), dtype)], axis=1))
    assert rendered.dtype == dtype and rendered.shape == clip.shape
    assert numpy.array_equal(rendered, flushed[:, lag:])


def test_out_may_be_any_array_of_that_shape_and_the_input_itself() -> None:
    clip = programme(2, 6007, numpy.float32)
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    expected = limiter.render(clip)
    for out in (numpy.empty_like(clip), numpy.empty((6007, 2), numpy.float32).T):
        assert limiter.render(clip, out=out) is out
        assert numpy.array_equal(out, expected)
    # Memory that the input shares is read before it is written.
    long = numpy.zeros((2, 6107), numpy.float32)
    long[:, 100:] = clip
    limiter.render(long[:, 100:], out=long[:, :6007])
    assert numpy.array_equal(long[:, :6007], expected)
    in_place = clip.copy()
    limiter.render(in_place, out=in_place)
    assert numpy.array_equal(in_place, expected)
    turned = limiter.render(numpy.ascontiguousarray(clip.T), frames_first=True)
    assert turned.shape == (6007, 2) and numpy.array_equal(turned.T, expected)
    mono = mixcore.dynamics.Limiter(RATE_HZ, "mono")
    assert mono.render(clip[0]).shape == (6007,)


def test_parameters_move_and_are_checked() -> None:
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "mono")
    loud = numpy.full(48_000, 2.0, dtype=numpy.float32)
    limiter.ceiling_dbtp = -6.0
    assert abs(limiter.process(loud)[-1]) <= 10 ** (-6 / 20)
    # +6.02 dB to -6 dB, and the 0.06 dB that the limiter stays below its ceiling.
    assert limiter.gain_reduction_db == pytest.approx(12.08, abs=0.01)
    with pytest.raises(ValueError, match="ceiling_dbtp is 3, allowed is -60 to 0"):
        limiter.ceiling_dbtp = 3.0
    with pytest.raises(ValueError, match="lookahead_ms"):
        mixcore.dynamics.Limiter(RATE_HZ, "mono", lookahead_ms=1e9)
    assert eval(repr(limiter)).ceiling_dbtp == -6.0
