"""The command line, as a person types it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import mixcore
import numpy
import pytest
from conftest import RATE_HZ, Array


def run(*arguments: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mixcore", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def wav(music: Array, tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "cue.wav"
    mixcore.write(path, mixcore.Audio(music, RATE_HZ))
    return path


def test_measure_prints_a_line_a_file(wav: pathlib.Path) -> None:
    found = mixcore.measure(mixcore.read(wav))
    result = run("measure", wav, wav)
    lines = result.stdout.splitlines()
    assert result.returncode == 0 and len(lines) == 3 and lines[1] == lines[2]
    assert f"{found.integrated_lufs:.1f}" in lines[1] and "LUFS" in lines[0]
    (read,) = json.loads(run("measure", "--json", wav).stdout)
    assert (read["layout"], read["rate_hz"], read["reasons"]) == ("stereo", RATE_HZ, {})
    # Read block by block, the bits are those of one array.
    assert read["true_peak_dbtp"] == found.true_peak_dbtp
    assert read["integrated_lufs"] == found.integrated_lufs


def test_verify_says_the_verdict_with_its_status(wav: pathlib.Path, tmp_path: pathlib.Path) -> None:
    page = tmp_path / "report.html"
    result = run("verify", wav, "--spec", "ebu-r128", "--html", page)
    assert result.returncode == 1 and "FAIL" in result.stdout
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    audio = mixcore.read(wav)
    gain_db = -23.0 - float(mixcore.measure(audio).integrated_lufs or 0)
    quiet = mixcore.Audio(audio.samples * audio.samples.dtype.type(10 ** (gain_db / 20)), RATE_HZ)
    mixcore.write(wav, quiet)
    result = run("verify", wav, "--spec", "ebu-r128")
    assert result.returncode == 0 and "PASS" in result.stdout
    contract = tmp_path / "contract.json"
    contract.write_text(mixcore.spec("ebu-r128").to_json(), encoding="utf-8")
    assert run("verify", wav, "--spec", contract).returncode == 0
    contract.write_text("{}", encoding="utf-8")
    result = run("verify", wav, "--spec", contract)
    assert result.returncode == 2 and "$.id" in result.stderr


def test_bad_input_is_said_in_one_line(wav: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for arguments, text in (
        (("measure", tmp_path / "nothing.wav"), "there is no such file"),
        (("measure", wav, "--layout", "5.1"), "layout 5.1 has 6"),
        (("verify", wav, "--spec", "ebu-r182"), "did you mean ebu-r128?"),
        (("verify", wav, "--spec", tmp_path / "no.json"), "there is no such file"),
    ):
        result = run(*arguments)
        assert result.returncode == 2 and result.stdout == ""
        assert text in result.stderr and "Traceback" not in result.stderr


def test_a_verdict_is_not_lost_with_its_page(wav: pathlib.Path, tmp_path: pathlib.Path) -> None:
    result = run("verify", wav, "--spec", "ebu-r128", "--html", tmp_path / "nowhere" / "a.html")
    assert result.returncode == 2 and "FAIL" in result.stdout and "nowhere" in result.stderr


def test_what_has_no_value_has_a_reason(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "click.wav"
    mixcore.write(path, mixcore.Audio(numpy.full((2, 480), 0.5), RATE_HZ))
    (read,) = json.loads(run("measure", "--json", path).stdout)
    assert read["integrated_lufs"] is None
    assert read["reasons"]["integrated_lufs"] == "too short (0.0 s of 0.4 s)"
    assert "click.wav: no LRA: too short" in run("measure", path).stdout


def test_specs_are_listed() -> None:
    assert [line.split()[0] for line in run("specs").stdout.splitlines()] == [
        spec.id for spec in mixcore.specs()
    ]
