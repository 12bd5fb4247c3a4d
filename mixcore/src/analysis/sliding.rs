//! Sums over the last so many 10 ms rows, made anew for every window: nothing runs on, nothing drifts.
//!
//! Ten rows that begin at a multiple of ten are added once and kept, so a window is the rows before
//! its first whole ten, the tens, and the rows after its last: about a tenth of the additions, and the
//! sum depends on the position of the window alone.

use crate::audio::Store;

/// Rows of a group.
const GROUP: usize = 10;

/// Rings of rows and of groups of rows, each of `lanes` sums.
#[derive(Debug)]
pub(super) struct SlidingSums<'a> {
    store: Store<'a, f64>,
    lanes: usize,
    window: usize,
    done: usize,
}

impl<'a> SlidingSums<'a> {
    /// Length of the store for windows of so many rows (at least 1).
    pub(super) fn required_len(lanes: usize, window: usize) -> usize {
        lanes * (window + window / GROUP)
    }

    /// Sums at rest, in a store of the required length.
    pub(super) fn new(store: Store<'a, f64>, lanes: usize, window: usize) -> Self {
        Self { store, lanes, window, done: 0 }
    }

    /// Rows of a window.
    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Rows so far.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// Starts anew.
    pub(super) fn reset(&mut self) {
        self.done = 0;
    }

    fn row(&self, index: usize) -> &[f64] {
        let at = index % self.window.max(1) * self.lanes;
        self.store.get(at..at + self.lanes).unwrap_or_default()
    }

    /// First element of a group; there are none for windows under [`GROUP`] rows.
    fn group_at(&self, index: usize) -> usize {
        (self.window + index % (self.window / GROUP).max(1)) * self.lanes
    }

    /// Appends a row.
    pub(super) fn push(&mut self, row: &[f64]) {
        let at = self.done % self.window.max(1) * self.lanes;
        if let Some(to) = self.store.get_mut(at..at + self.lanes) {
            to.iter_mut().zip(row).for_each(|(to, value)| *to = *value);
        }
        self.done += 1;
        if self.window >= GROUP && self.done.is_multiple_of(GROUP) {
            let start = self.done - GROUP;
            let at = self.group_at(start / GROUP);
            for lane in 0..self.lanes {
                let sum = (start..self.done).fold(0.0, |sum, row| {
                    sum + self.row(row).get(lane).copied().unwrap_or_default()
                });
                if let Some(to) = self.store.get_mut(at + lane) {
                    *to = sum;
                }
            }
        }
    }

    /// Writes the sums of the last window; `false` while there is none.
    pub(super) fn window_sums(&self, sums: &mut [f64]) -> bool {
        if self.done < self.window {
            return false;
        }
        sums.fill(0.0);
        let start = self.done - self.window;
        let first = start.div_ceil(GROUP);
        let last = self.done / GROUP;
        if self.window < GROUP || first >= last {
            self.add_rows(start, self.done, sums);
        } else {
            self.add_rows(start, first * GROUP, sums);
            for group in first..last {
                let at = self.group_at(group);
                add(sums, self.store.get(at..at + self.lanes).unwrap_or_default());
            }
            self.add_rows(last * GROUP, self.done, sums);
        }
        true
    }

    fn add_rows(&self, start: usize, end: usize, sums: &mut [f64]) {
        for index in start..end {
            add(sums, self.row(index));
        }
    }
}

fn add(sums: &mut [f64], row: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += value;
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_the_sum_of_its_rows() {
        // Whole numbers: every order of addition gives the same sum.
        for window in [1, 2, 9, 10, 11, 19, 20, 40, 41, 300] {
            let len = SlidingSums::required_len(2, window);
            let mut sums = SlidingSums::new(Store::owned(len, f64::NAN), 2, window);
            let mut found = [0.0; 2];
            for n in 0_u32..700 {
                sums.push(&[f64::from(n), f64::from(n * n % 1000)]);
                let full = sums.window_sums(&mut found);
                let done = sums.done();
                assert_eq!(full, done >= window);
                if full {
                    let rows = (done - window..done).map(|n| n as u32);
                    let first: u32 = rows.clone().sum();
                    let second: u32 = rows.map(|n| n * n % 1000).sum();
                    assert_eq!(found, [f64::from(first), f64::from(second)], "{window} at {n}");
                }
            }
        }
    }
}
