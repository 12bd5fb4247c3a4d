"""Samples with what they need to mean something: rate and layout."""

from __future__ import annotations

import numpy
import numpy.typing

from ._core import as_audio, check_audio, layout_name, layouts

Samples = numpy.typing.NDArray[numpy.float32] | numpy.typing.NDArray[numpy.float64]

#: Layouts that a number of channels stands for without doubt.
_PLAIN = {1: "mono", 2: "stereo"}


def layout_for(layout: str | None, channels: int) -> str:
    """Return the layout's trade name; one or two channels need no name."""
    if layout is not None:
        return layout_name(layout)
    if channels in _PLAIN:
        return _PLAIN[channels]
    names = [name for name, count in layouts() if count == channels]
    if names:
        hint = "pass layout=" + " or ".join(repr(name) for name in names)
    else:
        hint = (
            "arrays are (channels, frames): if these are frames, "
            "pass frames_first=True or the transpose x.T"
        )
    raise ValueError(f"{channels} channels do not say what their layout is: {hint}")


def channels_of(samples: Samples, frames_first: bool) -> int:
    """Return the number of channels of an array, by its declared orientation."""
    return 1 if samples.ndim == 1 else int(samples.shape[1 if frames_first else 0])


class Audio:
    """Samples with their rate and layout.

    Parameters
    ----------
    samples : ndarray of float32 or float64
        Shape ``(channels, frames)``, or ``(frames,)`` for mono. Not copied where it fits.
    rate_hz : float
        Sample rate, 8 kHz to 384 kHz.
    layout : str, optional
        Name of the layout; needed for more than two channels.
    frames_first : bool, default False
        The shape is ``(frames, channels)``, as soundfile has it.
    title : str, default ""
        Name for reports.

    Attributes
    ----------
    samples : ndarray
        Shape ``(channels, frames)``.
    bit_depth : int or None
        Bits of a sample in the file that it was read from, for whole-number formats.

    Examples
    --------
    >>> import numpy, mixcore
    >>> audio = mixcore.Audio(numpy.zeros((2, 96000), dtype="float32"), 48000)
    >>> audio
    <mixcore.Audio stereo, 48000 Hz, 2.000 s, float32>
    """

    __slots__ = ("bit_depth", "layout", "rate_hz", "samples", "title")

    samples: Samples
    rate_hz: float
    layout: str
    title: str
    bit_depth: int | None

    def __init__(
        self,
        samples: numpy.typing.ArrayLike,
        rate_hz: float,
        layout: str | None = None,
        *,
        frames_first: bool = False,
        title: str = "",
        bit_depth: int | None = None,
    ) -> None:
        array = as_audio(samples, "the array")
        self.layout = layout_for(layout, channels_of(array, frames_first))
        check_audio(array, rate_hz, self.layout, frames_first=frames_first)
        if array.ndim == 1:
            array = array.reshape(1, -1)
        elif frames_first:
            array = array.T
        self.samples = array
        self.rate_hz = float(rate_hz)
        self.title = title
        self.bit_depth = bit_depth

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Samples per channel."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length, s."""
        return self.frames / self.rate_hz

    def __repr__(self) -> str:
        title = f"{self.title!r}, " if self.title else ""
        return (
            f"<mixcore.Audio {title}{self.layout}, {self.rate_hz:g} Hz, "
            f"{self.duration_s:.3f} s, {self.samples.dtype}>"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Audio):
            return NotImplemented
        return (
            (self.rate_hz, self.layout) == (other.rate_hz, other.layout)
            and self.samples.dtype == other.samples.dtype
            and numpy.array_equal(self.samples, other.samples)
        )

    __hash__ = None  # type: ignore[assignment]  # its samples can change
