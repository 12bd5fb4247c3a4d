# `make test` is what CI runs and what a change must pass. `make test-long` adds the exhaustive sets.
# Every step prints its own command, so that a failing one can be run by hand.

CARGO ?= cargo
# Feature sets of the core: std (default), alloc, none.
ALLOC = --no-default-features --features alloc
NONE = --no-default-features
# A workspace of its own: packages without dev-dependencies. Its packages are built one by one, so
# that the features of one do not reach another.
BARE = --manifest-path mixcore/tests/bare/Cargo.toml
# Tools from the Python registry: maturin, pytest, mypy, cmake, ninja.
PYTHON ?= python3
# Scripts that build by themselves know nothing of this make's jobs (ninja ends, cargo warns).
ALONE = env -u MAKEFLAGS -u MFLAGS
VENV = target/venv
TOOLS = $(VENV)/installed

.PHONY: test test-long test-aarch64 fmt lint docs unit examples python c proofs fuzz-smoke bless

# The first four share one target folder. The others have each their own, and parts that keep one core
# busy (link-time optimisation, valgrind), so two of them go side by side.
test: fmt lint docs unit
	+$(MAKE) --no-print-directory --jobs=2 --output-sync=target examples proofs python c fuzz-smoke

fmt:
	$(CARGO) fmt --all --check
	$(CARGO) fmt $(BARE) --all --check

lint:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked -p mixcore --tests $(ALLOC) -- -D warnings
	$(CARGO) clippy --locked -p mixcore --tests $(NONE) -- -D warnings
	$(CARGO) clippy --locked --manifest-path fuzz/Cargo.toml -- -D warnings
	$(CARGO) clippy --locked $(BARE) --target-dir target/bare -p bare-golden -p bare-freestanding -p bare-no-panic -- -D warnings
	$(CARGO) clippy --locked $(BARE) --target-dir target/bare -p bare-hosted -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

# Unit, integration and documentation tests in every feature set, of the core and the C library (the
# Python module is tested as a wheel).
unit:
	$(CARGO) test --locked
	$(CARGO) test --locked -p mixcore --lib --tests $(ALLOC)
	$(CARGO) test --locked -p mixcore --lib --tests $(NONE)

# Every example runs, as the tests have built it; they check their own numbers and leave with a status.
examples:
	$(ALONE) $(CARGO) run --locked --profile test --example deliver

# The machine code: std and no_std have the same bits, no panic, no AVX-512.
proofs:
	$(ALONE) mixcore/tests/bare/prove.sh

# Every fuzz target for a few runs, against its oracle.
fuzz-smoke:
	$(ALONE) fuzz/run.sh 1000

# The core's tests and the golden hashes on AArch64, under emulation. Optional: it downloads a lot.
test-aarch64:
	mixcore/tests/aarch64/run.sh

# The wheel, tested as it is installed: pytest, doctests, mypy strict, stubtest.
python: $(TOOLS)
	$(ALONE) sh mixcore-py/test.sh $(VENV) target/python

# The C library, installed and used as C and C++ programs would: CMake, sanitizers, valgrind.
c: $(TOOLS)
	$(ALONE) sh mixcore-c/test.sh $(VENV) target/c

# Made anew whenever the list of tools changes.
$(TOOLS): requirements-dev.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

# The exhaustive sets: 1,000 limiter programmes, long hill-climbs, every rate and layout. And the
# tests of the benches' own code, whose rivals take minutes to compile.
test-long:
	$(CARGO) test --locked -p mixcore-benches --lib
	MIXCORE_LONG=1 $(CARGO) test --locked --release -p mixcore -- --nocapture

# Rewrites the golden hashes; say why under Numbers in CHANGELOG.md.
bless:
	MIXCORE_BLESS=1 $(CARGO) test --locked -p mixcore --test all golden
