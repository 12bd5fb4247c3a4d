//! How reports look: one restrained palette for light, dark and paper.
//!
//! A verdict is always a word and a sign, never a colour alone.

use core::fmt;

use super::super::Verdict;

/// Colours as CSS variables; the light set is also what paper gets.
pub(super) const COLOURS: &str = ":root{color-scheme:light dark;--paper:#f6f6f3;--card:#fff;--ink:#1a1e23;--soft:#59616b;--line:#d8d9d4;--grid:#e7e8e4;--pass:#1c6b48;--pass-bg:#e6f1ea;--fail:#a4262c;--fail-bg:#faeaea;--warn:#875a00;--warn-bg:#fbf2dd;--none:#59616b;--none-bg:#eeefed;--mom:#a9b6c4;--short:#1f4e79;--target:#1c6b48;--band:#1c6b4817;--speech:#1f4e7912}\n\
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1b1f24;--ink:#e8eaec;--soft:#a0a8b1;--line:#363c43;--grid:#282d33;--pass:#6fc79a;--pass-bg:#18322570;--fail:#f08a86;--fail-bg:#43212380;--warn:#e2b65c;--warn-bg:#3d301880;--none:#a0a8b1;--none-bg:#2a2f35;--mom:#55636f;--short:#8fbce6;--target:#6fc79a;--band:#6fc79a1c;--speech:#8fbce61a}}\n";

/// Shapes and letters of every SVG.
pub(super) const SVG: &str = "svg{display:block;width:100%;height:auto;font:12px \"Helvetica Neue\",Helvetica,Arial,\"Liberation Sans\",sans-serif;font-variant-numeric:tabular-nums}\n\
svg text{fill:var(--ink)}svg .soft{fill:var(--soft)}svg .end{text-anchor:end}svg .mid{text-anchor:middle}svg .bold{font-weight:600}\
svg .grid{stroke:var(--grid);fill:none}svg .axis{stroke:var(--line);fill:none}svg .mom{stroke:var(--mom);stroke-width:1;fill:none}svg .short{stroke:var(--short);stroke-width:2;fill:none;stroke-linejoin:round}\
svg .aim{stroke:var(--target);stroke-width:1.5;stroke-dasharray:6 4;fill:none}svg .band{fill:var(--band)}svg .speech{fill:var(--speech)}svg .limit{stroke:var(--fail);stroke-width:1.25;stroke-dasharray:4 3;fill:none}\
svg .floor{stroke:var(--ink);stroke-width:1.25;stroke-dasharray:4 3;fill:none}svg .bar{fill:var(--short)}svg .miss{fill:var(--fail-bg);stroke:var(--fail);stroke-width:1.5}svg text.fail{fill:var(--fail)}svg text.pass{fill:var(--pass)}svg text.warn{fill:var(--warn)}\
svg .tp{fill:var(--mom)}svg .over{fill:var(--fail)}svg .card{fill:var(--card);stroke:var(--line)}\
svg .s-pass{fill:var(--pass-bg);stroke:var(--pass)}svg .s-fail{fill:var(--fail-bg);stroke:var(--fail)}svg .s-warn{fill:var(--warn-bg);stroke:var(--warn)}svg .s-none{fill:var(--none-bg);stroke:var(--none)}\n";

/// The page around the SVGs.
pub(super) const PAGE: &str = "*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 \"Helvetica Neue\",Helvetica,Arial,\"Liberation Sans\",sans-serif;font-variant-numeric:tabular-nums;-webkit-print-color-adjust:exact;print-color-adjust:exact}\n\
main{max-width:1240px;margin:0 auto;padding:36px 28px 60px}h1{font-size:28px;line-height:1.2;letter-spacing:-.01em;margin:0 0 6px}h2{font-size:21px;margin:0 0 2px}h3{font-size:12px;letter-spacing:.07em;text-transform:uppercase;color:var(--soft);margin:30px 0 10px;font-weight:600}\n\
p{margin:0 0 8px;max-width:80ch}.soft{color:var(--soft)}.small{font-size:13px}section.group{margin-top:34px;border-top:2px solid var(--ink);padding-top:20px}\n\
.cols{display:grid;gap:16px;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr))}.card{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:16px 18px;break-inside:avoid;min-width:0}\n\
.card h4{margin:0 0 12px;font-size:16px}.verdicts{display:grid;grid-template-columns:1fr 1fr;gap:8px;margin-bottom:12px}.verdict{border:1.5px solid;border-radius:5px;padding:7px 10px 8px}.verdict b{display:block;font-size:11px;letter-spacing:.08em;font-weight:600;opacity:.85}.verdict span{font-size:16px;font-weight:700;white-space:nowrap}\n\
.v-pass{color:var(--pass);background:var(--pass-bg);border-color:var(--pass)}.v-fail{color:var(--fail);background:var(--fail-bg);border-color:var(--fail)}.v-warn{color:var(--warn);background:var(--warn-bg);border-color:var(--warn)}.v-none{color:var(--none);background:var(--none-bg);border-color:var(--none)}\n\
dl{display:grid;grid-template-columns:auto 1fr;gap:3px 14px;margin:0;font-size:14px}dt{color:var(--soft);white-space:nowrap}dd{margin:0;text-align:right;font-weight:600;overflow-wrap:anywhere}\n\
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);border-radius:6px;font-size:14px}th,td{padding:8px 12px;text-align:left;vertical-align:top;border-top:1px solid var(--grid)}thead th{border-top:0;border-bottom:1px solid var(--line);font-size:12.5px;color:var(--soft);font-weight:600}tbody th{font-weight:600}tr.name td{background:var(--none-bg);font-size:12px;font-weight:600;letter-spacing:.07em;padding:5px 12px}\n\
td.num,th.num{text-align:right;white-space:nowrap}.cite{display:block;font-weight:400;font-size:12px;color:var(--soft);max-width:44ch}.cite a{color:inherit}.chip{display:inline-block;font-size:11.5px;font-weight:700;border:1px solid;border-radius:3px;padding:0 6px;line-height:18px;white-space:nowrap}.val{font-weight:600;white-space:nowrap}.sub{display:block;font-size:12px;font-weight:400;white-space:normal;color:var(--soft)}.sub.tc{white-space:nowrap}tbody th[scope]{min-width:165px}figure+h3,.cols+h3{margin-top:26px}.cols figure{margin:0}\n\
figure.wide{overflow-x:auto}figure.wide svg{min-width:720px}figure{margin:0 0 14px;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:12px 16px 10px;break-inside:avoid;min-width:0}figcaption{font-size:14px;margin-bottom:6px;font-weight:600}figcaption span{font-weight:400;color:var(--soft)}\n\
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:12.5px;color:var(--soft);margin:0 0 10px}.legend i{display:inline-block;width:22px;height:0;border-top:2px solid;vertical-align:middle;margin-right:6px}ul{margin:0;padding-left:18px}li{margin-bottom:4px}footer{margin-top:40px;border-top:1px solid var(--line);padding-top:12px}\n\
@media (max-width:640px){main{padding:20px 14px}.verdicts{grid-template-columns:1fr}}@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}section.group{break-before:auto}a{text-decoration:none}}\n";

/// CSS class of a verdict.
pub(super) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::NotEvaluated => "none",
        Verdict::Fail => "fail",
    }
}

/// A verdict as sign and word: "✓ PASS".
pub(super) struct Sign(pub(super) Verdict);

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.0 {
            Verdict::Pass => '\u{2713}',
            Verdict::Warn => '!',
            Verdict::NotEvaluated => '\u{2013}',
            Verdict::Fail => '\u{2715}',
        };
        write!(f, "{sign} {}", self.0.words())
    }
}
