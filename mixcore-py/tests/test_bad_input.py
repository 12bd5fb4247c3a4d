"""What is wrong is said, with the way out; nothing crashes and nothing is half done."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import mixcore
import numpy
import pytest
from conftest import RATE_HZ, Array
from numpy.lib.stride_tricks import as_strided

GOOD = numpy.zeros((2, 480), dtype=numpy.float32)


def refuse(*_: object) -> Array:
    """Stand in for a tensor that cannot become an array."""
    raise RuntimeError("this tensor is on another device")


def entries() -> dict[str, Callable[[Any], object]]:
    """Return every call that takes audio."""
    return {
        "Audio": lambda x: mixcore.Audio(x, RATE_HZ, "stereo"),
        "measure": lambda x: mixcore.measure(x, RATE_HZ, "stereo"),
        "push": lambda x: mixcore.loudness.Meter(RATE_HZ, "stereo").push(x),
        "process": lambda x: mixcore.dynamics.Limiter(RATE_HZ, "stereo").process(x),
        "render": lambda x: mixcore.dynamics.Limiter(RATE_HZ, "stereo").render(x),
    }


@pytest.mark.parametrize("name", entries())
@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        (GOOD.astype("int16"), TypeError, "x.astype(numpy.float32) / 32768"),
        (GOOD.astype("float16"), TypeError, "x.astype(numpy.float32)"),
        (GOOD.astype("complex64"), TypeError, "x.real"),
        (GOOD.astype(">f4"), TypeError, "byte order"),
        (GOOD.astype(object), TypeError, "dtype object"),
        (GOOD.astype(bool), TypeError, "dtype bool"),
        (GOOD.astype("uint8"), TypeError, "silence to 0.0"),
        (GOOD.astype("int64"), TypeError, "-1.0 to 1.0"),
        (numpy.ma.masked_equal(GOOD, 1.0), TypeError, "x.filled(0.0)"),
        (GOOD.view(type("Masked", (numpy.ma.MaskedArray,), {})), TypeError, "x.filled(0.0)"),
        (type("Tensor", (), {"__array__": refuse})(), RuntimeError, "on another device"),
        (numpy.zeros((2, 2, 4), "float32"), ValueError, "3 dimensions"),
        (numpy.array(1.0), ValueError, "0 dimensions"),
        (numpy.float32(1.0), TypeError, "is a <class 'numpy.float32'>"),
        (GOOD.T, ValueError, "transpose"),
        (numpy.zeros((0, 480)), ValueError, "0 channel"),
        (numpy.zeros(480), ValueError, "1 channel"),
        ("a.wav", TypeError, "mixcore.read"),
        (None, TypeError, "NoneType"),
        (b"abcd", TypeError, "bytes"),
    ],
)
def test_what_is_no_audio_is_refused(
    name: str, bad: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        entries()[name](bad)
    assert text in str(caught.value), str(caught.value)


def test_an_audio_is_taken_apart_by_the_caller() -> None:
    with pytest.raises(TypeError, match="pass its .samples"):
        mixcore.loudness.Meter(RATE_HZ, "stereo").push(mixcore.Audio(GOOD, RATE_HZ))  # type: ignore[arg-type]


def test_a_bare_array_needs_its_rate_and_a_large_one_its_layout() -> None:
    with pytest.raises(ValueError, match="bare array has no sample rate: pass rate_hz"):
        mixcore.measure(GOOD)
    with pytest.raises(ValueError, match="pass layout='5.1'"):
        mixcore.measure(numpy.zeros((6, 480)), RATE_HZ)
    with pytest.raises(ValueError, match="frames_first=True"):
        mixcore.measure(numpy.zeros((480, 2)), RATE_HZ)
    with pytest.raises(ValueError, match="rate_hz is 7000, allowed is 8000"):
        mixcore.measure(GOOD, 7000)
    with pytest.raises(ValueError, match="rate_hz is NaN"):
        mixcore.loudness.Meter(float("nan"), "stereo")
    with pytest.raises(ValueError, match='unknown layout "5.3"'):
        mixcore.measure(GOOD, RATE_HZ, "5.3")
    with pytest.raises(ValueError, match='unknown true_peak "best"'):
        mixcore.loudness.Meter(RATE_HZ, "stereo", true_peak="best")
    with pytest.raises(ValueError, match="but the audio's own is 48000"):
        mixcore.measure(mixcore.Audio(GOOD, RATE_HZ), 44_100)
    with pytest.raises(TypeError, match="measure an array first"):
        mixcore.verify(GOOD, "ebu-r128")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ebu-r128"):
        mixcore.spec("ebu-128")
    with pytest.raises(ValueError, match="6.1"):
        mixcore.spatial.downmix_matrix("6.1", "stereo")


def read_only() -> Array:
    array = numpy.empty_like(GOOD)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        (read_only(), ValueError, "read-only"),
        (numpy.empty((2, 480)), TypeError, "out has dtype float64, the input has float32"),
        (numpy.empty((2, 479), "float32"), ValueError, "shape"),
        (numpy.empty((480, 2), "float32"), ValueError, "shape"),
        (as_strided(numpy.zeros(480, "float32"), (2, 480), (0, 4)), ValueError, "in one place"),
        (as_strided(numpy.zeros(999, "float32"), (2, 480), (4, 4)), ValueError, "in one place"),
        ([0.0], TypeError, "expected a NumPy array"),
    ],
)
def test_an_output_that_does_not_fit_is_refused_before_anything_happens(
    out: Any, error: type[Exception], text: str
) -> None:
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    loud = numpy.full_like(GOOD, 2.0)
    with pytest.raises(error, match=text):
        limiter.process(loud, out=out)
    # Nothing went in: the next block is the first.
    fresh = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    tail = numpy.ones((2, 2000), numpy.float32)
    assert numpy.array_equal(limiter.process(tail), fresh.process(tail))


def test_one_dtype_at_a_time() -> None:
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    limiter.process(GOOD)
    with pytest.raises(TypeError, match="was fed float32 and now gets float64"):
        limiter.process(GOOD.astype("float64"))
    limiter.reset()
    assert limiter.process(GOOD.astype("float64")).dtype == numpy.float64


def test_what_is_refused_leaves_no_trace() -> None:
    wide = numpy.zeros((3, 480))
    meter = mixcore.loudness.Meter(RATE_HZ, "stereo", max_duration_s=1.0)
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    for call in (meter.push, limiter.process, limiter.render):
        with pytest.raises(ValueError, match="3 channel"):
            call(wide)
    # Their float64 has not decided for float64.
    limiter.process(GOOD)
    meter.push(GOOD)
    # Longer than a piece that is gathered at a time, and than there is room for.
    with pytest.raises(ValueError, match="built for 1 s and is full"):
        meter.push(numpy.zeros((2, 3 * RATE_HZ), dtype=numpy.float32))
    assert meter.frames == GOOD.shape[1]


def test_a_clip_that_memory_cannot_hold_is_an_error() -> None:
    # More than any address space in four bytes: every frame is the same sample.
    endless = numpy.broadcast_to(numpy.float32(0.0), (2, 1 << 58))
    with pytest.raises(MemoryError, match="block by block"):
        mixcore.dynamics.Limiter(RATE_HZ, "stereo").render(endless)
    with pytest.raises(ValueError, match="max_duration_s"):
        mixcore.measure(endless, RATE_HZ)


class Meddler:
    """Is asked for its samples inside a call, and has another thread use the same object then."""

    def __init__(self, call: Callable[[Any], object]) -> None:
        self.call = call
        self.errors: list[BaseException] = []

    def meddle(self) -> None:
        try:
            self.call(GOOD)
        except RuntimeError as error:
            self.errors.append(error)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        thread = threading.Thread(target=self.meddle)
        thread.start()
        thread.join()
        return GOOD


def test_a_second_thread_on_one_object_gets_an_error() -> None:
    meter = mixcore.loudness.Meter(RATE_HZ, "stereo")
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    calls: list[Callable[[Any], object]] = [meter.push, limiter.process, limiter.render]
    for call in calls:
        meddler = Meddler(call)
        call(meddler)
        assert len(meddler.errors) == 1 and "another thread" in str(meddler.errors[0])
    # What was refused left no trace.
    assert meter.frames == GOOD.shape[1]


def test_the_interpreter_is_free_during_a_call() -> None:
    meter = mixcore.loudness.Meter(RATE_HZ, "stereo", max_duration_s=36_000.0)
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "stereo")
    long = numpy.random.default_rng(1).standard_normal((2, 20 * RATE_HZ)).astype("float32")
    pairs: list[tuple[Callable[[Any], object], Callable[[], object]]] = [
        (meter.push, lambda: meter.momentary_lufs),
        (limiter.process, limiter.reset),
        (limiter.render, limiter.reset),
    ]
    for call, look in pairs:
        seen, over = threading.Event(), threading.Event()

        def watch(
            look: Callable[[], object] = look,
            seen: threading.Event = seen,
            over: threading.Event = over,
        ) -> None:
            # An error means that the call is inside; to see it, Python must be free meanwhile.
            while not over.is_set() and not seen.is_set():
                try:
                    look()
                except RuntimeError:
                    seen.set()
                time.sleep(0.0005)

        thread = threading.Thread(target=watch)
        thread.start()
        for _ in range(200):
            with contextlib.suppress(RuntimeError):
                call(long)
            if seen.is_set():
                break
        over.set()
        thread.join()
        assert seen.is_set()


def test_threads_with_an_object_each_run_side_by_side(music: Array) -> None:
    expected = mixcore.measure(music, RATE_HZ).to_json()
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(mixcore.measure(music, RATE_HZ).to_json()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8
