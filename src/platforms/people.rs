//! Personal data in free text (rule P1): what platforms and people write may name a customer, and whoever keeps, logs or shows
//! such a text does not know whom. Documents, phone numbers and e-mail addresses are known by their form; a name is taken to be
//! two words or more in a row that begin with a capital and are no words of this trade. That hides too much now and then, and
//! hides the names in the sentences that platforms refuse with.

/// Stands where a text was hidden.
const HIDDEN: &str = "•••";

/// Words with a capital that are no part of a name: of our trade, and of HTTP's phrases. Lower case, without accents.
const TRADE: &str = " acesso access aguarde allowed already api apos assinante atendimento atendida ativo bad banda box busy cabo cadastrada cadastrado \
    cadastro caixa campo cancelado chave ceo ce client cliente clientes codigo conflict conta contrato cpf cnpj cto customer da data de \
    desconhecido do documento dado dados email encontrada encontrado endereco entity erro error esta este exists existe existente \
    external failed falha fibra field fora forbidden found from gateway geogrid geosite hubsoft http id imovel in indisponivel integracao \
    implemented internal invalid invalida invalido is ja json large limite livre livres localizado login many mapa media method missing muitas na nao nenhum \
    no nome not numero o obrigatoria obrigatorio ocupada ocupado operacao os outra outro ozmap para payload payment pela pelo permission \
    permissao permitido plano por porta portas post poste project projeto property registro request requests required reservada reservado \
    sem senha server service servico servidor sistema splitter status taken tente timeout to token too type unable unsupported unauthorized unavailable \
    unknown unprocessable usuario vinculada vinculado was with ";

/// Joins the parts of a name.
const JOINS: [&str; 6] = ["de", "da", "do", "das", "dos", "e"];

/// The text without documents, phone numbers, e-mail addresses and what looks like names.
pub fn masked(text: &str) -> String {
    hidden(text, true)
}

/// The same, names left in: for words that staff write about their own work, and sentences of ours.
pub fn without_numbers(text: &str) -> String {
    hidden(text, false)
}

fn hidden(text: &str, names: bool) -> String {
    let pieces = pieces(text);
    let mut hide: Vec<bool> =
        pieces.iter().map(|piece| is_document(piece) || is_phone(piece) || is_email(piece)).collect();
    if names {
        mark_names(text, &pieces, &mut hide);
    }
    let (mut shown, mut upto) = (String::with_capacity(text.len()), 0);
    for (piece, hide) in pieces.iter().zip(hide) {
        let at = piece.as_ptr() as usize - text.as_ptr() as usize;
        if hide && at >= upto {
            let gap = &text[upto..at];
            // Parts of one name, hidden as one.
            if !(shown.ends_with(HIDDEN) && (gap == " " || gap == ". ")) {
                shown.push_str(gap);
                shown.push_str(HIDDEN);
            }
            upto = at + piece.len();
        }
    }
    shown.push_str(&text[upto..]);
    shown
}

/// What stands between blanks and quotes: letters, digits, and the signs that documents, phones and addresses have inside.
fn pieces(text: &str) -> Vec<&str> {
    let inside = |c: char| c.is_alphanumeric() || "./-@_+'".contains(c);
    let signs = |c: char| !c.is_alphanumeric() && c != '+';
    text.split(|c| !inside(c)).map(|piece| piece.trim_matches(signs)).filter(|piece| !piece.is_empty()).collect()
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Eleven or fourteen digits are a CPF or a CNPJ whatever their check digits; an alphanumeric CNPJ is one if they are right.
fn is_document(piece: &str) -> bool {
    let only = piece.bytes().all(|byte| byte.is_ascii_digit() || b".-/".contains(&byte));
    let plain: String = piece.chars().filter(char::is_ascii_alphanumeric).collect();
    (only && matches!(plain.len(), 11 | 14)) || (plain.len() == 14 && cpf_cnpj::cnpj::validate(&plain))
}

/// `+5548999991234`, `4833334444`, `48-99999-1234`, and the part behind an area code: `99999-1234`.
fn is_phone(piece: &str) -> bool {
    let rest = piece.trim_start_matches('+');
    if !rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return false;
    }
    let in_two = rest.rsplit_once('-').is_some_and(|(front, back)| back.len() == 4 && (4..=8).contains(&digits(front)));
    in_two || matches!(digits(rest), 10 | 11) || (matches!(digits(rest), 12 | 13) && rest.starts_with("55"))
}

fn is_email(piece: &str) -> bool {
    piece.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.'))
}

/// Whether it may be a part of a name: letters alone, the first one a capital, or an initial.
fn is_capital(piece: &str) -> bool {
    let letters = piece.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-');
    letters && piece.chars().next().is_some_and(char::is_uppercase) && !is_of_the_trade(piece)
}

fn is_of_the_trade(piece: &str) -> bool {
    let plain: String = piece.to_lowercase().chars().map(without_accent).collect();
    !JOINS.contains(&plain.as_str()) && TRADE.split_whitespace().any(|word| word == plain)
}

fn without_accent(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        other => other,
    }
}

/// Marks runs of two capitals or more that stand next to each other, joints between them included.
fn mark_names(text: &str, pieces: &[&str], hide: &mut [bool]) {
    let start = |piece: &str| piece.as_ptr() as usize - text.as_ptr() as usize;
    let beside = |n: usize| {
        let gap = &text[start(pieces[n - 1]) + pieces[n - 1].len()..start(pieces[n])];
        gap == " " || gap == ". "
    };
    let joins = |piece: &str| JOINS.contains(&piece.to_lowercase().as_str());
    let mut n = 0;
    while n < pieces.len() {
        let (mut end, mut capitals) = (n, 0);
        while end < pieces.len() && (end == n || beside(end)) {
            match (is_capital(pieces[end]), joins(pieces[end])) {
                (_, true) if capitals > 0 => {}
                (true, false) => capitals += 1,
                _ => break,
            }
            end += 1;
        }
        // A joint at the end belongs to what follows.
        let last = (n..end).rev().find(|at| !joins(pieces[*at]));
        if let Some(last) = last.filter(|_| capitals > 1) {
            hide[n..=last].fill(true);
        }
        n = end.max(n + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_documents_phones_and_addresses_are_known_by_their_form() {
        for (text, shown) in [
            ("CPF 529.982.247-25, já existe", "CPF •••, já existe"),
            ("(11222333000181)", "(•••)"),
            ("cnpj=12.ABC.345/01DE-35;", "cnpj=•••;"),
            (r#"{"cpfCnpj":"52998224725","tel":"(48) 99999-1234"}"#, r#"{"cpfCnpj":"•••","tel":"(48) •••"}"#),
            ("ligue +5548999991234 ou 48-3333-4444", "ligue ••• ou •••"),
            ("ana.souza@exemplo.com.br não existe", "••• não existe"),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(without_numbers(text), shown);
        }
    }

    #[test]
    fn p1_two_capitals_in_a_row_are_a_name_unless_they_are_of_the_trade() {
        for (text, shown) in [
            ("Porta ocupada por Ana Lúcia Prado", "Porta ocupada por •••"),
            ("PORTA JÁ OCUPADA POR MARIA DE SOUZA", "PORTA JÁ OCUPADA POR •••"),
            ("Cliente João D'Ávila dos Santos e Filho já existe", "Cliente ••• já existe"),
            ("o cliente Maria S. Souza está na porta 3", "o cliente ••• está na porta 3"),
            (r#"{"NAME":"ANA LÚCIA PRADO","CODE":"4411"}"#, r#"{"NAME":"•••","CODE":"4411"}"#),
        ] {
            assert_eq!(masked(text), shown);
            assert_eq!(without_numbers(text), text);
        }
    }

    #[test]
    fn what_names_nobody_stays() {
        for text in [
            "Porta ocupada",
            "Internal Server Error",
            "Too Many Requests",
            "Bad Gateway",
            "porta 12 de 16, id 5da622d3493d9c00066655d9 4411",
            "CTO-0012 não encontrada em 2026-11-26",
            "codigoIntegracao: Código já cadastrado",
            "10.0.0.1:9994/api/v2",
            "",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
