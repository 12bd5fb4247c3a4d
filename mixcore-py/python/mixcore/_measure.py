"""Measuring arrays and judging what was measured."""

from __future__ import annotations

from collections.abc import Iterable

import numpy.typing

from . import _core
from ._audio import Audio, channels_of, layout_for
from ._core import Measurement, Report, Spec


def measure(
    audio: Audio | numpy.typing.ArrayLike,
    rate_hz: float | None = None,
    layout: str | None = None,
    *,
    dialogue: Audio | numpy.typing.ArrayLike | None = None,
    dialogue_regions: Iterable[tuple[float, float]] | None = None,
    frames_first: bool = False,
    dual_mono: bool = False,
    title: str = "",
) -> Measurement:
    """Measure a whole programme: loudness, true peak, dialogue, fold-downs.

    Parameters
    ----------
    audio : Audio or ndarray of float32 or float64
        An array has the shape ``(channels, frames)``, or ``(frames,)`` for mono.
    rate_hz : float, optional
        Sample rate; an array needs it, an :class:`Audio` has it.
    layout : str, optional
        Name of the layout; an array of more than two channels needs it.
    dialogue : Audio or ndarray, optional
        The dialogue stem of the same programme, same length: it says where dialogue is active, for
        the dialogue readings. A mono stem counts as placed at the front centre.
    dialogue_regions : iterable of (float, float), optional
        Where somebody speaks, as pairs of start and end in seconds, from an edit or another
        detector. They decide instead of the stem's activity; no stem is needed then.
    frames_first : bool, default False
        Arrays have the shape ``(frames, channels)``.
    dual_mono : bool, default False
        A mono programme is heard from two loudspeakers and reads 3.01 LU more.
    title : str, optional
        Name for reports.

    Returns
    -------
    Measurement

    Raises
    ------
    ValueError
        No rate for a bare array, a shape that does not fit the layout, stems of another length,
        a region that does not end after its start.
    TypeError
        A dtype that is neither float32 nor float64.

    Examples
    --------
    >>> import numpy, mixcore
    >>> tone = 0.5 * numpy.sin(2 * numpy.pi * 1000 * numpy.arange(480000) / 48000)
    >>> found = mixcore.measure(numpy.stack([tone, tone]), 48000)
    >>> round(found.integrated_lufs, 1), round(found.true_peak_dbtp, 1)
    (-6.0, -6.0)
    """
    bit_depth = None
    if isinstance(audio, Audio):
        if frames_first:
            raise ValueError("frames_first is for arrays: an Audio knows its orientation")
        for name, given, own in (
            ("rate_hz", rate_hz, audio.rate_hz),
            ("layout", None if layout is None else _core.layout_name(layout), audio.layout),
        ):
            if given is not None and given != own:
                raise ValueError(f"{name} is {given}, but the audio's own is {own}: leave it out")
        samples, rate_hz, layout = audio.samples, audio.rate_hz, audio.layout
        title = title or audio.title
        bit_depth = audio.bit_depth
    else:
        if rate_hz is None:
            raise ValueError(
                "a bare array has no sample rate: pass rate_hz, such as "
                "mixcore.measure(samples, 48000)"
            )
        samples = _core.as_audio(audio, "audio")
        layout = layout_for(layout, channels_of(samples, frames_first))
    stem = None
    if isinstance(dialogue, Audio):
        if dialogue.rate_hz != rate_hz:
            raise ValueError(
                f"the dialogue stem has {dialogue.rate_hz:g} Hz, the programme {rate_hz:g} Hz"
            )
        stem = dialogue.samples.T if frames_first else dialogue.samples
    elif dialogue is not None:
        stem = _core.as_audio(dialogue, "dialogue")
    frames = samples.shape[0 if frames_first or samples.ndim == 1 else 1]
    measurer = _core.Measurer(
        rate_hz,
        layout,
        frames,
        title=title,
        dual_mono=dual_mono,
        dialogue=stem is not None,
        bit_depth=bit_depth,
        dialogue_regions=None if dialogue_regions is None else list(dialogue_regions),
    )
    measurer.push(samples, stem, frames_first=frames_first)
    return measurer.finish()


def verify(audio: Audio | Measurement, spec: Spec | str) -> Report:
    """Judge a programme by a delivery specification.

    Parameters
    ----------
    audio : Audio or Measurement
        An :class:`Audio` is measured first; a :class:`Measurement` can be judged many times.
    spec : Spec or str
        A specification, or the id of a preset.

    Returns
    -------
    Report

    Examples
    --------
    >>> import numpy, mixcore
    >>> silence = mixcore.Audio(numpy.zeros((2, 480000)), 48000)
    >>> mixcore.verify(silence, "ebu-r128").passed
    False
    """
    if isinstance(audio, Audio):
        audio = measure(audio)
    elif not isinstance(audio, Measurement):
        raise TypeError(
            f"audio is a {type(audio).__name__}, expected an Audio or a Measurement: "
            "measure an array first, with mixcore.measure(samples, rate_hz)"
        )
    if isinstance(spec, str):
        spec = _core.spec(spec)
    return _core.verify(audio, spec)
