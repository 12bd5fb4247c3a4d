"""Integrated loudness by pyloudnorm and by mixcore: compares, times in turn, prints a table of one row.

Needs numpy, scipy, pyloudnorm and the mixcore wheel; see README.md. With `record` it also writes
the table between the markers `pyloudnorm` of the README beside it.
"""

import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import time

import mixcore
import numpy as np
import pyloudnorm
from mixcore.loudness import Meter

RATE_HZ = 48_000
SECONDS = 60
ROUNDS = 15
# With the coefficients of BS.1770 ("DeMan") what differs is rounding, and a last block that
# pyloudnorm may count though it is not whole.
SAME_LU = 0.01
# Its default designs the shelf at 1500 Hz instead of 1682 Hz: it reads white noise 0.043 LU lower.
DEFAULT_LU = 0.06
# DESIGN, section 10.
MUST, STRETCH = 25.0, 40.0


def programme() -> np.ndarray:
    """Stereo noise at 5 levels of a second each, one of them below the relative gate; (frames, 2)."""
    rng = np.random.default_rng(1770)
    levels_db = np.tile([-12.0, -8.0, -40.0, -4.0, 0.0], SECONDS // 5)
    gain = np.repeat(10.0 ** (levels_db / 20.0), RATE_HZ)
    return 0.25 * gain[:, None] * rng.uniform(-1.0, 1.0, (SECONDS * RATE_HZ, 2))


def ours(audio: np.ndarray, true_peak: str) -> float:
    """From nothing to the reading; `audio` is channel by channel."""
    meter = Meter(RATE_HZ, "stereo", true_peak=true_peak, max_duration_s=SECONDS + 1.0)
    meter.push(audio)
    return meter.measurement().integrated_lufs


def theirs(audio: np.ndarray, filters: str = "K-weighting") -> float:
    """From nothing to the reading; `audio` is frame by frame, as pyloudnorm asks for."""
    return pyloudnorm.Meter(RATE_HZ, filter_class=filters).integrated_loudness(audio)


def machine() -> str:
    model = platform.processor()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
    git = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=pathlib.Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    load = os.getloadavg()[0]
    return f"{date}, {model}, load {load:.2f}, commit {git.stdout.strip() or 'unknown'}"


def put(text: str) -> None:
    path = pathlib.Path(__file__).with_name("README.md")
    begin, end = "<!-- pyloudnorm:begin -->", "<!-- pyloudnorm:end -->"
    before, rest = path.read_text().split(begin)
    after = rest.split(end)[1]
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def main() -> None:
    frames_first = programme()
    channels_first = np.ascontiguousarray(frames_first.T)
    sides = {
        "pyloudnorm": lambda: theirs(frames_first),
        "I": lambda: ours(channels_first, "off"),
        "all": lambda: ours(channels_first, "fine"),
    }
    read = {name: side() for name, side in sides.items()}
    exact = theirs(frames_first, "DeMan")
    for name in ("I", "all"):
        for reading, within in ((exact, SAME_LU), (read["pyloudnorm"], DEFAULT_LU)):
            if not abs(read[name] - reading) <= within:
                sys.exit(f"{name} {read[name]}, pyloudnorm {reading}: more than {within} LU apart")

    best = dict.fromkeys(sides, float("inf"))
    for _ in range(ROUNDS):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            best[name] = min(best[name], time.perf_counter() - start)

    samples = frames_first.size
    ns = {name: 1e9 * seconds / samples for name, seconds in best.items()}
    ratio, all_ratio = ns["pyloudnorm"] / ns["I"], ns["pyloudnorm"] / ns["all"]
    met = "stretch" if ratio >= STRETCH else "must" if ratio >= MUST else "MISSED"
    version = importlib.metadata.version("pyloudnorm")
    table = "\n".join(
        [
            f"{machine()}.",
            "",
            f"Best of {ROUNDS} in turn; read {read['I']:.4f} LUFS, "
            f"pyloudnorm {read['pyloudnorm']:.4f} ({exact:.4f} with the coefficients of BS.1770).",
            "",
            "| what | ours, ns | with LRA and true peak | rival | rival, ns | ratio | with all | must "
            "| stretch | |",
            "|---|---:|---:|---|---:|---:|---:|---:|---:|---|",
            f"| integrated loudness from Python, {SECONDS} s stereo f64, a sample | {ns['I']:.3f} "
            f"| {ns['all']:.3f} | pyloudnorm {version} | {ns['pyloudnorm']:.2f} | {ratio:.1f}x "
            f"| {all_ratio:.1f}x | {MUST:g}x | {STRETCH:g}x | {met} |",
        ]
    )
    print(table)
    if "record" in sys.argv[1:]:
        put(table)


if __name__ == "__main__":
    main()
