"""Objects: specs, reports, pickles, and what an editor sees of them."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import pickle
from collections.abc import Callable
from typing import Any

import joblib
import mixcore
import numpy
import pytest
from conftest import RATE_HZ, Array


def test_every_preset_survives_its_own_json() -> None:
    for spec in mixcore.specs():
        assert mixcore.Spec.from_json(spec.to_json()) == spec == mixcore.spec(spec.id)
        assert spec.id in repr(spec) and spec.name and spec.document
    with pytest.raises(ValueError, match="did you mean high"):
        text = json.loads(mixcore.specs()[0].to_json())
        text["rules"][0]["hihg"] = 1.0
        mixcore.Spec.from_json(json.dumps(text))


def test_a_report_says_what_failed_and_why(music: Array) -> None:
    report = mixcore.verify(mixcore.Audio(music, RATE_HZ, title="cue"), "ebu-r128")
    assert not report.passed and report.verdict == "fail"
    loudness = next(one for one in report.findings if one.quantity == "integrated_lufs")
    assert loudness.verdict == "fail" and loudness.counts
    assert loudness.measured == report.measurement.integrated_lufs
    assert "R 128" in loudness.citation and loudness.hint
    layout = report.findings[0]
    assert layout.measured_text == "stereo" and "not stated" in str(layout.reason)
    assert "FAIL" in str(report) and "cue" in report.to_html()
    assert json.loads(report.to_json())["schema"] == "mixcore-report-1"
    assert report.to_junit().startswith("<?xml") and "," in report.to_csv()
    # An array has no name of its own.
    nameless = mixcore.verify(mixcore.measure(music, RATE_HZ), "ebu-r128")
    assert "Report FAIL: Measurement against" in repr(nameless)
    assert ">Measurement: FAIL" in nameless._repr_html_()
    # Measured once, judged again.
    for spec in mixcore.specs():
        assert mixcore.verify(report.measurement, spec).spec == spec


def test_a_notebook_gets_tables(music: Array) -> None:
    audio = mixcore.Audio(music, RATE_HZ, title="<b>&")
    report = mixcore.verify(audio, "ebu-r128")
    for html in (report._repr_html_(), report.measurement._repr_html_()):
        assert html.startswith("<table>") and html.endswith("</table>")
        assert "&lt;b&gt;&amp;" in html and "<b>" not in html
    assert "FAIL" in report._repr_html_() and "LUFS" in report.measurement._repr_html_()


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


def judged(name: str, samples: Array) -> mixcore.Report:
    return mixcore.verify(mixcore.Audio(samples, RATE_HZ, title=name), "ebu-r128")


def test_results_and_settings_travel(music: Array) -> None:
    report = judged("cue", music)
    meter = mixcore.loudness.Meter(RATE_HZ, "5.1", true_peak="annex2", dual_mono=True)
    limiter = mixcore.dynamics.Limiter(RATE_HZ, "5.1", -3.0, release_ms=50.0, link=False)
    limiter.process(numpy.ones((6, 480)))
    ways: list[Callable[[Any], Any]] = [pickled, copy.copy, copy.deepcopy]
    for again in ways:
        assert again(report.spec) == report.spec
        assert again(report.measurement).to_json() == report.measurement.to_json()
        assert again(report).to_json() == report.to_json()
        assert again(report).to_html() == report.to_html()
        assert again(mixcore.Audio(music, RATE_HZ)) == mixcore.Audio(music, RATE_HZ)
        assert repr(again(limiter)) == repr(limiter)
        # A fresh one: what it has heard stays behind.
        assert numpy.array_equal(again(limiter).process(numpy.zeros((6, 999))), numpy.zeros((6, 999)))
        assert repr(again(meter)) == repr(meter) and again(meter).frames == 0


def test_workers_return_reports(music: Array) -> None:
    clips = {"quiet": music * 0.1, "loud": music}
    reports = joblib.Parallel(n_jobs=2)(
        joblib.delayed(judged)(name, samples) for name, samples in clips.items()
    )
    for (name, samples), report in zip(clips.items(), reports, strict=True):
        assert report.to_json() == judged(name, samples).to_json()


def test_a_fold_down_is_a_matrix_with_a_source() -> None:
    matrix = mixcore.spatial.downmix_matrix("0+5+0", "stereo")
    assert matrix.shape == (2, 6) and matrix[0, 2] == numpy.sqrt(0.5)
    assert "BS.775" in mixcore.spatial.downmix_citation("5.1", "stereo")


def test_the_readme_example_runs(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = pathlib.Path(os.environ["MIXCORE_SOURCE"])
    text = (source / "README.md").read_text(encoding="utf-8")
    example = text.split("## In Python")[1].split("```python\n")[1].split("```")[0]
    assert len(example.strip().splitlines()) <= 12
    music = 0.5 * numpy.random.default_rng(1).standard_normal((2, 10 * RATE_HZ)).clip(-1, 1)
    monkeypatch.chdir(tmp_path)
    mixcore.write("mix.wav", mixcore.Audio(music, RATE_HZ))
    exec(compile(example, "README.md", "exec"), {})
    assert mixcore.read("delivery.wav").frames == 10 * RATE_HZ


@pytest.mark.parametrize("shape", [(0,), (7,), (2, 0), (2, 7)])
def test_an_audio_has_rows_whatever_its_length(shape: tuple[int, ...]) -> None:
    audio = mixcore.Audio(numpy.zeros(shape), RATE_HZ)
    assert audio.samples.shape == (1, *shape)[-2:] and audio.frames == shape[-1]
    if len(shape) == 2:
        turned = mixcore.Audio(numpy.zeros(shape[::-1]), RATE_HZ, frames_first=True)
        assert turned == audio
