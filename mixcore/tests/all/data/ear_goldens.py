"""Makes the golden files ear_extent_all.csv, ear_allocentric_all.csv, ear_zones_all.csv and
ebu_objects.csv from the EBU ADM Renderer 2.1.0 (BSD-3-Clause-Clear, LICENSE.ebu_adm_renderer.txt).

    python -m venv venv && venv/bin/pip install ear==2.1.0 numpy && venv/bin/python ear_goldens.py

Run it in this folder; the same program gives the same files. Places and sizes are chosen, not random:
the poles, loudspeakers, the middles between neighbours, corners and walls of the room, and sizes at
and beside the borders of the formulas.
"""
import pickle
import warnings
from pathlib import Path

import numpy as np
import ear.core
from ear.core import allocentric, bs2051
from ear.core.geom import cart
from ear.core.metadata_input import ExtraData, ObjectTypeMetadata
from ear.core.objectbased import allo_extent
from ear.core.objectbased.gain_calc import GainCalc, PolarExtentHandler
from ear.core import point_source
from ear.fileio.adm.elements import (
    AudioBlockFormatObjects,
    CartesianZone,
    ObjectCartesianPosition,
    ObjectPolarPosition,
    PolarZone,
)

warnings.simplefilter("ignore")
SCREEN = "P 1.78 0 0 1 58"  # ear's default screen
OBJECT = ("layout;reproduction screen;mode;x;y;z;width;height;depth;gain;diffuse;divergence;range;"
          "lock;screen ref;edge horizontal;edge vertical;reference screen;zones;direct;diffuse gains")


def number(value, form):
    text = form % value
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("-0", ""):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def packed(gains, digits):
    """'n*' stands for n zeros, trailing ones are left out."""
    out, zeros = [], 0
    for gain in gains:
        text = number(gain, "%%.%df" % digits)
        if text == "0":
            zeros += 1
            continue
        if zeros:
            out.append("%d*" % zeros)
        zeros = 0
        out.append(text)
    return " ".join(out)


def line(*fields):
    return ";".join(f if isinstance(f, str) else number(f, "%.12g") for f in fields)


def write(name, rows):
    Path(name).write_text("\n".join(rows) + "\n")
    print(name, len(rows) - 1, "rows", Path(name).stat().st_size, "bytes")


def directions(layout):
    """Poles, straight behind, loudspeakers, and the middles of the nearest pairs."""
    real = [(c.polar_position.azimuth, c.polar_position.elevation) for c in layout.channels]
    at = [cart(azimuth, elevation, 1.0) for azimuth, elevation in real]
    pairs = sorted((round(float(np.linalg.norm(at[a] - at[b])), 9), a, b)
                   for a in range(len(at)) for b in range(a))
    middles = []
    for _, a, b in pairs[:: max(1, len(pairs) // 6)][:6]:
        x, y, z = at[a] + at[b]
        if np.linalg.norm((x, y, z)) > 0.1:
            middles.append((round(float(-np.degrees(np.arctan2(x, y))), 6),
                            round(float(np.degrees(np.arctan2(z, np.hypot(x, y)))), 6)))
    return [(0.0, 90.0), (0.0, -90.0), (180.0, 0.0), (-180.0, 40.0), (33.0, -70.0), (-60.0, 89.9),
            *real[:: max(1, len(real) // 4)][:4], *middles, (-95.0, 12.0)]


# Below 5 and 10 degrees BS.2127 blends with the point and bounds the stadium; 180 and 360 close it.
SIZES = [(4.9, 0, 0), (5, 5, 0), (10, 0, 0), (0, 9.9, .5), (10, 10, 0), (40, 20, 0), (90, 0, 0), (0, 60, 0),
         (180, 30, 0), (181, 180, 0), (30, 120, 1), (300, 60, 0), (360, 0, 0), (360, 360, 0)]
DISTANCES = [1.0, 1.0, 0.5, 1.0, 2.0, 0.0, 1.0]


def extents():
    rows = ["layout;azimuth;elevation;distance;width;height;depth;"
            "gains of the loudspeakers without LFE, from the first, 'n*' skips n at 0"]
    for name in bs2051.layout_names:
        layout = bs2051.get_layout(name).without_lfe
        handler = PolarExtentHandler(point_source.configure(layout))
        where = directions(layout)
        for n in range(40):
            azimuth, elevation = where[n % len(where)]
            distance = DISTANCES[n % len(DISTANCES)]
            width, height, depth = SIZES[(n * 5 + n // len(SIZES)) % len(SIZES)]
            gains = handler.handle(cart(azimuth, elevation, distance), width, height, depth)
            rows.append(line(name, azimuth, elevation, distance, width, height, depth, packed(gains, 9)))
    write("ear_extent_all.csv", rows)


# Corners, walls, the middle; ±0.6 is 0.4 from a wall, where BS.2127's weight of the inside changes.
PLACES = [(0, 0, 0), (1, 1, 1), (-1, -1, 0), (-1, 1, -1), (0, 1, 0), (0, -1, 0), (.6, 0, 0), (-.6, .6, 0),
          (0, .59, 0), (.2, -.3, .1), (-.5, .25, .5), (1, .1, .3), (-.9, -.8, .7), (.1, 0, 1), (.3, .2, -1),
          (0, 0, .6), (-.35, .61, -.2)]
# A least size of 2/39, the blend with the point below 0.2, and the largest.
ROOM_SIZES = [(.01, 0, 0), (.05, .05, .05), (.1, .1, .1), (.2, .1, 0), (.2, .2, .2), (.21, .2, .2), (.3, .6, .1),
              (0, .5, 0), (0, 0, .5), (.5, .5, .5), (1, 0, .3), (.75, .75, .75), (1, 1, 1), (2, 2, 2)]


def room_sizes():
    rows = ["layout;x;y;z;width;height;depth;"
            "gains of the loudspeakers without LFE, from the first, 'n*' skips n at 0"]
    for name in bs2051.layout_names:
        places = allocentric.positions_for_layout(bs2051.get_layout(name).without_lfe)
        point = point_source.AllocentricPanner(places)
        middle = [float(v) for v in places[0] + places[-1]]
        where = [*PLACES, tuple(v / 2 for v in middle), tuple(map(float, places[len(places) // 2]))]
        for n in range(40):
            x, y, z = where[n % len(where)]
            if n % 8 == 7:
                width, height, depth = 0, 0, 0
                gains = point.handle(np.array([x, y, z], dtype=float))
            else:
                width, height, depth = ROOM_SIZES[(n * 3 + n // len(ROOM_SIZES)) % len(ROOM_SIZES)]
                gains = allo_extent.get_gains(places, (x, y, z), width, height, depth)
            rows.append(line(name, x, y, z, width, height, depth, packed(gains, 12)))
    write("ear_allocentric_all.csv", rows)


# The left, all above, all behind, the front on the level; the rear, the right and the upper part.
ZONES = [PolarZone(minAzimuth=0.0, maxAzimuth=180.0, minElevation=-90.0, maxElevation=90.0),
         PolarZone(minAzimuth=-180.0, maxAzimuth=180.0, minElevation=20.0, maxElevation=90.0),
         PolarZone(minAzimuth=100.0, maxAzimuth=-100.0, minElevation=-90.0, maxElevation=90.0),
         PolarZone(minAzimuth=-30.0, maxAzimuth=30.0, minElevation=0.0, maxElevation=0.0),
         CartesianZone(minX=-1.0, maxX=1.0, minY=-1.0, maxY=0.0, minZ=-1.0, maxZ=1.0),
         CartesianZone(minX=0.0, maxX=1.0, minY=-1.0, maxY=1.0, minZ=-1.0, maxZ=1.0),
         CartesianZone(minX=-1.0, maxX=1.0, minY=-1.0, maxY=1.0, minZ=0.5, maxZ=1.0)]


def zone(of):
    if isinstance(of, PolarZone):
        fields = (of.minAzimuth, of.maxAzimuth, of.minElevation, of.maxElevation)
        return "P " + " ".join(number(v, "%.12g") for v in fields)
    fields = (of.minX, of.maxX, of.minY, of.maxY, of.minZ, of.maxZ)
    return "C " + " ".join(number(v, "%.12g") for v in fields)


def zones():
    rows = [OBJECT]
    for name in bs2051.layout_names:
        layout = bs2051.get_layout(name)
        calc = GainCalc(layout)
        where = directions(layout.without_lfe)
        for n in range(14):
            excluded = [ZONES[n % len(ZONES)], *([ZONES[(n + 3) % len(ZONES)]] if n % 5 == 4 else [])]
            polar = n % 2 == 0
            if polar:
                azimuth, elevation = where[(n * 3) % len(where)]
                width, height, depth = SIZES[(n * 5) % len(SIZES)] if n % 4 else (0, 0, 0)
                position = ObjectPolarPosition(azimuth=azimuth, elevation=elevation, distance=1.0)
                x, y, z = cart(azimuth, elevation, 1.0)
            else:
                x, y, z = map(float, PLACES[(n * 5) % len(PLACES)])
                width, height, depth = ROOM_SIZES[(n * 3) % len(ROOM_SIZES)] if n % 4 > 1 else (0, 0, 0)
                position = ObjectCartesianPosition(X=x, Y=y, Z=z)
            block = AudioBlockFormatObjects(position=position, cartesian=not polar, width=float(width),
                                            height=float(height), depth=float(depth), zoneExclusion=excluded)
            gains = calc.render(ObjectTypeMetadata(block_format=block, extra_data=ExtraData()))
            rows.append(line(name, SCREEN, "P" if polar else "C",
                             *("%.16g" % v for v in (x, y, z)), width, height, depth, 1, 0, 0, 0, "-", "0", "-",
                             "-", "", ",".join(map(zone, excluded)), packed(gains.direct, 12), ""))
    write("ear_zones_all.csv", rows)


def ebu_objects():
    """The EBU's own vectors: inputs in 12 digits, gains in 9 decimals."""
    folder = Path(ear.core.__file__).parent / "objectbased/test/data/gain_calc_pvs"
    with open(folder / "inputs.pickle", "rb") as file:
        inputs = pickle.load(file)
    outputs = np.load(folder / "outputs.npz")
    rows, crossed = [OBJECT], 0
    for given, direct, diffuse in zip(inputs, outputs["direct"], outputs["diffuse"]):
        block, at = given.block_format, given.block_format.position
        if isinstance(at, ObjectPolarPosition):
            x, y, z = cart(at.azimuth, at.elevation, at.distance)
        else:
            x, y, z = at.X, at.Y, at.Z
        divergence = block.objectDivergence
        value = divergence.value if divergence else 0
        spread = (divergence.positionRange if block.cartesian else divergence.azimuthRange) if divergence else 0
        lock = block.channelLock
        edge = at.screenEdgeLock
        # Their generator names edges of the other axis, which the renderer lets pass as none.
        assert edge.horizontal not in ("left", "right") and edge.vertical not in ("top", "bottom")
        crossed += edge.horizontal is not None or edge.vertical is not None
        screen = ""
        if block.screenRef:
            of = given.extra_data.reference_screen
            centre = of.centrePosition
            fields = (of.aspectRatio, centre.azimuth, centre.elevation, centre.distance, of.widthAzimuth)
            screen = "P " + " ".join(number(v, "%.12g") for v in fields)
        rows.append(line("4+5+0", SCREEN, "C" if block.cartesian else "P", x, y, z, block.width, block.height,
                         block.depth, block.gain, block.diffuse, value, spread,
                         "-" if lock is None else number(lock.maxDistance, "%.12g"), str(int(block.screenRef)),
                         "-", "-", screen, ",".join(map(zone, block.zoneExclusion)), packed(direct, 9),
                         packed(diffuse, 9)))
    print(crossed, "objects with an edge of the other axis")
    write("ebu_objects.csv", rows)


if __name__ == "__main__":
    extents()
    room_sizes()
    zones()
    ebu_objects()
