"""Audio files: soundfile reads and writes the samples, the channel mask says where they belong."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import numpy
import numpy.typing

from . import _core, _mask
from ._audio import Audio, Samples, layout_for

#: Bits of the whole-number formats.
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
#: Formats whose samples do not fit into float32.
_WIDE = {"PCM_32", "DOUBLE"}
#: What the 32-bit lengths of a WAV file can count, less room for its header.
_WAV_BYTES = (1 << 32) - 4096


class File:
    """An open audio file that is read block by block, in the order of its layout."""

    def __init__(self, path: str | os.PathLike[str], layout: str | None = None) -> None:
        import soundfile

        self.path = pathlib.Path(path)
        try:
            self._file: Any = soundfile.SoundFile(self.path)
        except (soundfile.LibsndfileError, OSError) as error:
            if not self.path.exists():
                raise FileNotFoundError(f"{self.path}: there is no such file") from error
            raise ValueError(f"{self.path}: not an audio file that can be read ({error})") from error
        self.rate_hz: int = self._file.samplerate
        self.frames: int = self._file.frames
        self.channels: int = self._file.channels
        subtype: str = self._file.subtype
        self.bit_depth = _BITS.get(subtype)
        self.dtype = "float64" if subtype in _WIDE else "float32"
        try:
            _mask.check_whole(self.path)
            self.layout = self._layout(layout)
            # A layout that WAVE has no order for comes in its own, that of BS.2051.
            order = _core.wave_order(self.layout) if self.layout in _mask.MASKS else None
        except ValueError as error:
            self.close()
            raise ValueError(f"{self.path}: {error}") from error
        # Channel i of the layout is channel `places[i]` of the file.
        self._places = None if order is None else numpy.argsort(order)

    def _layout(self, layout: str | None) -> str:
        if layout is not None:
            layout = _core.layout_name(layout)
            expected = dict(_core.layouts())[layout]
            if expected != self.channels:
                raise ValueError(
                    f"it has {self.channels} channel(s), layout {layout} has {expected}"
                )
            return layout
        found = _mask.of_file(self.path, self._file.format, self.channels)
        return found if found is not None else layout_for(None, self.channels)

    def read(self, frames: int = -1) -> Samples:
        """Return the next frames, shape ``(channels, frames)``; all that are left by default."""
        import soundfile

        try:
            samples: Samples = self._file.read(frames, dtype=self.dtype, always_2d=True).T
        except soundfile.LibsndfileError as error:
            raise ValueError(f"{self.path}: it cannot be read to its end ({error})") from error
        return samples if self._places is None else samples[self._places]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> File:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(path: str | os.PathLike[str], layout: str | None = None) -> Audio:
    """Read an audio file: WAV, RF64, FLAC, AIFF and whatever else soundfile reads.

    Channels are put into the order of the layout. Samples are float32, or float64 where the file
    holds more than float32 can.

    Parameters
    ----------
    path : path-like
        The file.
    layout : str, optional
        Name of the layout. Needed for more than two channels where the file does not say.

    Returns
    -------
    Audio

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        A file that cannot be read, or whose layout is not known: the text says what to pass.
    """
    with File(path, layout) as file:
        return Audio(
            file.read(),
            file.rate_hz,
            file.layout,
            title=file.path.stem,
            bit_depth=file.bit_depth,
        )


def _whole_numbers(samples: Samples, bits: int) -> numpy.typing.NDArray[numpy.int32]:
    """Return the samples as whole numbers of so many bits, rounded, at the top of 32 bits.

    libsndfile's own conversion rounds in FLAC files and cuts in WAV files.
    """
    full_scale = 2.0 ** (bits - 1)
    rounded = numpy.rint(samples.astype(numpy.float64) * full_scale)
    within = rounded.clip(-full_scale, full_scale - 1).astype(numpy.int32)
    return within << (32 - bits)


def write(path: str | os.PathLike[str], audio: Audio, subtype: str = "PCM_24") -> None:
    """Write an audio file; its suffix says the format (``.wav``, ``.flac``, ``.rf64`` and others).

    A WAV or RF64 file of more than two channels states its layout in its channel mask.

    Parameters
    ----------
    path : path-like
        The file; it is overwritten.
    audio : Audio
        What is written.
    subtype : str, default "PCM_24"
        ``"PCM_16"``, ``"PCM_24"``, ``"PCM_32"``, ``"FLOAT"``, ``"DOUBLE"``. Whole numbers are
        rounded without dither.

    Raises
    ------
    ValueError
        A rate that is no whole number, samples that are not finite, samples over full scale in a
        whole-number format, a layout that the format cannot state, or more than 4 GiB in a WAV
        file.
    OSError
        A place that cannot be written to.
    """
    import soundfile

    path = pathlib.Path(path)
    if not isinstance(audio, Audio):
        raise TypeError(
            f"audio is a {type(audio).__name__}, expected an Audio: mixcore.Audio(samples, rate_hz)"
        )
    if audio.rate_hz != int(audio.rate_hz):
        raise ValueError(f"rate_hz is {audio.rate_hz}, a file holds whole numbers only")
    suffix = path.suffix[1:].upper()
    container = {"WAV": "WAV", "WAVE": "WAV", "AIF": "AIFF"}.get(suffix, suffix)
    if container not in soundfile.available_formats():
        raise ValueError(f"{path}: no format is called {suffix!r}, use .wav or .flac")
    if not soundfile.check_format(container, subtype):
        allowed = ", ".join(soundfile.available_subtypes(container))
        raise ValueError(f"{path}: subtype is {subtype!r}, allowed in {container}: {allowed}")
    samples = audio.samples
    size = samples.size * (_BITS.get(subtype, 8 * samples.itemsize) // 8)
    if container == "WAV" and size > _WAV_BYTES:
        raise ValueError(f"{path}: {size} bytes are too many for a WAV file: write .rf64")
    if not numpy.isfinite(samples).all():
        raise ValueError("the samples are not all finite: replace them, with numpy.nan_to_num")
    peak = float(numpy.abs(samples).max(initial=0.0))
    if subtype in _BITS and peak > 1.0:
        raise ValueError(
            f"the samples reach {peak:.4f}, {subtype} ends at 1.0 and would clip: limit them "
            "first (mixcore.dynamics.Limiter) or write subtype='FLOAT'"
        )
    mask = _mask.MASKS.get(audio.layout)
    masked = container in ("WAV", "RF64") and audio.channels > 2
    if masked and mask is None:
        raise ValueError(
            f"a {container} file cannot state layout {audio.layout}, allowed: {', '.join(_mask.MASKS)}"
        )
    if not masked and audio.channels > 2 and not _mask.implied(container, audio.layout):
        raise ValueError(
            f"a {container} file cannot state layout {audio.layout}: write a .wav file"
        )
    stored = _whole_numbers(samples, _BITS[subtype]) if subtype in _BITS else samples
    # libsndfile says no more than "System error" of a place that it cannot open.
    with path.open("wb"):
        pass
    soundfile.write(
        path,
        stored[_core.wave_order(audio.layout)].T,
        int(audio.rate_hz),
        subtype=subtype,
        format="WAVEX" if masked and container == "WAV" else container,
    )
    if masked and mask is not None:
        _mask.set_in_file(path, mask)
