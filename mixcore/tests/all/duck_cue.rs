//! The duckers on real stems: the shipped cue as it is, and its lines with pauses of 4 s between them.

use mixcore::audio::{Block, BlockMut};
use mixcore::dynamics::{DuckOutcome, DuckPlan, DuckedPhrase, Ducker, DuckerParams, DuckerSetup};
use mixcore::level::AutomatedGain;
use mixcore::loudness::{Meter, MeterSetup, StemActivity, phrases, speech_over_background};
use mixcore::{Io, Layout, Process, Processor, Stream};

use crate::cue::decode;

const RATE_HZ: f64 = 48_000.0;
/// A plan is exact on sub-blocks; what the meter's filter carries over from the 50 ms of lead, and the
/// gain that moves inside a sub-block, come to less than this.
const PLAN_TOLERANCE_LU: f64 = 0.05;
/// Separations are judged to a tenth, as loudness is: half of it.
const LIVE_TOLERANCE_LU: f64 = 0.05;
/// A gain that stands at the largest depth, read from the samples of 0.1 s.
const CAP_TOLERANCE_DB: f64 = 0.01;
/// Mean excess over the needed reduction (issue 6, "Shown by").
const MEAN_EXCESS_LU: f64 = 1.5;
/// Speech at unity to both sides, +3.01 LU over the mono stem.
const KEY_OFFSET_DB: f64 = 3.0103;

fn stereo() -> Stream {
    Stream::new(RATE_HZ, Layout::STEREO).unwrap()
}

fn meter(block: Block<'_, f32>) -> Meter<'static, f32> {
    let setup = MeterSetup { max_duration_s: 120.0, ..MeterSetup::default() };
    let mut meter = Meter::new(setup, stereo()).unwrap();
    meter.push(block).unwrap();
    meter
}

/// Dialogue and one background.
struct Scene {
    voice: Vec<f32>,
    background: Vec<Vec<f32>>,
}

impl Scene {
    /// The cue as it is.
    fn cue(background: &str) -> Self {
        Self { voice: decode("dx.flac").remove(0), background: decode(background) }
    }

    /// The cue's lines with 4 s of silence before each and after the last; the background goes on.
    fn spaced(background: &str) -> Self {
        let cue = Self::cue(background);
        let silence = vec![0.0; 4 * 48_000];
        let mut voice = Vec::new();
        for phrase in phrases(&Self::activity(&cue.voice).activity()) {
            voice.extend_from_slice(&silence);
            voice.extend_from_slice(
                &cue.voice[phrase.start_frame as usize..phrase.end_frame as usize],
            );
        }
        voice.extend_from_slice(&silence);
        let background = cue
            .background
            .iter()
            .map(|channel| channel.iter().copied().cycle().take(voice.len()).collect())
            .collect();
        Self { voice, background }
    }

    fn activity(voice: &[f32]) -> StemActivity<'static, f32> {
        let mono = Stream::new(RATE_HZ, Layout::MONO).unwrap();
        let mut stem = StemActivity::new(120.0, mono).unwrap();
        stem.push(Block::mono(voice)).unwrap();
        stem
    }

    fn dialogue(&self) -> Meter<'static, f32> {
        meter(Block::stereo(&self.voice, &self.voice).unwrap())
    }

    fn plan(&self, params: DuckerParams) -> DuckPlan<'static> {
        let stem = Self::activity(&self.voice);
        let background = meter(Block::new(&self.background).unwrap());
        let dialogue = self.dialogue();
        DuckPlan::new(dialogue.sub_blocks(), background.sub_blocks(), &stem.activity(), params)
            .unwrap()
    }

    /// The background with the plan's automation on it.
    fn planned(&self, plan: &DuckPlan<'_>) -> Vec<Vec<f32>> {
        let mut gain = AutomatedGain::new(plan.lane().unwrap(), stereo()).unwrap();
        let mut audio = self.background.clone();
        gain.process(Io::new(BlockMut::new(&mut audio).unwrap())).unwrap();
        audio
    }

    /// The background through the live ducker, latency removed.
    fn live(&self, setup: DuckerSetup, params: DuckerParams) -> Vec<Vec<f32>> {
        self.live_and_told(setup, params).0
    }

    /// The same, and the phrases that miss their target by what it says itself.
    fn live_and_told(
        &self,
        setup: DuckerSetup,
        params: DuckerParams,
    ) -> (Vec<Vec<f32>>, Vec<DuckedPhrase>) {
        let mut ducker = Ducker::new(setup, params, stereo()).unwrap();
        let latency = ducker.latency_frames();
        let mut audio = self.background.clone();
        let mut key = self.voice.clone();
        key.resize(key.len() + latency, 0.0);
        audio.iter_mut().for_each(|channel| channel.resize(channel.len() + latency, 0.0));
        ducker
            .process(Io::with_key(BlockMut::new(&mut audio).unwrap(), Block::mono(&key)))
            .unwrap();
        audio.iter_mut().for_each(|channel| drop(channel.drain(..latency)));
        let told = ducker.unmet().copied().chain(ducker.current_phrase());
        (audio, told.filter(|found| found.outcome.is_unmet()).collect())
    }

    /// Speech over a background in every phrase, as the meter of deliveries reads it; NaN where one of
    /// them is silent.
    fn separations(&self, background: &[Vec<f32>], plan: &DuckPlan<'_>) -> Vec<f64> {
        let stem = Self::activity(&self.voice);
        let (dialogue, background) = (self.dialogue(), meter(Block::new(background).unwrap()));
        let (dialogue, background) = (dialogue.sub_blocks(), background.sub_blocks());
        let over = |found: &DuckedPhrase| {
            speech_over_background(dialogue, background, &stem.activity(), &found.phrase)
                .unwrap()
                .over_lu
                .value()
                .unwrap_or(f64::NAN)
        };
        plan.phrases().iter().map(over).collect()
    }
}

/// The one of some phrases that lies where a phrase of a plan does.
fn overlaps<'p>(found: &DuckedPhrase, told: &'p [DuckedPhrase]) -> Option<&'p DuckedPhrase> {
    let (a, b) = (found.phrase.start, found.phrase.end);
    told.iter().find(|live| live.phrase.start < b && a < live.phrase.end)
}

/// Gain of one piece of audio over another in a stretch, dB; both channels.
fn gain_db(after: &[Vec<f32>], before: &[Vec<f32>], start: usize, end: usize) -> f64 {
    let energy = |audio: &[Vec<f32>]| -> f64 {
        audio.iter().flat_map(|c| &c[start..end]).map(|x| f64::from(*x).powi(2)).sum()
    };
    10.0 * (energy(after) / energy(before)).log10()
}

fn scenes() -> [(&'static str, Scene, f64); 4] {
    [
        ("cue, music", Scene::cue("mx.flac"), 10.0),
        ("spaced, music", Scene::spaced("mx.flac"), 10.0),
        ("cue, effects", Scene::cue("fx.flac"), 10.0),
        ("spaced, ambience", Scene::spaced("amb.flac"), 15.0),
    ]
}

#[test]
fn a_plan_gives_every_phrase_its_target_or_says_why_not() {
    for (name, scene, target_lu) in scenes() {
        let params = DuckerParams { target_lu, ..DuckerParams::default() };
        let plan = scene.plan(params);
        let audio = scene.planned(&plan);
        let mut met = 0;
        for (found, after) in plan.phrases().iter().zip(scene.separations(&audio, &plan)) {
            // No effect plays under some lines.
            if found.outcome == DuckOutcome::Silent {
                assert_eq!((found.depth_db, name), (0.0, "cue, effects"));
                continue;
            }
            println!("{name}: {found:?} measured {after:.2}");
            let expected = found.after_lu.value().unwrap();
            assert!((after - expected).abs() < PLAN_TOLERANCE_LU);
            match found.outcome {
                DuckOutcome::Met => {
                    met += 1;
                    assert!(after >= target_lu - PLAN_TOLERANCE_LU, "{name}: {found:?} {after}");
                }
                DuckOutcome::DepthCap => {
                    assert!(found.needed_db > params.max_depth_db);
                    assert!((found.depth_db - params.max_depth_db).abs() < 1e-9);
                    assert!(plan.buried().any(|buried| buried == found));
                }
                DuckOutcome::NoneNeeded => assert!(after >= target_lu),
                other => panic!("{name}: {other:?}"),
            }
        }
        println!("{name}: mean excess {}", plan.mean_excess_lu());
        if met > 0 {
            assert!(plan.mean_excess_lu().value().unwrap() <= MEAN_EXCESS_LU, "{name}");
        }
    }
}

/// The plan on the cue's music: lines 1 and 3 stand 6 LU over it, the others level with it.
#[test]
fn the_cue_needs_what_its_truth_says() {
    let plan = Scene::cue("mx.flac").plan(DuckerParams::default());
    let needs: Vec<f64> = plan.phrases().iter().map(|found| found.needed_db).collect();
    assert_eq!(needs.len(), 5);
    for (line, need) in needs.into_iter().enumerate() {
        let expected = if [0, 2].contains(&line) { 3.0..5.5 } else { 8.0..12.0 };
        assert!(expected.contains(&need), "line {line}: {need}");
    }
}

#[test]
fn the_live_form_reaches_the_target_on_every_phrase() {
    let (mut all_excess, mut all_count) = (0.0, 0.0_f64);
    let mut all_short = Vec::new();
    for (name, scene, target_lu) in scenes() {
        let params = DuckerParams { target_lu, ..DuckerParams::default() };
        let plan = scene.plan(params);
        let setup = DuckerSetup { key_offset_db: KEY_OFFSET_DB, ..DuckerSetup::default() };
        let (audio, told) = scene.live_and_told(setup, params);
        let (mut excess, mut count, mut short) = (0.0, 0.0_f64, 0);
        for (found, after) in plan.phrases().iter().zip(scene.separations(&audio, &plan)) {
            println!(
                "{name}: {:?} needs {:.2} measured {after:.2}",
                found.outcome, found.needed_db
            );
            match found.outcome {
                DuckOutcome::Met => {
                    (excess, count) = (excess + (after - target_lu).max(0.0), count + 1.0);
                    if after < target_lu - LIVE_TOLERANCE_LU {
                        short += 1;
                        let told = overlaps(found, &told);
                        assert!(told.is_some(), "{name}: {found:?} {after}");
                        let end = found.phrase.end_frame as usize;
                        let last = gain_db(&audio, &scene.background, end - 4800, end);
                        println!("  short: {last} dB at its end");
                        // It could not go deeper: nothing but the largest depth excuses it.
                        assert!(last < CAP_TOLERANCE_DB - params.max_depth_db, "{name}: {last}");
                    }
                }
                DuckOutcome::NoneNeeded => assert!(after >= target_lu, "{name}: {after}"),
                _ => {}
            }
        }
        println!("{name}: mean excess {}", excess / count.max(1.0));
        (all_excess, all_count) = (all_excess + excess, all_count + count);
        all_short.push(short);
    }
    // The constants were chosen on this cue too; `duck_held_out.rs` judges them on others.
    // Over all phrases: the effects stem alone, a line under thunder, has 2.0 LU.
    assert!(
        all_count > 12.0 && all_excess / all_count <= MEAN_EXCESS_LU,
        "{all_excess} {all_count}"
    );
    // One phrase of the spaced music, whose end would need more than the largest depth.
    assert_eq!(all_short, [0, 1, 0, 0]);
}

#[test]
fn at_rest_after_hold_and_release() {
    let scene = Scene::spaced("mx.flac");
    let params = DuckerParams::default();
    let plan = scene.plan(params);
    let setup = DuckerSetup { key_offset_db: KEY_OFFSET_DB, ..DuckerSetup::default() };
    let (planned, live) = (scene.planned(&plan), scene.live(setup, params));
    // 0.8 s of hold, 1.5 s of release for 12 dB; 0.3 s and the lead before the next phrase.
    let ends = plan.phrases().iter().map(|found: &DuckedPhrase| found.phrase.end_frame as usize);
    let starts = plan.phrases().iter().skip(1).map(|found| found.phrase.start_frame as usize);
    let mut moved = 0;
    for (end, next) in ends.zip(starts.chain([scene.voice.len()])) {
        let (from, to) = (end + (2.4 * RATE_HZ) as usize, next - (0.4 * RATE_HZ) as usize);
        for (name, audio) in [("plan", &planned), ("live", &live)] {
            // Not a bit of it.
            let same = (0..2).all(|c| audio[c][from..to] == scene.background[c][from..to]);
            assert!(same, "{name}: {from}..{to}: {}", gain_db(audio, &scene.background, from, to));
        }
        // Held for 0.7 s, then on its way.
        let held = gain_db(&planned, &scene.background, end, end + 33_600);
        let phrase = gain_db(&planned, &scene.background, end - 48_000, end);
        assert!((held - phrase).abs() < 0.01, "{held} {phrase}");
        moved += usize::from(phrase < -1.0);
    }
    assert_eq!(moved, 5);
}

#[test]
fn a_target_3_lu_higher_is_reached_within_the_caps() {
    let scene = Scene::spaced("mx.flac");
    // Room for it: the caps of a remix, not of a default.
    for max_depth_db in [12.0, 18.0] {
        let params = DuckerParams { target_lu: 13.0, max_depth_db, ..DuckerParams::default() };
        let plan = scene.plan(params);
        let setup = DuckerSetup { key_offset_db: KEY_OFFSET_DB, ..DuckerSetup::default() };
        let (planned, (live, told)) = (scene.planned(&plan), scene.live_and_told(setup, params));
        let (mut inside, mut short) = (0, 0);
        let measured = [&planned, &live].map(|audio| scene.separations(audio, &plan));
        for (index, found) in plan.phrases().iter().enumerate() {
            if found.outcome == DuckOutcome::DepthCap {
                assert!(max_depth_db < 13.0);
                continue;
            }
            inside += 1;
            for (name, measured) in ["plan", "live"].into_iter().zip(&measured) {
                let after = measured[index];
                if name == "live" && after < 0.95 * params.target_lu {
                    // A line whose later words need more than the cap, though its mean does not: that
                    // its first words had to go deeper than they needed, nobody could know. It is told.
                    println!("{max_depth_db}: {after:.2} of {}", params.target_lu);
                    let late = |found: &DuckedPhrase| found.outcome == DuckOutcome::Late;
                    assert!(max_depth_db < 13.0 && overlaps(found, &told).is_some_and(late));
                    short += 1;
                    continue;
                }
                assert!(after >= 0.95 * params.target_lu, "{name}: {found:?} {after}");
            }
        }
        // No more of them than there were when this was written: one of those within the cap.
        assert!(short <= 1, "{max_depth_db}: {short} of {inside}");
        assert!(inside >= 2 && (max_depth_db < 13.0 || inside == 5));
    }
}

#[test]
fn no_move_where_none_is_needed() {
    let mut scene = Scene::spaced("mx.flac");
    scene.background.iter_mut().flatten().for_each(|x| *x *= 0.1);
    let params = DuckerParams::default();
    let plan = scene.plan(params);
    assert!(plan.phrases().iter().all(|found| found.outcome == DuckOutcome::NoneNeeded));
    assert_eq!(plan.breakpoints().count(), 1);
    assert!(scene.planned(&plan) == scene.background);
    assert!(scene.live(DuckerSetup::default(), params) == scene.background);
}

/// Breaths: 0.3 s of noise, 22 dB below the voice, in the pauses; and a line of nothing else.
#[test]
fn no_move_on_breaths() {
    let mut scene = Scene::spaced("mx.flac");
    let params = DuckerParams::default();
    let plan = scene.plan(params);
    let setup = DuckerSetup { key_offset_db: KEY_OFFSET_DB, ..DuckerSetup::default() };
    let quiet = scene.live(setup, params);
    let mut noise = crate::signals::Noise::new(8);
    let starts: Vec<u64> = plan.phrases().iter().map(|found| found.phrase.start_frame).collect();
    for start in starts.iter().skip(1) {
        for x in scene.voice.iter_mut().skip(*start as usize - 72_000).take(14_400) {
            *x += 0.009 * noise.next_f64() as f32;
        }
    }
    let breathing = scene.plan(params);
    // The detector finds three of them (the fourth it takes for the room), and the plan lets them pass.
    let passed = |plan: &DuckPlan<'_>| {
        plan.phrases().iter().filter(|found| found.outcome == DuckOutcome::NoSpeech).count()
    };
    assert_eq!((passed(&plan), passed(&breathing)), (0, 3));
    assert_eq!(plan.breakpoints().count(), breathing.breakpoints().count());
    let live = scene.live(setup, params);
    for start in starts.iter().skip(1).map(|start| *start as usize) {
        // Around the breath, until the gain goes down for the line.
        let (from, to) = (start - 80_000, start - 24_000);
        assert!((0..2).all(|c| live[c][from..to] == quiet[c][from..to]), "{start}");
        assert!((from / 480..to / 480).all(|k| breathing.reduction_db(k) == plan.reduction_db(k)));
    }
}
