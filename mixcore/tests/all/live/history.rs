//! Histories: the same rows for any cut into blocks, of either meter, with what the meter reads.

use mixcore::audio::Block;
use mixcore::loudness::{
    BinWidth, HistoryRow, LoudnessHistory, TruePeakMeter, TruePeakMethod, sub_block_start,
};
use mixcore::units::{Reading, gain_to_db};
use mixcore::{Layout, Stream};

use super::{agrees, exact, feed, live, programme};
use crate::signals::Noise;

const RATE_HZ: f64 = 11_025.0;

#[test]
fn rows_do_not_depend_on_the_blocks_nor_on_the_meter() {
    let stream = Stream::new(RATE_HZ, Layout::STEREO).unwrap();
    let frames = 5 * 11_025 + 300;
    let mut audio = programme::<f32>(2, frames, RATE_HZ, 21);
    audio.iter_mut().for_each(|channel| channel[20_000..30_000].fill(0.0));
    let mut meter = exact::<f32>(stream);
    let mut history = LoudnessHistory::new(10.0, stream).unwrap();
    history.push(Block::new(&audio).unwrap(), &mut meter).unwrap();
    let rows: Vec<HistoryRow> = history.rows().collect();
    assert_eq!((rows.len(), history.dropped()), (50, 0));
    for seed in 0..3 {
        let mut meter = live::<f32>(BinWidth::OneTenth, stream);
        let mut history = LoudnessHistory::new(10.0, stream).unwrap();
        feed(&audio, seed, |block| history.push(block, &mut meter).unwrap());
        assert!(history.rows().eq(rows.iter().copied()), "seed {seed}");
        // A pause stops the measurement, not the history.
        let mut meter = live::<f32>(BinWidth::OneTenth, stream);
        meter.pause();
        history.reset();
        feed(&audio, seed + 10, |block| history.push(block, &mut meter).unwrap());
        assert!(history.rows().eq(rows.iter().copied()), "seed {seed}, paused");
        let mut meter = exact::<f32>(stream);
        meter.pause();
        history.reset();
        feed(&audio, seed + 20, |block| history.push(block, &mut meter).unwrap());
        assert!(history.rows().eq(rows.iter().copied()), "seed {seed}, exact, paused");
        assert!(meter.measurement().true_peak_dbtp.value().is_none());
        // Pauses in between: both meters have the same rows.
        let (mut a, mut b) = (exact::<f32>(stream), live::<f32>(BinWidth::OneTenth, stream));
        let mut other = LoudnessHistory::new(10.0, stream).unwrap();
        history.reset();
        let mut pick = Noise::new(seed + 30);
        feed(&audio, seed + 30, |block| {
            history.push(block, &mut a).unwrap();
            other.push(block, &mut b).unwrap();
            if pick.below(3) == 0 {
                a.pause();
                b.pause();
            } else {
                a.resume();
                b.resume();
            }
        });
        assert!(history.rows().eq(other.rows()), "seed {seed}, pauses");
        agrees(&b, &a);
    }
    // M and S are those of the energies; peaks those of a meter that is asked at every edge.
    let mut peaks = TruePeakMeter::new(TruePeakMethod::Fine, stream).unwrap();
    for (n, (row, levels)) in rows.iter().zip(meter.sub_blocks().levels()).enumerate() {
        assert_eq!(
            (row.momentary_lufs, row.short_term_lufs),
            (levels.momentary_lufs, levels.short_term_lufs)
        );
        assert_eq!((row.start_frame, row.end_frame), (levels.start_frame, levels.end_frame));
        assert_eq!(row.end_frame, sub_block_start((n + 1) * 10, RATE_HZ));
        assert_eq!(levels.true_peak_dbtp, Reading::NotApplicable);
        let (start, end) = (row.start_frame as usize, row.end_frame as usize);
        peaks.push(Block::new(&audio).unwrap().range(start, end)).unwrap();
        let peak = peaks.take_interval_peak();
        assert_eq!(row.true_peak_dbtp, Reading::from_level(gain_to_db(peak)));
        let m_is_short = matches!(row.momentary_lufs, Reading::TooShort { .. });
        let s_is_short = matches!(row.short_term_lufs, Reading::TooShort { .. });
        assert_eq!((m_is_short, s_is_short), (n < 3, n < 29));
    }
    let silent = rows.iter().filter(|row| row.true_peak_dbtp == Reading::BelowGate).count();
    assert!((7..=9).contains(&silent), "{silent} rows lie inside 0.9 s of silence");
}
