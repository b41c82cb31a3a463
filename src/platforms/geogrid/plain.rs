//! HTML made text: people format what they type in the panel, and nothing of that may reach a screen of ours.

/// What stands for a character that HTML writes otherwise.
const NAMED: [(&str, char); 27] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ordm", 'º'),
    ("ordf", 'ª'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("eacute", 'é'),
    ("iacute", 'í'),
    ("oacute", 'ó'),
    ("uacute", 'ú'),
    ("acirc", 'â'),
    ("ecirc", 'ê'),
    ("ocirc", 'ô'),
    ("atilde", 'ã'),
    ("otilde", 'õ'),
    ("ccedil", 'ç'),
    ("Aacute", 'Á'),
    ("Eacute", 'É'),
    ("Iacute", 'Í'),
    ("Oacute", 'Ó'),
    ("Atilde", 'Ã'),
    ("Otilde", 'Õ'),
    ("Ccedil", 'Ç'),
];

/// The text of some HTML: tags and what scripts and styles hold left out, characters by their names, blanks joined. What was
/// text already stays as it is, `<` included where it opens no tag.
pub(super) fn text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match if rest.starts_with('<') { tag(rest) } else { character(rest) } {
            Some((length, c)) => {
                out.push(c);
                rest = &rest[length..];
            }
            None => {
                out.extend(rest.chars().next());
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The length of the tag that `rest` begins with, and the blank that takes its place. One that is never closed goes on to the end.
fn tag(rest: &str) -> Option<(usize, char)> {
    rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!').then_some(())?;
    let whole = rest.find('>').map_or(rest.len(), |end| end + 1);
    let hidden = ["script", "style"]
        .into_iter()
        .find(|name| rest.get(1..1 + name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)));
    let Some(hidden) = hidden else { return Some((whole, ' ')) };
    // ASCII case alone changes, so that places stay what they are.
    let close = rest.to_ascii_lowercase().find(&format!("</{hidden}"));
    let end = close.and_then(|at| rest[at..].find('>').map(|end| at + end + 1)).unwrap_or(rest.len());
    Some((end, ' '))
}

/// The length of the character reference that `rest` begins with, and its character.
fn character(rest: &str) -> Option<(usize, char)> {
    let end = rest.bytes().take(12).position(|b| b == b';')?;
    let name = &rest[1..end];
    let number = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => return NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| (end + 1, *c)),
    };
    Some((end + 1, number.and_then(char::from_u32)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_text() {
        for (html, expected) in [
            ("<p>Caixa <b>12</b></p><br/>perto da pra&ccedil;a", "Caixa 12 perto da praça"),
            ("Rua A &amp; B &#233; &#xE9; &lt;aqui&gt;", "Rua A & B é é <aqui>"),
            ("<script>alert('x')</script>ok<STYLE>p{}</STYLE>", "ok"),
            ("a < b e 3 > 2 & pronto", "a < b e 3 > 2 & pronto"),
            ("quebrada <a href='x", "quebrada"),
            ("<!-- nada -->  texto\n simples ", "texto simples"),
            ("&nada; &#xZZ; &", "&nada; &#xZZ; &"),
            ("", ""),
        ] {
            assert_eq!(text(html), expected, "{html}");
        }
    }
}
