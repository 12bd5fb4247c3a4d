//! The shipped cue: where the music hides the voice, and where the voice hides the ambience.

use mixcore::analysis::{ErbBands, Masker, Masking, MaskingSetup};
use mixcore::{Block, Layout, Stream};

use crate::cue::decode;

const PHRASES: [(f64, f64); 5] =
    [(0.6, 7.7), (8.35, 11.34), (12.0, 17.3), (17.96, 23.99), (24.65, 27.94)];

#[test]
fn explore() {
    let dx = decode("dx.flac").remove(0);
    let (mx, amb) = (decode("mx.flac"), decode("amb.flac"));
    let stream = Stream::new(48_000.0, Layout::STEREO).unwrap();
    let mut masking =
        Masking::<f32>::new(MaskingSetup { stems: 3, ..MaskingSetup::default() }, stream).unwrap();
    let dx = Block::stereo(&dx, &dx).unwrap();
    let (mx, amb) = (Block::new(&mx).unwrap(), Block::new(&amb).unwrap());
    for (start, end) in PHRASES {
        let (a, b) = ((start * 48e3) as usize, (end * 48e3) as usize);
        masking.reset();
        masking.push(&[dx.range(a, b), mx.range(a, b), amb.range(a, b)]).unwrap();
        masking.close();
        let show = |t, m, lo, hi| {
            let s = masking.share(t, m, lo, hi);
            format!("{:.3}/{:.3}", s.energy, s.cells)
        };
        println!(
            "{start}: voice<music all {} 150-500 {} 1-4k {} | amb<voice all {} 120-320 {} 150-500 {} 1-4k {} | amb<music 150-500 {} | music<voice {}",
            show(0, Masker::Stem(1), 0.0, 2e4),
            show(0, Masker::Stem(1), 150.0, 500.0),
            show(0, Masker::Stem(1), 1e3, 4e3),
            show(2, Masker::Stem(0), 0.0, 2e4),
            show(2, Masker::Stem(0), 120.0, 320.0),
            show(2, Masker::Stem(0), 150.0, 500.0),
            show(2, Masker::Stem(0), 1e3, 4e3),
            show(2, Masker::Stem(1), 150.0, 500.0),
            show(1, Masker::Stem(0), 0.0, 2e4),
        );
        for (t, m) in [(0, 1), (2, 0)] {
            for p in masking.worst(t, Masker::Stem(m)).take(3) {
                println!(
                    "   {t}<{m} band {} ({:.0} Hz) {:.2}-{:.2} s power {:.2e} depth {:.1}",
                    p.band(),
                    ErbBands::band(p.band()).centre_hz,
                    start + p.start_frame() as f64 / 48e3,
                    start + p.end_frame() as f64 / 48e3,
                    p.hidden_power(),
                    p.depth_db()
                );
            }
        }
    }
    let t0 = std::time::Instant::now();
    masking.reset();
    masking.push(&[dx, mx, amb]).unwrap();
    println!("28 s of three stereo stems: {:?}", t0.elapsed());
}
