//! The solver against models of a version whose answer is known.

use mixcore::delivery::{
    AIM_TOLERANCE_LU, Caps, Controls, End, Header, Measurement, Of, Outcome, Plant, Quantity,
    Solution, Spec, solve, spec,
};
use mixcore::units::Reading;
use mixcore::{Error, Layout};

/// A version in numbers: loudness and peak at unity gain, and what limiting costs in loudness.
#[derive(Clone)]
struct Model {
    loudness_lufs: f64,
    peak_dbtp: f64,
    /// Loudness lost per decibel of limiting.
    loss: f64,
    dialogue_percent: Option<f64>,
}

#[derive(Default)]
struct Models {
    models: Vec<Model>,
    runs: Vec<Vec<Option<Controls>>>,
}

impl Plant for Models {
    fn run(&mut self, controls: &[Option<Controls>]) -> Result<Vec<Option<Outcome>>, Error> {
        self.runs.push(controls.to_vec());
        let asked = self.models.iter().zip(controls);
        asked.map(|(model, controls)| controls.map(|c| model.outcome(&c)).transpose()).collect()
    }
}

impl Model {
    fn outcome(&self, controls: &Controls) -> Result<Outcome, Error> {
        let peak = self.peak_dbtp + controls.gain_db;
        let limiting = (peak - controls.ceiling_dbtp).max(0.0);
        let loudness = self.loudness_lufs + controls.gain_db - self.loss * limiting;
        let header =
            Header::new("model", Layout::STEREO, 48_000.0, 48_000 * 90)?.with_bit_depth(24);
        let mut measurement = Measurement::new(header);
        let of = Of::Programme;
        measurement.set(&of, Quantity::IntegratedLufs, Reading::Value(loudness))?;
        measurement.set(&of, Quantity::TruePeakDbtp, Reading::Value(peak - limiting))?;
        if let Some(percent) = self.dialogue_percent {
            measurement.set(&of, Quantity::DialoguePercent, Reading::Value(percent))?;
            // The dialogue lies 2 LU under the programme.
            measurement.set(&of, Quantity::DialogueLufs, Reading::Value(loudness - 2.0))?;
        }
        Ok(Outcome { measurement, max_limiting_db: limiting })
    }
}

fn run(models: &[Model], ids: &[&str]) -> (Vec<mixcore::delivery::Solution>, usize) {
    let specs: Vec<Spec> = ids.iter().map(|id| spec(id).unwrap()).collect();
    let specs: Vec<&Spec> = specs.iter().collect();
    let mut plant = Models { models: models.to_vec(), runs: Vec::new() };
    let solutions = solve(&mut plant, &specs, Caps::default()).unwrap();
    (solutions, plant.runs.len())
}

const QUIET: Model =
    Model { loudness_lufs: -30.0, peak_dbtp: -20.0, loss: 0.0, dialogue_percent: None };

#[test]
fn without_limiting_two_renders_are_enough() {
    let (solutions, runs) = run(&[QUIET], &["ebu-r128"]);
    assert_eq!((solutions[0].end, runs), (End::Held, 2));
    assert_eq!(solutions[0].controls.gain_db, 7.0);
    // The limit is -1 dBTP; versions aim 0.3 dB inside.
    assert_eq!(solutions[0].controls.ceiling_dbtp, -1.3);
    assert!(solutions[0].trace_text().contains("aim -23.0"));
}

#[test]
fn limiting_that_costs_loudness_is_made_up_for() {
    let peaky = Model { loudness_lufs: -23.0, peak_dbtp: -4.0, loss: 0.2, dialogue_percent: None };
    let (solutions, runs) = run(&[peaky], &["apple-podcasts"]);
    let read = solutions[0].outcome.measurement.get(Quantity::IntegratedLufs).value().unwrap();
    assert_eq!(solutions[0].end, End::Held);
    assert!((read + 16.0).abs() <= AIM_TOLERANCE_LU, "{read}");
    // 7 dB of gain reach 4.3 dB into the limiter; each pass leaves 20 % of what is missing.
    assert!(runs <= 6, "{runs} renders");
    let errors: Vec<f64> =
        solutions[0].trace.iter().map(|pass| (pass.read.unwrap() + 16.0).abs()).collect();
    assert!(errors.windows(2).all(|pair| pair[1] < pair[0]), "{errors:?}");
}

#[test]
fn a_pass_is_not_bought_by_flattening() {
    let spiky = Model { loudness_lufs: -30.0, peak_dbtp: -2.0, loss: 0.05, dialogue_percent: None };
    let (solutions, _) = run(&[spiky], &["apple-podcasts"]);
    let End::LimitingCap { needed_db, cap_db, short_lu } = solutions[0].end else {
        panic!("{:?}", solutions[0].end)
    };
    // 14 dB of gain put the peak 13.3 dB over the ceiling of -1.3 dBTP, which costs 5 % of that
    // in loudness again.
    assert!(
        (needed_db - 13.3 * 1.05).abs() < 0.01 && cap_db == 6.0 && short_lu > 7.0,
        "{:?}",
        solutions[0].end
    );
    assert!(solutions[0].outcome.max_limiting_db <= 6.01);
    let text = solutions[0].end.to_string();
    assert!(text.contains("conflict") && text.contains("14.0"), "{text}");
}

#[test]
fn a_version_that_is_only_too_loud_is_lowered() {
    // 21.6 dB over the ceiling at unity, but the aim lies far below: no conflict at all.
    let loud = Model { loudness_lufs: 5.0, peak_dbtp: 20.3, loss: 0.8, dialogue_percent: None };
    let (solutions, runs) = run(&[loud], &["ebu-r128"]);
    assert_eq!(solutions[0].end, End::Held, "{}", solutions[0].trace_text());
    assert_eq!(solutions[0].outcome.max_limiting_db, 0.0);
    assert!(runs <= 5, "{}", solutions[0].trace_text());
}

#[test]
fn limiting_never_passes_its_cap_by_the_last_render() {
    for loudness_lufs in [-10.0, -20.0, -28.0, -30.0, -40.0, -60.0] {
        for over_lufs in [5.0, 12.0, 21.0, 30.0] {
            for loss in [0.0, 0.1, 0.5, 0.9] {
                let peak_dbtp = loudness_lufs + over_lufs;
                let model = Model { loudness_lufs, peak_dbtp, loss, dialogue_percent: None };
                let (solutions, _) = run(&[model], &["apple-podcasts"]);
                let Solution { outcome, end, .. } = &solutions[0];
                let text = format!("{end} of {}", solutions[0].trace_text());
                assert!(outcome.max_limiting_db <= 6.01, "{text}");
                let read = outcome.measurement.get(Quantity::IntegratedLufs).value().unwrap();
                match end {
                    End::Held => assert!((read + 16.0).abs() <= AIM_TOLERANCE_LU, "{text}"),
                    End::LimitingCap { needed_db, short_lu, .. } => {
                        assert!(*needed_db > 6.0 && *short_lu > AIM_TOLERANCE_LU, "{text}");
                        assert!(outcome.max_limiting_db >= 5.99, "{text}");
                    }
                    End::GainCap { .. } => assert!(loudness_lufs < -50.0, "{text}"),
                    _ => panic!("{text}"),
                }
            }
        }
    }
}

#[test]
fn a_version_that_stands_is_not_rendered_again() {
    let peaky = Model { loudness_lufs: -23.0, peak_dbtp: -4.0, loss: 0.2, dialogue_percent: None };
    let specs: Vec<Spec> = ["ebu-r128", "apple-podcasts"].map(|id| spec(id).unwrap()).into();
    let mut plant = Models { models: vec![peaky.clone(), peaky], runs: Vec::new() };
    solve(&mut plant, &[&specs[0], &specs[1]], Caps::default()).unwrap();
    assert!(plant.runs.len() > 1);
    for (pass, controls) in plant.runs.iter().enumerate() {
        // The first version stands at its aim from the start.
        assert_eq!(controls[0].is_some(), pass == 0);
        assert!(controls[1].is_some());
    }
}

#[test]
fn every_version_goes_its_own_way_in_shared_renders() {
    let film =
        Model { loudness_lufs: -24.0, peak_dbtp: -3.0, loss: 0.2, dialogue_percent: Some(40.0) };
    let silent_film = Model { dialogue_percent: Some(3.0), ..film.clone() };
    let (solutions, runs) = run(
        &[film.clone(), silent_film, film],
        &["netflix-nearfield", "netflix-nearfield", "ebu-r128"],
    );
    assert!(solutions.iter().all(|solution| solution.end == End::Held));
    let read = |index: usize, quantity| -> f64 {
        solutions[index].outcome.measurement.get(quantity).value().unwrap()
    };
    assert!((read(0, Quantity::DialogueLufs) + 27.0).abs() <= AIM_TOLERANCE_LU);
    // Under 15 % dialogue the fallback is the programme at -24.
    assert!((read(1, Quantity::IntegratedLufs) + 24.0).abs() <= AIM_TOLERANCE_LU);
    assert!((read(2, Quantity::IntegratedLufs) + 23.0).abs() <= AIM_TOLERANCE_LU);
    assert!(runs <= 4, "{runs} renders for three versions");
}

#[test]
fn what_cannot_be_aimed_at_is_left_alone() {
    // No dialogue was measured: nothing of Netflix's dialogue target can be aimed at.
    let (solutions, runs) = run(&[QUIET], &["netflix-nearfield"]);
    assert_eq!((solutions[0].end, runs), (End::NoAim, 1));
    let far = Model { loudness_lufs: -90.0, peak_dbtp: -80.0, ..QUIET };
    let (solutions, _) = run(&[far], &["ebu-r128"]);
    assert!(matches!(solutions[0].end, End::GainCap { .. }), "{:?}", solutions[0].end);
}

#[test]
fn a_plant_that_forgets_a_version_is_an_error() {
    let specs = [spec("ebu-r128").unwrap(), spec("ebu-r128-live").unwrap()];
    let mut plant = Models { models: vec![QUIET], runs: Vec::new() };
    let error = solve(&mut plant, &[&specs[0], &specs[1]], Caps::default()).unwrap_err();
    assert!(error.to_string().contains("versions"), "{error}");
}
