//! The plain twins of the detectors' windows.

use super::square_window::{SQUARE_CHUNK, SQUARE_LANES, SquareWindow, Squares, tree_of};

/// Twin of `begin_windows`.
pub fn begin_windows(
    window: &mut SquareWindow,
    second: &[Squares],
    between: [&[Squares]; 2],
    offset: usize,
) {
    let oldest = window.left;
    window.left = [[0.0; SQUARE_LANES]; SQUARE_CHUNK];
    for lane in 0..SQUARE_LANES {
        let mut whole = 0.0;
        for n in (0..second.len().min(SQUARE_CHUNK)).rev() {
            whole += second[n][lane];
            window.left[n][lane] = whole;
        }
        let between = tree_of(between[0], lane) + tree_of(between[1], lane);
        for n in 0..SQUARE_CHUNK {
            window.older[n][lane] = match oldest.get(n + offset) {
                Some(left) => left[lane] + (whole + between),
                None => window.left[n + offset - SQUARE_CHUNK][lane] + between,
            };
        }
    }
}

/// Twin of `window_squares`.
pub fn window_squares(
    window: &mut SquareWindow,
    place: usize,
    pairs: [&[[f64; 2]]; 2],
    share: f64,
    chunk: &mut [Squares],
    rows: [&mut [f32]; SQUARE_LANES],
) {
    let older = window.older.get(place..).unwrap_or_default();
    let mut frames = older.len().min(pairs[0].len()).min(pairs[1].len()).min(chunk.len());
    for row in &rows {
        frames = frames.min(row.len());
    }
    let rows = rows.map(|row| &mut row[..frames]);
    squares(&mut window.newer, older, pairs, share, chunk, rows);
}

/// The frames of a chunk one by one, as far as all slices reach; the rows are equally long.
pub(super) fn squares(
    newer: &mut Squares,
    older: &[Squares],
    [one, two]: [&[[f64; 2]]; 2],
    share: f64,
    chunk: &mut [Squares],
    [a, b, c, d]: [&mut [f32]; SQUARE_LANES],
) {
    let signals = one.iter().zip(two).zip(older).zip(chunk);
    let outs = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
    for ((((one, two), older), chunk), ((a, b), (c, d))) in signals.zip(outs) {
        let x = [one[0], one[1], two[0], two[1]];
        *chunk = x.map(|x| x * x);
        for ((newer, square), (older, mean)) in
            newer.iter_mut().zip(&*chunk).zip(older.iter().zip([a, b, c, d]))
        {
            *newer += square;
            #[expect(clippy::cast_possible_truncation, reason = "a control signal")]
            {
                *mean = ((older + *newer) * share) as f32;
            }
        }
    }
}
