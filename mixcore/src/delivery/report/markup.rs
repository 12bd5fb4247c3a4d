//! Text inside markup: escaped, with true minus signs.

use core::fmt::{self, Write};

use super::super::round_to;

/// A text that may stand between tags and inside attribute values of HTML, SVG and XML.
///
/// Characters that XML forbids become U+FFFD.
pub(super) struct Esc<'a>(pub(super) &'a str);

impl fmt::Display for Esc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' | '\r' => f.write_char(c)?,
                '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                    f.write_char('\u{fffd}')?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Escaped like [`Esc`], and the hyphen before a number becomes a minus sign.
pub(super) struct Minus<'a>(pub(super) &'a str);

impl fmt::Display for Minus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find('-') {
            let (before, after) = rest.split_at(at);
            let number = after[1..].starts_with(|c: char| c.is_ascii_digit());
            let begins = before.is_empty() || before.ends_with([' ', '(']);
            write!(f, "{}{}", Esc(before), if number && begins { '\u{2212}' } else { '-' })?;
            rest = &after[1..];
        }
        write!(f, "{}", Esc(rest))
    }
}

/// A number with a true minus sign, rounded as it is compared; `{:+.1}` shows a plus sign too.
pub(super) struct Num(pub(super) f64);

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(1);
        let size = round_to(self.0.abs(), u8::try_from(decimals).unwrap_or(u8::MAX));
        let shown = size != 0.0;
        match (self.0 < 0.0 && shown, f.sign_plus()) {
            (true, _) => f.write_char('\u{2212}')?,
            (false, true) if shown => f.write_char('+')?,
            _ => {}
        }
        write!(f, "{size:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn markup_is_escaped_and_minus_is_minus() {
        assert_eq!(
            format!("{}", Esc("<b a=\"x\">&'\u{1}")),
            "&lt;b a=&quot;x&quot;&gt;&amp;&#39;\u{fffd}"
        );
        assert_eq!(
            format!("{}", Minus("-23.2 to -22.8, near-field")),
            "−23.2 to −22.8, near-field"
        );
        assert_eq!(
            format!("{:+.1} {:.1} {:.2}", Num(0.25), Num(-0.04), Num(-1.5)),
            "+0.3 0.0 −1.50"
        );
    }
}
