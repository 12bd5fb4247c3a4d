"""Gain, equaliser and change of rate by pedalboard, ffmpeg, SoX and mixcore: compares, times in turn,
prints a table.

Needs numpy, pedalboard (run as it is, nothing of it is taken) and the programs `apply` and `ratios` of
these benches, built in release; ffmpeg and SoX take part where they are installed. See README.md. With `record` it
also writes the table between the markers `processes` of the README beside it.

`process_rivals.py [record] [ROUNDS] [FILTER]`
"""

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pedalboard

HERE = pathlib.Path(__file__).parent
RATE_HZ = 48_000
SECONDS = 60
ROUNDS = 7
# Frames of a block, as in `apply`.
BLOCK = 512
# Runs of mixcore's side in one round: it starts once, the others once each.
OURS_A_ROUND = 5

GAIN_DB = -6.0
# Eight bells across the range, boosts and cuts; all programs design them after the "Audio EQ Cookbook".
BANDS = [
    (60.0, 3.0, 0.8),
    (140.0, -2.5, 1.0),
    (320.0, -4.0, 1.4),
    (700.0, 2.0, 0.9),
    (1500.0, -3.0, 1.2),
    (3300.0, 3.5, 0.8),
    (7000.0, -2.0, 2.0),
    (12000.0, 4.0, 0.7),
]

# A gain in f32 rounds once: 2^-25 of the sample, -150 dB. SoX works in whole numbers of 32 bits, and
# ffmpeg's `volume` rounds the gain itself to f32.
GAIN_ERROR_DB = -120.0
# Eight sections in f32 with coefficients in f32: at 60 Hz the poles are 0.005 from the unit circle, so
# what coefficients and states round is some 1e3 times as large in the bass.
EQ_ERROR_DB = -75.0
# Of tones inside the pass-band, against the tone itself.
RATE_ERROR_DB = -80.0
# DESIGN, section 10: nanoseconds of a stereo frame of the equaliser.
EQ_MUST_NS, EQ_STRETCH_NS = 8.0, 6.0

Samples = np.ndarray  # (frames, channels) of float32
Job = Callable[[], float]


@dataclass
class Side:
    """A program: how it is called once, and the seconds of processor time that this took."""

    name: str
    run: Job
    # What it takes without the processor: start, reading, copying.
    idle: Job | None = None
    output: Callable[[], Samples] | None = None
    seconds: list[float] = field(default_factory=list)
    idle_seconds: list[float] = field(default_factory=list)

    def ns(self, units: int) -> float:
        idle = min(self.idle_seconds) if self.idle_seconds else 0.0
        return 1e9 * (min(self.seconds) - idle) / units


@dataclass
class Case:
    name: str
    unit: str
    units: int
    ours: Side
    rivals: list[Side]
    # Level of the difference to mixcore's output, dB; raises where it is too large.
    compare: Callable[[Samples, Samples], float]
    bound_db: float
    must_ns: float | None = None
    stretch_ns: float | None = None


def call(arguments: list[str]) -> float:
    """Runs a program to its end: seconds of processor time, its own and the system's for it."""
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: status {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def raw(path: pathlib.Path, channels: int = 2) -> Samples:
    return np.fromfile(path, "<f4").reshape(-1, channels)


def wave_file(path: pathlib.Path, samples: Samples, rate_hz: int) -> None:
    """A WAV file of 32-bit floats (format 3), which all programs read without rounding."""
    data = samples.astype("<f4").tobytes()
    channels = samples.shape[1]
    head = b"".join(
        [
            b"WAVEfmt ",
            (16).to_bytes(4, "little"),
            (3).to_bytes(2, "little"),
            channels.to_bytes(2, "little"),
            rate_hz.to_bytes(4, "little"),
            (rate_hz * channels * 4).to_bytes(4, "little"),
            (channels * 4).to_bytes(2, "little"),
            (32).to_bytes(2, "little"),
            b"data",
            len(data).to_bytes(4, "little"),
        ]
    )
    path.write_bytes(b"RIFF" + (len(head) + len(data)).to_bytes(4, "little") + head + data)


def level_db(samples: Samples) -> float:
    return 10.0 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-30))


def difference_db(ours: Samples, theirs: Samples) -> float:
    if ours.shape != theirs.shape:
        sys.exit(f"{theirs.shape} frames and channels, ours {ours.shape}")
    return level_db(ours - theirs.astype(np.float64)) - level_db(ours)


class Programs:
    """The programs, and one piece of material in a folder."""

    def __init__(self, apply: pathlib.Path, folder: pathlib.Path, material: Samples, rate_hz: int):
        self.apply, self.folder, self.rate_hz = apply, folder, rate_hz
        self.material = material
        self.planar = np.ascontiguousarray(material.T)
        self.wave = folder / f"material_{rate_hz}_{len(material)}.wav"
        self.raw = self.wave.with_suffix(".f32")
        wave_file(self.wave, material, rate_hz)
        material.astype("<f4").tofile(self.raw)

    def ours(self, *what: str) -> Side:
        out = self.folder / "ours.f32"
        place = [str(self.raw), str(out), str(self.material.shape[1]), str(self.rate_hz), *what]

        def run() -> float:
            return float(said(self.apply, str(OURS_A_ROUND), *place))

        def output() -> Samples:
            run()
            return raw(out, self.material.shape[1])

        return Side("mixcore", run, None, output)

    def ffmpeg(self, chain: str) -> Side | None:
        program = shutil.which("ffmpeg")
        if program is None:
            return None
        out = self.folder / "ffmpeg.f32"
        quiet = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
        head = [program, *quiet, "-filter_threads", "1", "-i", str(self.wave), "-threads", "1"]
        nowhere = ["-c:a", "pcm_f32le", "-f", "null", "-"]
        # Filters work on planes: their making is no work of the filter.
        planes = "aformat=sample_fmts=fltp"

        def output() -> Samples:
            call([*head, "-af", chain, "-c:a", "pcm_f32le", "-f", "f32le", str(out)])
            return raw(out, self.material.shape[1])

        return Side(
            f"ffmpeg {version([program, '-version'], 2)}",
            lambda: call([*head, "-af", f"{planes},{chain}", *nowhere]),
            lambda: call([*head, "-af", planes, *nowhere]),
            output,
        )

    def sox(self, *effects: str) -> Side | None:
        program = shutil.which("sox")
        if program is None:
            return None
        out = self.folder / "sox.f32"
        head = [program, "-D", "--single-threaded", str(self.wave)]
        as_raw = ["-t", "raw", "-e", "floating-point", "-b", "32", str(out)]

        def output() -> Samples:
            call([*head, *as_raw, *effects])
            return raw(out, self.material.shape[1])

        return Side(
            f"SoX {version([program, '--version'], -1).lstrip('v')}",
            lambda: call([*head, "-n", *effects]),
            lambda: call([*head, "-n"]),
            output,
        )

    def pedalboard(self, plugins: list[pedalboard.Plugin]) -> Side:
        board, empty = pedalboard.Pedalboard(plugins), pedalboard.Pedalboard([])

        def through(chain: pedalboard.Pedalboard) -> Samples:
            return chain.process(self.planar, self.rate_hz, buffer_size=BLOCK, reset=True)

        return Side(
            f"pedalboard {importlib.metadata.version('pedalboard')}",
            lambda: timed(lambda: through(board)),
            lambda: timed(lambda: through(empty)),
            lambda: through(board).T,
        )


def said(*command: str | pathlib.Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def version(command: list[str], word: int) -> str:
    return said(*command).split("\n")[0].split()[word].split("-")[0]


def gain(programs: Programs) -> Case:
    rivals = [
        programs.pedalboard([pedalboard.Gain(GAIN_DB)]),
        programs.ffmpeg(f"volume={GAIN_DB}dB:precision=float"),
        programs.sox("vol", f"{GAIN_DB}dB"),
    ]
    return Case(
        f"gain, stereo f32, {SECONDS} s",
        "frame",
        len(programs.material),
        programs.ours("gain", str(GAIN_DB)),
        [rival for rival in rivals if rival],
        difference_db,
        GAIN_ERROR_DB,
    )


def equaliser(programs: Programs) -> Case:
    peaks = [pedalboard.PeakFilter(hz, db, q) for hz, db, q in BANDS]
    chain = ",".join(f"equalizer=f={hz}:t=q:w={q}:g={db}" for hz, db, q in BANDS)
    effects = [word for hz, db, q in BANDS for word in ("equalizer", str(hz), f"{q}q", str(db))]
    rivals = [
        programs.pedalboard(peaks),
        programs.ffmpeg(chain),
        programs.sox(*effects),
    ]
    return Case(
        f"equaliser of 8 bands, stereo f32, {SECONDS} s",
        "frame",
        len(programs.material),
        programs.ours("eq", *(f"{hz}:{db}:{q}" for hz, db, q in BANDS)),
        [rival for rival in rivals if rival],
        difference_db,
        EQ_ERROR_DB,
        EQ_MUST_NS,
        EQ_STRETCH_NS,
    )


def time_in_turn(case: Case, rounds: int) -> None:
    sides = [case.ours, *case.rivals]
    for _ in range(rounds):
        for side in sides:
            side.seconds.append(side.run())
            if side.idle:
                side.idle_seconds.append(side.idle())


def compared(case: Case) -> list[float]:
    """Differences to the rivals, dB. A case that disagrees is not timed."""
    assert case.ours.output
    ours = case.ours.output()
    found = []
    for rival in case.rivals:
        assert rival.output
        apart = case.compare(ours, rival.output())
        if not apart <= case.bound_db:
            sys.exit(f"{case.name}: {rival.name} is {apart:.1f} dB apart, allowed {case.bound_db}")
        found.append(apart)
    return found


def row(case: Case, apart_db: list[float]) -> str:
    ours = case.ours.ns(case.units)
    goal = ""
    if case.must_ns and case.stretch_ns:
        met = [("stretch", case.stretch_ns), ("must", case.must_ns)]
        goal = next((f", {word}" for word, ns in met if ours <= ns), f", **missed {case.must_ns:g}**")
    cells = [
        f"{rival.name}: {rival.ns(case.units) / ours:.1f}x ({rival.ns(case.units):.2f}), {apart:.0f} dB"
        for rival, apart in zip(case.rivals, apart_db, strict=True)
    ]
    return f"| {case.name}, a {case.unit} | {ours:.3f}{goal} | " + " | ".join(cells) + " |"


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "record"]
    rounds = next((int(word) for word in words if word.isdigit()), ROUNDS)
    wanted = next((word for word in words if not word.isdigit()), "")
    target = os.environ.get("CARGO_TARGET_DIR", str(HERE.parent / "target"))
    apply, ratios = (pathlib.Path(target) / "release" / name for name in ("apply", "ratios"))
    if not (apply.exists() and ratios.exists()):
        sys.exit("build it first: cargo build --release --locked -p mixcore-benches --bins")
    rng = np.random.default_rng(48)
    noise = rng.uniform(-0.1, 0.1, (SECONDS * RATE_HZ, 2)).astype(np.float32)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        programs = Programs(apply, pathlib.Path(folder), noise, RATE_HZ)
        for make in (gain, equaliser):
            if wanted not in make.__name__:
                continue
            case = make(programs)
            apart_db = compared(case)
            time_in_turn(case, rounds)
            lines.append(row(case, apart_db))
    table = "\n".join(
        [
            f"{said(ratios, 'machine')}.",
            "",
            f"Best of {rounds} in turn, processor time without start, reading and copying.",
            "",
            "| what | ours, ns | rivals: our ratio, their ns, difference | | |",
            "|---|---:|---|---|---|",
            *lines,
        ]
    )
    print(table)
    if "record" in sys.argv[1:]:
        subprocess.run([ratios, "put", "processes"], input=table, text=True, check=True)


if __name__ == "__main__":
    main()
