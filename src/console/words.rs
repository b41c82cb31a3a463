//! Every word of the console, in Portuguese and in English: Fluent messages in `words/`.

use std::{borrow::Cow, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use unic_langid::{LanguageIdentifier, langid};

/// A language of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Language {
    /// Portuguese, as in Brazil: what an operator gets who has not asked for another.
    #[default]
    Pt,
    /// English.
    En,
}

static PORTUGUESE: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(langid!("pt-BR"), include_str!("words/pt.ftl")));
static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(langid!("en"), include_str!("words/en.ftl")));

fn bundle(language: LanguageIdentifier, text: &str) -> FluentBundle<FluentResource> {
    // Lines that cannot be read are left out here; a test reads both files and finds none.
    let resource = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(resource, _)| resource);
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

impl Language {
    /// As `lang` of a page names it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Pt => "pt-BR",
            Self::En => "en",
        }
    }

    /// The message of this key; the key itself where there is none, which a test excludes.
    pub fn say(self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let bundle = match self {
            Self::Pt => &*PORTUGUESE,
            Self::En => &*ENGLISH,
        };
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else { return key.to_owned() };
        let args: FluentArgs<'_> = values.iter().map(|(name, value)| (Cow::Borrowed(*name), value.clone())).collect();
        bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_both_languages_and_counts_as_its_language_does() {
        let say = |language: Language, count: i64| {
            language.say("count-workflows", &[("count", count.into()), ("shown", count.into())])
        };
        assert_eq!(say(Language::Pt, 1), "1 operação");
        assert_eq!(say(Language::Pt, 2), "2 operações");
        assert_eq!(say(Language::En, 1), "1 workflow");
        assert_eq!(say(Language::En, 2), "2 workflows");
        assert_eq!(Language::En.say("no-such-key", &[]), "no-such-key");
    }
}
