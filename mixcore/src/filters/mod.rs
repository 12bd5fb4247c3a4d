//! Filters that the floors above stand on: delay, resampling and equalisation.
