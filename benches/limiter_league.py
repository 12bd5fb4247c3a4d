"""The overshoot league: the limiters of the registries on the hostile set of the limiter's tests.

`python benches/limiter_league.py` needs numpy; pedalboard, sf-limiter, numpy-audio-limiter and cylimiter
take part where they are installed, ffmpeg where it is, the crate truepeak where cargo can build it. The
signals come from `league write`, the table from `league DIR`, by the judge of the tests. Every limiter is
asked for a ceiling of -1 dB, 5 ms of look-ahead and 100 ms of release as far as it can be told, and is
flushed. See README.
"""

import contextlib
import importlib
import importlib.metadata
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable

import numpy as np

RATE_HZ = 48_000
CEILING_DB = -1.0
CEILING = 10.0 ** (CEILING_DB / 20.0)
RELEASE_MS = 100.0
LOOKAHEAD_MS = 5.0
# Zeros behind each signal: more than any latency here.
FLUSH = 4800

Samples = np.ndarray
Limiters = dict[str, Callable[[Samples], Samples]]

# A crate outside the workspace, since it asks for a newer compiler than ours does.
TRUEPEAK_CARGO = """
[package]
name = "truepeak-rival"
version = "0.0.0"
edition = "2024"
[dependencies]
truepeak = "=0.1.1"
[workspace]
"""
TRUEPEAK_MAIN = """
use std::{env, fs, sync::atomic::AtomicBool};
use truepeak::{Config, Limiter, limit};
fn main() {
    let words: Vec<String> = env::args().collect();
    let bytes = fs::read(&words[2]).unwrap();
    let x: Vec<f32> = bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    let config = Config { ceiling_dbtp: -1.0, lookahead_ms: 5.0, release_fast_ms: 100.0, ..Config::default() };
    let y = if words[1] == "clip" {
        let done = limit(&[&x], 48_000, &config, &AtomicBool::new(false), &mut |_| {});
        done.unwrap().channels.remove(0)
    } else {
        let mut limiter = Limiter::new(48_000, 1, &config).unwrap();
        let mut out = vec![Vec::new()];
        limiter.process(&[&x], &mut out).unwrap();
        limiter.flush(&mut out).unwrap();
        out.remove(0)
    };
    fs::write(&words[3], y.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()).unwrap();
}
"""


def found(package: str):
    with contextlib.suppress(ImportError):
        return importlib.import_module(package), importlib.metadata.version(package)
    print(f"{package} is not installed", file=sys.stderr)
    return None, ""


def python_limiters() -> Limiters:
    limiters: Limiters = {}
    pedalboard, version = found("pedalboard")
    if pedalboard:
        name = f"pedalboard {version}, "
        loud = pedalboard.Limiter(threshold_db=CEILING_DB, release_ms=RELEASE_MS)
        limiters[name + "Limiter"] = lambda x: loud(x, RATE_HZ)
        if hasattr(pedalboard, "BrickwallLimiter"):
            for true_peak in (False, True):
                brick = pedalboard.BrickwallLimiter(
                    ceiling_db=CEILING_DB,
                    release_ms=RELEASE_MS,
                    lookahead_ms=LOOKAHEAD_MS,
                    true_peak=true_peak,
                )
                what = "BrickwallLimiter" + ", true peak" * true_peak
                limiters[name + what] = lambda x, brick=brick: brick(x, RATE_HZ)
    sf, version = found("sf_limiter")
    if sf:
        for true_peak in (False, True):
            limiters[f"sf-limiter {version}" + ", true peak" * true_peak] = (
                lambda x, true_peak=true_peak: sf.limit(
                    x,
                    RATE_HZ,
                    threshold_dBFS=CEILING_DB,
                    attack_ms=LOOKAHEAD_MS,
                    release_ms=RELEASE_MS,
                    true_peak=true_peak,
                )[0]
            )
    plain, version = found("numpy_audio_limiter")
    frames = round(LOOKAHEAD_MS * 1e-3 * RATE_HZ)
    # Per-frame coefficients; the attack reaches 1 % within the look-ahead.
    attack = 0.01 ** (1.0 / frames)
    release = float(np.exp(-1.0 / (RELEASE_MS * 1e-3 * RATE_HZ)))
    if plain:
        limiters[f"numpy-audio-limiter {version}"] = lambda x: plain.limit(
            x.reshape(1, -1), attack, release, frames, CEILING
        )
    cython, version = found("cylimiter")
    if cython:
        limiters[f"cylimiter {version}"] = lambda x: cython.Limiter(
            attack=attack, release=release, delay=frames, threshold=CEILING
        ).limit(x)
    return limiters


def ffmpeg_limiters() -> Limiters:
    if not shutil.which("ffmpeg"):
        print("ffmpeg is not installed", file=sys.stderr)
        return {}
    head = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout
    version = head.split()[2].split("-")[0]
    limit = f"alimiter=limit={CEILING}:attack={LOOKAHEAD_MS}:release={RELEASE_MS}:level=false"

    def run(x: Samples, filters: str) -> Samples:
        form = ["-f", "f32le", "-ar", str(RATE_HZ), "-ac", "1"]
        command = ["ffmpeg", "-v", "error", *form, "-i", "pipe:0", "-af", filters, *form, "pipe:1"]
        done = subprocess.run(command, input=x.astype("<f4").tobytes(), capture_output=True, check=True)
        return np.frombuffer(done.stdout, "<f4")

    wide = f"aresample=192000,{limit},aresample={RATE_HZ}"
    return {
        f"ffmpeg {version}, alimiter": lambda x: run(x, limit),
        f"ffmpeg {version}, alimiter at 192 kHz": lambda x: run(x, wide),
    }


def truepeak_limiters(folder: pathlib.Path) -> Limiters:
    """The crate truepeak, built in a folder of its own."""
    project = folder / "truepeak"
    (project / "src").mkdir(parents=True)
    (project / "Cargo.toml").write_text(TRUEPEAK_CARGO)
    (project / "src" / "main.rs").write_text(TRUEPEAK_MAIN)
    build = ["cargo", "build", "--quiet", "--release", "--ignore-rust-version", "--target-dir"]
    if subprocess.run([*build, str(project / "target")], cwd=project, check=False).returncode:
        print("truepeak does not build", file=sys.stderr)
        return {}

    def run(x: Samples, way: str) -> Samples:
        x.astype("<f4").tofile(project / "in")
        program = project / "target" / "release" / "truepeak-rival"
        subprocess.run([program, way, project / "in", project / "out"], check=True)
        return np.fromfile(project / "out", "<f4")

    return {
        "truepeak 0.1.1, stream": lambda x: run(x, "stream"),
        "truepeak 0.1.1, whole clip": lambda x: run(x, "clip"),
    }


def league(*arguments: str) -> None:
    command = ["cargo", "run", "--quiet", "--release", "-p", "mixcore-benches", "--bin", "league"]
    subprocess.run([*command, "--", *arguments], check=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as crates:
        folder = pathlib.Path(name)
        league("write", name)
        limiters = python_limiters() | ffmpeg_limiters() | truepeak_limiters(pathlib.Path(crates))
        for path in sorted(folder.glob("*.f32")):
            signal = np.concatenate([np.fromfile(path, "<f4"), np.zeros(FLUSH, "<f4")])
            for label, limit in limiters.items():
                out = np.ravel(np.asarray(limit(signal)))
                out.astype("<f4").tofile(folder / f"{path.stem}.{label}.f32")
        league(name)


if __name__ == "__main__":
    main()
