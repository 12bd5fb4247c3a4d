#!/bin/sh
# Builds the wheel, installs it into an environment of its own, and tests what was installed.
#
#   mixcore-py/test.sh TOOLS TARGET      environment with maturin; folder for the results
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tools=$(cd "$1" && pwd)
mkdir -p "$2"
target=$(cd "$2" && pwd)
export MIXCORE_SOURCE="$here/.."

rm -rf "$target/wheels"
(cd "$here" && "$tools/bin/maturin" build --quiet --profile shipped --out "$target/wheels")

"$tools/bin/python" -m venv --clear "$target/wheel-venv"
python="$target/wheel-venv/bin/python"
# The wheel first, with what it asks for itself and nothing else, then the tools of the tests.
pip="$python -m pip install --quiet --disable-pip-version-check -c $MIXCORE_SOURCE/requirements-dev.txt"
$pip "$target"/wheels/mixcore-*.whl
"$python" -m mixcore specs > "$target/specs.txt"
$pip pytest mypy joblib

# From a folder that holds no sources, so that nothing but the wheel is imported.
rm -rf "$target/py-tests"
cp -r "$here/tests" "$target/py-tests"
cd "$target/py-tests"
"$python" -m pytest -q -p no:cacheprovider .
"$python" -m pytest -q -p no:cacheprovider --doctest-modules --pyargs mixcore
"$python" doctests.py
"$python" -m mypy --config-file "$here/pyproject.toml" .
"$python" -m mypy --config-file "$here/pyproject.toml" -p mixcore
"$python" -m mypy.stubtest --mypy-config-file "$here/pyproject.toml" mixcore
