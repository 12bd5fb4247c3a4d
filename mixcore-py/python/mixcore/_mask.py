"""What WAVE files say of themselves and soundfile does not show.

Above all the channel mask, which says which loudspeaker every channel is for: without it six
channels are just six.

Sources: Microsoft, ``WAVEFORMATEXTENSIBLE`` (``ksmedia.h``): the mask lies 20 bytes into the
``fmt `` chunk; RFC 9639, section 9.1.3, for the order of FLAC channels.
"""

from __future__ import annotations

import pathlib
import struct
from collections.abc import Iterator

#: Back and side pair of ``dwChannelMask``. Layouts of one surround pair are written with either.
_BACK, _SIDE = 0x30, 0x600

#: Layout to mask, as it is written.
MASKS = {
    "mono": 0x4,
    "stereo": 0x3,
    "3.0": 0x7,
    "quad": 0x33,
    "5.0": 0x37,
    "5.1": 0x3F,
    "5.1.2": 0x503F,
    "5.1.4": 0x2D03F,
    "7.1": 0x63F,
    "7.1.4": 0x2D63F,
}
#: FLAC knows these without a mask (RFC 9639: 3, 4, 5 and 6 channels; its 8 are 7.1).
_FLAC = {3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 8: "7.1"}
_EXTENSIBLE = 0xFFFE
#: Where the mask lies in the ``fmt `` chunk, and the chunk's length that holds it.
_MASK_AT, _LONG_FMT = 20, 40
#: From here on the length of a chunk is what programs write that cannot know it yet (a pipe), or
#: stands elsewhere (RF64).
_UNKNOWN_LENGTH = 0x7FFF_F000


def _one_pair(mask: int) -> int:
    """Return the mask with a lone pair of surrounds at the back."""
    if mask & (_BACK | _SIDE) == _SIDE:
        return mask & ~_SIDE | _BACK
    return mask


def implied(container: str, layout: str) -> bool:
    """Tell whether the format itself says this layout by the number of channels."""
    return container == "FLAC" and layout in _FLAC.values()


def _chunks(path: pathlib.Path) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Yield name, position, length and first bytes of each chunk of a RIFF, RF64 or AIFF file."""
    with path.open("rb") as file:
        head = file.read(12)
        aiff = head[:4] == b"FORM" and head[8:] in (b"AIFF", b"AIFC")
        if not aiff and (head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE"):
            return
        long_data = None
        while len(chunk := file.read(8)) == 8:
            name, length = struct.unpack(">4sI" if aiff else "<4sI", chunk)
            start = file.tell()
            body = file.read(min(length, _LONG_FMT))
            if name == b"ds64" and len(body) >= 16:
                # EBU Tech 3306: the length of `data` stands here, its own field is all ones.
                (long_data,) = struct.unpack_from("<Q", body, 8)
            elif name == b"data" and long_data is not None and length == 0xFFFF_FFFF:
                length = long_data
            yield name, start, length, body
            file.seek(start + length + length % 2)


def _mask_place(path: pathlib.Path) -> int | None:
    """Return the position of the mask in a RIFF or RF64 file, or None where it has none."""
    for name, start, _, fmt in _chunks(path):
        if name == b"fmt ":
            long = len(fmt) == _LONG_FMT and struct.unpack_from("<H", fmt)[0] == _EXTENSIBLE
            return start + _MASK_AT if long else None
    return None


def check_whole(path: pathlib.Path) -> None:
    """Refuse a WAV, RF64 or AIFF file that ends before its samples do.

    libsndfile reads it as a shorter one.

    Raises
    ------
    ValueError
        A file that was cut off.
    """
    size = path.stat().st_size
    for name, start, length, _ in _chunks(path):
        unknown = length >= _UNKNOWN_LENGTH and length <= 0xFFFF_FFFF
        if name in (b"data", b"SSND") and not unknown and size < start + length:
            raise ValueError(
                f"it is cut off: its header says {length} bytes of samples, {size - start} are there"
            )


def of_file(path: pathlib.Path, container: str, channels: int) -> str | None:
    """Return the layout that a file states, or None where it states none.

    Raises
    ------
    ValueError
        A mask that is that of no layout.
    """
    if container == "FLAC":
        return _FLAC.get(channels)
    place = _mask_place(path)
    if place is None:
        return None
    with path.open("rb") as file:
        file.seek(place)
        (mask,) = struct.unpack("<I", file.read(4))
    if mask == 0:
        return None
    for layout, known in MASKS.items():
        if _one_pair(mask) == known and known.bit_count() == channels:
            return layout
    if channels == 1:
        return "mono"
    raise ValueError(
        f"its channel mask is {mask:#x}, which is none of {', '.join(MASKS)}: pass layout= to say "
        "what its channels are"
    )


def set_in_file(path: pathlib.Path, mask: int) -> None:
    """State a mask in a WAVE file that has room for one."""
    place = _mask_place(path)
    if place is None:
        raise ValueError(f"{path}: there is no channel mask in it")
    with path.open("r+b") as file:
        file.seek(place)
        file.write(struct.pack("<I", mask))
