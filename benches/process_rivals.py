"""Equaliser, compressor, limiters and change of rate by pedalboard, ffmpeg, SoX, fundsp (its limiter; it
has no compressor) and mixcore: compares, times in turn, prints a table. A gain is not among them: beside
the copies its cost cannot be told.

One clock for all: processor time, user's and system's, of the whole process. Programs (ours too) run
once with the processor and once without it (start, reading, copying), and the second is taken off;
pedalboard works in this process, with and without its plug-ins.

Needs numpy, pedalboard (run as it is, nothing of it is taken) and the programs `apply` and `ratios`
of these benches, built in release; ffmpeg and SoX take part where they are installed. See README.
With `record` it also writes the table between the markers `processes` of the README beside it.

`process_rivals.py [record] [ROUNDS] [FILTER]`: cases (equaliser, compressor, limiter, rate) that hold
FILTER.
"""

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pedalboard
from pedalboard.io import StreamResampler

HERE = pathlib.Path(__file__).parent
RATE_HZ = 48_000
SECONDS = 120
ROUNDS = 7
# Frames of a block, as in `apply`.
BLOCK = 512
# Columns of the table: ours, and the rivals.
COLUMNS = 7
# Passes of our program over the material in one run: what it takes besides (some 0.1 s to read it) must
# not drown the rest.
PASSES = 10

# Eight bells across the range, boosts and cuts; all design them after the "Audio EQ Cookbook".
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

# Eight sections in f32 with coefficients in f32: at 60 Hz the poles are 0.005 from the unit circle,
# so what coefficients and states round is some 1e3 times as large in the bass.
EQ_ERROR_DB = -75.0
# Tones in the pass-band of every resampler, and above it where the rate falls from 96 kHz.
PASS_HZ = [997.0, 5003.0, 10_007.0, 15_013.0, 19_001.0]
ABOVE_HZ = [26_003.0, 30_011.0, 41_017.0]
TONE_LEVEL = 0.05
TONE_OFF_DB = 0.1
ELSE_DB = -85.0
# ffmpeg's own resampler lets this through at its default settings; it is not of the others' class.
SWR_ELSE_DB = -35.0
# The changes of rate.
RATES_HZ = [(44_100, 48_000), (96_000, 48_000)]
# DESIGN, section 10: nanoseconds of a stereo frame, must and stretch.
EQ_NS, COMPRESSOR_NS = (8.0, 6.0), (6.0, 4.5)
# Of the limiters by what they limit.
LIMIT_NS = {"sample": (6.0, 5.0), "true": (15.0, 10.0)}

# A hard knee, which is all that pedalboard has; it and ffmpeg follow the amplitude with a pole before the
# curve, we the reduction in dB behind it. So a programme comes out otherwise in each, and only what a
# constant settles at can be compared: f32 (1e-6), and 20 time constants of all.
THRESHOLD_DB, RATIO, ATTACK_MS, RELEASE_MS = -30.0, 4.0, 10.0, 100.0
STEPS_DB = [-60.0, -36.0, -30.5, -24.0, -12.0, -3.0, 0.0]
STATIC_DB = 0.01
# The limiters.
CEILING_DB, LOOKAHEAD_MS = -1.0, 5.0
# By how much a sample may exceed the ceiling: f32.
SAMPLE_OVER_DB = 1e-4

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
    # What to say of each side's output, ours first; ends the program where they do not agree.
    check: Callable[[], list[str]]
    # Must and stretch.
    goal_ns: tuple[float, float] | None = None


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
            (18).to_bytes(4, "little"),
            (3).to_bytes(2, "little"),
            channels.to_bytes(2, "little"),
            rate_hz.to_bytes(4, "little"),
            (rate_hz * channels * 4).to_bytes(4, "little"),
            (channels * 4).to_bytes(2, "little"),
            (32).to_bytes(2, "little"),
            (0).to_bytes(2, "little"),
            b"data",
            len(data).to_bytes(4, "little"),
        ]
    )
    path.write_bytes(b"RIFF" + (len(head) + len(data)).to_bytes(4, "little") + head + data)


def level_db(samples: Samples) -> float:
    return 10.0 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-30))


def same(ours: Side, rivals: list[Side], bound_db: float) -> list[str]:
    """Level of each output's difference to ours, relative to ours."""
    assert ours.output
    expected = ours.output()
    said_of = [""]
    for rival in rivals:
        assert rival.output
        found = rival.output()
        if found.shape != expected.shape:
            sys.exit(f"{rival.name}: {found.shape} frames and channels, ours {expected.shape}")
        apart = level_db(expected - found.astype(np.float64)) - level_db(expected)
        if not apart <= bound_db:
            sys.exit(f"{rival.name} is {apart:.1f} dB apart, allowed {bound_db}")
        said_of.append(f"{apart:.0f} dB apart")
    return said_of


def tones(rate_hz: int, hertz: list[float], seconds: float = 3.0) -> Samples:
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    phase = np.outer(time_s, 2.0 * np.pi * np.array(hertz))
    sum_ = np.sum(TONE_LEVEL * np.sin(phase + np.arange(len(hertz))), axis=1)
    return np.column_stack([sum_, sum_]).astype(np.float32)


def clean(sides: list[Side], to_hz: int) -> list[str]:
    """Of tones in the pass-band, and above it where the rate falls: how far the tones' levels are
    off, and how much else comes out, relative to them."""
    said_of = []
    for side in sides:
        assert side.output
        quarter = to_hz // 4
        middle = side.output()[quarter:-quarter, 0].astype(np.float64)
        phase = np.outer(np.arange(len(middle)) / to_hz, 2.0 * np.pi * np.array(PASS_HZ))
        waves = np.hstack([np.sin(phase), np.cos(phase)])
        found = np.linalg.lstsq(waves, middle, rcond=None)[0]
        levels = np.hypot(*np.split(found, 2))
        off_db = float(np.max(np.abs(20.0 * np.log10(levels / TONE_LEVEL))))
        else_db = level_db(middle - waves @ found) - level_db(middle)
        bound_db = SWR_ELSE_DB if side.name.endswith("swr") else ELSE_DB
        if not (off_db <= TONE_OFF_DB and else_db <= bound_db):
            sys.exit(f"{side.name}: tones {off_db:.3f} dB off, else {else_db:.1f} dB")
        said_of.append(f"else {else_db:.0f} dB")
    return said_of


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
        form = [str(self.material.shape[1]), str(self.rate_hz)]

        def passes(*what: str) -> float:
            return call([str(self.apply), str(PASSES), str(self.raw), "-", *form, *what]) / PASSES

        def output() -> Samples:
            call([str(self.apply), "1", str(self.raw), str(out), *form, *what])
            return raw(out, self.material.shape[1])

        besides = "read" if what[0] == "rate" else "copy"
        return Side("mixcore", lambda: passes(*what), lambda: passes(besides), output)

    def ffmpeg(self, chain: str, kind: str = "", samples: str = "fltp") -> Side | None:
        program = shutil.which("ffmpeg")
        if program is None:
            return None
        out = self.folder / "ffmpeg.f32"
        quiet = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
        head = [program, *quiet, "-filter_threads", "1", "-i", str(self.wave), "-threads", "1"]
        nowhere = ["-c:a", "pcm_f32le", "-f", "null", "-"]
        # To make the samples that a filter takes (`samples`) is no work of the filter.
        planes = f"aformat=sample_fmts={samples}"

        def output() -> Samples:
            call([*head, "-af", chain, "-c:a", "pcm_f32le", "-f", "f32le", str(out)])
            return raw(out, self.material.shape[1])

        return Side(
            f"ffmpeg {version([program, '-version'], 2)} {kind}".rstrip(),
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

    def stream_resampler(self, to_hz: int, quality: pedalboard.Resample.Quality, kind: str) -> Side:
        def through() -> Samples:
            stream = StreamResampler(self.rate_hz, to_hz, len(self.planar), quality)
            return np.concatenate([stream.process(self.planar), stream.process()], axis=1)

        return Side(
            f"pedalboard {importlib.metadata.version('pedalboard')} sinc {kind}",
            lambda: timed(through),
            None,
            lambda: through().T,
        )

    def pedalboard(self, plugins: Sequence[pedalboard.Plugin]) -> Side:
        board, empty = pedalboard.Pedalboard(list(plugins)), pedalboard.Pedalboard([])

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


def crate(name: str) -> str:
    """The version of a crate that the programs were built with."""
    lock = (HERE.parent / "Cargo.lock").read_text()
    return lock.split(f'name = "{name}"\nversion = "')[1].split('"')[0]


def version(command: list[str], word: int) -> str:
    return said(*command).split("\n")[0].split()[word].split("-")[0]


def equaliser(programs: Programs) -> Case:
    peaks = [pedalboard.PeakFilter(hz, db, q) for hz, db, q in BANDS]
    chain = ",".join(f"equalizer=f={hz}:t=q:w={q}:g={db}" for hz, db, q in BANDS)
    effects = [word for hz, db, q in BANDS for word in ("equalizer", str(hz), f"{q}q", str(db))]
    ours = programs.ours("eq", *(f"{hz}:{db}:{q}" for hz, db, q in BANDS))
    found = [programs.pedalboard(peaks), programs.ffmpeg(chain), programs.sox(*effects)]
    rivals = [rival for rival in found if rival]
    return Case(
        f"equaliser of 8 bands, stereo f32, {SECONDS} s",
        "frame",
        len(programs.material),
        ours,
        rivals,
        lambda: same(ours, rivals, EQ_ERROR_DB),
        EQ_NS,
    )


def each_step(levels_db: list[float]) -> Samples:
    """A constant for two seconds at each level."""
    levels = np.repeat(10.0 ** (np.array(levels_db) / 20.0), 2 * RATE_HZ)
    return np.column_stack([levels, levels]).astype(np.float32)


def settled_db(side: Side, steps: int) -> Samples:
    """Level at the end of each step, before the look-ahead of any."""
    assert side.output
    ends = side.output().reshape(steps, -1, 2)[:, -RATE_HZ // 4]
    return 20.0 * np.log10(np.abs(ends.astype(np.float64)) + 1e-12)


def compressors(programs: Programs) -> list[Side]:
    values = f"{THRESHOLD_DB}:{RATIO}:0:{ATTACK_MS}:{RELEASE_MS}"
    plugin = pedalboard.Compressor(THRESHOLD_DB, RATIO, ATTACK_MS, RELEASE_MS)
    chain = (
        f"acompressor=threshold={THRESHOLD_DB}dB:ratio={RATIO}:knee=1:makeup=1"
        f":attack={ATTACK_MS}:release={RELEASE_MS}:detection=peak:link=maximum"
    )
    found = [
        programs.ours("compressor", values),
        programs.pedalboard([plugin]),
        programs.ffmpeg(chain, samples="dbl"),
    ]
    return [side for side in found if side]


def compressor(programs: Programs) -> Case:
    ours, *rivals = compressors(programs)

    def settles_alike() -> list[str]:
        levels = np.array(STEPS_DB)[:, None]
        expected = levels - np.maximum(levels - THRESHOLD_DB, 0.0) * (1.0 - 1.0 / RATIO)
        steps = Programs(programs.apply, programs.folder, each_step(STEPS_DB), RATE_HZ)
        said_of = []
        for side in compressors(steps):
            apart = float(np.max(np.abs(settled_db(side, len(STEPS_DB)) - expected)))
            if not apart <= STATIC_DB:
                sys.exit(f"{side.name} settles {apart:.4f} dB apart, allowed {STATIC_DB}")
            said_of.append(f"static curve to {apart:.1g} dB")
        return said_of

    return Case(
        f"compressor, hard knee, stereo f32, {SECONDS} s",
        "frame",
        len(programs.material),
        ours,
        rivals,
        settles_alike,
        COMPRESSOR_NS,
    )


def programme() -> Samples:
    """Low-passed noise whose level changes every second, peaks 6 dB over the ceiling."""
    white = np.random.default_rng(49).standard_normal((SECONDS * RATE_HZ, 2))
    spectrum = np.fft.rfft(white, axis=0)
    hz = np.fft.rfftfreq(len(white), 1.0 / RATE_HZ)
    spectrum /= np.hypot(1.0, hz / 300.0)[:, None] * np.hypot(1.0, hz / 8000.0)[:, None]
    soft = np.fft.irfft(spectrum, len(white), axis=0)
    levels_db = np.repeat(np.resize([-12.0, -8.0, -40.0, -4.0, 0.0], SECONDS), RATE_HZ)
    audio = soft * 10.0 ** (levels_db / 20.0)[:, None]
    peak_db = 20.0 * np.log10(np.max(np.abs(audio)))
    return (audio * 10.0 ** ((CEILING_DB + 6.0 - peak_db) / 20.0)).astype(np.float32)


def held(sides: list[Side], free: Side | None) -> list[str]:
    """Every side's samples stay below the ceiling, but for those of one that has none; what stands
    between them is said, from 8 points a frame of ten seconds."""
    said_of = []
    for side in sides:
        assert side.output
        out = side.output()
        over_db = 20.0 * np.log10(np.max(np.abs(out))) - CEILING_DB
        if side is free:
            said_of.append(f"holds no ceiling: a sample {over_db:+.2f} dB over it")
            continue
        if not over_db <= SAMPLE_OVER_DB:
            sys.exit(f"{side.name}: a sample {over_db:.4f} dB over the ceiling")
        part = out[: 10 * RATE_HZ].astype(np.float64)
        dense = 8.0 * np.fft.irfft(np.fft.rfft(part, axis=0), 8 * len(part), axis=0)
        # The cut is a peak of its own.
        inner = dense[8 * RATE_HZ // 10 : -8 * RATE_HZ // 10]
        true_db = 20.0 * np.log10(np.max(np.abs(inner))) - CEILING_DB
        said_of.append(f"true peak {true_db:+.2f} dB")
    return said_of


def limiter(programs: Programs, peaks: str) -> Case:
    ours = programs.ours("limit", peaks, f"{CEILING_DB}", f"{LOOKAHEAD_MS}", f"{RELEASE_MS}")
    brick = pedalboard.BrickwallLimiter(
        ceiling_db=CEILING_DB,
        release_ms=RELEASE_MS,
        lookahead_ms=LOOKAHEAD_MS,
        true_peak=peaks == "true",
    )
    rivals = [replace(programs.pedalboard([brick]), name="pedalboard BrickwallLimiter")]
    free = None
    if peaks == "sample":
        level = 10.0 ** (CEILING_DB / 20.0)
        chain = f"alimiter=limit={level}:attack={LOOKAHEAD_MS}:release={RELEASE_MS}:level=false"
        if ffmpeg := programs.ffmpeg(chain, "alimiter", samples="dbl"):
            rivals.append(ffmpeg)
        times = (f"{CEILING_DB}", f"{LOOKAHEAD_MS}", f"{RELEASE_MS}")
        rivals.append(replace(programs.ours("fundsp", *times), name=f"fundsp {crate('fundsp')}"))
        # It raises what is soft and clips at 0 dBFS.
        raising = pedalboard.Limiter(CEILING_DB, RELEASE_MS)
        free = replace(programs.pedalboard([raising]), name="pedalboard Limiter")
        rivals.append(free)
    return Case(
        f"{peaks}-peak limiter, programme 6 dB over, stereo f32, {SECONDS} s",
        "frame",
        len(programs.material),
        ours,
        rivals,
        lambda: held([ours, *rivals], free),
        LIMIT_NS[peaks],
    )


def change_of_rate(apply: pathlib.Path, folder: pathlib.Path, from_hz: int, to_hz: int) -> Case:
    def sides(material: Samples) -> list[Side]:
        programs = Programs(apply, folder, material, from_hz)
        quality = pedalboard.Resample.Quality
        found = [
            programs.ours("rate", str(to_hz), "fft"),
            replace(programs.ours("rate", str(to_hz), "polyphase"), name="ours, polyphase"),
            programs.stream_resampler(to_hz, quality.WindowedSinc32, "32"),
            programs.stream_resampler(to_hz, quality.WindowedSinc256, "256"),
            programs.ffmpeg(f"aresample={to_hz}", "swr"),
            programs.ffmpeg(f"aresample={to_hz}:resampler=soxr:precision=20", "soxr"),
            programs.sox("rate", "-h", str(to_hz)),
        ]
        return [side for side in found if side]

    ours, *rivals = sides(noise(from_hz))
    above = ABOVE_HZ if from_hz > to_hz else []
    return Case(
        f"{from_hz / 1000:g} to {to_hz / 1000:g} kHz, stereo f32, {SECONDS} s",
        "frame that comes out",
        SECONDS * to_hz,
        ours,
        rivals,
        lambda: clean(sides(tones(from_hz, [*PASS_HZ, *above])), to_hz),
    )


def noise(rate_hz: int) -> Samples:
    rng = np.random.default_rng(48)
    return rng.uniform(-0.1, 0.1, (SECONDS * rate_hz, 2)).astype(np.float32)


def time_in_turn(case: Case, rounds: int) -> None:
    sides = [case.ours, *case.rivals]
    for _ in range(rounds):
        for side in sides:
            side.seconds.append(side.run())
            if side.idle:
                side.idle_seconds.append(side.idle())


def row(case: Case, said_of: list[str]) -> str:
    ours = case.ours.ns(case.units)
    goal = ""
    if case.goal_ns:
        must, stretch = case.goal_ns
        met = [("stretch", stretch), ("must", must)]
        goal = next((f", {word}" for word, ns in met if ours <= ns), f", **missed {must:g}**")
    cells = [f"{ours:.3f}{goal}" + (f", {said_of[0]}" if said_of[0] else "")]
    for rival, text in zip(case.rivals, said_of[1:], strict=True):
        theirs = rival.ns(case.units)
        cells.append(f"{rival.name}: {theirs / ours:.1f}x ({theirs:.2f}), {text}")
    cells += [""] * (COLUMNS - len(cells))
    return f"| {case.name}, a {case.unit} | " + " | ".join(cells) + " |"


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "record"]
    rounds = next((int(word) for word in words if word.isdigit()), ROUNDS)
    wanted = next((word for word in words if not word.isdigit()), "")
    target = os.environ.get("CARGO_TARGET_DIR", str(HERE.parent / "target"))
    apply, ratios = (pathlib.Path(target) / "release" / name for name in ("apply", "ratios"))
    if not (apply.exists() and ratios.exists()):
        sys.exit("build it first: cargo build --release --locked -p mixcore-benches --bins")
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def material() -> Programs:
            return Programs(apply, folder, noise(RATE_HZ), RATE_HZ)

        cases: list[tuple[str, Callable[[], Case]]] = [
            ("equaliser", lambda: equaliser(material())),
            ("compressor", lambda: compressor(material())),
            *(
                (
                    f"limiter {peaks}",
                    lambda peaks=peaks: limiter(
                        Programs(apply, folder, programme(), RATE_HZ), peaks
                    ),
                )
                for peaks in LIMIT_NS
            ),
            *(
                (f"rate {rates}", lambda rates=rates: change_of_rate(apply, folder, *rates))
                for rates in RATES_HZ
            ),
        ]
        for title, make in cases:
            if wanted in title:
                case = make()
                said_of = case.check()
                time_in_turn(case, rounds)
                lines.append(row(case, said_of))
    table = "\n".join(
        [
            f"{said(ratios, 'machine')}.",
            "",
            f"Best of {rounds} in turn; processor time of the process for all, ours too, without that of start, reading and copying (pedalboard's sinc copies its output).",
            "",
            "| what | ours, ns | rivals: our ratio to them, their ns |" + " |" * (COLUMNS - 2),
            "|---|" + "---|" * COLUMNS,
            *lines,
        ]
    )
    print(table)
    if "record" in sys.argv[1:]:
        subprocess.run([ratios, "put", "processes"], input=table, text=True, check=True)


if __name__ == "__main__":
    main()
