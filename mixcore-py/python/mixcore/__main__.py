"""Command line: measure files, judge them, list the specifications."""

from __future__ import annotations

import argparse
import difflib
import json
import pathlib
import sys
from collections.abc import Sequence

from . import Measurement, Spec, __version__, _core, specs
from ._files import File

#: Frames that are read at a time, so that a file may be longer than memory.
_BLOCK_FRAMES = 1 << 18

#: Exit status: a file fails its specification, and input that cannot be used.
_FAILED, _BAD_INPUT = 1, 2

#: Columns of the table: heading, key, unit, decimals.
_COLUMNS = (
    ("I", "integrated_lufs", "LUFS", 1),
    ("max M", "momentary_max_lufs", "LUFS", 1),
    ("max S", "short_term_max_lufs", "LUFS", 1),
    ("LRA", "loudness_range_lu", "LU", 1),
    ("true peak", "true_peak_dbtp", "dBTP", 2),
    ("sample peak", "sample_peak_dbfs", "dBFS", 2),
    ("duration", "duration_s", "s", 1),
)


def measure_file(path: str, layout: str | None = None, dual_mono: bool = False) -> Measurement:
    """Measure a file block by block."""
    with File(path, layout) as file:
        measurer = _core.Measurer(
            file.rate_hz,
            file.layout,
            file.frames,
            title=pathlib.Path(path).name,
            dual_mono=dual_mono,
            dialogue=False,
            bit_depth=file.bit_depth,
        )
        while (block := file.read(_BLOCK_FRAMES)).shape[1]:
            measurer.push(block)
    return measurer.finish()


def _record(one: Measurement) -> dict[str, object]:
    """Return one file's readings for JSON, with the reason of each that has no value."""
    readings = one.to_dict()
    return {
        "file": one.title,
        "layout": one.layout,
        "rate_hz": one.rate_hz,
        "frames": one.frames,
        **readings,
        "reasons": {key: one.reason(key) for key, value in readings.items() if value is None},
    }


def _table(found: Sequence[Measurement]) -> str:
    """Return one line per file under one heading."""
    head = ["file", "layout", *(f"{name} [{unit}]" for name, _, unit, _ in _COLUMNS)]
    rows = [head]
    notes = []
    for one in found:
        row = [one.title, one.layout]
        for name, key, _, decimals in _COLUMNS:
            value: float | None = getattr(one, key)
            row.append("-" if value is None else f"{value:.{decimals}f}")
            if value is None:
                notes.append(f"{one.title}: no {name}: {one.reason(key)}")
        if one.faults:
            notes.append(
                f"{one.title}: {one.faults:.0f} samples were not finite or beyond 1e6 and were "
                "taken as silence"
            )
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        cells += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, *notes])


def _spec(name: str) -> Spec:
    """Return a preset by its id, or a specification from a JSON file."""
    path = pathlib.Path(name)
    if path.suffix == ".json":
        if not path.exists():
            raise FileNotFoundError(f"{name}: there is no such file")
        try:
            return Spec.from_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{name}:\n{error}") from error
    try:
        return _core.spec(name)
    except ValueError as error:
        near = difflib.get_close_matches(name, [spec.id for spec in specs()], n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{error}{hint}") from error


def _measure(arguments: argparse.Namespace) -> int:
    found = [measure_file(path, arguments.layout, arguments.dual_mono) for path in arguments.files]
    if arguments.json:
        print(json.dumps([_record(one) for one in found], indent=2))
    else:
        print(_table(found))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    spec = _spec(arguments.spec)
    found = measure_file(arguments.file, arguments.layout, arguments.dual_mono)
    report = _core.verify(found, spec)
    print(report, end="")
    for path, write in (
        (arguments.html, report.to_html),
        (arguments.json, report.to_json),
        (arguments.csv, report.to_csv),
        (arguments.junit, report.to_junit),
    ):
        if path is not None:
            pathlib.Path(path).write_text(write(), encoding="utf-8")
    return 0 if report.passed else _FAILED


def _specs(_: argparse.Namespace) -> int:
    width = max(len(spec.id) for spec in specs())
    for spec in specs():
        print(f"{spec.id.ljust(width)}  {spec.name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mixcore",
        description="Measure audio files and judge them by delivery specifications.",
    )
    parser.add_argument("--version", action="version", version=f"mixcore {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    file_options = argparse.ArgumentParser(add_help=False)
    file_options.add_argument(
        "--layout", help="layout of the channels, such as 5.1, where the file does not say"
    )
    file_options.add_argument(
        "--dual-mono", action="store_true", help="a mono file is heard from two loudspeakers"
    )

    measure = commands.add_parser(
        "measure", parents=[file_options], help="loudness and peaks of files, a line each"
    )
    measure.add_argument("files", nargs="+", metavar="FILE")
    measure.add_argument("--json", action="store_true", help="all readings as JSON")
    measure.set_defaults(run=_measure)

    verify = commands.add_parser(
        "verify",
        parents=[file_options],
        help="judge a file; the exit status is 0 if it passes, 1 if not, 2 for bad input",
    )
    verify.add_argument("file", metavar="FILE")
    verify.add_argument(
        "--spec", required=True, help="id of a preset (see: specs), or a JSON file of your own"
    )
    for form in ("html", "json", "csv", "junit"):
        verify.add_argument(f"--{form}", metavar="OUT", help=f"write the report as {form.upper()}")
    verify.set_defaults(run=_verify)

    listing = commands.add_parser("specs", help="the specifications that are built in")
    listing.set_defaults(run=_specs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
    except (OSError, TypeError, ValueError) as error:
        print(f"mixcore: {error}", file=sys.stderr)
        return _BAD_INPUT
    return status


if __name__ == "__main__":
    sys.exit(main())
