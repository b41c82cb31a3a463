//! What each sort of problem is called, what it means and what to do about it, in both languages: the titles of problem
//! documents, and the pages to which they point.

use super::Why;

/// A sort of problem in words.
#[derive(Clone, Copy)]
pub struct Words {
    /// Its title.
    pub title: &'static str,
    /// The same in Portuguese.
    pub title_pt: &'static str,
    /// What it means, and what to do.
    pub about: &'static str,
    /// The same in Portuguese.
    pub about_pt: &'static str,
}

const fn words(title: &'static str, title_pt: &'static str, about: &'static str, about_pt: &'static str) -> Words {
    Words { title, title_pt, about, about_pt }
}

/// Each sort with its words.
const ALL: [(Why, Words); 13] = [
    (
        Why::Malformed,
        words(
            "The request cannot be read",
            "O pedido não pode ser lido",
            "The body is not a JSON object, or a part of the path has another form than it must have. Nothing was stored. Mend what `detail` names, and send it again.",
            "O corpo não é um objeto JSON, ou uma parte do caminho não tem a forma que deve ter. Nada foi gravado. Corrija o que `detail_pt` diz e envie de novo.",
        ),
    ),
    (
        Why::Unauthenticated,
        words(
            "A valid token is needed",
            "É preciso um token válido",
            "There is no token in the header Authorization, or one that is not known or was taken back. Send `Authorization: Bearer enlace_…`; an administrator makes tokens with `enlace tokens create`.",
            "Não há token no cabeçalho Authorization, ou ele não é conhecido ou foi revogado. Envie `Authorization: Bearer enlace_…`; um administrador cria tokens com `enlace tokens create`.",
        ),
    ),
    (
        Why::Forbidden,
        words(
            "The token's role does not allow this",
            "O papel do token não permite isto",
            "The token is valid, but made for something else: `detail` names the roles that may do this. Use a token of such a role.",
            "O token é válido, mas serve para outra coisa: `detail_pt` diz que papéis podem fazer isto. Use um token de um deles.",
        ),
    ),
    (
        Why::NotFound,
        words(
            "There is no such thing",
            "Isto não existe",
            "There is no such path or no such thing, or it is not for this token to see. A token of role `enqueue` sees only what it started. Check the id.",
            "Não há este caminho ou esta coisa, ou este token não pode vê-la. Um token de papel `enqueue` só vê o que iniciou. Confira o id.",
        ),
    ),
    (
        Why::MethodNotAllowed,
        words(
            "The path does not take this method",
            "O caminho não aceita este método",
            "The header Allow lists the methods that the path takes.",
            "O cabeçalho Allow lista os métodos que o caminho aceita.",
        ),
    ),
    (
        Why::NotNow,
        words(
            "This makes no sense now",
            "Isto não faz sentido agora",
            "Things stand otherwise than the request supposes; nothing was changed. `legal` lists what may be done instead. Look again, then decide.",
            "As coisas não estão como o pedido supõe; nada foi mudado. `legal` lista o que se pode fazer. Olhe de novo e então decida.",
        ),
    ),
    (
        Why::TooLarge,
        words(
            "The body is too large",
            "O corpo é grande demais",
            "A body may hold 256 KiB. Send less at once.",
            "Um corpo pode ter até 256 KiB. Envie menos de cada vez.",
        ),
    ),
    (
        Why::UnsupportedMediaType,
        words(
            "The body must be JSON",
            "O corpo deve ser JSON",
            "Send the body as JSON, with the header `Content-Type: application/json`.",
            "Envie o corpo em JSON, com o cabeçalho `Content-Type: application/json`.",
        ),
    ),
    (
        Why::Invalid,
        words(
            "A field cannot be taken",
            "Um campo não pode ser aceito",
            "`field` names the field, parameter or header, `detail` says what would be right. Nothing was stored. Mend it, and send it again.",
            "`field` diz qual campo, parâmetro ou cabeçalho, `detail_pt` o que seria certo. Nada foi gravado. Corrija e envie de novo.",
        ),
    ),
    (
        Why::TooManyRequests,
        words(
            "Too many requests",
            "Pedidos demais",
            "This token asks more often than is allowed. Wait as many seconds as the header Retry-After says. To be told of changes, listen to `GET /events` instead of asking again and again; the settings `api.requests_per_second` and `api.burst` set how much is allowed.",
            "Este token pede mais vezes do que é permitido. Espere os segundos que o cabeçalho Retry-After diz. Para saber de mudanças, escute `GET /events` em vez de perguntar sem parar; as configurações `api.requests_per_second` e `api.burst` dizem quanto é permitido.",
        ),
    ),
    (
        Why::Internal,
        words(
            "Something went wrong on our side",
            "Algo deu errado do nosso lado",
            "This is a fault of enlace. The log tells more, under the request id that the header x-request-id holds: pass it on to whoever keeps enlace running.",
            "É uma falha do enlace. O log diz mais, pelo identificador que está no cabeçalho x-request-id: passe-o a quem cuida do enlace.",
        ),
    ),
    (
        Why::Unavailable,
        words(
            "Try again in a moment",
            "Tente de novo em instantes",
            "The database cannot be reached, or somebody else is changing the same. Nothing was stored. Send it again after the seconds that the header Retry-After says.",
            "O banco de dados está inacessível, ou outra pessoa está mudando o mesmo. Nada foi gravado. Envie de novo depois dos segundos que o cabeçalho Retry-After diz.",
        ),
    ),
    (
        Why::Timeout,
        words(
            "It took too long",
            "Demorou demais",
            "No answer was found in time; what was asked may have been done all the same. Look before you ask again, or send the same Idempotency-Key.",
            "A resposta não ficou pronta a tempo; o que foi pedido pode ter sido feito mesmo assim. Olhe antes de pedir de novo, ou envie a mesma Idempotency-Key.",
        ),
    ),
];

impl Why {
    /// The sort in words.
    pub fn words(self) -> Words {
        let found = ALL.iter().find(|(why, _)| *why == self);
        found.map_or(words("", "", "", ""), |(_, words)| *words)
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_sort_has_its_words() {
        for why in Why::iter() {
            let Words { title, title_pt, about, about_pt } = why.words();
            assert!([title, title_pt, about, about_pt].iter().all(|words| !words.is_empty()), "{why:?}");
        }
    }
}
