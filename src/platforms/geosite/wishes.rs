//! The parameter `colunas`: what an installation calls its columns where the usual names do not find them.

use std::collections::HashMap;
use std::str::FromStr;

use super::columns::{Feature, Role, names};
use crate::{Failure, FailureKind};

/// The parameter's name.
pub(super) const NAME: &str = "colunas";

/// For which feature and for what, the names to look for instead of the usual ones.
pub(super) type Wishes = HashMap<(Feature, Role), Vec<String>>;

/// Reads `cliente.codigo=COD_ERP, CODIGO; splitter.porta=NR_PORTA`. Lines may end an entry as well.
pub(super) fn parse(text: &str) -> Result<Wishes, Failure> {
    text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty()).map(entry).collect()
}

fn entry(text: &str) -> Result<((Feature, Role), Vec<String>), Failure> {
    let (key, value) = text.split_once('=').ok_or_else(|| not_understood(text))?;
    let (feature, role) = key.trim().split_once('.').ok_or_else(|| not_understood(text))?;
    let feature = Feature::from_str(feature.trim()).map_err(|_| unknown(feature, &names::<Feature>()))?;
    let role = Role::from_str(role.trim()).map_err(|_| unknown(role, &names::<Role>()))?;
    if !feature.roles().contains(&role) {
        let roles: Vec<&str> = feature.roles().iter().map(|role| (*role).into()).collect();
        return Err(unknown(key.trim(), &roles.join(", ")));
    }
    let columns: Vec<String> = value.split(',').map(str::trim).filter(|c| !c.is_empty()).map(str::to_owned).collect();
    // They go into a filter, where more than a name would mean more than a name.
    let is_name = |c: &String| c.chars().all(|c| c.is_alphanumeric() || " _-./:".contains(c));
    if columns.is_empty() || !columns.iter().all(is_name) {
        return Err(not_understood(text));
    }
    Ok(((feature, role), columns))
}

fn not_understood(entry: &str) -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "geosite.bad_columns",
        &format!(
            "{NAME}: «{entry}» não foi entendido; escreva, por exemplo: cliente.codigo=COD_ERP; splitter.razao=RELACAO"
        ),
        &format!(
            "{NAME}: «{entry}» is not understood; write, for example: cliente.codigo=COD_ERP; splitter.razao=RELACAO"
        ),
    )
}

fn unknown(given: &str, known: &str) -> Failure {
    let given = given.trim();
    Failure::new(
        FailureKind::Misconfigured,
        "geosite.bad_columns",
        &format!("{NAME}: «{given}» não existe; há: {known}"),
        &format!("{NAME}: there is no «{given}»; there are: {known}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_columns_are_wished_for_by_feature_and_use() {
        let wishes = parse("cliente.codigo = COD_ERP, CODIGO;\n splitter.razao=RELACAO ;").unwrap();
        assert_eq!(wishes[&(Feature::Customer, Role::Code)], ["COD_ERP", "CODIGO"]);
        assert_eq!(wishes[&(Feature::Splitter, Role::Ratio)], ["RELACAO"]);
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn d4_what_is_not_understood_is_told_with_what_there_is() {
        for (given, told) in [
            ("cliente", "cliente.codigo=COD_ERP"),
            ("cliente.codigo=", "cliente.codigo=COD_ERP"),
            ("cliente.codigo=a' or 1", "cliente.codigo=COD_ERP"),
            ("clientes.codigo=a", "caixaEmenda, splitter, poste, lanceCabo, cliente"),
            ("cliente.cep=a", "codigo, nome, documento"),
            ("poste.porta=a", "nome, latitude, longitude, geometria"),
        ] {
            let failure = parse(given).unwrap_err();
            assert_eq!((failure.kind, failure.code), (FailureKind::Misconfigured, "geosite.bad_columns"));
            assert!(failure.message.starts_with("colunas: ") && failure.message.contains(told), "{}", failure.message);
        }
    }
}
