//! Who is who: the ports of this platform tell a customer's id and name, and neither his code nor his document, which rule S4
//! needs. One call for each customer would take a sync hours at a call a second, so all customers are read first, five hundred a
//! call, and kept while the ports are read: about a hundred bytes each, the one thing in a sync that grows with the network.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::wire::Client;

/// What the ports do not tell of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) code: Option<Box<str>>,
    pub(super) document: Option<Box<str>>,
}

impl From<Client> for Person {
    fn from(client: Client) -> Self {
        Self {
            code: client.codigo_integracao.map(String::into_boxed_str),
            document: client.cpf_cnpj.map(String::into_boxed_str),
        }
    }
}

/// The customers by their ids. Forgotten by a restart, and read again then.
#[derive(Default)]
pub(super) struct Directory(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The last page that was read.
    page: u32,
    complete: bool,
    people: HashMap<Box<str>, Person>,
}

impl Directory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self) {
        *self.known() = Known::default();
    }

    /// Whether this page is the one that comes next: the process may be another one than that which read the page before.
    pub(super) fn expects(&self, page: u32) -> bool {
        let known = self.known();
        !known.complete && known.page + 1 == page
    }

    pub(super) fn is_complete(&self) -> bool {
        self.known().complete
    }

    /// Takes in a page; `last`: there is none after it.
    pub(super) fn take(&self, page: u32, clients: Vec<Client>, last: bool) {
        let mut known = self.known();
        (known.page, known.complete) = (page, last);
        for mut client in clients {
            if let Some(id) = client.id.take() {
                known.people.insert(id.into_boxed_str(), client.into());
            }
        }
    }

    /// Notes one who was asked for by himself, so that he is not asked for again.
    pub(super) fn note(&self, id: &str, person: Person) {
        self.known().people.insert(id.into(), person);
    }

    pub(super) fn find(&self, id: &str) -> Option<Person> {
        self.known().people.get(id).cloned()
    }
}

/// More are not remembered at once: two megabytes.
const MOST_CODES: usize = 20_000;

/// The codes of customers who were met outside a sync, by their ids: what is asked first where a port shows an id. Never believed
/// without asking, since the panel can change a code.
#[derive(Default)]
pub(super) struct Codes {
    met: Mutex<HashMap<Box<str>, Box<str>>>,
    /// Whether a customer is told by his id here, once that is known.
    by_id: Mutex<Option<bool>>,
}

impl Codes {
    fn met(&self) -> MutexGuard<'_, HashMap<Box<str>, Box<str>>> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, id: &str, code: &str) {
        let mut met = self.met();
        if met.len() >= MOST_CODES {
            met.clear();
        }
        met.insert(id.into(), code.into());
    }

    pub(super) fn of(&self, id: &str) -> Option<String> {
        self.met().get(id).map(|code| code.to_string())
    }

    pub(super) fn by_id(&self) -> Option<bool> {
        *self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_by_id(&self, works: bool) {
        *self.by_id.lock().unwrap_or_else(PoisonError::into_inner) = Some(works);
    }
}
