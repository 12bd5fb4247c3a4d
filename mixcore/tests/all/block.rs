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

/// What `block` shows is `rows`, however it is read.
fn shows(block: &Block<'_, f64>, rows: &[&[f64]]) {
    assert_eq!((block.channel_count(), block.frames()), (rows.len(), rows[0].len()));
    assert!(block.channels().eq(rows.iter().copied()));
    assert_eq!(block.channels().len(), rows.len());
    assert_eq!(block.channels().nth(rows.len()), None);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(block.channel(index), *row);
        assert_eq!(block.channels().nth(index), Some(*row));
    }
}

#[test]
fn one_and_two_channels_are_views_like_all_others() {
    let (left, right) = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]);
    shows(&Block::mono(&left), &[&left]);
    shows(&Block::mono(&left).range(1, 9), &[&left[1..]]);
    let both = Block::stereo(&left, &right).unwrap();
    shows(&both, &[&left, &right]);
    shows(&both.range(1, 2), &[&left[1..2], &right[1..2]]);
    shows(&both.range(2, 1), &[&[], &[]]);

    let (mut one, mut other) = (left, right);
    let mut mono = BlockMut::mono(&mut one);
    mono.range(1, 2).fill(-1.0);
    shows(&mono.as_block(), &[&[1.0, -1.0, 3.0]]);
    shows(&mono.into_range(1, 3).as_block(), &[&[-1.0, 3.0]]);

    let mut stereo = BlockMut::stereo(&mut one, &mut other).unwrap();
    stereo.channel_mut(1)[2] = 7.0;
    stereo.range(0, 1).copy_from(&Block::stereo(&[8.0], &[9.0]).unwrap()).unwrap();
    shows(&stereo.as_block(), &[&[8.0, -1.0, 3.0], &[9.0, 5.0, 7.0]]);
    assert_eq!(stereo.channels_mut().rev().map(|row| row[0]).collect::<Vec<_>>(), [9.0, 8.0]);
    shows(&stereo.reborrow().into_range(1, 2).as_block(), &[&[-1.0], &[5.0]]);
    assert!(BlockMut::stereo(&mut one, &mut other[..2]).is_err());
}

/// From both ends, in any order, every channel comes once; past them all comes none.
#[test]
fn channels_come_from_both_ends() {
    for count in 1..=MAX_CHANNELS {
        let mut data: Vec<f64> = (0..2 * count).map(|n| n as f64).collect();
        let mut rows: Vec<Vec<f64>> = data.chunks(2).map(<[f64]>::to_vec).collect();
        for mut view in
            [BlockMut::contiguous(&mut data, count).unwrap(), BlockMut::new(&mut rows).unwrap()]
        {
            let mut part = view.range(1, 2);
            for from_front in [0, 1, 3, count / 2, count] {
                let (mut ahead, mut behind) = (0, count);
                let mut channels = part.channels_mut();
                while behind > ahead {
                    assert_eq!(channels.len(), behind - ahead);
                    // From the front until so many have come, then from both in turn.
                    let front = ahead < from_front || (ahead + behind) % 2 == 0;
                    let row = if front { channels.next() } else { channels.next_back() };
                    let index = if front { ahead } else { behind - 1 };
                    assert_eq!(row.as_deref(), Some(&[(2 * index + 1) as f64][..]), "{count}");
                    if front { ahead += 1 } else { behind -= 1 }
                }
                assert!(channels.next().is_none() && channels.next_back().is_none());
            }
        }
    }
}

/// What is skipped is as if it had come, whatever came from either end before.
#[test]
fn channels_are_skipped_without_being_seen() {
    for count in 1..=MAX_CHANNELS {
        let mut data: Vec<f64> = (0..2 * count).map(|n| n as f64).collect();
        let mut rows: Vec<Vec<f64>> = data.chunks(2).map(<[f64]>::to_vec).collect();
        for mut view in
            [BlockMut::contiguous(&mut data, count).unwrap(), BlockMut::new(&mut rows).unwrap()]
        {
            let mut part = view.range(1, 2);
            for (front, back) in [(0, 0), (0, 1), (1, 0), (3, 2), (9, 9)] {
                for skipped in 0..=count {
                    let mut channels = part.channels_mut();
                    let came = channels.by_ref().take(front).count();
                    let went = channels.by_ref().rev().take(back).count();
                    let mut expected = came + skipped..count - went;
                    assert_eq!(
                        channels.nth(skipped).map(|row| row[0]),
                        expected.next().map(|index| (2 * index + 1) as f64),
                        "{count}: {front} {back} {skipped}"
                    );
                    assert_eq!(channels.len(), expected.len());
                    assert!(channels.map(|row| row[0]).eq(expected.map(|n| (2 * n + 1) as f64)));
                }
            }
        }
    }
}

/// A list that is not of slices of one kind: the groups of a long one know only how to look at them.
#[test]
fn a_list_of_borrowed_slices_outlives_nothing() {
    let mut data = [[1.0_f32; 4]; 20];
    let mut slices: Vec<&mut [f32]> = data.iter_mut().map(|row| &mut row[1..]).collect();
    let mut view = BlockMut::new(&mut slices).unwrap();
    for (n, channel) in view.channels_mut().enumerate() {
        channel.fill(n as f32);
    }
    assert_eq!(view.range(1, 3).channel(19), &[19.0, 19.0]);
    assert_eq!(format!("{view:?}"), "BlockMut { channels: 20, frames: 3 }");
    assert!(data.iter().enumerate().all(|(n, row)| *row == [1.0, n as f32, n as f32, n as f32]));
}

/// To be moved into every call, a view fits into a few cache lines.
#[test]
fn a_view_is_small() {
    assert!(size_of::<BlockMut<'_, f32>>() <= 200 && size_of::<Block<'_, f32>>() <= 200);
}
