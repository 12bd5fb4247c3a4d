//! A text is a session or an error; a session is a list of problems or a render of finite samples.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mixcore::delivery::Role;
use mixcore::dynamics::LimiterParams;
use mixcore::session::{
    Place, Session, Source, Sources, Strip, Version, Window, compile, edit_session, mix_session,
};
use mixcore::session::{Renderer, StemSource};
use mixcore::{BlockMut, Error, Layout};
use mixcore_fuzz::{Taken, Unstructured, preset_or_text};

/// Steps of a render at most.
const MAX_STEPS: usize = 6;
/// Lengths of blocks.
const BLOCKS: [usize; 6] = [64, 1, 7, 480, 1024, 4096];

/// The sessions that are changed: an edit, a mix, and one with every place and field.
static SESSIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let stem = |id: u32, role, layout| StemSource {
        id: format!("stem {id}"),
        role,
        source: Source { id, layout },
    };
    let stems = [
        stem(0, Role::Dx, Layout::MONO),
        stem(1, Role::Mx, Layout::STEREO),
        stem(2, Role::Amb, Layout::STEREO),
    ];
    let version = |name: &str, layout, ceiling_dbtp: Option<f64>| Version {
        name: name.into(),
        layout,
        spec: Some("ebu-r128".into()),
        dual_mono: layout == Layout::MONO,
        gain_db: -1.5,
        limiter: ceiling_dbtp
            .map(|ceiling_dbtp| LimiterParams { ceiling_dbtp, ..LimiterParams::default() }),
    };
    let versions = [
        version("stereo", Layout::STEREO, None),
        version("surround", Layout::SURROUND_5_1, Some(-2.0)),
        version("mono", Layout::MONO, Some(-1.0)),
    ];
    let mut every = edit_session(&stems, 48_000.0, 3_000, &versions[..2]);
    every.programme = Window { start_frame: 100, frames: 2_000 };
    for (strip, place) in every.strips.iter_mut().zip([
        Place::Pan { azimuth_deg: -20.0 },
        Place::Front,
        Place::Surround,
    ]) {
        *strip = Strip { gain_db: 3.0, invert: vec![true], place, ..strip.clone() };
    }
    [
        edit_session(&stems, 48_000.0, 3_000, &versions[..1]),
        mix_session(&stems, 44_100.0, 3_000, &versions),
        every,
    ]
    .iter()
    .map(|session| serde_json::to_string(session).expect("a session is plain data"))
    .collect()
});

fuzz_target!(|data: &[u8]| {
    let _ = run(&mut Unstructured::new(data));
});

fn run(u: &mut Unstructured<'_>) -> Taken<()> {
    let text = preset_or_text(u, &SESSIONS)?;
    let Ok(session) = serde_json::from_str::<Session>(&text) else { return Ok(()) };
    let written = serde_json::to_string(&session).expect("what was read can be written");
    assert_eq!(serde_json::from_str::<Session>(&written).ok(), Some(session.clone()));
    if session.strips.len() > 8 || session.versions.len() > 4 {
        return Ok(()); // Only more of the same, and slow.
    }
    let max_block = if u.is_empty() { 64 } else { *u.choose(&BLOCKS)? };
    match compile::<f32>(&session, max_block) {
        Ok(renderer) => render(renderer, &session),
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| !problem.path.is_empty()), "{problems}");
        }
    }
    Ok(())
}

/// Finite noise for every source, a function of id and frame.
struct Noise;

impl Sources<f32> for Noise {
    fn read(&mut self, id: u32, frame: u64, mut output: BlockMut<'_, f32>) -> Result<(), Error> {
        for channel in 0..output.channel_count() {
            for (n, x) in output.channel_mut(channel).iter_mut().enumerate() {
                let seed = (frame.wrapping_add(n as u64) as u32).wrapping_mul(0x9E37_79B9) ^ id;
                let bits = seed.wrapping_mul(0x85EB_CA6B).wrapping_add(channel as u32) >> 8;
                *x = bits as f32 / 8_388_608.0 - 1.0;
            }
        }
        Ok(())
    }
}

fn render(mut renderer: Renderer<f32>, session: &Session) {
    let mut next = session.programme.start_frame;
    for _ in 0..MAX_STEPS {
        let Some(step) = renderer.next(&mut Noise).expect("the sources always answer") else {
            break;
        };
        assert_eq!(step.frame(), next, "steps follow one another without a gap");
        assert!(step.frames() > 0);
        next += step.frames() as u64;
        for version in 0..session.versions.len() {
            let stems = step.stems(version).map(|(_, block)| block);
            for block in stems.chain([step.version(version)]) {
                assert!(block.channels().flatten().all(|x| x.is_finite()));
            }
        }
        let _ = session.timecode(step.frame()).to_string();
    }
    assert!(next - session.programme.start_frame <= session.programme.frames);
    assert_eq!(renderer.faults(), 0, "the sources are clean");
}
