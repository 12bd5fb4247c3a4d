//! BS.1770-5, Annex 2: the interpolation with the coefficients as printed, point by point in f64.

/// The table, one row per tap (newest sample first), phases 0 to 3 across.
///
/// Read again from KitaitiMakoto/ebur128-stream (`src/peak.rs`, which prints eight digits) and
/// lcweden/loudness-audio-worklet-processor (`src/constants.ts`, which prints them all).
pub const ROWS: [[f64; 4]; 12] = [
    [0.0017089843750, -0.0291748046875, -0.0189208984375, -0.0083007812500],
    [0.0109863281250, 0.0292968750000, 0.0330810546875, 0.0148925781250],
    [-0.0196533203125, -0.0517578125000, -0.0582275390625, -0.0266113281250],
    [0.0332031250000, 0.0891113281250, 0.1015625000000, 0.0476074218750],
    [-0.0594482421875, -0.1665039062500, -0.2003173828125, -0.1022949218750],
    [0.1373291015625, 0.4650878906250, 0.7797851562500, 0.9721679687500],
    [0.9721679687500, 0.7797851562500, 0.4650878906250, 0.1373291015625],
    [-0.1022949218750, -0.2003173828125, -0.1665039062500, -0.0594482421875],
    [0.0476074218750, 0.1015625000000, 0.0891113281250, 0.0332031250000],
    [-0.0266113281250, -0.0582275390625, -0.0517578125000, -0.0196533203125],
    [0.0148925781250, 0.0330810546875, 0.0292968750000, 0.0109863281250],
    [-0.0083007812500, -0.0189208984375, -0.0291748046875, 0.0017089843750],
];

/// The largest magnitude of the four points at each newest sample, the clip being followed by
/// silence.
pub fn points(signal: &[f64]) -> Vec<f64> {
    (0..signal.len() + ROWS.len() - 1)
        .map(|n| {
            let mut phases = [0.0; 4];
            for (k, row) in ROWS.iter().enumerate().filter(|(k, _)| n >= *k) {
                let x = signal.get(n - k).copied().unwrap_or(0.0);
                for (sum, tap) in phases.iter_mut().zip(row) {
                    *sum += tap * x;
                }
            }
            phases.iter().fold(0.0, |peak: f64, y| peak.max(y.abs()))
        })
        .collect()
}

/// The true peak, sample peak included, linear.
pub fn true_peak(signal: &[f64]) -> f64 {
    points(signal).iter().chain(signal).fold(0.0, |peak: f64, y| peak.max(y.abs()))
}

/// The true peak of each frame: its sample and the points between it and the next one. The points
/// before the first frame belong to that.
pub fn frame_peaks(signal: &[f64]) -> Vec<f64> {
    let mut frames: Vec<f64> = signal.iter().map(|x| x.abs()).collect();
    // The point at a newest sample lies between the sixth and the seventh sample before it.
    for (n, peak) in points(signal).into_iter().enumerate() {
        if let Some(frame) = frames.get_mut(n.saturating_sub(6)) {
            *frame = frame.max(peak);
        }
    }
    frames
}

/// Phase 3 is phase 0 in reverse, phase 2 is phase 1 in reverse, and every number is a whole
/// multiple of 2^-13: a transcription that is rounded to eight digits says the same.
#[test]
fn the_table_mirrors_itself_on_a_grid_of_2_to_the_minus_13() {
    for (row, mirror) in ROWS.iter().zip(ROWS.iter().rev()) {
        assert_eq!((row[0], row[1]), (mirror[3], mirror[2]));
        assert!(row.iter().all(|tap| (tap * 8192.0).fract() == 0.0));
    }
}
