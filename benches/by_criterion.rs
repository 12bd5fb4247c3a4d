//! Gives cases to criterion: ours and the rival's side by side, with their throughput.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use mixcore_benches::Case;

/// Short, so that a whole file takes minutes; `--measurement-time` on the command line overrides.
const MEASUREMENT: Duration = Duration::from_millis(500);
const WARM_UP: Duration = Duration::from_millis(100);
/// The fewest that criterion takes.
const SAMPLES: usize = 10;

pub(crate) fn run(module: &str, cases: impl IntoIterator<Item = Case>) {
    let mut criterion = Criterion::default()
        .measurement_time(MEASUREMENT)
        .warm_up_time(WARM_UP)
        .sample_size(SAMPLES)
        .configure_from_args();
    for mut case in cases {
        let mut group = criterion.benchmark_group(format!("{module}/{}", case.name));
        group.throughput(Throughput::Elements(case.units));
        group.bench_function("mixcore", |bencher| bencher.iter(&mut *case.ours));
        for rival in &mut case.rivals {
            group.bench_function(rival.name, |bencher| bencher.iter(&mut *rival.run));
            if let Some(less) = &mut rival.less {
                let name = format!("{}, the part to take off", rival.name);
                group.bench_function(name, |bencher| bencher.iter(&mut **less));
            }
        }
        group.finish();
    }
    criterion.final_summary();
}
