//! Golden hashes: the output of every processor on fixed signals, bit for bit.
//!
//! `tests/golden/hashes.csv` is shared with the Python and C tests. A change of a hash is a change
//! of the sound: it needs a line under Numbers in the changelog. `MIXCORE_BLESS=1` rewrites the
//! file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use mixcore::audio::Sample;
use sha2::{Digest, Sha256};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hashes.csv")
}

/// SHA-256 of samples in planar order, little-endian in their own type, -0 as +0.
pub fn hash<S: Sample>(audio: &[Vec<S>]) -> String {
    let mut sha = Sha256::new();
    for sample in audio.iter().flatten() {
        let value = sample.as_f64() + 0.0;
        if size_of::<S>() == 4 {
            #[expect(clippy::cast_possible_truncation, reason = "it was an f32")]
            sha.update((value as f32).to_le_bytes());
        } else {
            sha.update(value.to_le_bytes());
        }
    }
    sha.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Checks all hashes at once against the file, or rewrites it.
pub fn check(found: &BTreeMap<String, String>) {
    let text = found.iter().fold(String::from("name,sha256\n"), |mut text, (name, hash)| {
        let _ = writeln!(text, "{name},{hash}");
        text
    });
    if std::env::var_os("MIXCORE_BLESS").is_some() {
        fs::write(path(), text).unwrap();
        return;
    }
    let expected = fs::read_to_string(path()).unwrap_or_default();
    let expected: BTreeMap<&str, &str> =
        expected.lines().skip(1).filter_map(|line| line.split_once(',')).collect();
    let mut differ = Vec::new();
    for (name, hash) in found {
        if expected.get(name.as_str()) != Some(&hash.as_str()) {
            differ.push(name.as_str());
        }
    }
    let gone: Vec<_> = expected.keys().filter(|name| !found.contains_key(**name)).collect();
    assert!(
        differ.is_empty() && gone.is_empty(),
        "bits changed: {differ:?}, gone: {gone:?}. If that is meant, run with MIXCORE_BLESS=1 and write it under Numbers in CHANGELOG.md"
    );
}
