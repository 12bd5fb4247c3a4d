//! Linear least squares by the normal equations: what the fits of the weighting filters need.
//!
//! > minimum over x of Σ_rows (Σ_i row_i·x_i − right side)²
//!
//! Rows come one after the other, in any number; nothing but their products is kept.
//!
//! Limits: the normal equations square the condition number, so the columns should be of like size;
//! no pivoting (they are positive definite).

/// Sums of products of rows of `COLUMNS` numbers, the last of which is the right side; the first
/// `UNKNOWNS` columns have unknowns.
pub(super) struct LeastSquares<const UNKNOWNS: usize, const COLUMNS: usize>(
    [[f64; COLUMNS]; UNKNOWNS],
);

impl<const UNKNOWNS: usize, const COLUMNS: usize> LeastSquares<UNKNOWNS, COLUMNS> {
    pub(super) fn new() -> Self {
        const { assert!(COLUMNS == UNKNOWNS + 1) };
        Self([[0.0; COLUMNS]; UNKNOWNS])
    }

    pub(super) fn add(&mut self, row: [f64; COLUMNS]) {
        for (equation, weight) in self.0.iter_mut().zip(row) {
            for (entry, value) in equation.iter_mut().zip(row) {
                *entry += weight * value;
            }
        }
    }

    /// The first `terms` unknowns, at most all; the others are 0, as their columns have to be.
    pub(super) fn solve(self, terms: usize) -> [f64; UNKNOWNS] {
        let Self(mut m) = self;
        let terms = terms.min(UNKNOWNS);
        for pivot in 0..terms {
            let head = m[pivot];
            for row in &mut m[pivot + 1..terms] {
                let factor = row[pivot] / head[pivot];
                for (entry, above) in row.iter_mut().zip(head) {
                    *entry -= factor * above;
                }
            }
        }
        let mut x = [0.0; UNKNOWNS];
        for row in (0..terms).rev() {
            let known: f64 = (row + 1..terms).map(|column| m[row][column] * x[column]).sum();
            x[row] = (m[row][UNKNOWNS] - known) / m[row][row];
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_three_points_is_the_one_by_hand() {
        // (0, 0), (1, 1), (2, 3): y = 1.5 x - 1/6. An unknown without a column stays 0.
        let mut fit = LeastSquares::<3, 4>::new();
        for (x, y) in [(0.0, 0.0), (1.0, 1.0), (2.0, 3.0)] {
            fit.add([1.0, x, 0.0, y]);
        }
        let [constant, slope, none] = fit.solve(2);
        assert!((constant + 1.0 / 6.0).abs() < 1e-14 && (slope - 1.5).abs() < 1e-14);
        assert_eq!(none, 0.0);
    }
}
