//! The views that audio is passed in.

use mixcore::audio::{Block, BlockMut, MAX_CHANNELS};

/// A view holds what it is given, on both sides of the length of its short list.
#[test]
fn every_number_of_channels_keeps_its_samples() {
    for count in 1..=MAX_CHANNELS {
        let mut data: Vec<f64> = (0..3 * count).map(|n| n as f64).collect();
        let mut rows: Vec<Vec<f64>> = data.chunks(3).map(<[f64]>::to_vec).collect();
        for block in [Block::new(&rows).unwrap(), Block::contiguous(&data, count).unwrap()] {
            assert_eq!((block.channel_count(), block.frames()), (count, 3));
            assert!(block.channels().eq(rows.iter().map(Vec::as_slice)), "{count}");
            assert_eq!(block.range(1, 3).channel(count - 1), &rows[count - 1][1..]);
        }
        for mut view in
            [BlockMut::contiguous(&mut data, count).unwrap(), BlockMut::new(&mut rows).unwrap()]
        {
            view.range(1, 2).fill(-1.0);
            view.channel_mut(count - 1)[0] = 7.0;
            assert!(view.as_block().channels().all(|channel| channel[1] == -1.0));
            assert_eq!(view.channels_mut().len(), count);
            let mut part = view.into_range(0, 1);
            assert_eq!((part.channel(count - 1), part.frames()), (&[7.0][..], 1));
            assert_eq!(part.reborrow().channel_count(), count);
        }
    }
}
