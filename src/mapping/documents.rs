//! CPF and CNPJ: compared by digits and letters alone, check digits verified (rule S4).

/// A document in the form in which it is compared: letters and digits, upper case. The same as `mapping.plain_document` in SQL.
pub fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The plain form of a CPF (11 digits) or CNPJ (14 characters, alphanumeric since July 2026) whose check digits are right;
/// `None` for anything else.
pub fn valid(text: &str) -> Option<String> {
    let plain = plain(text);
    let right = match plain.len() {
        11 => cpf_cnpj::cpf::validate(&plain),
        14 => cpf_cnpj::cnpj::validate(&plain),
        _ => false,
    };
    right.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s4_documents_are_compared_by_letters_and_digits_alone() {
        assert_eq!(valid("529.982.247-25").as_deref(), Some("52998224725"));
        assert_eq!(valid(" 11.222.333/0001-81 ").as_deref(), Some("11222333000181"));
        assert_eq!(valid("12.abc.345/01de-35").as_deref(), Some("12ABC34501DE35"), "alphanumeric since July 2026");
    }

    #[test]
    fn s4_wrong_check_digits_are_no_document() {
        for text in
            ["529.982.247-26", "11.222.333/0001-82", "12.ABC.345/01DE-36", "111.111.111-11", "4411", "", "5299822472A"]
        {
            assert_eq!(valid(text), None, "{text}");
        }
    }
}
