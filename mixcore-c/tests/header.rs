//! The committed header is what the sources say, and its defaults are the core's.

use std::path::{Path, PathBuf};

use mixcore::dynamics::{LimiterParams, LimiterSetup};
use mixcore::loudness::MeterSetup;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The header as cbindgen writes it, with the promises of a caller in C's words.
fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let sources = ["status", "meter", "limiter", "verify"];
    let builder =
        sources.iter().fold(cbindgen::Builder::new().with_config(config), |builder, name| {
            builder.with_src(root().join("src").join(name).with_extension("rs"))
        });
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    String::from_utf8(bytes).unwrap().replace(" * # Safety\n", "").replace(" * C: ", " * ")
}

fn compare(path: &Path, now: &str) {
    if std::env::var_os("MIXCORE_BLESS").is_some() {
        std::fs::write(path, now).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == now, "{} is out of date: run with MIXCORE_BLESS=1", path.display());
}

#[test]
fn the_committed_header_is_what_the_sources_say() {
    compare(&root().join("include/mixcore.h"), &generated());
}

#[test]
fn the_initialisers_hold_the_defaults_of_the_core() {
    let (meter, setup, params) =
        (MeterSetup::default(), LimiterSetup::default(), LimiterParams::default());
    assert!(meter.true_peak == mixcore::loudness::TruePeakMethod::Fine && !meter.dual_mono);
    assert_eq!(setup.link_percent, 100.0);
    let header = generated();
    for line in [
        format!("MIXCORE_TRUE_PEAK_FINE, 0, {:?} }}", meter.max_duration_s),
        format!(
            "NULL, {:?}, {:?}, {:?}, MIXCORE_LINK_FULL, 0 }}",
            params.ceiling_dbtp, params.release_ms, setup.lookahead_ms
        ),
    ] {
        assert!(header.contains(&line), "{line}");
    }
}

#[test]
fn the_version_in_the_header_is_the_package_s() {
    let line = concat!("#define MIXCORE_VERSION \"", env!("CARGO_PKG_VERSION"), "\"\n");
    assert!(generated().contains(line));
}
