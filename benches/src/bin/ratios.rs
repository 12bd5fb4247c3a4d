//! The table of ratios as Markdown: ours and the rivals' in one process, best of N, in turn.
//!
//! `ratios [record] [all] [hours] [ROUNDS] [FILTER]`: 40 rounds if not said; only cases whose name
//! holds FILTER. `all` takes every cell of the loudness matrix, `hours` adds two hours of stereo,
//! `record` writes the tables into the README.
//!
//! `ratios put NAME` writes standard input between the markers NAME of the README; `ratios machine`
//! prints what is said of the run. `ratios count` lists the cases that are counted, `ratios count
//! INDEX SIDE REPEATS` runs one: see `count.sh`.

use std::io::Read;
use std::process::ExitCode;

use mixcore_benches::loudness::{self, Set};
use mixcore_benches::{
    Case, Goal, Seen, best, channels, compressor, convolve, crossover, dialogue, duck, dynamics,
    eq, fft, level, limiter, mix, record, resample, spatial,
};

/// Rounds if not said: the minima of short kernels repeat within some percent from 40 on.
const ROUNDS: usize = 40;
/// Rounds of a run of minutes, at most.
const HOURS_ROUNDS: usize = 3;

type Cases = Box<dyn Iterator<Item = Case>>;
/// Title, rounds, and the cases, made when their turn comes.
type Group<'a> = (&'static str, usize, Box<dyn Fn() -> Cases + 'a>);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["put", name] => put(name),
        ["machine"] => {
            println!("{}", record::machine());
            Ok(())
        }
        ["count"] => {
            for (index, case) in loudness::counted().iter().enumerate() {
                println!("{index}\t{}\t{}", case.units, case.name);
            }
            Ok(())
        }
        ["count", index, side, repeats] => count(index, side, repeats),
        _ => tables(&words),
    };
    if let Err(error) = &done {
        eprintln!("ratios: {error}");
    }
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn put(name: &str) -> Result<(), String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.trim().is_empty() {
        return Err(format!("nothing to put between the markers {name}"));
    }
    record::put(name, &text)
}

fn count(index: &str, side: &str, repeats: &str) -> Result<(), String> {
    let number = |text: &str| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
    let mut case = loudness::counted().into_iter().nth(number(index)?).ok_or("no such case")?;
    let rival = case.rivals.iter_mut().find(|rival| rival.name.starts_with(side));
    let run = match rival {
        _ if side == "mixcore" => &mut case.ours,
        Some(rival) => &mut rival.run,
        None => return Err(format!("{side} takes no part")),
    };
    for _ in 0..number(repeats)? {
        run();
    }
    Ok(())
}

fn tables(words: &[&str]) -> Result<(), String> {
    let has = |word: &str| words.contains(&word);
    let given = words.iter().find_map(|text| text.parse().ok());
    let rounds = given.unwrap_or(ROUNDS);
    let mut others = words.iter().filter(|text| {
        !["record", "all", "hours"].contains(text) && text.parse::<usize>().is_err()
    });
    let filter = *others.next().unwrap_or(&"");
    if let Some(more) = others.next() {
        return Err(format!("one filter at a time: {filter} or {more}"));
    }
    if has("record") && !filter.is_empty() {
        return Err("a part is not recorded: no filter with `record`".into());
    }
    let set = if has("all") { Set::All } else { Set::Chosen };
    let mut text = String::new();
    let mut say = |line: &str| {
        println!("{line}");
        text += line;
        text += "\n";
    };
    say(&format!("{}.\n", record::machine()));
    let c = record::c_library().map_or_else(String::new, |name| format!(", {name}"));
    say(&format!("Best of {rounds} in turn, one thread, 48 kHz{c}."));
    let whole = |cases: fn() -> Vec<Case>| move || -> Cases { Box::new(cases().into_iter()) };
    let mut groups: Vec<Group<'_>> = vec![
        ("Loudness", rounds, Box::new(|| Box::new(loudness::cases(set, filter)))),
        ("Compressor", rounds, Box::new(whole(compressor::cases))),
        ("Dynamics", rounds, Box::new(whole(dynamics::cases))),
        ("Dynamics by the channel", rounds, Box::new(whole(channels::cases))),
        ("Duckers", rounds, Box::new(whole(duck::cases))),
        ("Limiter", rounds, Box::new(whole(limiter::cases))),
        ("Dialogue tools", rounds, Box::new(whole(dialogue::cases))),
        ("Mix", rounds, Box::new(whole(mix::cases))),
        ("Level", rounds, Box::new(whole(level::cases))),
        ("Equaliser", rounds, Box::new(whole(eq::cases))),
        ("FFT", rounds, Box::new(whole(fft::cases))),
        ("Convolver", rounds, Box::new(whole(convolve::cases))),
        ("Crossover", rounds, Box::new(whole(crossover::cases))),
        ("Rate", rounds, Box::new(whole(resample::cases))),
        ("Spatial", rounds, Box::new(whole(spatial::cases))),
    ];
    if has("hours") {
        let cases = || -> Cases { Box::new(loudness::cases(Set::Hours, filter)) };
        groups.insert(1, ("Two hours", rounds.min(HOURS_ROUNDS), Box::new(cases)));
    }
    for (title, rounds, cases) in groups {
        let mut cases = cases().filter(|case| case.name.contains(filter)).peekable();
        if cases.peek().is_none() {
            continue;
        }
        let mut table = Table::default();
        for mut case in cases {
            let seen = best(&mut case, rounds);
            table.add(&case, &seen);
            eprintln!("{:8.3} ns  {}", seen.ours_ns, case.name);
        }
        say(&format!("\n### {title}\n"));
        table.lines().for_each(|line| say(&line));
    }
    say(&format!("\nLoad at the end: {}.", record::load()));
    if has("record") { record::put("ratios", &text) } else { Ok(()) }
}

/// A row for every case, a column for every rival that takes part in one.
#[derive(Default)]
struct Table {
    columns: Vec<&'static str>,
    /// What stands before the rivals, and each rival's column and cell.
    rows: Vec<(String, Vec<(usize, String)>)>,
}

impl Table {
    fn add(&mut self, case: &Case, seen: &Seen) {
        let beside = case.rivals.iter().zip(&seen.rivals_ns).map(|(rival, &rival_ns)| {
            let ratio = rival_ns / seen.ours_ns;
            let met = match rival.goal {
                Goal::Ratio(must, stretch) => verdict(ratio >= must, ratio >= stretch, must, "x"),
                Goal::NotSlower => verdict(ratio >= 1.0, false, 1.0, "x"),
                Goal::None => String::new(),
            };
            let less = if rival.less.is_some() { "*" } else { "" };
            (rival.name, format!("{ratio:.2}x ({rival_ns:.2}{less}){met}"))
        });
        let quoted = case.limit.map(|limit| {
            let (must, stretch) = (limit.must_ns, limit.stretch_ns);
            let met = verdict(seen.ours_ns <= must, seen.ours_ns <= stretch, must, " ns");
            ("quoted", format!("{}{met}", limit.quoted))
        });
        let mut cells = Vec::new();
        for (name, cell) in beside.chain(quoted) {
            let column = self.columns.iter().position(|column| *column == name);
            cells.push((column.unwrap_or(self.columns.len()), cell));
            if column.is_none() {
                self.columns.push(name);
            }
        }
        let ours = format!("| {}, a {} | {:.3} |", case.name, case.unit, seen.ours_ns);
        self.rows.push((ours, cells));
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        let heads = self.columns.iter().map(|name| format!(" {name} |")).collect::<String>();
        let rules = "---|".repeat(self.columns.len());
        let rows = self.rows.iter().map(|(ours, cells)| {
            let cell = |column| cells.iter().find(|cell| cell.0 == column);
            let cells = (0..self.columns.len())
                .map(|column| cell(column).map_or(" |".into(), |(_, cell)| format!(" {cell} |")));
            format!("{ours}{}", cells.collect::<String>())
        });
        [format!("| what | ours, ns |{heads}"), format!("|---|---:|{rules}")]
            .into_iter()
            .chain(rows)
    }
}

/// What is said of a goal.
fn verdict(must: bool, stretch: bool, goal: f64, unit: &str) -> String {
    match (must, stretch) {
        (_, true) => ", stretch".into(),
        (true, false) => ", must".into(),
        (false, false) => format!(", **missed {goal}{unit}**"),
    }
}
