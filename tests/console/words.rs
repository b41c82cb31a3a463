//! The words of the console: each there in both languages, each used, and none in the pages themselves.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::tree;

/// The messages of a file, with the variables that each mentions.
fn messages(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = tree::read(&format!("src/console/words/{language}.ftl"));
    fluent_syntax::parser::parse(text.as_str()).unwrap_or_else(|(_, errors)| panic!("{language}.ftl: {errors:?}"));
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let mut current = String::new();
    for line in text.lines() {
        let begins = line.starts_with(|c: char| c.is_ascii_lowercase());
        if let Some((key, _)) = line.split_once(" =").filter(|_| begins) {
            current = key.to_owned();
            assert!(found.insert(current.clone(), BTreeSet::new()).is_none(), "{language}.ftl: {key} is there twice");
        }
        let names =
            line.split('$').skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap());
        found.entry(current.clone()).or_default().extend(names.map(str::to_owned));
    }
    found.remove("");
    found
}

/// Every text in quotes of the console's sources and pages.
fn quoted() -> BTreeSet<String> {
    let sources = tree::files(&[".rs", ".html"]).into_iter().filter(|file| file.starts_with("src/console/"));
    let texts: Vec<String> = sources.map(|file| tree::read(&file)).collect();
    texts.iter().flat_map(|text| text.split('"')).map(str::to_owned).collect()
}

#[test]
fn every_message_is_there_in_both_languages_with_the_same_values_and_is_used() {
    let (pt, en) = (messages("pt"), messages("en"));
    let keys = |all: &BTreeMap<String, BTreeSet<String>>| all.keys().cloned().collect::<BTreeSet<_>>();
    let apart: Vec<_> = keys(&pt).symmetric_difference(&keys(&en)).cloned().collect();
    assert!(apart.is_empty(), "in one language only: {apart:?}");
    for (key, names) in &pt {
        assert_eq!(names, &en[key], "{key} mentions other values in English");
    }
    let quoted = quoted();
    let grouped = |key: &str| key.match_indices('-').any(|(at, _)| quoted.contains(&key[..at]));
    let unused: Vec<_> = pt.keys().filter(|key| !quoted.contains(*key) && !grouped(key)).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}

#[test]
fn pages_say_only_words_that_are_there() {
    let known = messages("pt");
    for file in tree::files(&[".rs", ".html"]).into_iter().filter(|file| file.starts_with("src/console/")) {
        let text = tree::read(&file);
        for call in [".t(\"", ".t1(\"", ".t2(\"", ".count(\"", ".say(\""] {
            for rest in text.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(known.contains_key(key) || key == "no-such-key", "{file}: there are no words for {key}");
            }
        }
    }
}

#[test]
fn pages_hold_no_words_of_their_own() {
    let mut wrong = Vec::new();
    for file in tree::files(&[".html"]).into_iter().filter(|file| file.starts_with("src/console/pages/")) {
        let mut text = tree::read(&file);
        for (open, close) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<svg", "</svg>"), ("<", ">")] {
            while let Some(from) = text.find(open) {
                let upto = text[from..].find(close).map_or(text.len(), |at| from + at + close.len());
                text.replace_range(from..upto, " ");
            }
        }
        let words = text.split_whitespace().filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 2);
        wrong.extend(
            words
                .filter(|word| !["enlace", "Português", "English", "&nbsp;"].contains(word))
                .map(|w| format!("{file}: {w}")),
        );
    }
    assert!(wrong.is_empty(), "words that no translation reaches: {wrong:#?}");
}
