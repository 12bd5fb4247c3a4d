"""mixcore: loudness metering, true-peak limiting and delivery verification for audio mixing.

Audio is a NumPy array of float32 or float64, shape ``(channels, frames)`` or ``(frames,)`` for
mono; the orientation is never guessed. :class:`Audio` carries the samples with their rate and
layout. Everything that works releases the GIL.

Examples
--------
>>> import numpy, mixcore
>>> noise = 0.1 * numpy.random.default_rng(1).standard_normal((2, 480000)).astype("float32")
>>> report = mixcore.verify(mixcore.measure(noise, 48000), mixcore.spec("ebu-r128"))
>>> report.verdict
'fail'
"""

from . import dynamics, loudness, spatial
from ._audio import Audio
from ._core import Finding, Measurement, Report, Spec, __version__, spec, specs
from ._files import read, write
from ._measure import measure, verify

__all__ = [
    "Audio",
    "Finding",
    "Measurement",
    "Report",
    "Spec",
    "__version__",
    "dynamics",
    "loudness",
    "measure",
    "read",
    "spatial",
    "spec",
    "specs",
    "verify",
    "write",
]
