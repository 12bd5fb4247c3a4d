"""The overshoot league with pedalboard's limiters: `python benches/limiter_league.py`.

Needs numpy and pedalboard. The signals come from `league write`, the table from `league DIR`.
"""

import pathlib
import subprocess
import tempfile

import numpy as np
import pedalboard

RATE_HZ = 48_000
CEILING_DB = -1.0
RELEASE_MS = 100.0
LOOKAHEAD_MS = 5.0

LIMITERS = {
    "Limiter": lambda: pedalboard.Limiter(threshold_db=CEILING_DB, release_ms=RELEASE_MS),
    "BrickwallLimiter": lambda: pedalboard.BrickwallLimiter(
        ceiling_db=CEILING_DB, release_ms=RELEASE_MS, lookahead_ms=LOOKAHEAD_MS, true_peak=False
    ),
    "BrickwallLimiter, true peak": lambda: pedalboard.BrickwallLimiter(
        ceiling_db=CEILING_DB, release_ms=RELEASE_MS, lookahead_ms=LOOKAHEAD_MS, true_peak=True
    ),
}


def league(*arguments: str) -> None:
    command = ["cargo", "run", "--quiet", "--release", "-p", "mixcore-benches", "--bin", "league"]
    subprocess.run([*command, "--", *arguments], check=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        league("write", folder)
        for path in sorted(pathlib.Path(folder).glob("*.f32")):
            signal = np.fromfile(path, "<f4")
            for name, make in LIMITERS.items():
                label = f"pedalboard {pedalboard.__version__}, {name}"
                out = make()(signal, RATE_HZ)
                out.astype("<f4").tofile(path.with_name(f"{path.stem}.{label}.f32"))
        league(folder)


if __name__ == "__main__":
    main()
