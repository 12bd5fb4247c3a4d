//! What BS.1770 prints, and what follows from it by definition alone.

use mixcore::filters::Biquad;

/// BS.1770-5, Annex 1, Tables 1 and 2: both stages at 48 kHz.
pub const K_STAGES_48K: [Biquad; 2] = [
    Biquad {
        b: [1.53512485958697, -2.69169618940638, 1.19839281085285],
        a: [-1.69065929318241, 0.73248077421585],
    },
    Biquad { b: [1.0, -2.0, 1.0], a: [-1.99004745483398, 0.99007225036621] },
];

/// Gain of the K-weighting at `hz`, dB: that of the printed filter at 48 kHz.
pub fn k_gain_db(hz: f64) -> f64 {
    let w = 2.0 * std::f64::consts::PI * hz / 48_000.0;
    let power = |c: [f64; 3]| {
        let re = c[0] + c[1] * w.cos() + c[2] * (2.0 * w).cos();
        let im = c[1] * w.sin() + c[2] * (2.0 * w).sin();
        re * re + im * im
    };
    let gain = |stage: &Biquad| power(stage.b) / power([1.0, stage.a[0], stage.a[1]]);
    10.0 * K_STAGES_48K.iter().map(gain).product::<f64>().log10()
}
