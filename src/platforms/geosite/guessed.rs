//! What nothing public tells of Geosite, and what is assumed instead. Whoever learns better changes this file.
//!
//! Documented are the paths `desc`, `get` and `list`, and that columns differ per installation. Assumed are: what columns
//! are usually called; that the `name` of a column, and where it has none its `alias`, is what questions call it; that a
//! `fid` is unique over all features unless the boxes show otherwise (`fids.rs`); how filters and sorting are written; all
//! of `save` and `delete`; that ports count from 1.

use reqwest::Method;
use serde_json::{Value, json};

use super::columns::{Feature, Role};
use super::liberal::{Record, as_text, column, plain};
use crate::SplitterRole;

/// The record's key, in every feature.
pub(super) const FID: &str = "fid";

/// What installations may call a column, the likeliest first: in Portuguese, then in English. Case, accents and signs do not
/// count.
pub(super) fn aliases(feature: Feature, role: Role) -> Vec<&'static str> {
    let names = match (feature, role) {
        (Feature::Customer, Role::Code) => {
            "codigo codigo_cliente cod_cliente codigo_integracao codigo_erp id_cliente_servico codigo_externo \
             code customer_code client_code external_code external_id"
        }
        (Feature::Customer, Role::Name) => {
            "nome nome_cliente cliente razao_social nome_razaosocial name customer_name client_name"
        }
        (_, Role::Code) => "codigo code",
        (_, Role::Name) => "nome codigo identificacao identificador sigla descricao name code label description",
        (_, Role::Document) => "documento cpf_cnpj cnpj_cpf cpf document tax_id",
        (_, Role::Latitude) => "latitude lat",
        (_, Role::Longitude) => "longitude long lng lon",
        (_, Role::Geometry) => "geometria geometry geom wkt the_geom geometry_caixa_emenda shape",
        (_, Role::Parent) => {
            "fid_cto fid_caixa fid_caixa_emenda cto caixa_emenda caixa \
             cto_fid caixa_fid caixa_emenda_fid id_cto id_caixa id_caixa_emenda fid_pai pai_fid pai \
             fid_box box_fid box_id box fid_parent parent_fid parent_id parent_box parent"
        }
        (_, Role::Splitting) => {
            "funcao papel tipo_splitter atendimento nivel \
             role splitter_role attendance is_drop splitter_type tipo type"
        }
        (_, Role::Ratio) => {
            "razao relacao divisao qtd_portas quantidade_portas portas saidas qtd_saidas qtd_portas_splitter \
             ratio split_ratio splitter_ratio outputs ports port_count capacidade capacity"
        }
        (_, Role::Splitter) => "fid_splitter splitter id_splitter splitter_fid splitter_id",
        (_, Role::Port) => {
            "porta porta_splitter numero_porta num_porta porta_atendimento port splitter_port port_number"
        }
        (_, Role::Status) => "status situacao estado state",
        (_, Role::Kind) => "tipo_codigo tipo tipo_caixa type box_type kind",
    };
    names.split_whitespace().collect()
}

/// Whether a splitter's column surely names a box. A parent may be another splitter.
pub(super) fn names_a_box(column: &Described) -> bool {
    let tells = |name: &str| ["cto", "caixa", "box"].iter().any(|word| plain(name).contains(word));
    column.called().any(tells)
}

/// Of which feature the box is that a splitter's column names: where it does not tell, a CTO.
pub(super) fn parent_feature(column: &Described) -> Feature {
    let tells = |name: &str| ["emenda", "splice"].iter().any(|word| plain(name).contains(word));
    if column.called().any(tells) { Feature::SpliceBox } else { Feature::Cto }
}

/// The columns of an answer to `desc`: a list, or a map by their names, alone or in an object; each one an object with an
/// `alias`, or a text.
pub(super) fn described(answer: Value) -> Option<Vec<Described>> {
    const KEYS: [&str; 8] = ["columns", "colunas", "records", "fields", "campos", "attributes", "atributos", "data"];
    match answer {
        Value::Array(list) => Some(list.iter().filter_map(|column| Described::of(None, column)).collect()),
        Value::Object(map) if is_by_name(&map) => {
            Some(map.iter().filter_map(|(name, column)| Described::of(Some(name), column)).collect())
        }
        Value::Object(mut map) => {
            let within = |value: &Value| value.is_array() || value.is_object();
            described(KEYS.into_iter().find_map(|key| map.remove(key).filter(within))?)
        }
        _ => None,
    }
}

fn is_by_name(map: &Record) -> bool {
    map.values().all(Value::is_object) && map.values().any(|column| column.get("alias").is_some())
}

/// One column of a feature.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    /// What questions call it.
    pub(super) name: String,
    /// What else it is called, and perhaps in answers.
    pub(super) other: Option<String>,
}

impl Described {
    /// The record's key.
    pub(super) fn key() -> Self {
        Self { name: FID.to_owned(), other: None }
    }

    /// Its name is what questions call it, unless that can only be a label and its `alias` can be more.
    fn of(key: Option<&str>, value: &Value) -> Option<Self> {
        let of = |key: &str| value.get(key).and_then(as_text);
        let keys = ["name", "column", "coluna", "nome", "field", "campo"];
        let named = key.map(str::to_owned).or_else(|| keys.into_iter().find_map(of));
        let (name, other) = match (as_text(value), named, of("alias")) {
            (Some(alone), ..) => (alone, None),
            (None, Some(name), Some(alias)) if is_word(&alias) && !is_word(&name) => (alias, Some(name)),
            (None, Some(name), alias) => (name, alias),
            (None, None, alias) => (alias?, None),
        };
        Some(Self { name, other })
    }

    /// All that it is called.
    pub(super) fn called(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.other.as_deref())
    }

    /// What a record has there.
    pub(super) fn of_record<'a>(&self, record: &'a Record) -> Option<&'a Value> {
        self.called().find_map(|name| column(record, name))
    }
}

fn is_word(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What `sorter` is given, so that pages do not shuffle.
pub(super) const SORTER: &str = FID;

/// What `filter` is given: this column has this value. Text is quoted, which many databases take for columns of numbers too.
pub(super) fn equals(column: &str, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{column} = '{}'", text.replace('\'', "''")),
        number => format!("{column} = {number}"),
    }
}

/// A `save`: of a known record with its `fid`, else of a new one. Columns that are left out stay as they are.
pub(super) fn save(fid: Option<Value>, mut columns: Record) -> (Method, [&'static str; 2], Value) {
    if let Some(fid) = fid {
        columns.insert(FID.to_owned(), fid);
    }
    (Method::POST, [Feature::Customer.path(), "save"], Value::Object(columns))
}

/// A `delete` of a record.
pub(super) fn delete(fid: Value) -> (Method, [&'static str; 2], Value) {
    (Method::POST, [Feature::Customer.path(), "delete"], json!({ FID: fid }))
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
pub(super) fn role(column: &Described, written: &str) -> SplitterRole {
    const ATTENDS: [&str; 3] = ["atend", "attend", "drop"];
    let attends = |word: &str| ATTENDS.iter().any(|known| word.contains(known));
    let written = plain(written);
    let is_flag = || column.called().any(|name| attends(&plain(name)));
    let flag = |yes: bool| if yes { SplitterRole::Attendance } else { SplitterRole::Distribution };
    match written.as_str() {
        "s" | "sim" | "y" | "yes" | "true" | "1" if is_flag() => flag(true),
        "n" | "nao" | "no" | "false" | "0" if is_flag() => flag(false),
        word if attends(word) => flag(true),
        word if word.contains("distrib") => flag(false),
        _ => SplitterRole::Unknown,
    }
}

/// Whether what stands in the drawing is only planned. EXISTENTE and words that nobody knows are built.
pub(super) fn is_planned(status: &str) -> bool {
    let status = plain(status);
    ["projet", "project", "planned", "planej"].iter().any(|word| status.starts_with(word))
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
        assert_eq!(names(json!([{"alias": "fid"}, {"alias": "Nome da caixa", "name": "NOME"}])), two);
        assert_eq!(names(json!([{"alias": "fid"}, {"alias": "NOME", "name": "Nome da caixa"}])), two, "a label");
        assert_eq!(names(json!({"columns": [{"alias": "fid"}, {"name": "NOME"}]})), two);
        assert_eq!(names(json!(["fid", "NOME", {}])), two);
        let by_name = Some(vec!["fid".to_owned(), "nome".to_owned()]);
        assert_eq!(names(json!({"fid": {"alias": "Id"}, "nome": {"alias": "Nome"}})), by_name);
        assert_eq!(
            names(json!({"success": "true", "columns": {"fid": {"alias": "Id"}, "nome": {"alias": ""}}})),
            by_name
        );
        assert_eq!(names(json!({"message": "x"})), None);
        assert_eq!(names(json!({"error": {"message": "x"}})), None);
    }

    #[test]
    fn a_column_is_read_under_its_name_and_under_its_alias() {
        let column = &described(json!([{"name": "cd_cli", "alias": "Código"}])).unwrap()[0];
        let read = |record: Value| column.of_record(record.as_object().unwrap()).and_then(as_text);
        assert_eq!(read(json!({"CD_CLI": 7, "Código": 8})).as_deref(), Some("7"));
        assert_eq!(read(json!({"Código": 8})).as_deref(), Some("8"));
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
            ("role", "attendance", Attendance),
            ("type", "Distribution", Distribution),
            ("is_drop", "true", Attendance),
            ("attendance", "no", Distribution),
            ("type", "1:8", Unknown),
        ] {
            let described = Described { name: column.to_owned(), other: None };
            assert_eq!(role(&described, written), expected, "{column} {written}");
        }
        let labelled = Described { name: "tp_3".to_owned(), other: Some("Atendimento".to_owned()) };
        assert_eq!(role(&labelled, "S"), Attendance);
    }

    #[test]
    fn b2_a_value_cannot_end_its_quotes() {
        assert_eq!(equals("codigo", &json!("a' or '1'='1")), "codigo = 'a'' or ''1''=''1'");
        assert_eq!((equals("fid", &json!("7")), equals("fid", &json!(7))), ("fid = '7'".into(), "fid = 7".into()));
    }

    #[test]
    fn a_taken_port_is_told_by_its_words() {
        for words in ["A porta 3 está ocupada", "Porta em uso", "porta já utilizada"] {
            assert!(speaks_of_a_taken_port(words), "{words}");
        }
        assert!(!speaks_of_a_taken_port("código já existe") && !speaks_of_a_taken_port("porta inválida"));
    }
}
