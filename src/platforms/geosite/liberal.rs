//! Reading values in whatever form they come: columns are an installation's own, and so are their types.

use serde_json::Value;

/// A record as it came: columns by name.
pub(super) type Record = serde_json::Map<String, Value>;

/// Text, or a number as text. Blank is missing.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.trim().to_owned()).filter(|s| !s.is_empty()),
        // A whole number may come as 3.0.
        Value::Number(n) => match n.as_f64() {
            Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 9e15 => Some((f as i64).to_string()),
            _ => Some(n.to_string()),
        },
        _ => None,
    }
}

/// The same, and a yes or a no as a word.
pub(super) fn as_word(value: &Value) -> Option<String> {
    value.as_bool().map(|yes| yes.to_string()).or_else(|| as_text(value))
}

/// A number, or text that is one, with a point or with a comma.
pub(super) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().replace(',', ".").parse().ok(),
        _ => None,
    }
    .filter(|n: &f64| n.is_finite())
}

/// Yes or no; Geosite writes it as text.
pub(super) fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A column of a record; servers may answer in another case than they were asked in.
pub(super) fn column<'a>(record: &'a Record, name: &str) -> Option<&'a Value> {
    let other_case = || record.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    record.get(name).or_else(other_case)
}

/// A word without case, accents, blanks and signs, for comparing.
pub(super) fn plain(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).filter_map(bare).collect()
}

fn bare(c: char) -> Option<char> {
    match c {
        'á' | 'à' | 'â' | 'ã' | 'ä' => Some('a'),
        'é' | 'ê' | 'è' => Some('e'),
        'í' => Some('i'),
        'ó' | 'ô' | 'õ' | 'ö' => Some('o'),
        'ú' | 'ü' => Some('u'),
        'ç' => Some('c'),
        other => Some(other).filter(|c| c.is_alphanumeric()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_in_every_form_in_use() {
        assert_eq!(as_text(&json!(12.0)).as_deref(), Some("12"));
        assert_eq!(as_text(&json!(12)).as_deref(), Some("12"));
        assert_eq!(as_text(&json!(" 12 ")).as_deref(), Some("12"));
        assert_eq!((as_text(&json!("  ")), as_text(&Value::Null), as_text(&json!([1]))), (None, None, None));
        assert_eq!((as_number(&json!("-27,5")), as_number(&json!(-27.5))), (Some(-27.5), Some(-27.5)));
        assert_eq!(
            (as_flag(&json!("true")), as_flag(&json!(false)), as_flag(&json!("?"))),
            (Some(true), Some(false), None)
        );
        assert_eq!(plain("Situação_2 "), "situacao2");
    }
}
