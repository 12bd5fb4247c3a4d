//! From numbers to a verdict: specifications as data, measurements, rules and reports.
