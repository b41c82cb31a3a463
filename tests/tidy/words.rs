//! A Rust source taken apart as far as the house rules need: its code, and what stands between quotes.

/// A source without its tests.
pub struct Words {
    /// The code; comments are left out, literals are empty. As many lines as the source has.
    pub code: String,
    /// The string literals, with the lines on which they begin.
    pub strings: Vec<(usize, String)>,
}

/// Takes a source apart, up to its first `#[cfg(test)]`: tests stand at the end of a file.
pub fn words(source: &str) -> Words {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut rest = source;
    let mut words = Words { code: String::new(), strings: Vec::new() };
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => string(rest, &mut words),
            'r' if !words.code.ends_with(|before: char| before.is_alphanumeric() || before == '_') => {
                raw(rest, &mut words)
            }
            '\'' => character(rest),
            _ => 0,
        };
        if length == 0 {
            words.code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            let lines = rest[..length].matches('\n').count();
            words.code.extend(std::iter::repeat_n('\n', lines));
            rest = &rest[length..];
        }
    }
    words
}

fn keep(text: &str, words: &mut Words) {
    words.strings.push((words.code.matches('\n').count() + 1, text.to_owned()));
    words.code.push_str("\"\"");
}

/// The length of the string literal that `rest` begins with.
fn string(rest: &str, words: &mut Words) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                keep(&rest[1..at], words);
                return at + 1;
            }
            _ => {}
        }
    }
    rest.len()
}

/// The length of the raw string that `rest` begins with; 0 where it begins with a name.
fn raw(rest: &str, words: &mut Words) -> usize {
    let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
    let open = 1 + hashes;
    if !rest[open..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let Some(length) = rest[open + 1..].find(&close) else { return rest.len() };
    keep(&rest[open + 1..open + 1 + length], words);
    open + 1 + length + close.len()
}

/// The length of the character literal that `rest` begins with; 0 where it begins with a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((after, _))) => rest[after + 1..].find('\'').map_or(0, |end| after + 1 + end + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

#[test]
fn a_source_is_taken_apart() {
    let source = "fn a<'x>() { // \"no\"\n  b(\"y\\\"es\", '\"', '\\'', r#\"ra\"w\"#); /* \"no\" */ c(\n\"z\") }\n#[cfg(test)] d(\"no\")";
    let Words { code, strings } = words(source);
    assert_eq!(code, "fn a<'x>() { \n  b(\"\", , , \"\");  c(\n\"\") }\n");
    assert_eq!(strings, [(2, "y\\\"es".to_owned()), (2, "ra\"w".to_owned()), (3, "z".to_owned())]);
}
