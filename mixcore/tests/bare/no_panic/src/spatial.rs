//! Panning and fold-down.

use mixcore::spatial::{FoldDown, Panner, PannerParams};
use mixcore::{Block, BlockMut, Convert, Error, Processor};

entries! {
    panner_convert_f32(panner: &mut Panner, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        panner.convert(input, output)
    }
    panner_convert_f64(panner: &mut Panner, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        panner.convert(input, output)
    }
    panner_reset(panner: &mut Panner) {
        Processor::reset(panner);
    }
    fold_down_convert_f32(fold_down: &mut FoldDown, input: Block<'_, f32>, output: BlockMut<'_, f32>) -> Result<(), Error> {
        fold_down.convert(input, output)
    }
    fold_down_convert_f64(fold_down: &mut FoldDown, input: Block<'_, f64>, output: BlockMut<'_, f64>) -> Result<(), Error> {
        fold_down.convert(input, output)
    }
    fold_down_reset(fold_down: &mut FoldDown) {
        Processor::reset(fold_down);
    }
    panner_set_params(panner: &mut Panner, params: PannerParams) -> Result<(), Error> {
        panner.set_params(params)
    }
}
