//! The layouts against the EBU ADM Renderer's tables, and the channel orders of files.

use mixcore::Layout;
use mixcore::audio::ChannelOrder;

/// `data/bs2051_layouts.json`: the nominal positions of BS.2051-3 as held by the EBU ADM Renderer
/// 2.1.0 (BSD-3-Clause-Clear, text in `data/LICENSE.ebu_adm_renderer.txt`).
#[cfg(feature = "json")]
const BS2051: &str = include_str!("data/bs2051_layouts.json");

#[cfg(feature = "json")]
#[test]
fn every_system_of_bs2051_is_the_golden_table() {
    let golden: serde_json::Value = serde_json::from_str(BS2051).unwrap();
    let golden = golden.as_object().unwrap();
    assert_eq!(golden.len(), 10);
    for (name, speakers) in golden {
        let layout = Layout::named(name).unwrap();
        assert_eq!(layout.bs2051(), Some(name.as_str()));
        let speakers = speakers.as_array().unwrap();
        assert_eq!(layout.channel_count(), speakers.len(), "{name}");
        for (ours, theirs) in layout.speakers().iter().zip(speakers) {
            let label = theirs["label"].as_str().unwrap();
            assert_eq!(ours.label, label, "{name}");
            assert_eq!(ours.lfe, theirs["is_lfe"].as_bool().unwrap(), "{name} {label}");
            assert_eq!(Some(ours.azimuth_deg), theirs["az"].as_f64(), "{name} {label}");
            assert_eq!(Some(ours.elevation_deg), theirs["el"].as_f64(), "{name} {label}");
        }
    }
    let systems: String = Layout::all().filter_map(Layout::system).collect();
    let mut systems: Vec<char> = systems.chars().collect();
    systems.sort_unstable();
    assert_eq!(systems, ('A'..='J').collect::<Vec<_>>());
}

/// The trade's names in the order of the file.
fn names(layout: Layout, order: ChannelOrder) -> Vec<&'static str> {
    let map = layout.order(order).unwrap();
    map.layout_channels().map(|channel| layout.speakers()[channel].short_name()).collect()
}

#[test]
fn files_in_five_one_come_in_four_orders() {
    let five_one = |order| names(Layout::SURROUND_5_1, order).join(" ");
    assert_eq!(five_one(ChannelOrder::Wave), "L R C LFE Ls Rs");
    assert_eq!(five_one(ChannelOrder::Bs2051), "L R C LFE Ls Rs");
    assert_eq!(five_one(ChannelOrder::Itu), "L R C LFE Ls Rs");
    assert_eq!(five_one(ChannelOrder::Film), "L C R Ls Rs LFE");
    assert_eq!(five_one(ChannelOrder::Aac), "C L R Ls Rs LFE");
}

#[test]
fn files_in_seven_one_put_rears_first_only_in_wave() {
    let seven_one = |order| names(Layout::SURROUND_7_1, order).join(" ");
    assert_eq!(seven_one(ChannelOrder::Wave), "L R C LFE Lrs Rrs Lss Rss");
    assert_eq!(seven_one(ChannelOrder::Bs2051), "L R C LFE Lss Rss Lrs Rrs");
    assert_eq!(seven_one(ChannelOrder::Itu), "L R C LFE Lss Rss Lrs Rrs");
    assert_eq!(seven_one(ChannelOrder::Film), "L C R Lss Rss Lrs Rrs LFE");
    assert!(Layout::SURROUND_7_1.order(ChannelOrder::Aac).is_err());
}

#[test]
fn heights_follow_the_bits_of_the_mask_and_the_stems_of_pro_tools() {
    assert_eq!(
        names(Layout::SURROUND_7_1_4, ChannelOrder::Wave).join(" "),
        "L R C LFE Lrs Rrs Lss Rss Ltf Rtf Ltr Rtr"
    );
    assert_eq!(
        names(Layout::SURROUND_5_1_4, ChannelOrder::Wave).join(" "),
        "L R C LFE Ls Rs Ltf Rtf Ltr Rtr"
    );
    assert_eq!(
        names(Layout::SURROUND_9_1_6, ChannelOrder::Film).join(" "),
        "L C R Lw Rw Lss Rss Lrs Rrs LFE Ltf Rtf Ltm Rtm Ltr Rtr"
    );
    assert_eq!(
        names(Layout::SURROUND_7_1_2, ChannelOrder::Film).join(" "),
        "L C R Lss Rss Lrs Rrs LFE Ltm Rtm"
    );
}

#[test]
fn an_order_that_no_source_defines_is_an_error() {
    for (layout, order) in [
        (Layout::SURROUND_22_2, ChannelOrder::Wave),
        (Layout::SURROUND_9_1_6, ChannelOrder::Wave),
        (Layout::SURROUND_7_1_2, ChannelOrder::Wave),
        (Layout::SYSTEM_G, ChannelOrder::Wave),
        (Layout::SURROUND_5_1_2, ChannelOrder::Film),
        (Layout::SURROUND_7_1_4, ChannelOrder::Itu),
        (Layout::QUAD, ChannelOrder::Aac),
        (Layout::QUAD, ChannelOrder::Bs2051),
    ] {
        let text = layout.order(order).unwrap_err().to_string();
        assert!(text.contains(layout.name()) && text.contains("allowed: "), "{text}");
    }
}

#[test]
fn every_map_is_a_permutation_and_its_inverse_undoes_it() {
    use ChannelOrder::{Aac, Bs2051, Film, Itu, Wave};
    let mut defined = 0;
    for layout in Layout::all() {
        for order in [Bs2051, Wave, Film, Itu, Aac] {
            let Ok(map) = layout.order(order) else { continue };
            defined += 1;
            let count = layout.channel_count();
            assert_eq!(map.channel_count(), count);
            let mut seen = vec![false; count];
            for file in 0..count {
                let channel = map.layout_channel(file).unwrap();
                assert!(!seen[channel], "{layout} {order:?} names a channel twice");
                seen[channel] = true;
                assert_eq!(map.file_channel(channel), Some(file));
                assert_eq!(map.inverse().layout_channel(channel), Some(file));
            }
            assert_eq!((map.layout_channel(count), map.file_channel(count)), (None, None));
            assert_eq!(map.is_identity(), names(layout, order) == own_names(layout));
        }
    }
    // The lists of `ChannelOrder`'s errors: 10 + 10 + 11 + 7 + 5.
    assert_eq!(defined, 43);
}

fn own_names(layout: Layout) -> Vec<&'static str> {
    layout.speakers().iter().map(|speaker| speaker.short_name()).collect()
}
