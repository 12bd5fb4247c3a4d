//! The first layer of a mix: how loud every element is.
