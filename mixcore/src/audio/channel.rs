//! A channel: a loudspeaker with its label and nominal direction, or an LFE.

/// One channel of a layout.
///
/// Azimuth is positive to the LEFT (anticlockwise), elevation upwards, in degrees
/// (ITU-R BS.2051-3; ADM convention).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speaker {
    /// Label of BS.2051: `M+030`, `U-110`, `LFE1`.
    pub label: &'static str,
    /// Nominal azimuth, degrees, positive to the left.
    pub azimuth_deg: f64,
    /// Nominal elevation, degrees, positive upwards.
    pub elevation_deg: f64,
    /// A low-frequency effects channel: outside loudness, fold-downs and panning.
    pub lfe: bool,
}

impl Speaker {
    /// The label of the trade: `L`, `R`, `C`, `LFE`, `Ls`; the BS.2051 label where there is none.
    ///
    /// Sides and rears differ between 5.x (one surround pair: `Ls`, `Rs` at ±110°) and 7.x
    /// (`Lss`, `Rss` at ±90°, `Lrs`, `Rrs` at ±135°).
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        match self.label {
            "M+030" => "L",
            "M-030" => "R",
            "M+000" => "C",
            "LFE1" => "LFE",
            "M+060" => "Lw",
            "M-060" => "Rw",
            "M+090" => "Lss",
            "M-090" => "Rss",
            "M+110" => "Ls",
            "M-110" => "Rs",
            "M+135" => "Lrs",
            "M-135" => "Rrs",
            "U+030" | "U+045" => "Ltf",
            "U-030" | "U-045" => "Rtf",
            "U+090" => "Ltm",
            "U-090" => "Rtm",
            "U+110" | "U+135" => "Ltr",
            "U-110" | "U-135" => "Rtr",
            label => label,
        }
    }
}
