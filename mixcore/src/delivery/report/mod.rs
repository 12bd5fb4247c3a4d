//! A report in the forms that people and programs read: text, JSON, CSV, JUnit, HTML with SVG.
//!
//! Every form is a free function over `core::fmt::Write`: nothing here opens a file. A
//! [`Document`] has groups (one for each spec, say), a group has columns that are compared side
//! by side ("the edit as delivered", "the edit normalised", "the mix"). [`fold_downs`] has the same
//! forms for a check of fold-downs and translations.

mod bars;
mod csv;
mod document;
mod figure;
pub mod fold_downs;
mod html;
#[cfg(feature = "json")]
mod json;
mod junit;
mod markup;
mod plot;
mod style;
mod summary;
mod tables;
mod text;

pub use csv::csv;
pub use document::{Column, Document, Group};
pub use figure::figure;
pub use html::html;
#[cfg(feature = "json")]
pub use json::json;
pub use junit::junit;
pub use text::text;
