//! Columns: which ones an installation has for what enlace needs. They differ per installation, so `desc` of a feature is
//! read on *test* and at the start of each listing, and kept in between.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::Method;
use strum::{EnumIter, EnumString, IntoEnumIterator, IntoStaticStr};
use tokio::sync::Mutex;

use super::api::Api;
use super::guessed::{self, Described, FID};
use super::liberal::{Record, as_number, as_text, as_word, plain};
use super::url::at;
use super::wishes::{NAME, Wishes};
use super::wkt;
use crate::http::{Ask, Purpose, not_the_api};
use crate::{Failure, FailureKind, Place};

/// A message names at most this many columns.
const NAMED: usize = 60;

/// A feature of Geosite that enlace reads. As texts: the names that paths and the parameter `colunas` use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, EnumString, EnumIter)]
pub(super) enum Feature {
    #[strum(serialize = "cto")]
    Cto,
    #[strum(serialize = "caixaEmenda")]
    SpliceBox,
    #[strum(serialize = "splitter")]
    Splitter,
    #[strum(serialize = "poste")]
    Pole,
    #[strum(serialize = "lanceCabo")]
    Cable,
    #[strum(serialize = "cliente")]
    Customer,
}

/// What a column is needed for. As texts: the names that the parameter `colunas` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, EnumString, EnumIter)]
pub(super) enum Role {
    #[strum(serialize = "codigo")]
    Code,
    #[strum(serialize = "nome")]
    Name,
    #[strum(serialize = "documento")]
    Document,
    #[strum(serialize = "latitude")]
    Latitude,
    #[strum(serialize = "longitude")]
    Longitude,
    #[strum(serialize = "geometria")]
    Geometry,
    /// The box that a splitter is in.
    #[strum(serialize = "caixa")]
    Parent,
    /// Attendance or distribution.
    #[strum(serialize = "funcao")]
    Splitting,
    #[strum(serialize = "razao")]
    Ratio,
    /// The splitter that a customer is on.
    #[strum(serialize = "splitter")]
    Splitter,
    #[strum(serialize = "porta")]
    Port,
    #[strum(serialize = "situacao")]
    Status,
    /// Of which type a box is.
    #[strum(serialize = "tipo")]
    Kind,
}

impl Feature {
    /// Its name in paths.
    pub(super) fn path(self) -> &'static str {
        self.into()
    }

    /// What is read of it.
    pub(super) fn roles(self) -> &'static [Role] {
        use Role::*;
        match self {
            Self::Cto => &[Name, Latitude, Longitude, Geometry, Status],
            Self::SpliceBox => &[Name, Latitude, Longitude, Geometry, Status, Kind],
            Self::Splitter => &[Name, Parent, Splitting, Ratio],
            Self::Pole => &[Name, Latitude, Longitude, Geometry],
            Self::Cable => &[Name, Geometry],
            Self::Customer => &[Code, Name, Document, Splitter, Port],
        }
    }

    /// What it cannot be understood without; the place apart.
    fn required(self) -> &'static [Role] {
        use Role::*;
        match self {
            Self::Cto | Self::SpliceBox => &[Name],
            Self::Splitter => &[Parent, Ratio],
            Self::Pole | Self::Cable => &[],
            Self::Customer => &[Code, Name, Splitter, Port],
        }
    }
}

/// The columns of one feature, by what they are needed for.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) feature: Feature,
    found: HashMap<Role, Vec<Described>>,
}

impl Layout {
    /// Finds the columns among those that the installation has.
    pub(super) fn find(feature: Feature, there: &[Described], wishes: &Wishes) -> Result<Self, Failure> {
        let mut found = HashMap::new();
        for role in feature.roles() {
            let wished = wishes.get(&(feature, *role));
            let named: Vec<&str> = match wished {
                Some(names) => names.iter().map(String::as_str).collect(),
                None => guessed::aliases(feature, *role),
            };
            let mut columns: Vec<Described> = Vec::new();
            for column in named.iter().filter_map(|name| called(there, name)) {
                if !columns.contains(column) {
                    columns.push(column.clone());
                }
            }
            if *role == Role::Parent && wished.is_none() && columns.iter().any(guessed::names_a_box) {
                columns.retain(guessed::names_a_box);
            }
            // What a person wished for and is not there is a slip of the pen, whether or not we could do without.
            if columns.is_empty() && (wished.is_some() || feature.required().contains(role)) {
                return Err(missing(feature, *role, &named, there));
            }
            found.insert(*role, columns);
        }
        let layout = Self { feature, found };
        let is_box = matches!(feature, Feature::Cto | Feature::SpliceBox);
        let placed = layout.has(Role::Geometry) || (layout.has(Role::Latitude) && layout.has(Role::Longitude));
        if is_box && !placed {
            let named = guessed::aliases(feature, Role::Geometry);
            return Err(missing(feature, Role::Geometry, &named, there));
        }
        Ok(layout)
    }

    fn has(&self, role: Role) -> bool {
        self.column(role).is_some()
    }

    /// The column, the likeliest where several fit.
    pub(super) fn column(&self, role: Role) -> Option<&Described> {
        self.columns(role).first()
    }

    /// All columns that fit.
    pub(super) fn columns(&self, role: Role) -> &[Described] {
        self.found.get(&role).map_or(&[], Vec::as_slice)
    }

    /// Its name in questions.
    pub(super) fn name(&self, role: Role) -> Option<&str> {
        self.column(role).map(|column| column.name.as_str())
    }

    /// What `columns` of a list is given: the key, and what we read.
    pub(super) fn asked(&self) -> String {
        let mut names = vec![FID];
        for role in self.feature.roles() {
            // A splitter's box may be named in one of several columns, by what kind of box it is.
            let several = if *role == Role::Parent { usize::MAX } else { 1 };
            names.extend(self.columns(*role).iter().take(several).map(|column| column.name.as_str()));
        }
        let mut asked: Vec<&str> = Vec::new();
        names.into_iter().for_each(|name| {
            if !asked.contains(&name) {
                asked.push(name)
            }
        });
        asked.join(",")
    }

    /// What the record has there; of several columns the first that is not blank.
    pub(super) fn text(&self, record: &Record, role: Role) -> Option<String> {
        self.columns(role).iter().find_map(|column| column.of_record(record).and_then(as_text))
    }

    /// The same, where it may be a yes or a no.
    pub(super) fn word(&self, record: &Record, role: Role) -> Option<String> {
        self.columns(role).iter().find_map(|column| column.of_record(record).and_then(as_word))
    }

    /// Where the record is: by its numbers, else by its geometry.
    pub(super) fn place(&self, record: &Record) -> Option<Place> {
        let number = |role| self.column(role)?.of_record(record).and_then(as_number);
        let by_numbers = number(Role::Latitude).zip(number(Role::Longitude));
        let by_numbers = by_numbers.and_then(|(latitude, longitude)| wkt::place(latitude, longitude));
        by_numbers.or_else(|| self.points(record).first().copied())
    }

    /// The points of its geometry.
    pub(super) fn points(&self, record: &Record) -> Vec<Place> {
        self.text(record, Role::Geometry).map(|text| wkt::points(&text)).unwrap_or_default()
    }
}

/// The column that is called so, under either of its names.
fn called<'a>(there: &'a [Described], name: &str) -> Option<&'a Described> {
    let wanted = plain(name);
    let by_name = || there.iter().find(|column| plain(&column.name) == wanted);
    let by_other = || there.iter().find(|column| column.other.as_deref().is_some_and(|other| plain(other) == wanted));
    by_name().or_else(by_other)
}

/// The layouts that are known so far.
pub(super) struct Layouts {
    wishes: Wishes,
    known: Mutex<HashMap<Feature, Arc<Layout>>>,
}

impl Layouts {
    pub(super) fn new(wishes: Wishes) -> Self {
        Self { wishes, known: Mutex::default() }
    }

    /// As it was when it was last read.
    pub(super) async fn of(&self, api: &Api, feature: Feature) -> Result<Arc<Layout>, Failure> {
        let known = self.known.lock().await.get(&feature).cloned();
        match known {
            Some(layout) => Ok(layout),
            None => self.read(api, feature).await,
        }
    }

    /// As it is now.
    pub(super) async fn read(&self, api: &Api, feature: Feature) -> Result<Arc<Layout>, Failure> {
        let url = at(&api.base, &[feature.path(), "desc"]);
        let ask = Ask { method: Method::GET, url, body: None, purpose: Purpose::Search };
        let answer = api.ask(&ask).await?.found()?.ok_or_else(not_the_api)?;
        let there = guessed::described(answer.json()?).ok_or_else(not_the_api)?;
        let layout = Arc::new(Layout::find(feature, &there, &self.wishes)?);
        self.known.lock().await.insert(feature, layout.clone());
        Ok(layout)
    }

    /// Forgets what is known: a question that was refused may have named a column that is gone.
    pub(super) async fn forget(&self, feature: Feature) {
        self.known.lock().await.remove(&feature);
    }
}

/// Rule D4: a column that is missing is told with those that exist.
fn missing(feature: Feature, role: Role, named: &[&str], there: &[Described]) -> Failure {
    let (feature, role): (&str, &str) = (feature.into(), role.into());
    let mut exist = there.iter().take(NAMED).map(|c| format!("«{}»", c.name)).collect::<Vec<_>>().join(", ");
    if there.len() > NAMED {
        exist.push_str(", …");
    }
    let named = named.join(", ");
    Failure::new(
        FailureKind::Misconfigured,
        "geosite.missing_column",
        &format!(
            "{NAME}: a tabela {feature} do Geosite não tem coluna de {role} (procurada: {named}); há: {exist}; informe-a como {feature}.{role}=NOME"
        ),
        &format!(
            "{NAME}: the Geosite table {feature} has no column for {role} (looked for: {named}); there are: {exist}; give it as {feature}.{role}=NAME"
        ),
    )
}

/// The names of all features, or of all roles, for a message.
pub(super) fn names<T: IntoEnumIterator + Into<&'static str>>() -> String {
    T::iter().map(Into::into).collect::<Vec<&str>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::wishes::parse;
    use super::*;

    fn there(names: &[&str]) -> Vec<Described> {
        names.iter().map(|name| Described { name: (*name).to_owned(), other: None }).collect()
    }

    fn record(value: Value) -> Record {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn s2_columns_are_found_whatever_their_case_and_signs() {
        let columns = there(&["FID", "CÓDIGO", "Nome Cliente", "CPF/CNPJ", "FID_SPLITTER", "PORTA"]);
        let layout = Layout::find(Feature::Customer, &columns, &Wishes::new()).unwrap();
        assert_eq!(layout.asked(), "fid,CÓDIGO,Nome Cliente,CPF/CNPJ,FID_SPLITTER,PORTA");
        let row = record(json!({"fid": 7, "código": " 4411 ", "CÓDIGO": 4412, "porta": "3"}));
        assert_eq!(layout.text(&row, Role::Code).as_deref(), Some("4412"));
        assert_eq!(layout.text(&row, Role::Port).as_deref(), Some("3"));
    }

    #[test]
    fn s2_columns_are_found_in_english_and_by_their_alias() {
        let found = |feature, names: &[&str]| Layout::find(feature, &there(names), &Wishes::new()).map(|l| l.asked());
        let customer = ["fid", "code", "name", "document", "splitter_fid", "port"];
        assert_eq!(found(Feature::Customer, &customer).unwrap(), customer.join(","));
        let splitter = ["fid", "name", "box", "role", "ratio"];
        assert_eq!(found(Feature::Splitter, &splitter).unwrap(), splitter.join(","));
        for parent in ["parent", "fid_pai", "cto_fid", "caixa_emenda_fid"] {
            assert!(found(Feature::Splitter, &["fid", parent, "razao"]).unwrap().contains(parent));
        }
        let both = found(Feature::Splitter, &["fid", "parent", "fid_cto", "razao"]).unwrap();
        assert_eq!(both, "fid,fid_cto,razao", "a parent may be another splitter");
        let columns = [("c1", "Código"), ("c2", "Nome"), ("c3", "Splitter"), ("c4", "Porta")];
        let columns: Vec<Described> = columns
            .into_iter()
            .map(|(name, alias)| Described { name: name.to_owned(), other: Some(alias.to_owned()) })
            .collect();
        let labelled = Layout::find(Feature::Customer, &columns, &Wishes::new()).unwrap();
        assert_eq!(labelled.asked(), "fid,c1,c2,c3,c4");
        assert_eq!(labelled.text(&record(json!({"Código": "4411"})), Role::Code).as_deref(), Some("4411"));
    }

    #[test]
    fn d4_a_missing_column_is_told_with_those_that_exist() {
        let columns = there(&["fid", "nome", "fid_splitter", "porta"]);
        let failure = Layout::find(Feature::Customer, &columns, &Wishes::new()).unwrap_err();
        assert_eq!((failure.kind, failure.code), (FailureKind::Misconfigured, "geosite.missing_column"));
        for part in ["colunas: ", "cliente.codigo=NOME", "«fid», «nome», «fid_splitter», «porta»", " / "] {
            assert!(failure.message.contains(part), "{part}: {}", failure.message);
        }
        let wished = parse("cliente.codigo=NOME; cliente.documento=CPF").unwrap();
        let failure = Layout::find(Feature::Customer, &columns, &wished).unwrap_err();
        assert!(failure.message.contains("cliente.documento"), "wished for and not there: {}", failure.message);
    }

    #[test]
    fn s2_a_box_is_placed_by_numbers_or_by_wkt_and_by_one_of_them_at_least() {
        let find = |names: &[&str]| Layout::find(Feature::Cto, &there(names), &Wishes::new());
        let failure = find(&["fid", "nome", "latitude"]).unwrap_err();
        assert!(failure.code == "geosite.missing_column" && failure.message.contains("cto.geometria"));
        let here = Some(Place { latitude: -27.5, longitude: -48.25 });
        let both = find(&["fid", "nome", "LATITUDE", "LONGITUDE", "geometria"]).unwrap();
        assert_eq!(
            both.place(&record(json!({"LATITUDE": "-27,5", "LONGITUDE": -48.25, "geometria": "POINT(1 2)"}))),
            here
        );
        assert_eq!(both.place(&record(json!({"LATITUDE": null, "geometria": "POINT(-48.25 -27.5)"}))), here);
        assert_eq!(both.place(&record(json!({"LATITUDE": "", "geometria": ""}))), None);
    }

    #[test]
    fn a_splitter_may_name_its_box_in_one_of_several_columns() {
        let columns = there(&["fid", "fid_cto", "fid_caixa_emenda", "razao"]);
        let layout = Layout::find(Feature::Splitter, &columns, &Wishes::new()).unwrap();
        assert_eq!(layout.asked(), "fid,fid_cto,fid_caixa_emenda,razao");
        let row = record(json!({"fid": 1, "fid_cto": null, "fid_caixa_emenda": 88.0}));
        assert_eq!(layout.text(&row, Role::Parent).as_deref(), Some("88"));
    }
}
