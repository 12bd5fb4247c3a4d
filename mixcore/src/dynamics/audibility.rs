//! How much of a voice is audible over a background: an index after the speech intelligibility index.
//!
//! With E_v and E_b the excitations of the ear's filters by voice and background in band i of a frame
//! and Q_i the threshold in quiet:
//!
//! > SNR_i = 10 log10(E_v / (E_b + Q_i)),  A_i = clamp((SNR_i + 15) / 30, 0, 1)
//! > index = Σ_i I_i·A_i over the bands, mean over the frames with speech
//!
//! I_i is the importance of the third octaves of the SII, spread over the ERB bands by the share of the
//! third octave that lies in each, on a logarithmic scale.
//!
//! Sources: ANSI S3.5-1997 (SII): K_i of 4.7, equation 12, the sum of 4.8, equation 14, and the
//! importances of Table 3 for average speech [the standard's own text not read: all of them as the program
//! of H. Müsch of the standard's working group has them, in M. Slaney's translation, GitHub
//! google/speech_intelligibility_index `sii.py`; the same 18 numbers stand in seven other programs that
//! name the table]. They are given to four decimals and add up to 1, so the index has four decimals at
//! the most. Frame by frame as in K. S. Rhebergen and N. J. Versfeld, J. Acoust. Soc. Am. 117, 2005
//! [abstract]. Excitations in place of spectrum levels: ours, which stand for the standard's spread of
//! masking (4.3); its masking of speech by itself and its loss of clarity at high levels (4.6) are left
//! out.
//! Limits: an index of audibility, no count of words: no hearing loss, no level distortion, no room.

use crate::analysis::{ERB_BANDS, ErbBands, ThirdOctave};
use crate::math;
use crate::units::power_to_db;

/// Importance of the third octaves from 160 Hz to 8 kHz (ANSI S3.5-1997, Table 3), in 1/10,000.
const IMPORTANCE: [u16; 18] =
    [83, 95, 150, 289, 440, 578, 653, 711, 818, 844, 882, 898, 868, 844, 771, 527, 364, 185];
/// Index of the 160 Hz band among the third octaves.
const FIRST: usize = 9;
/// Speech is audible in full from here on, and not at all from as far below, dB (ANSI S3.5-1997, 4.7).
pub(super) const FULL_DB: f64 = 15.0;

/// Importance of each ERB band; they add up to 1.
pub(super) fn importance() -> [f64; ERB_BANDS] {
    core::array::from_fn(|band| {
        let band = ErbBands::band(band);
        let thirds = ThirdOctave::all().skip(FIRST).zip(IMPORTANCE);
        thirds.fold(0.0, |sum, (third, importance)| {
            let low = third.lower_hz().max(band.low_hz);
            let high = third.upper_hz().min(band.high_hz);
            if high <= low {
                return sum;
            }
            let share = math::log(high / low) / math::log(third.upper_hz() / third.lower_hz());
            sum + share * f64::from(importance) * 1e-4
        })
    })
}

/// Audibility of one band, 0 to 1; silence is not audible.
pub(super) fn audible(voice: f64, background: f64) -> f64 {
    if voice <= 0.0 {
        return 0.0;
    }
    ((power_to_db(voice / background) + FULL_DB) / (2.0 * FULL_DB)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn importances_add_up_and_lie_where_speech_does() {
        assert_eq!(IMPORTANCE.iter().map(|&i| u32::from(i)).sum::<u32>(), 10_000);
        let bands = importance();
        assert!((bands.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        // Half of it lies above 1.3 kHz or so: the bands around 2 kHz are the heaviest.
        let below: f64 = (0..ERB_BANDS)
            .filter(|&b| ErbBands::band(b).centre_hz < 1400.0)
            .map(|b| bands[b])
            .sum();
        assert!((0.4..0.5).contains(&below), "{below}");
        assert_eq!(audible(1.0, 1.0), 0.5);
        assert_eq!((audible(0.0, 1.0), audible(1.0, 0.0), audible(1e-9, 1.0)), (0.0, 1.0, 0.0));
    }
}
