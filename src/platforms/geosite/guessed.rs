//! What nothing public tells of Geosite, and what is assumed instead. Whoever learns better changes this file.
//!
//! Documented are the paths `desc`, `get` and `list`, and that columns differ per installation. Assumed are: what columns
//! are usually called; that the `alias` of a column is its name in questions and answers; that a `fid` is unique over all
//! features; how filters and sorting are written; all of `save` and `delete`; that ports count from 1.

use reqwest::Method;
use serde_json::{Value, json};

use super::columns::{Feature, Role};
use super::liberal::{Record, as_text, plain};
use crate::SplitterRole;

/// The record's key, in every feature.
pub(super) const FID: &str = "fid";

/// What installations may call a column, the likeliest first. Case, accents and signs do not count.
pub(super) fn aliases(feature: Feature, role: Role) -> &'static [&'static str] {
    match (feature, role) {
        (Feature::Customer, Role::Code) => {
            &["codigo", "codigo_cliente", "cod_cliente", "codigo_integracao", "codigo_erp", "id_cliente_servico"]
        }
        (Feature::Customer, Role::Name) => &["nome", "nome_cliente", "cliente", "razao_social"],
        (_, Role::Code) => &["codigo"],
        (_, Role::Name) => &["nome", "codigo", "identificacao", "identificador", "sigla", "descricao"],
        (_, Role::Document) => &["documento", "cpf_cnpj", "cnpj_cpf", "cpf"],
        (_, Role::Latitude) => &["latitude", "lat"],
        (_, Role::Longitude) => &["longitude", "long", "lng", "lon"],
        (_, Role::Geometry) => &["geometria", "geometry", "geom", "wkt", "the_geom"],
        (_, Role::Parent) => &["fid_cto", "fid_caixa", "fid_caixa_emenda", "cto", "caixa_emenda", "caixa"],
        (_, Role::Splitting) => &["funcao", "papel", "tipo_splitter", "atendimento", "nivel"],
        (_, Role::Ratio) => &["razao", "relacao", "divisao", "qtd_portas", "quantidade_portas", "portas", "saidas"],
        (_, Role::Splitter) => &["fid_splitter", "splitter", "id_splitter"],
        (_, Role::Port) => &["porta", "porta_splitter", "numero_porta", "num_porta"],
        (_, Role::Status) => &["status", "situacao", "estado"],
        (_, Role::Kind) => &["tipo_codigo", "tipo", "tipo_caixa"],
    }
}

/// The columns of an answer to `desc`: a list, alone or in an object; each one an object with an `alias`, or a text.
pub(super) fn described(answer: Value) -> Option<Vec<Described>> {
    let list = match answer {
        Value::Array(list) => list,
        Value::Object(mut map) => {
            let keys = ["columns", "colunas", "records", "fields", "attributes"];
            let key = keys.into_iter().find(|key| map.get(*key).is_some_and(Value::is_array))?;
            match map.remove(key) {
                Some(Value::Array(list)) => list,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(list.iter().filter_map(Described::of).collect())
}

/// One column of a feature.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    /// What it is called in questions and answers.
    pub(super) name: String,
    /// What else it is called.
    pub(super) other: Option<String>,
}

impl Described {
    fn of(value: &Value) -> Option<Self> {
        let of = |key: &str| value.get(key).and_then(as_text);
        let other = of("name").or_else(|| of("column")).or_else(|| of("coluna")).or_else(|| of("nome"));
        match as_text(value).or_else(|| of("alias")) {
            Some(name) => Some(Self { name, other }),
            None => Some(Self { name: other?, other: None }),
        }
    }
}

/// What `sorter` is given, so that pages do not shuffle.
pub(super) const SORTER: &str = FID;

/// What `filter` is given: this column has this value. Quoted, which a database takes for columns of numbers too.
pub(super) fn equals(column: &str, value: &str) -> String {
    format!("{column} = '{}'", value.replace('\'', "''"))
}

/// A `save`: of a known record with its `fid`, else of a new one. Columns that are left out stay as they are.
pub(super) fn save(fid: Option<&str>, mut columns: Record) -> (Method, [&'static str; 2], Value) {
    if let Some(fid) = fid {
        columns.insert(FID.to_owned(), number_if_it_is_one(fid));
    }
    (Method::POST, [Feature::Customer.path(), "save"], Value::Object(columns))
}

/// A `delete` of a record.
pub(super) fn delete(fid: &str) -> (Method, [&'static str; 2], Value) {
    (Method::POST, [Feature::Customer.path(), "delete"], json!({ FID: number_if_it_is_one(fid) }))
}

fn number_if_it_is_one(fid: &str) -> Value {
    fid.parse::<u64>().map_or_else(|_| fid.into(), Value::from)
}

/// How a port is written that we count from 0.
pub(super) fn port_number(sequencia: i32) -> i32 {
    sequencia + 1
}

/// The port, counted from 0, of what a column holds: `3`, `"03"`, `"Porta 3"`.
pub(super) fn sequencia(written: &str) -> Option<i32> {
    match numbers(written).as_slice() {
        [port] if (1..=1_024).contains(port) => i32::try_from(*port).ok()?.checked_sub(1),
        _ => None,
    }
}

/// How many outputs a splitter has by its ratio: `1:8`, `1x8 SC/APC`, `8`; 90/10 and its likes are two.
pub(super) fn outputs(ratio: &str) -> Option<usize> {
    let count = match numbers(ratio).as_slice() {
        [alone] => *alone,
        [a, b, ..] if a + b == 100 => 2,
        [_, outputs, ..] => *outputs,
        [] => return None,
    };
    usize::try_from(count).ok().filter(|count| (1..=128).contains(count))
}

fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok().map(u64::from)).collect()
}

/// What a splitter is for, by its column (rule S3): the word, or S/N where the column itself is called so.
pub(super) fn role(column: &str, written: &str) -> SplitterRole {
    let (column, written) = (plain(column), plain(written));
    let flag = |yes: bool| if yes { SplitterRole::Attendance } else { SplitterRole::Distribution };
    match written.as_str() {
        "s" | "sim" | "true" | "1" if column.contains("atend") => flag(true),
        "n" | "nao" | "false" | "0" if column.contains("atend") => flag(false),
        word if word.contains("atend") => flag(true),
        word if word.contains("distrib") => flag(false),
        _ => SplitterRole::Unknown,
    }
}

/// Whether what stands in the drawing is only planned. EXISTENTE and words that nobody knows are built.
pub(super) fn is_planned(status: &str) -> bool {
    plain(status).starts_with("projet")
}

/// Whether a box of the feature `caixaEmenda` is of a type that attends customers; the type is told as `CTO: …`.
pub(super) fn attends(kind: &str) -> bool {
    plain(kind).starts_with("cto")
}

/// Whether a refused `save` was refused because somebody holds the port.
pub(super) fn speaks_of_a_taken_port(words: &str) -> bool {
    let words = plain(words);
    words.contains("porta") && ["ocupad", "emuso", "emutilizacao", "jautilizad"].iter().any(|t| words.contains(t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_described_in_several_forms() {
        let names = |value: Value| described(value).map(|d| d.into_iter().map(|d| d.name).collect::<Vec<_>>());
        let two = Some(vec!["fid".to_owned(), "NOME".to_owned()]);
        assert_eq!(names(json!([{"alias": "fid"}, {"alias": "NOME", "name": "nm"}])), two);
        assert_eq!(names(json!({"columns": [{"alias": "fid"}, {"name": "NOME"}]})), two);
        assert_eq!(names(json!(["fid", "NOME", {}])), two);
        assert_eq!(names(json!({"message": "x"})), None);
    }

    #[test]
    fn ports_count_from_one() {
        for (written, expected) in
            [("1", Some(0)), ("08", Some(7)), ("Porta 3", Some(2)), ("0", None), ("", None), ("1/2", None)]
        {
            assert_eq!(sequencia(written), expected, "{written}");
        }
        assert_eq!(port_number(0), 1);
    }

    #[test]
    fn a_ratio_tells_the_outputs() {
        for (ratio, expected) in [
            ("1:8", Some(8)),
            ("1x16 SC/APC", Some(16)),
            ("2/32", Some(32)),
            ("8", Some(8)),
            ("90/10", Some(2)),
            ("1:2 (70/30)", Some(2)),
            ("?", None),
            ("1:4096", None),
        ] {
            assert_eq!(outputs(ratio), expected, "{ratio}");
        }
    }

    #[test]
    fn s3_a_role_is_told_by_a_word_or_a_flag() {
        use SplitterRole::*;
        for (column, written, expected) in [
            ("funcao", "Atendimento", Attendance),
            ("FUNCAO", "DISTRIBUIÇÃO", Distribution),
            ("atendimento", "S", Attendance),
            ("atendimento", "Não", Distribution),
            ("funcao", "S", Unknown),
            ("nivel", "2", Unknown),
        ] {
            assert_eq!(role(column, written), expected, "{column} {written}");
        }
    }

    #[test]
    fn b2_a_value_cannot_end_its_quotes() {
        assert_eq!(equals("codigo", "a' or '1'='1"), "codigo = 'a'' or ''1''=''1'");
    }

    #[test]
    fn a_taken_port_is_told_by_its_words() {
        for words in ["A porta 3 está ocupada", "Porta em uso", "porta já utilizada"] {
            assert!(speaks_of_a_taken_port(words), "{words}");
        }
        assert!(!speaks_of_a_taken_port("código já existe") && !speaks_of_a_taken_port("porta inválida"));
    }
}
