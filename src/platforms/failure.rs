//! Making a [`Failure`]: its message in Portuguese, then in English, and without what must not be read.

use crate::{Failure, FailureKind};

/// A message gives at most this much of a platform's own words.
const QUOTE_CHARS: usize = 300;

/// Stands where a text was hidden.
const HIDDEN: &str = "•••";

impl Failure {
    /// A failure with its message in both languages, Portuguese first.
    pub fn new(kind: FailureKind, code: &'static str, portuguese: &str, english: &str) -> Self {
        Self { kind, code, message: format!("{portuguese} / {english}"), retry_after: None, upstream: None }
    }

    /// The same, with the platform's own words at the end of the message.
    pub fn quoting(mut self, words: Option<&str>) -> Self {
        if let Some(words) = words.map(str::trim).filter(|w| !w.is_empty()) {
            let short: String = words.chars().filter(|c| !c.is_control()).take(QUOTE_CHARS).collect();
            self.message = format!("{} [«{short}»]", self.message);
        }
        self
    }

    /// The same, under another code: for whoever knows better what a refusal was about.
    pub fn coded(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same without these texts: platforms repeat what was sent to them, names and keys included.
    pub fn hiding<'a>(mut self, texts: impl IntoIterator<Item = &'a str>) -> Self {
        self.message = hide(self.message, texts);
        self
    }
}

/// Replaces these texts, whatever their case. Shorter ones than three characters are no secret and would garble the rest.
pub(crate) fn hide<'a>(mut message: String, texts: impl IntoIterator<Item = &'a str>) -> String {
    for text in texts.into_iter().map(|t| t.trim().to_lowercase()).filter(|t| t.chars().count() > 2) {
        let mut from = 0;
        while let Some(found) = message.to_lowercase().get(from..).and_then(|rest| rest.find(&text)) {
            let (begin, end) = (from + found, from + found + text.len());
            // Lower-casing may change a text's length (İ): then its place is not known, and all of it goes.
            match message.get(begin..end) {
                Some(there) if there.to_lowercase() == text => message.replace_range(begin..end, HIDDEN),
                _ => return HIDDEN.to_owned(),
            }
            from = begin + HIDDEN.len();
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_what_must_not_be_read_is_hidden_in_any_case() {
        let failure = Failure::new(FailureKind::Rejected, "x", "recusado", "refused")
            .quoting(Some("cliente MARIA SOUZA já existe"))
            .hiding(["Maria Souza", ""]);
        assert_eq!(failure.message, "recusado / refused [«cliente ••• já existe»]");
    }

    #[test]
    fn p1_hiding_ends_and_rather_hides_too_much() {
        assert_eq!(hide("•••• e •••".to_owned(), ["•••"]), "•••• e •••");
        assert_eq!(hide("İ İ maria".to_owned(), ["maria"]), "•••");
    }

    #[test]
    fn a_quote_is_bounded_and_has_no_control_characters() {
        let failure = Failure::new(FailureKind::Rejected, "x", "a", "b").quoting(Some(&"é\n".repeat(400)));
        assert!(failure.message.chars().count() < 320 && !failure.message.contains('\n'));
    }
}
