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


@pytest.mark.parametrize("layout", ["stereo", "5.1", "7.1.4"])
def test_an_rf64_file_keeps_its_layout(layout: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "long.rf64"
    channels = {**FILE_LAYOUTS, **HEIGHT_LAYOUTS}[layout]
    audio = mixcore.Audio(clip(channels), RATE_HZ, layout)
    mixcore.write(path, audio)
    assert mixcore.read(path) == audio and path.read_bytes()[:4] == b"RF64"


@pytest.mark.parametrize(
    ("name", "subtype", "bits"),
    [
        ("a.wav", "PCM_U8", 8),
        ("a.wav", "PCM_16", 16),
        ("a.wav", "PCM_24", 24),
        ("a.wav", "PCM_32", 32),
        ("a.flac", "PCM_16", 16),
        ("a.aiff", "PCM_24", 24),
    ],
)
def test_whole_numbers_are_rounded_to_the_nearest(
    name: str, subtype: str, bits: int, tmp_path: pathlib.Path
) -> None:
    # Cut instead of rounded, all would lie half a step too low: an offset.
    steps = numpy.array([0.4, 0.6, 1.4, 1.6, -0.4, -0.6, -1.4, -1.6])
    full = 2.0 ** (bits - 1)
    samples = numpy.array([*steps / full, 1.0, -1.0])
    mixcore.write(tmp_path / name, mixcore.Audio(samples, RATE_HZ), subtype)
    back = soundfile.read(tmp_path / name, dtype="float64")[0] * full
    assert back.tolist() == [0, 1, 1, 2, 0, -1, -1, -2, full - 1, -full]


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


@pytest.mark.parametrize(
    ("name", "text"), [("a.wav", "it is cut off"), ("a.flac", "it cannot be read to its end")]
)
def test_a_file_that_was_cut_off_is_refused(name: str, text: str, tmp_path: pathlib.Path) -> None:
    # A delivery that was copied by half must not be judged as a shorter one.
    path = tmp_path / name
    noise = numpy.random.default_rng(1).uniform(-0.5, 0.5, (2, RATE_HZ))
    mixcore.write(path, mixcore.Audio(noise, RATE_HZ))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=text):
        mixcore.read(path)


@pytest.mark.parametrize("container", ["RF64", "AIFF"])
def test_a_container_that_was_cut_off_is_refused(container: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.audio"
    noise = numpy.random.default_rng(1).uniform(-0.5, 0.5, (RATE_HZ, 2))
    soundfile.write(path, noise, RATE_HZ, format=container)
    assert mixcore.read(path).frames == RATE_HZ
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match="it is cut off"):
        mixcore.read(path)


def test_a_file_from_a_pipe_does_not_know_its_length(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "pipe.wav"
    mixcore.write(path, mixcore.Audio(clip(2), RATE_HZ))
    text = bytearray(path.read_bytes())
    at = text.index(b"data") + 4
    text[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(text)
    assert mixcore.read(path).frames == 1000


def test_what_cannot_be_read_or_written_is_said(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        mixcore.read(tmp_path / "nothing.wav")
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"RIFF" + struct.pack("<I", 4) + b"WAVE")
    with pytest.raises(ValueError, match="not an audio file"):
        mixcore.read(noise)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        mixcore.write(tmp_path / "nowhere" / "a.wav", mixcore.Audio(clip(2), RATE_HZ))
    stereo = mixcore.Audio(clip(2), RATE_HZ)
    endless = mixcore.Audio(numpy.broadcast_to(numpy.float32(0.0), (2, 1 << 30)), RATE_HZ)
    for audio, name, subtype, text in (
        (mixcore.Audio(clip(2) * 9, RATE_HZ), "a.wav", "PCM_24", "would clip"),
        (mixcore.Audio(clip(2) * numpy.nan, RATE_HZ), "a.wav", "FLOAT", "not all finite"),
        (mixcore.Audio(clip(2), 44_100.5), "a.wav", "FLOAT", "whole numbers"),
        (stereo, "a.xyz", "PCM_24", "no format is called"),
        (stereo, "a.flac", "FLOAT", "subtype is 'FLOAT', allowed in FLAC: PCM_S8, PCM_16, PCM_24"),
        (endless, "a.wav", "PCM_24", "write .rf64"),
        (mixcore.Audio(clip(14), RATE_HZ, "4+9+0"), "a.wav", "FLOAT", "cannot state layout"),
        (mixcore.Audio(clip(12), RATE_HZ, "7.1.4"), "a.flac", "PCM_24", "cannot state layout"),
    ):
        with pytest.raises(ValueError, match=text):
            mixcore.write(tmp_path / name, audio, subtype)
        assert not (tmp_path / name).exists()
