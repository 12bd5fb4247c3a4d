//! JSON that is nearly right: presets with a few things changed.

use serde_json::Value;

use crate::{Taken, Unstructured};

/// Most changes to one text.
const MAX_CHANGES: usize = 4;

/// What is put in a value's place, besides what the bytes say.
const WORDS: [&str; 24] = [
    "",
    "id",
    "name",
    "rules",
    "quantity",
    "low",
    "high",
    "when",
    "any_of",
    "citation",
    "of",
    "programme",
    "every:phrase",
    "stem:DX",
    "channel:0",
    "integrated_lufs",
    "true_peak_dbtp",
    "mono",
    "stereo",
    "5.1",
    "0+5+0",
    "DX",
    "front",
    "normative",
];

/// The rest of the bytes as text.
pub fn bytes_after(u: &mut Unstructured<'_>) -> String {
    let rest = u.bytes(u.len()).unwrap_or(&[]);
    String::from_utf8_lossy(rest).into_owned()
}

/// The bytes as text, or one of `presets` with up to four changes.
pub fn preset_or_text(u: &mut Unstructured<'_>, presets: &[String]) -> Taken<String> {
    // An opening brace or space: a seed that is plain JSON stays what it is.
    if u.peek_bytes(1).is_some_and(|first| matches!(first, b"{" | b" " | b"\n")) {
        return Ok(bytes_after(u));
    }
    if u.ratio(1_u8, 8_u8)? {
        return Ok(bytes_after(u));
    }
    let mut value: Value = serde_json::from_str(u.choose(presets)?).expect("presets are JSON");
    for _ in 0..u.int_in_range(1..=MAX_CHANGES)? {
        mutate(&mut value, u)?;
    }
    Ok(value.to_string())
}

/// Walks down to some place in `value` and changes what is there.
pub fn mutate(value: &mut Value, u: &mut Unstructured<'_>) -> Taken<()> {
    match value {
        Value::Object(map) if !map.is_empty() && u.ratio(7_u8, 8_u8)? => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = u.choose(&keys)?;
            match u.int_in_range(0_u8..=9)? {
                0 => {
                    map.remove(key);
                }
                1 => {
                    let taken = map.remove(key).unwrap_or(Value::Null);
                    map.insert(word(u)?, taken);
                }
                2 => {
                    map.insert(word(u)?, leaf(u)?);
                }
                _ => mutate(map.get_mut(key).expect("a key of this map"), u)?,
            }
        }
        Value::Array(list) if !list.is_empty() && u.ratio(7_u8, 8_u8)? => {
            let at = u.choose_index(list.len())?;
            match u.int_in_range(0_u8..=9)? {
                0 => {
                    list.remove(at);
                }
                1 => list.push(list[at].clone()),
                2 => list.insert(at, leaf(u)?),
                _ => mutate(&mut list[at], u)?,
            }
        }
        other => *other = leaf(u)?,
    }
    Ok(())
}

fn word(u: &mut Unstructured<'_>) -> Taken<String> {
    Ok(if u.arbitrary()? { (*u.choose(&WORDS)?).to_owned() } else { short(u)? })
}

fn short(u: &mut Unstructured<'_>) -> Taken<String> {
    let length = u.int_in_range(0_usize..=12)?.min(u.len());
    Ok(String::from_utf8_lossy(u.bytes(length)?).into_owned())
}

fn leaf(u: &mut Unstructured<'_>) -> Taken<Value> {
    Ok(match u.int_in_range(0_u8..=9)? {
        0 => Value::Null,
        1 => Value::from(u.arbitrary::<bool>()?),
        2 => Value::from(u.arbitrary::<f64>()?),
        3 => Value::from(f64::from(u.arbitrary::<i16>()?) / 64.0),
        4 => Value::from(u.arbitrary::<u64>()?),
        5 => Value::from(u64::MAX - u64::from(u.arbitrary::<u8>()?)),
        6 => Value::from(u.arbitrary::<i32>()?),
        7 => Value::from(vec![word(u)?; u.int_in_range(0..=3)?]),
        _ => Value::from(word(u)?),
    })
}
