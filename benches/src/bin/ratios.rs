//! Prints the table of ratios as Markdown: ours and the rival's in one process, best of N, in turn.
//!
//! `ratios [ROUNDS] [FILTER]`: 40 rounds if not said; only cases whose name holds FILTER.

use mixcore::kernels::Isa;
use mixcore_benches::{Case, Goal, Seen, best, fft, limiter, loudness, mix};

/// Rounds if not said: the minima of short kernels repeat within some percent from 40 on.
const ROUNDS: usize = 40;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = arguments.iter().find_map(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let filter = arguments.iter().find(|text| text.parse::<usize>().is_err());
    println!("Best of {rounds}, {:?}, one thread, f32, 48 kHz.", Isa::detect().level());
    for (title, cases) in [
        ("Loudness", loudness::cases as fn() -> Vec<Case>),
        ("Limiter", limiter::cases),
        ("Mix", mix::cases),
        ("FFT", fft::cases),
    ] {
        println!("\n### {title}\n");
        println!("| what | ours, ns | rival | rival, ns | ratio | must | stretch | |");
        println!("|---|---:|---|---:|---:|---:|---:|---|");
        for mut case in cases() {
            if filter.is_none_or(|filter| case.name.contains(filter.as_str())) {
                let seen = best(&mut case, rounds);
                println!("{}", row(&case, seen));
            }
        }
    }
}

fn row(case: &Case, seen: Seen) -> String {
    let number = |value: Option<f64>, unit: &str| {
        value.map_or_else(String::new, |value| format!("{value:.2}{unit}"))
    };
    let (must, stretch, met) = match case.goal {
        Goal::Ratio(must, stretch) => {
            let ratio = seen.ratio().unwrap_or(0.0);
            (format!("{must}x"), format!("{stretch}x"), verdict(ratio >= must, ratio >= stretch))
        }
        Goal::Nanoseconds(must, stretch, _) => (
            format!("≤ {must} ns"),
            format!("≤ {stretch} ns"),
            verdict(seen.ours_ns <= must, seen.ours_ns <= stretch),
        ),
        Goal::NotSlower => {
            ("1x".into(), String::new(), verdict(seen.ratio().unwrap_or(0.0) >= 1.0, false))
        }
        Goal::None => (String::new(), String::new(), ""),
    };
    let rival = match case.goal {
        Goal::Nanoseconds(_, _, quoted) => format!("{quoted} (quoted)"),
        _ => case.rival_name.to_owned(),
    };
    format!(
        "| {}, a {} | {:.3} | {rival} | {} | {} | {must} | {stretch} | {met} |",
        case.name,
        case.unit,
        seen.ours_ns,
        number(seen.rival_ns, ""),
        number(seen.ratio(), "x"),
    )
}

const fn verdict(must: bool, stretch: bool) -> &'static str {
    match (must, stretch) {
        (_, true) => "stretch",
        (true, false) => "must",
        (false, false) => "MISSED",
    }
}
