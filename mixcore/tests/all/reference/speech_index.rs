//! A speech index from signals alone, without a model of the ear: third octaves of 40 ms and more.
//!
//! SNR_i = 10 log10 of the powers of voice and background in third octave i of a frame,
//! A_i = (SNR_i + 15)/30 held to 0 to 1, index = Σ I_i·A_i, mean over the frames in which the voice speaks. Importances I: ANSI
//! S3.5-1997, Table 3; no spread of masking, no threshold in quiet.

use super::fir::fft;

/// ANSI S3.5-1997, Table 3, third octaves from 160 Hz to 8 kHz.
pub const IMPORTANCE: [f64; 18] = [
    0.0083, 0.0095, 0.0150, 0.0289, 0.0440, 0.0578, 0.0653, 0.0711, 0.0818, 0.0844, 0.0882, 0.0898,
    0.0868, 0.0844, 0.0771, 0.0527, 0.0364, 0.0185,
];
/// The voice speaks where it is louder than this below its mean of all frames: the 30 dB of speech
/// detectors below active speech, and 10 dB for the pauses in that mean.
const SILENT: f64 = 1e-4;

type Bands = [f64; 18];

/// Powers of the third octaves of every frame, Hann, half overlapped; all channels added by power.
fn spectra(audio: &[Vec<f32>], rate_hz: f64) -> Vec<Bands> {
    let n = ((0.04 * rate_hz) as usize).next_power_of_two();
    let frames = audio[0].len();
    let window = |k: usize| 0.5 - 0.5 * (std::f64::consts::TAU * k as f64 / n as f64).cos();
    let bin_hz = rate_hz / n as f64;
    (0..frames.saturating_sub(n))
        .step_by(n / 2)
        .map(|at| {
            let mut bands = [0.0; 18];
            for channel in audio {
                let mut re: Vec<f64> =
                    (0..n).map(|k| window(k) * f64::from(channel[at + k])).collect();
                let mut im = vec![0.0; n];
                fft(&mut re, &mut im);
                for (band, power) in bands.iter_mut().enumerate() {
                    let centre = 10_f64.powf(band as f64 / 10.0 + 2.2);
                    let edges = [-0.05, 0.05].map(|x| centre * 10_f64.powf(x) / bin_hz);
                    // A bin is a band of its width.
                    for k in (edges[0] - 0.5).ceil() as usize..=(edges[1] + 0.5) as usize {
                        let share = (k as f64 + 0.5).min(edges[1]) - (k as f64 - 0.5).max(edges[0]);
                        if k <= n / 2 {
                            *power += share.max(0.0) * (re[k].powi(2) + im[k].powi(2));
                        }
                    }
                }
            }
            bands
        })
        .collect()
}

/// The index of a voice over a background, in the frames in which `speaks` does.
fn index(speaks: &[Bands], voice: &[Bands], background: &[Bands]) -> f64 {
    let level = |bands: &Bands| bands.iter().sum::<f64>();
    let mean = speaks.iter().map(level).sum::<f64>() / speaks.len() as f64;
    let (mut sum, mut count) = (0.0, 0.0);
    for ((speaks, voice), background) in speaks.iter().zip(voice).zip(background) {
        if level(speaks) < SILENT * mean {
            continue;
        }
        count += 1.0;
        for band in 0..18 {
            let snr = 10.0 * (voice[band] / background[band].max(1e-30)).log10();
            sum += IMPORTANCE[band] * ((snr + 15.0) / 30.0).clamp(0.0, 1.0);
        }
    }
    sum / count
}

/// The index of a voice over backgrounds, one after the other.
pub fn speech_indices(voice: &[Vec<f32>], backgrounds: &[&[Vec<f32>]], rate_hz: f64) -> Vec<f64> {
    let voice = spectra(voice, rate_hz);
    let of = |background: &&[Vec<f32>]| index(&voice, &voice, &spectra(background, rate_hz));
    backgrounds.iter().map(of).collect()
}

/// The index of voices over one background, one after the other, in the frames in which the first speaks.
pub fn voice_indices(voices: &[&[Vec<f32>]], background: &[Vec<f32>], rate_hz: f64) -> Vec<f64> {
    let voices: Vec<_> = voices.iter().map(|voice| spectra(voice, rate_hz)).collect();
    let background = spectra(background, rate_hz);
    voices.iter().map(|voice| index(&voices[0], voice, &background)).collect()
}

/// A background with one gain, dB.
pub fn flat(background: &[Vec<f32>], gain_db: f64) -> Vec<Vec<f32>> {
    let gain = 10_f64.powf(gain_db / 20.0) as f32;
    background.iter().map(|channel| channel.iter().map(|x| x * gain).collect()).collect()
}

/// Reduction by one gain that gives an index, dB: by halving to a hundredth.
pub fn flat_db(voice: &[Vec<f32>], background: &[Vec<f32>], wanted: f64, rate_hz: f64) -> f64 {
    // Gains are looked for in the spectra: every bit of one is a power.
    let (voice, background) = (spectra(voice, rate_hz), spectra(background, rate_hz));
    let level = |bands: &Bands| bands.iter().sum::<f64>();
    let mean = voice.iter().map(level).sum::<f64>() / voice.len() as f64;
    let index = |db: f64| {
        let (mut sum, mut count) = (0.0, 0.0);
        for (voice, background) in voice.iter().zip(&background) {
            if level(voice) < SILENT * mean {
                continue;
            }
            count += 1.0;
            for band in 0..18 {
                let snr = 10.0 * (voice[band] / background[band].max(1e-30)).log10() + db;
                sum += IMPORTANCE[band] * ((snr + 15.0) / 30.0).clamp(0.0, 1.0);
            }
        }
        sum / count
    };
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..12 {
        let middle = 0.5 * (low + high);
        if index(middle) >= wanted { high = middle } else { low = middle }
    }
    high
}

#[test]
fn levels_that_are_equal_are_half_audible_and_a_gain_is_found() {
    let noise = crate::signals::noise::<f32>(1, 32_000, 0.1, 3);
    let found = speech_indices(&noise, &[&noise, &flat(&noise, -6.0), &flat(&noise, 40.0)], 16e3);
    // 6 dB are a fifth of 30; the importances add up to 1.
    for (found, expected) in found.iter().zip([0.5, 0.7, 0.0]) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
    assert!((flat_db(&noise, &noise, 0.7, 16e3) - 6.0).abs() < 0.02);
}
