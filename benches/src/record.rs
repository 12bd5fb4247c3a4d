//! Writes tables into `benches/README.md`, between markers, with what a reader must know of the run.

use std::fs;
use std::path::Path;
use std::process::Command;

use mixcore::Isa;

/// Puts `text` between `<!-- NAME:begin -->` and `<!-- NAME:end -->` of the benches' README.
///
/// # Errors
/// No such markers, or a file that cannot be read or written.
pub fn put(name: &str, text: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let file = |error: std::io::Error| format!("{}: {error}", path.display());
    let readme = fs::read_to_string(&path).map_err(file)?;
    fs::write(&path, placed(&readme, name, text)?).map_err(file)
}

fn placed(readme: &str, name: &str, text: &str) -> Result<String, String> {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let found = readme
        .split_once(&begin)
        .and_then(|(before, rest)| rest.split_once(&end).map(|(_, after)| (before, after)));
    let (before, after) = found.ok_or_else(|| format!("no markers {begin} and {end}"))?;
    Ok(format!("{before}{begin}\n{}\n{end}{after}", text.trim_matches('\n')))
}

/// Date, machine, SIMD level, load and commit, in one line.
#[must_use]
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown CPU", |(_, model)| model.trim());
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    let changed = !said("git", &["status", "--porcelain", "-uno"]).is_empty();
    format!(
        "{}, {model}, {threads} threads, {:?}, load {}, commit {}{}",
        said("date", &["-u", "+%F %H:%M UTC"]),
        Isa::detect().level(),
        load(),
        said("git", &["rev-parse", "--short", "HEAD"]),
        if changed { " with changes" } else { "" },
    )
}

/// Load average of the last minute.
#[must_use]
pub fn load() -> String {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    loads.split(' ').next().unwrap_or_default().to_owned()
}

/// The version of the C library that is linked, where one is.
#[must_use]
pub fn c_library() -> Option<String> {
    #[cfg(feature = "libebur128")]
    return Some(format!("libebur128 {}", crate::libebur128::version()));
    #[cfg(not(feature = "libebur128"))]
    None
}

/// Memory that can be had without swapping.
pub(crate) fn available_memory_kb() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What a program says, without the end of line; nothing if it fails.
fn said(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    String::from_utf8_lossy(&text.unwrap_or_default()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::placed;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let before = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb <!-- y:begin --><!-- y:end -->\n";
        let after = "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb <!-- y:begin --><!-- y:end -->\n";
        assert_eq!(placed(before, "x", "\nnew\n\n").unwrap(), after);
        assert_eq!(placed(after, "x", "new").unwrap(), after);
        assert!(placed(before, "z", "new").is_err());
    }
}
