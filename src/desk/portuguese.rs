//! The sentences of refusals in Portuguese: for the people who read them in the console, or in an integrator's log.
//!
//! Most that the counter refuses is said once, in English or in both languages. What is said in English alone is found here by
//! its form; `{}` stands for what differs from case to case. A test of the API fails for a sentence that is missing.

/// A sentence as it is said, and the same in Portuguese.
const SENTENCES: &[(&str, &str)] = &[
    // What is asked of a field.
    ("is missing", "falta"),
    (
        "is missing, and so are rate and concurrency: nothing would change",
        "falta, e rate e concurrency também: nada mudaria",
    ),
    ("is given twice", "foi dado duas vezes"),
    ("is not known here; nothing is taken", "não é conhecido aqui; nada é aceito"),
    ("is not known here; known are {}", "não é conhecido aqui; conhecidos são {}"),
    ("cannot be read", "não pode ser lido"),
    ("must be plain text", "deve ser texto simples"),
    ("must be text or a number", "deve ser um texto ou um número"),
    ("must be a positive whole number", "deve ser um número inteiro positivo"),
    (
        "must be a whole number from {} to {}, or null for no limit",
        "deve ser um número inteiro de {} a {}, ou null: sem limite",
    ),
    ("must be a whole number of seconds from {} to {}", "deve ser um número inteiro de segundos, de {} a {}"),
    ("must be a whole number from {} to {}", "deve ser um número inteiro de {} a {}"),
    (
        "must be a number of calls a second, from 0.001 to 1000000, or null for no limit",
        "deve ser um número de chamadas por segundo, de 0,001 a 1000000, ou null: sem limite",
    ),
    ("must be {} to {} characters of text", "deve ser um texto de {} a {} caracteres"),
    ("must be a UUID", "deve ser um UUID"),
    ("must be a time such as {}, at most {}", "deve ser um tempo como {}, no máximo {}"),
    ("must be a time such as {}", "deve ser uma data e hora como {}"),
    (
        "must be a time to come, \"infinity\", or null to open it",
        "deve ser uma data e hora futura, \"infinity\", ou null, que abre",
    ),
    ("must be the `next` of a former page, as it was given", "deve ser o `next` de uma página anterior, como foi dado"),
    ("must be one of {}", "deve ser um de {}"),
    ("must be some of {}", "deve ser alguns de {}"),
    ("must be true or false", "deve ser true ou false"),
    ("must be another service than {}", "deve ser outro serviço que não o de {}"),
    (
        "is missing, and service {} sits on no port: name the one that service {} takes",
        "falta, e o serviço {} não está em porta alguma: diga a que o serviço {} ocupa",
    ),
    (
        "is missing, and service {} sits on ports {}: name the one that it leaves",
        "falta, e o serviço {} está nas portas {}: diga a que ele deixa",
    ),
    ("is missing, and service {} sits on ports {}: name one", "falta, e o serviço {} está nas portas {}: diga uma"),
    ("order {} is of service {}: leave it out", "a ordem {} é do serviço {}: não o informe"),
    (
        "project {} is filled by integration {}, not by {}",
        "o projeto {} é preenchido pela integração {}, e não pela {}",
    ),
    ("project {} has no integration", "o projeto {} não tem integração"),
    ("must be a JSON object", "deve ser um objeto JSON"),
    ("must be done or not_done: was it written, or not?", "deve ser done ou not_done: foi gravado, ou não?"),
    ("must not begin with \"{}\"", "não pode começar com \"{}\""),
    ("must narrow workflows down, by status for instance", "deve restringir os workflows, por status por exemplo"),
    (
        "must narrow differences down, by integration for instance",
        "deve restringir as divergências, por integração por exemplo",
    ),
    ("holds the character NUL, which cannot be stored", "contém o caractere NUL, que não pode ser gravado"),
    ("is larger than 256 KiB", "é maior que 256 KiB"),
    ("was used before, for another kind or payload", "já foi usada, para outro kind ou payload"),
    (
        "was used before, for another request: choose another key",
        "já foi usada, para outro pedido: escolha outra chave",
    ),
    ("\"{}\" is not an IANA time zone", "\"{}\" não é um fuso horário da IANA"),
    ("\"{}\" is not a cron pattern: {}", "\"{}\" não é um padrão cron: {}"),
    ("\"{}\" is not known; known are {}", "\"{}\" não é conhecido; conhecidos são {}"),
    ("\"{}\" never comes", "\"{}\" nunca ocorre"),
    // What serde says.
    ("invalid type: {}, expected {}", "tipo errado: {}; esperado: {}"),
    ("invalid value: {}, expected {}", "valor errado: {}; esperado: {}"),
    ("unknown variant `{}`, expected one of {}", "`{}` não é conhecido; esperado um de {}"),
    ("unknown variant `{}`, expected {}", "`{}` não é conhecido; esperado {}"),
    ("premature end of input", "a data ou hora está incompleta"),
    ("input contains invalid characters", "contém caracteres inválidos"),
    ("input is out of range", "está fora dos limites"),
    // What there is not.
    ("there is no workflow {}", "não há workflow {}"),
    ("there is no integration {}", "não há integração {}"),
    ("there is no token {}", "não há token {}"),
    ("there is no schedule {}", "não há agendamento {}"),
    ("there is no act on many {}", "não há ação em massa {}"),
    ("there is no act \"{}\"; there are {}", "não há ação \"{}\"; há {}"),
    ("there is no act {}", "não há ação {}"),
    ("there is no upstream \"{}\"; they are called integration:N", "não há plataforma \"{}\"; chamam-se integration:N"),
    ("an act on many knows no \"{}\"; it knows {}", "uma ação em massa não conhece \"{}\"; conhece {}"),
    ("a difference knows no \"{}\"; it knows {}", "uma divergência não conhece \"{}\"; conhece {}"),
    (
        "there is nothing at {}; the OpenAPI document at {} lists what there is",
        "não há nada em {}; o documento OpenAPI em {} lista o que há",
    ),
    ("{} does not take {}; see the header Allow", "{} não aceita {}; veja o cabeçalho Allow"),
    // What makes no sense now.
    (
        "no worker has taken it in yet, so there is nothing to {}: start one, and ask again",
        "nenhum worker o assumiu ainda, e não há nada a fazer ({}): inicie um, e peça de novo",
    ),
    (
        "it makes no sense to {}; possible now: nothing can be done to it",
        "não faz sentido agora ({}); nada se pode fazer com ele",
    ),
    ("it makes no sense to {}; possible now: {}", "não faz sentido agora ({}); possível: {}"),
    (
        "the request with this key is under way: wait for its answer, then send it again",
        "o pedido com esta chave está em andamento: espere a resposta e envie de novo",
    ),
    (
        "the request with this key was never answered: look whether it was done, and send it under another key if it was not",
        "o pedido com esta chave nunca foi respondido: veja se foi feito e, se não foi, envie-o com outra chave",
    ),
    // The request itself.
    ("send the header Authorization: Bearer enlace_…", "envie o cabeçalho Authorization: Bearer enlace_…"),
    (
        "this token is not known here, or was taken back; `enlace tokens` makes new ones",
        "este token não é conhecido aqui, ou foi revogado; `enlace tokens` cria outros",
    ),
    ("this needs the role {}; the token has {}", "isto exige o papel {}; o token tem {}"),
    (
        "this token may ask {} times a second; come back in {} s",
        "este token pode pedir {} vezes por segundo; volte em {} s",
    ),
    ("the body is larger than 256 KiB", "o corpo é maior que 256 KiB"),
    ("the body broke off", "o corpo foi interrompido"),
    ("send the body as application/json", "envie o corpo como application/json"),
    ("the body is not JSON: {}", "o corpo não é JSON: {}"),
    ("the body must be a JSON object", "o corpo deve ser um objeto JSON"),
    // Ours.
    ("it took longer than {} s", "levou mais de {} s"),
    ("the database cannot be reached just now", "o banco de dados está inacessível no momento"),
    (
        "somebody else is changing the same rows; try again",
        "outra pessoa está mudando os mesmos registros; tente de novo",
    ),
    (
        "that took too long; narrow it down, by `since` for instance",
        "levou tempo demais; restrinja, por `since` por exemplo",
    ),
    (
        "the log tells more, under the request id of the header x-request-id",
        "o log diz mais, pelo identificador do cabeçalho x-request-id",
    ),
];

/// A problem's `detail` in Portuguese, which may begin with the name of the field to blame; `None`: it is not known here.
pub fn of(detail: &str, field: Option<&str>) -> Option<String> {
    let named = field.and_then(|field| detail.strip_prefix(field)?.strip_prefix(": ").map(|said| (field, said)));
    let (prefix, said) = named.map_or((String::new(), detail), |(field, said)| (format!("{field}: "), said));
    // Said in both languages already.
    let ours = said.split_once(" / ").map(|(pt, _)| pt.to_owned());
    let found = ours.or_else(|| SENTENCES.iter().find_map(|(en, pt)| Some(filled(pt, &differs(en, said)?))))?;
    Some(format!("{prefix}{found}"))
}

/// What stands in the places of `form` that differ; `None`: it is another sentence.
fn differs<'a>(form: &str, said: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = form.split("{}");
    let mut rest = said.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let at = if parts.peek().is_none() && part.is_empty() { rest.len() } else { rest.find(part)? };
        found.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(found)
}

fn filled(form: &str, with: &[&str]) -> String {
    let mut parts = form.split("{}");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.zip(with).fold(first, |text, (part, value)| text + value + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_known_by_its_form_and_keeps_what_differs() {
        let of = |detail, field| of(detail, field).unwrap();
        assert_eq!(
            of("limit: must be a whole number from 1 to 500", Some("limit")),
            "limit: deve ser um número inteiro de 1 a 500"
        );
        assert_eq!(
            of("this needs the role operator or admin; the token has viewer", None),
            "isto exige o papel operator or admin; o token tem viewer"
        );
        assert_eq!(
            of("senha: falta; ozmap precisa dele / is missing; ozmap needs it", Some("senha")),
            "senha: falta; ozmap precisa dele"
        );
        assert_eq!(super::of("a sentence that nobody wrote down", None), None);
    }

    #[test]
    fn each_sentence_has_as_many_gaps_in_both_languages_and_is_found() {
        for (en, pt) in SENTENCES {
            assert_eq!(en.matches("{}").count(), pt.matches("{}").count(), "{en}");
            assert!(of(&en.replace("{}", "7"), None).is_some_and(|found| !found.contains("{}")), "{en}");
        }
    }
}
