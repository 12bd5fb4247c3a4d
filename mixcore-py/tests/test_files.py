"""Files: what is read is what was written, loudspeaker by loudspeaker."""

from __future__ import annotations

import pathlib
import struct

import mixcore
import numpy
import pytest
import soundfile
from conftest import RATE_HZ
from mixcore import _mask

FILE_LAYOUTS = {"mono": 1, "stereo": 2, "3.0": 3, "quad": 4, "5.0": 5, "5.1": 6, "7.1": 8}
HEIGHT_LAYOUTS = {"5.1.2": 8, "5.1.4": 10, "7.1.4": 12}


def clip(channels: int) -> numpy.typing.NDArray[numpy.float32]:
    """Return a clip in which every channel has a level of its own."""
    levels = (numpy.arange(channels) + 1) / 16
    return numpy.repeat(levels[:, None], 1000, axis=1).astype(numpy.float32)


@pytest.mark.parametrize("layout", [*FILE_LAYOUTS, *HEIGHT_LAYOUTS])
def test_a_wave_file_keeps_its_layout(layout: str, tmp_path: pathlib.Path) -> None:
    channels = {**FILE_LAYOUTS, **HEIGHT_LAYOUTS}[layout]
    audio = mixcore.Audio(clip(channels), RATE_HZ, layout)
    for subtype, bits in (("PCM_16", 16), ("PCM_24", 24), ("FLOAT", None)):
        path = tmp_path / f"{subtype}.wav"
        mixcore.write(path, audio, subtype)
        back = mixcore.read(path)
        assert back == audio and back.bit_depth == bits and back.title == subtype
    # libsndfile, which knows nothing of our layouts, still reads all samples.
    assert soundfile.info(path).channels == channels


def test_the_channels_of_a_7_1_file_lie_in_wave_order(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "seven.wav"
    mixcore.write(path, mixcore.Audio(clip(8), RATE_HZ, "7.1"))
    in_file = soundfile.read(path)[0][0] * 16
    # L R C LFE, then the rears (7th, 8th of our layout) before the sides (ksmedia.h, 0x63F).
    assert in_file.round().tolist() == [1, 2, 3, 4, 7, 8, 5, 6]


def test_either_surround_pair_is_5_1(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "five.wav"
    mixcore.write(path, mixcore.Audio(clip(6), RATE_HZ, "5.1"))
    for mask in (0x3F, 0x60F):
        _mask.set_in_file(path, mask)
        assert mixcore.read(path).layout == "5.1"
    _mask.set_in_file(path, 0xFC0)
    with pytest.raises(ValueError, match="channel mask is 0xfc0"):
        mixcore.read(path)
    assert mixcore.read(path, layout="5.1").layout == "5.1"


def test_flac_keeps_its_layout(tmp_path: pathlib.Path) -> None:
    for layout, channels in FILE_LAYOUTS.items():
        path = tmp_path / "clip.flac"
        audio = mixcore.Audio(clip(channels), RATE_HZ, layout)
        mixcore.write(path, audio)
        assert mixcore.read(path) == audio, layout


def test_a_file_that_does_not_say_its_layout_is_not_guessed(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "plain.wav"
    soundfile.write(path, clip(6).T, RATE_HZ, subtype="PCM_16")
    with pytest.raises(ValueError, match="pass layout='5.1'"):
        mixcore.read(path)
    assert mixcore.read(path, layout="5.1").layout == "5.1"
    with pytest.raises(ValueError, match="layout 5.0 has 5"):
        mixcore.read(path, layout="5.0")


def test_what_cannot_be_read_or_written_is_said(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        mixcore.read(tmp_path / "nothing.wav")
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"RIFF" + struct.pack("<I", 4) + b"WAVE")
    with pytest.raises(ValueError, match="not an audio file"):
        mixcore.read(noise)
    stereo = mixcore.Audio(clip(2), RATE_HZ)
    for audio, name, subtype, text in (
        (mixcore.Audio(clip(2) * 9, RATE_HZ), "a.wav", "PCM_24", "would clip"),
        (mixcore.Audio(clip(2) * numpy.nan, RATE_HZ), "a.wav", "FLOAT", "not all finite"),
        (mixcore.Audio(clip(2), 44_100.5), "a.wav", "FLOAT", "whole numbers"),
        (stereo, "a.xyz", "PCM_24", "no format is called"),
        (mixcore.Audio(clip(14), RATE_HZ, "4+9+0"), "a.wav", "FLOAT", "cannot state layout"),
        (mixcore.Audio(clip(12), RATE_HZ, "7.1.4"), "a.flac", "PCM_24", "cannot state layout"),
    ):
        with pytest.raises(ValueError, match=text):
            mixcore.write(tmp_path / name, audio, subtype)
        assert not (tmp_path / name).exists()
