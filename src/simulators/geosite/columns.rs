//! Features and their columns. What is stored is the same everywhere; what it is called, and in which form it is shown,
//! is the installation's.

/// A kind of record, with its name in paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(super) enum Feature {
    Cto,
    CaixaEmenda,
    Splitter,
    Poste,
    LanceCabo,
    Cliente,
}

impl Feature {
    pub const ALL: [(Feature, &'static str); 6] = [
        (Feature::Cto, "cto"),
        (Feature::CaixaEmenda, "caixaEmenda"),
        (Feature::Splitter, "splitter"),
        (Feature::Poste, "poste"),
        (Feature::LanceCabo, "lanceCabo"),
        (Feature::Cliente, "cliente"),
    ];

    pub fn parse(name: &str) -> Option<Feature> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(feature, _)| *feature)
    }
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Fid,
    Codigo,
    Nome,
    Documento,
    Endereco,
    Latitude,
    Longitude,
    /// A `POINT` made of the two above, or a line as it was drawn.
    Geometria,
    Situacao,
    Tipo,
    /// The box that a splitter is in.
    Caixa,
    /// The same, where it is a CTO.
    CaixaSeCto,
    /// The same, where it is a splice box.
    CaixaSeEmenda,
    Funcao,
    Razao,
    Splitter,
    /// Counts from 1.
    Porta,
}

/// How an installation was set up by whoever did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Installation {
    /// Places as WKT, a column for what a splitter is for, numbers as numbers, viability in its newer form.
    #[default]
    Usual,
    /// Names in capitals, places as two numbers in text, two columns for a splitter's box and none for what it is for,
    /// numbers as text, viability as a bare list.
    Older,
}

impl Installation {
    /// The columns of a feature, in the order of `desc`.
    pub(super) fn columns(self, feature: Feature) -> &'static [(&'static str, Field)] {
        use Field::*;
        match (self, feature) {
            (Self::Usual, Feature::Cto) => {
                &[("fid", Fid), ("nome", Nome), ("endereco", Endereco), ("status", Situacao), ("geometria", Geometria)]
            }
            (Self::Usual, Feature::CaixaEmenda) => {
                &[("fid", Fid), ("nome", Nome), ("tipoCodigo", Tipo), ("status", Situacao), ("geometria", Geometria)]
            }
            (Self::Usual, Feature::Splitter) => {
                &[("fid", Fid), ("nome", Nome), ("fid_caixa", Caixa), ("funcao", Funcao), ("razao", Razao)]
            }
            (Self::Usual, Feature::Poste) => &[("fid", Fid), ("codigo", Nome), ("geometria", Geometria)],
            (Self::Usual, Feature::LanceCabo) => &[("fid", Fid), ("nome", Nome), ("geometria", Geometria)],
            (Self::Usual, Feature::Cliente) => &[
                ("fid", Fid),
                ("codigo", Codigo),
                ("nome", Nome),
                ("documento", Documento),
                ("endereco", Endereco),
                ("fid_splitter", Splitter),
                ("porta", Porta),
            ],
            (Self::Older, Feature::Cto | Feature::CaixaEmenda) => &[
                ("fid", Fid),
                ("IDENTIFICACAO", Nome),
                ("SITUACAO", Situacao),
                ("LATITUDE", Latitude),
                ("LONGITUDE", Longitude),
            ],
            (Self::Older, Feature::Splitter) => &[
                ("fid", Fid),
                ("IDENTIFICACAO", Nome),
                ("FID_CTO", CaixaSeCto),
                ("FID_CAIXA_EMENDA", CaixaSeEmenda),
                ("RELACAO", Razao),
            ],
            (Self::Older, Feature::Poste) => {
                &[("fid", Fid), ("IDENTIFICACAO", Nome), ("LATITUDE", Latitude), ("LONGITUDE", Longitude)]
            }
            (Self::Older, Feature::LanceCabo) => &[("fid", Fid), ("IDENTIFICACAO", Nome)],
            (Self::Older, Feature::Cliente) => &[
                ("fid", Fid),
                ("COD_CLIENTE", Codigo),
                ("NOME_CLIENTE", Nome),
                ("CPF_CNPJ", Documento),
                ("SPLITTER", Splitter),
                ("NUM_PORTA", Porta),
            ],
        }
    }

    /// Numbers are shown as text.
    pub(super) fn writes_text(self) -> bool {
        self == Self::Older
    }
}
