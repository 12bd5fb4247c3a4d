"""Runs the examples in the docstrings of the native half, which pytest does not collect."""

from __future__ import annotations

import doctest
import inspect
import sys

import mixcore
from mixcore import _core


def main() -> int:
    """Run every example; return the number of failures."""
    runner = doctest.DocTestRunner()
    parser = doctest.DocTestParser()
    for name in _core.__all__:
        found = getattr(_core, name)
        members = inspect.getmembers(found) if inspect.isclass(found) else []
        for label, thing in [(name, found), *((f"{name}.{key}", value) for key, value in members)]:
            text = getattr(thing, "__doc__", None)
            if isinstance(text, str) and ">>>" in text:
                runner.run(parser.get_doctest(text, {"mixcore": mixcore}, label, None, None))
    print(f"{runner.tries} examples in the native half, {runner.failures} failed")
    return runner.failures or int(runner.tries == 0)


if __name__ == "__main__":
    sys.exit(main())
