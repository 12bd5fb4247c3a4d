//! The tables of [`super::Layout`]: labels and nominal directions, in the layout's own channel order.
//!
//! BS.2051 systems A to J: ITU-R BS.2051-3 as held by the EBU ADM Renderer 2.1.0
//! (`2051_layouts.yaml`, BSD-3-Clause-Clear), compared by `tests/all/layouts.rs`.
//! Trade layouts: ITU-R BS.775-3 (3/0, 2/2, 3/2) and convention, marked so in each table.

use super::Speaker;
use super::layout::Table;

const fn main(label: &'static str, azimuth_deg: f64, elevation_deg: f64) -> Speaker {
    Speaker { label, azimuth_deg, elevation_deg, lfe: false }
}

const fn lfe(label: &'static str, azimuth_deg: f64, elevation_deg: f64) -> Speaker {
    Speaker { label, azimuth_deg, elevation_deg, lfe: true }
}

/// One loudspeaker in front; dual mono is a separate, named choice of the meter.
pub(super) static MONO: Table =
    Table { name: "mono", bs2051: None, system: None, speakers: &[main("M+000", 0.0, 0.0)] };

/// BS.2051-3, system A.
pub(super) static STEREO: Table = Table {
    name: "stereo",
    bs2051: Some("0+2+0"),
    system: Some('A'),
    speakers: &[main("M+030", 30.0, 0.0), main("M-030", -30.0, 0.0)],
};

/// BS.2051-3, system B.
pub(super) static SURROUND_5_1: Table = Table {
    name: "5.1",
    bs2051: Some("0+5+0"),
    system: Some('B'),
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+110", 110.0, 0.0),
        main("M-110", -110.0, 0.0),
    ],
};

/// BS.2051-3, system C.
pub(super) static SURROUND_5_1_2: Table = Table {
    name: "5.1.2",
    bs2051: Some("2+5+0"),
    system: Some('C'),
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+110", 110.0, 0.0),
        main("M-110", -110.0, 0.0),
        main("U+030", 30.0, 30.0),
        main("U-030", -30.0, 30.0),
    ],
};

/// BS.2051-3, system D.
pub(super) static SURROUND_5_1_4: Table = Table {
    name: "5.1.4",
    bs2051: Some("4+5+0"),
    system: Some('D'),
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+110", 110.0, 0.0),
        main("M-110", -110.0, 0.0),
        main("U+030", 30.0, 30.0),
        main("U-030", -30.0, 30.0),
        main("U+110", 110.0, 30.0),
        main("U-110", -110.0, 30.0),
    ],
};

/// BS.2051-3, system E.
pub(super) static SYSTEM_E: Table = Table {
    name: "4+5+1",
    bs2051: Some("4+5+1"),
    system: Some('E'),
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+110", 110.0, 0.0),
        main("M-110", -110.0, 0.0),
        main("U+030", 30.0, 30.0),
        main("U-030", -30.0, 30.0),
        main("U+110", 110.0, 30.0),
        main("U-110", -110.0, 30.0),
        main("B+000", 0.0, -30.0),
    ],
};

/// BS.2051-3, system F.
pub(super) static SYSTEM_F: Table = Table {
    name: "3+7+0",
    bs2051: Some("3+7+0"),
    system: Some('F'),
    speakers: &[
        main("M+000", 0.0, 0.0),
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("U+045", 45.0, 30.0),
        main("U-045", -45.0, 30.0),
        main("M+090", 90.0, 0.0),
        main("M-090", -90.0, 0.0),
        main("M+135", 135.0, 0.0),
        main("M-135", -135.0, 0.0),
        main("UH+180", 180.0, 45.0),
        lfe("LFE1", 45.0, -30.0),
        lfe("LFE2", -45.0, -30.0),
    ],
};

/// BS.2051-3, system G.
pub(super) static SYSTEM_G: Table = Table {
    name: "4+9+0",
    bs2051: Some("4+9+0"),
    system: Some('G'),
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+090", 90.0, 0.0),
        main("M-090", -90.0, 0.0),
        main("M+135", 135.0, 0.0),
        main("M-135", -135.0, 0.0),
        main("U+045", 45.0, 30.0),
        main("U-045", -45.0, 30.0),
        main("U+135", 135.0, 30.0),
        main("U-135", -135.0, 30.0),
        main("M+SC", 15.0, 0.0),
        main("M-SC", -15.0, 0.0),
    ],
};

/// BS.2051-3, system H.
pub(super) static SURROUND_22_2: Table = Table {
    name: "22.2",
    bs2051: Some("9+10+3"),
    system: Some('H'),
    speakers: &[
        main("M+060", 60.0, 0.0),
        main("M-060", -60.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+135", 135.0, 0.0),
        main("M-135", -135.0, 0.0),
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+180", 180.0, 0.0),
        lfe("LFE2", -45.0, -30.0),
        main("M+090", 90.0, 0.0),
        main("M-090", -90.0, 0.0),
        main("U+045", 45.0, 30.0),
        main("U-045", -45.0, 30.0),
        main("U+000", 0.0, 30.0),
        main("T+000", 0.0, 90.0),
        main("U+135", 135.0, 30.0),
        main("U-135", -135.0, 30.0),
        main("U+090", 90.0, 30.0),
        main("U-090", -90.0, 30.0),
        main("U+180", 180.0, 30.0),
        main("B+000", 0.0, -30.0),
        main("B+045", 45.0, -30.0),
        main("B-045", -45.0, -30.0),
    ],
};

/// BS.2051-3, system I.
pub(super) static SURROUND_7_1: Table = Table {
    name: "7.1",
    bs2051: Some("0+7+0"),
    system: Some('I'),
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+090", 90.0, 0.0),
        main("M-090", -90.0, 0.0),
        main("M+135", 135.0, 0.0),
        main("M-135", -135.0, 0.0),
    ],
};

/// BS.2051-3, system J.
pub(super) static SURROUND_7_1_4: Table = Table {
    name: "7.1.4",
    bs2051: Some("4+7+0"),
    system: Some('J'),
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+090", 90.0, 0.0),
        main("M-090", -90.0, 0.0),
        main("M+135", 135.0, 0.0),
        main("M-135", -135.0, 0.0),
        main("U+045", 45.0, 30.0),
        main("U-045", -45.0, 30.0),
        main("U+135", 135.0, 30.0),
        main("U-135", -135.0, 30.0),
    ],
};

/// BS.775-3, 3/0.
pub(super) static FRONT_3_0: Table = Table {
    name: "3.0",
    bs2051: None,
    system: None,
    speakers: &[main("M+030", 30.0, 0.0), main("M-030", -30.0, 0.0), main("M+000", 0.0, 0.0)],
};

/// BS.775-3, 2/2: surrounds at ±110°. Consumer quad at ±135° is another layout.
pub(super) static QUAD: Table = Table {
    name: "quad",
    bs2051: None,
    system: None,
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+110", 110.0, 0.0),
        main("M-110", -110.0, 0.0),
    ],
};

/// BS.775-3, 3/2: BS.2051 system B without its LFE.
pub(super) static SURROUND_5_0: Table = Table {
    name: "5.0",
    bs2051: None,
    system: None,
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        main("M+110", 110.0, 0.0),
        main("M-110", -110.0, 0.0),
    ],
};

/// IAMF's 3.1.2: the front of 7.1.4 (IAMF 1.1, clause on loudspeaker layouts).
pub(super) static SURROUND_3_1_2: Table = Table {
    name: "3.1.2",
    bs2051: None,
    system: None,
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("U+045", 45.0, 30.0),
        main("U-045", -45.0, 30.0),
    ],
};

/// Convention: one pair of top side loudspeakers (IAMF's 7.1.2 has the pair in front).
pub(super) static SURROUND_7_1_2: Table = Table {
    name: "7.1.2",
    bs2051: None,
    system: None,
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+090", 90.0, 0.0),
        main("M-090", -90.0, 0.0),
        main("M+135", 135.0, 0.0),
        main("M-135", -135.0, 0.0),
        main("U+090", 90.0, 30.0),
        main("U-090", -90.0, 30.0),
    ],
};

/// Convention: wides at ±60°, three height pairs; makers order wides and heights differently.
pub(super) static SURROUND_9_1_6: Table = Table {
    name: "9.1.6",
    bs2051: None,
    system: None,
    speakers: &[
        main("M+030", 30.0, 0.0),
        main("M-030", -30.0, 0.0),
        main("M+000", 0.0, 0.0),
        lfe("LFE1", 45.0, -30.0),
        main("M+090", 90.0, 0.0),
        main("M-090", -90.0, 0.0),
        main("M+135", 135.0, 0.0),
        main("M-135", -135.0, 0.0),
        main("M+060", 60.0, 0.0),
        main("M-060", -60.0, 0.0),
        main("U+045", 45.0, 30.0),
        main("U-045", -45.0, 30.0),
        main("U+090", 90.0, 30.0),
        main("U-090", -90.0, 30.0),
        main("U+135", 135.0, 30.0),
        main("U-135", -135.0, 30.0),
    ],
};

/// Every table, in the order in which names are listed.
pub(super) static ALL: &[&Table] = &[
    &MONO,
    &STEREO,
    &FRONT_3_0,
    &QUAD,
    &SURROUND_5_0,
    &SURROUND_5_1,
    &SURROUND_7_1,
    &SURROUND_5_1_2,
    &SURROUND_5_1_4,
    &SURROUND_7_1_2,
    &SURROUND_7_1_4,
    &SURROUND_9_1_6,
    &SURROUND_22_2,
    &SYSTEM_E,
    &SYSTEM_F,
    &SYSTEM_G,
    &SURROUND_3_1_2,
];
