"""Measuring arrays: every view of the same samples gives the same numbers."""

from __future__ import annotations

from typing import Any

import mixcore
import numpy
import pytest
from conftest import RATE_HZ, Array


def value_of(reading: float | None) -> float:
    assert reading is not None
    return reading


def test_a_tone_reads_what_bs1770_says() -> None:
    # BS.1770-5, Annex 1: 0 dBFS at 997 Hz in one front channel is -3.01 LKFS.
    tone = numpy.sin(2 * numpy.pi * 997 * numpy.arange(5 * RATE_HZ) / RATE_HZ)
    found = mixcore.measure(tone, RATE_HZ)
    assert found.integrated_lufs == pytest.approx(-3.01, abs=0.005)
    assert mixcore.measure(tone, RATE_HZ, dual_mono=True).integrated_lufs == pytest.approx(
        0.0, abs=0.005
    )
    assert found.layout == "mono" and found.frames == 5 * RATE_HZ


def test_every_view_of_the_same_samples_reads_the_same(music: Array) -> None:
    expected = mixcore.measure(music, RATE_HZ).to_json()
    every_second = numpy.zeros((2, 2 * music.shape[1]), dtype=numpy.float32)
    every_second[:, ::2] = music
    record = numpy.zeros(music.shape, dtype=[("flag", "u1"), ("sample", "<f4")])
    record["sample"] = music
    views: dict[str, Any] = {
        "fortran": numpy.asfortranarray(music),
        "strided": every_second[:, ::2],
        "reversed twice": music[::-1][::-1],
        "odd bytes": record["sample"],
        "list": list(music),
    }
    for name, view in views.items():
        assert mixcore.measure(view, RATE_HZ).to_json() == expected, name
    turned = numpy.ascontiguousarray(music.T)
    assert mixcore.measure(turned, RATE_HZ, frames_first=True).to_json() == expected
    audio = mixcore.Audio(turned, RATE_HZ, frames_first=True)
    assert mixcore.measure(audio).to_json() == expected
    assert mixcore.measure(audio, RATE_HZ, "0+2+0").to_json() == expected


def test_reversed_views_are_other_audio(music: Array) -> None:
    # Negative strides are followed, not ignored.
    backwards = mixcore.measure(music[:, ::-1], RATE_HZ)
    assert backwards.to_json() == mixcore.measure(music[:, ::-1].copy(), RATE_HZ).to_json()


def test_float64_is_kept(music: Array) -> None:
    narrow = mixcore.measure(music, RATE_HZ)
    wide = mixcore.measure(music.astype(numpy.float64), RATE_HZ)
    assert narrow.true_peak_dbtp != wide.true_peak_dbtp
    # float32 carries 24 bits: 1e-5 dB is a hundred times their step.
    assert narrow.true_peak_dbtp == pytest.approx(wide.true_peak_dbtp, abs=1e-5)


def test_every_quantity_is_an_attribute(music: Array) -> None:
    found = mixcore.measure(music, RATE_HZ)
    keys = mixcore._core.quantities()
    assert len(keys) == len(set(keys)) > 15
    for key in keys:
        value = getattr(found, key)
        assert (value is None) == (found.reason(key) is not None), key
        assert found.to_dict().get(key) == value, key
    assert found.plr_db == pytest.approx(value_of(found.true_peak_dbtp) - value_of(found.integrated_lufs))
    with pytest.raises(KeyError, match="true_peak_dbtp"):
        found.reason("true_peak")


def test_short_and_silent_material_has_reasons_instead_of_infinity() -> None:
    short = mixcore.measure(numpy.full(480, 0.1), RATE_HZ)
    assert short.integrated_lufs is None and "too short" in str(short.reason("integrated_lufs"))
    silent = mixcore.measure(numpy.zeros(RATE_HZ), RATE_HZ)
    assert silent.true_peak_dbtp is None and silent.reason("true_peak_dbtp") == "below the gate"
    empty = mixcore.measure(numpy.zeros((2, 0)), RATE_HZ)
    assert empty.integrated_lufs is None and empty.duration_s == 0.0


def test_faulty_samples_are_counted_and_taken_as_silence(music: Array) -> None:
    faulty, silenced = music.copy(), music.copy()
    faulty[0, 1000:1003] = [numpy.nan, numpy.inf, -numpy.inf]
    silenced[0, 1000:1003] = 0.0
    found = mixcore.measure(faulty, RATE_HZ)
    assert found.faults == 3
    assert found.integrated_lufs == mixcore.measure(silenced, RATE_HZ).integrated_lufs


def test_the_dialogue_stem_says_where_dialogue_is(music: Array) -> None:
    stem = music.copy()
    stem[:, 4 * RATE_HZ :] = 0.0
    found = mixcore.measure(music, RATE_HZ, dialogue=stem)
    # 4 of 10 s; sub-blocks of 10 ms.
    assert found.dialogue_percent == pytest.approx(40.0, abs=0.2)
    assert found.ldr_lu == pytest.approx(
        value_of(found.integrated_lufs) - value_of(found.dialogue_lufs)
    )
    assert [round(phrase["end_s"] or 0, 1) for phrase in found.phrases] == [4.0]
    assert "stem" in str(found.dialogue_detector)
    assert found.loudness_edition == "ITU-R BS.1770-5"
    # A mono stem, and one of another dtype, say the same.
    for other in (stem.mean(axis=0), stem.astype(numpy.float64), mixcore.Audio(stem, RATE_HZ)):
        again = mixcore.measure(music, RATE_HZ, dialogue=other)
        assert again.dialogue_lufs == pytest.approx(found.dialogue_lufs, abs=0.05)
    with pytest.raises(ValueError, match="dialogue has 100 frame"):
        mixcore.measure(music, RATE_HZ, dialogue=stem[:, :100])


def test_regions_say_where_dialogue_is_without_a_stem(music: Array) -> None:
    found = mixcore.measure(music, RATE_HZ, dialogue_regions=[(6.0, 7.5), (1.0, 2.0)])
    assert found.dialogue_percent == pytest.approx(25.0, abs=1e-9)
    assert [(phrase["start_s"], phrase["end_s"]) for phrase in found.phrases] == [
        (1.0, 2.0),
        (6.0, 7.5),
    ]
    assert "caller" in str(found.dialogue_detector)
    assert found.dialogue_wide_lufs is not None and found.dialogue_range_lu is None
    # Beside a stem they decide.
    both = mixcore.measure(music, RATE_HZ, dialogue=music, dialogue_regions=[(1.0, 2.0)])
    assert both.dialogue_percent == pytest.approx(10.0, abs=1e-9)
    for bad in ((2.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0)):
        with pytest.raises(ValueError, match="region"):
            mixcore.measure(music, RATE_HZ, dialogue_regions=[bad])


def test_fold_downs_and_channels_are_read() -> None:
    surround = numpy.random.default_rng(2).standard_normal((6, RATE_HZ)) * 0.05
    found = mixcore.measure(surround, RATE_HZ, "5.1")
    assert list(found.fold_downs) == ["Lo/Ro", "mono"]
    assert found.fold_downs["Lo/Ro"]["fold_down_shift_lu"] is not None
    assert list(found.channels)[:4] == ["M+030", "M-030", "M+000", "LFE1"]


def test_a_meter_reads_like_measure_whatever_the_blocks(music: Array) -> None:
    expected = mixcore.measure(music, RATE_HZ)
    meter = mixcore.loudness.Meter(RATE_HZ, "stereo")
    rng = numpy.random.default_rng(3)
    at = 0
    while at < music.shape[1]:
        size = int(rng.integers(0, 30_000))
        meter.push(music[:, at : at + size])
        at += size
    found = meter.measurement(title="live")
    for key in ("integrated_lufs", "loudness_range_lu", "true_peak_dbtp", "momentary_max_lufs"):
        assert getattr(found, key) == getattr(expected, key), key
    assert meter.frames == music.shape[1] and found.title == "live"
    assert meter.short_term_lufs is not None
    meter.reset()
    assert meter.frames == 0 and meter.momentary_lufs is None
    meter.push(music.astype(numpy.float64))  # after a reset another dtype may come
    with pytest.raises(ValueError, match="built for 1 s"):
        mixcore.loudness.Meter(RATE_HZ, "stereo", max_duration_s=1.0).push(music)
