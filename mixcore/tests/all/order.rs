//! The total order of the modules: nothing points back.

use std::fs;
use std::path::{Path, PathBuf};

/// Low to high. A module may use itself and what stands before it.
///
/// `math` stands below `units` because decibels need logarithms and mathematics needs no unit;
/// `kernels` below `audio` because they work on slices, and every sample type has them.
const ORDER: [&str; 15] = [
    "math", "units", "error", "kernels", "audio", "ramp", "stream", "filters", "loudness",
    "analysis", "level", "dynamics", "spatial", "delivery", "session",
];

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|&name| name == module)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Modules named after `crate::` in a text, `crate::{a, b::c}` included.
fn used(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in text.split("crate::").skip(1) {
        if let Some(list) = part.strip_prefix('{') {
            let mut depth = 1;
            let mut item = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => names.push(std::mem::take(&mut item)),
                    _ if depth == 1 => item.push(c),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            names.push(item);
        } else {
            names.push(part.to_owned());
        }
    }
    names
        .iter()
        .map(|name| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn nothing_points_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut checked = 0;
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().to_str().unwrap();
        let module = relative.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        let own =
            rank(module).unwrap_or_else(|| panic!("{relative}: module has no place in the order"));
        let text: String = fs::read_to_string(&file)
            .unwrap()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| format!("{line}\n"))
            .collect();
        for name in used(&text) {
            if let Some(other) = rank(&name) {
                assert!(other <= own, "{relative} uses crate::{name}, which stands above {module}");
                checked += 1;
            } else {
                // A re-export at the root would hide the direction.
                assert!(
                    !name.starts_with(char::is_uppercase),
                    "{relative} uses crate::{name}: name its module"
                );
            }
        }
    }
    assert!(checked > 20, "the test read too few uses ({checked}) to mean anything");
}

#[test]
fn the_example_of_the_readme_has_twelve_lines() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let code = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(code.lines().count() <= 12 && !code.lines().any(|line| line.starts_with("# ")));
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests", "examples"] {
        let mut files = Vec::new();
        sources(&root.join(folder), &mut files);
        for file in files {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 600, "{} has {lines} lines", file.display());
        }
    }
}
