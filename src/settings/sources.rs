//! Where values come from: the defaults, then a file, then the environment, then flags; the last one counts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Error;
use super::keys::{KEYS, find, nearest};

/// Where the value in use was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In this file.
    File(PathBuf),
    /// In this environment variable.
    Variable(String),
    /// By this flag of the command.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// What a process was given to start with. The environment enters the program here and nowhere else.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config`; without it, the file that `ENLACE_CONFIG` names.
    pub file: Option<PathBuf>,
    /// The environment.
    pub variables: Vec<(String, String)>,
    /// Key, value and the flag that gave it.
    pub flags: Vec<(String, String, String)>,
}

/// The variable that names the configuration file.
const CONFIG: &str = "ENLACE_CONFIG";

/// By key: the text of its value, if it has one, and who gave it.
pub(super) type Values = BTreeMap<&'static str, (Option<String>, Origin)>;

impl Sources {
    /// All values, laid over each other. Unknown names are errors: a misspelt setting must not be a silent default.
    pub(super) fn merge(&self) -> Result<Values, Error> {
        let mut values = KEYS.iter().map(|key| (key.name, (key.default.map(str::to_owned), Origin::Default))).collect();
        if let Some(file) = self.config_file() {
            read_file(&file, &mut values)?;
        }
        self.read_variables(&mut values)?;
        for (name, value, flag) in &self.flags {
            let key = find(name).ok_or_else(|| unknown_key(name, flag.clone()))?;
            values.insert(key.name, (filled(value), Origin::Flag(flag.clone())));
        }
        Ok(values)
    }

    fn config_file(&self) -> Option<PathBuf> {
        let named = || self.variables.iter().find(|(name, _)| name == CONFIG).map(|(_, path)| path.into());
        self.file.clone().or_else(named)
    }

    fn read_variables(&self, values: &mut Values) -> Result<(), Error> {
        for (name, value) in &self.variables {
            match KEYS.iter().find(|key| key.variable() == *name) {
                Some(key) => drop(values.insert(key.name, (filled(value), Origin::Variable(name.clone())))),
                None if name.starts_with("ENLACE_") && name != CONFIG => return Err(unknown_variable(name)),
                None => {}
            }
        }
        Ok(())
    }
}

/// An empty value unsets: `DATABASE_URL= enlace serve`.
fn filled(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn unknown_variable(name: &str) -> Error {
    let known = KEYS.iter().map(|key| key.variable()).chain([CONFIG.to_owned()]);
    Error::UnknownVariable { name: name.to_owned(), nearest: nearest(name, known) }
}

fn unknown_key(name: &str, origin: String) -> Error {
    let known = KEYS.iter().map(|key| key.name.to_owned());
    Error::UnknownKey { name: name.to_owned(), origin, nearest: nearest(name, known) }
}

fn read_file(path: &Path, values: &mut Values) -> Result<(), Error> {
    let broken = |why: String| Error::File { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|e| broken(e.to_string()))?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| broken(toml_error(&text, &e)))?;
    for (name, value) in flatten("", table) {
        let origin = Origin::File(path.to_owned());
        let key = find(&name).ok_or_else(|| unknown_key(&name, origin.to_string()))?;
        let value = text_of(&value).ok_or_else(|| broken(format!("{name} wants a text, a number, true or false")))?;
        values.insert(key.name, (filled(&value), origin));
    }
    Ok(())
}

/// The parser's own words would quote the line, and with it a password.
fn toml_error(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}

fn flatten(prefix: &str, table: toml::Table) -> Vec<(String, toml::Value)> {
    let pairs = table.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value));
    pairs
        .flat_map(|(name, value)| match value {
            toml::Value::Table(inner) => flatten(&format!("{name}."), inner),
            value => vec![(name, value)],
        })
        .collect()
}

fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Array(items) => Some(items.iter().map(text_of).collect::<Option<Vec<_>>>()?.join(",")),
        _ => None,
    }
}
