//! The SQL-like text that `filter` takes: comparisons of columns with values, joined by `and`.

use super::refusal::Refused;
use serde_json::Value;
use std::cmp::Ordering;

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub column: String,
    pub operator: Operator,
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// Numbers compare as numbers, whether or not they are quoted; what is empty fulfils nothing.
    pub fn holds(&self, value: &Value) -> bool {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return false,
        };
        let numbers = || Some((text.trim().parse::<f64>().ok()?, self.value.trim().parse::<f64>().ok()?));
        let order = match numbers() {
            Some((is, wanted)) => is.total_cmp(&wanted),
            None => text.as_str().cmp(self.value.as_str()),
        };
        match self.operator {
            Operator::Equal => order == Ordering::Equal,
            Operator::Unequal => order != Ordering::Equal,
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => order != Ordering::Greater,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

/// Reads a filter; nothing is no condition.
pub(super) fn parse(text: &str) -> Result<Vec<Condition>, Refused> {
    let mut rest = text.trim();
    let mut conditions = Vec::new();
    while !rest.is_empty() {
        let (condition, left) = condition(rest).ok_or_else(|| Refused::input(format!("Filtro inválido: {rest}")))?;
        conditions.push(condition);
        rest = left.trim_start();
        if rest.is_empty() {
            break;
        }
        let joined = rest.get(..4).filter(|word| word.eq_ignore_ascii_case("and "));
        rest = joined.and_then(|_| rest.get(4..)).ok_or_else(|| Refused::input(format!("Filtro inválido: {rest}")))?;
    }
    Ok(conditions)
}

fn condition(text: &str) -> Option<(Condition, &str)> {
    let at = text.find(['=', '<', '>', '!'])?;
    let column = text[..at].trim().trim_matches('"');
    let (operator, rest) = operator(&text[at..])?;
    let (value, rest) = value(rest.trim_start())?;
    let is_name = !column.is_empty() && !column.contains(['\'', '(', ')']);
    is_name.then(|| (Condition { column: column.to_owned(), operator, value }, rest))
}

fn operator(text: &str) -> Option<(Operator, &str)> {
    const SIGNS: [(&str, Operator); 7] = [
        ("<>", Operator::Unequal),
        ("!=", Operator::Unequal),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("=", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    SIGNS.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
}

/// A text in quotes, in which a quote is doubled, or a number.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        text[..end].parse::<f64>().ok()?;
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if quoted[at + 1..].starts_with('\'') => {
                chars.next();
                value.push('\'');
            }
            '\'' => return Some((value, &quoted[at + 1..])),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn comparisons_are_joined_by_and() {
        let conditions = parse("codigo = 'O''Neil and x' AND fid >= 12").unwrap();
        assert_eq!(conditions[0].value, "O'Neil and x");
        assert_eq!((conditions[1].column.as_str(), conditions[1].operator), ("fid", Operator::GreaterOrEqual));
        assert!(parse("  ").unwrap().is_empty());
        for wrong in ["codigo", "codigo = 'x", "codigo = x", "codigo = 'x' or 1=1", "= 'x'", "codigo = 'x' and"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_compare_as_numbers_whatever_their_form() {
        let holds = |filter: &str, value: Value| parse(filter).unwrap()[0].holds(&value);
        assert!(holds("porta = '3'", json!(3)) && holds("porta = 3", json!("03")) && holds("fid > '9'", json!(10)));
        assert!(!holds("codigo = 'x'", Value::Null) && holds("codigo <> 'x'", json!("y")));
    }
}
