//! Writes: a customer put on a port, and taken off it. Each is made once; a lost answer is the caller's to settle.
//!
//! `save` and `delete` belong to every table and know nothing of ports: nothing is known to keep one customer off
//! another's port, or a code from being there twice. So all is looked at before anything is written.

use serde_json::Value;

use super::Geosite;
use super::api::said_no;
use super::columns::{Feature, Layout, Role};
use super::guessed::{self, Described};
use super::liberal::{Record, as_flag, as_text};
use super::listing::Row;
use super::seats::{customer_of, seat_of};
use crate::http::Answer;
use crate::{CustomerToAttach, Detach, Failure, FailureKind, Occupancy, PortAddress, Seat};

impl Geosite {
    /// One write at most: a record of this customer is put here, else one is made.
    ///
    /// What was seen before is not relied on. A `save` without `fid` that was made already, and whose answer was lost, would
    /// make the customer a second time: so he is looked up by his code again.
    pub(super) async fn put(
        &self,
        port: &PortAddress,
        customer: &CustomerToAttach,
        seats: &[Seat],
    ) -> Result<(), Failure> {
        if seats.iter().any(|seat| seat.code.as_deref() == Some(&customer.code) && sits_on(seat, port)) {
            return Ok(());
        }
        match self.look(port).await? {
            Occupancy::Free => {}
            Occupancy::Taken(seat) if seat.code.as_deref() == Some(&customer.code) => return Ok(()),
            Occupancy::NoSuchPort => return Err(no_such_port()),
            _ => return Err(port_taken()),
        }
        let layout = self.layouts.of(&self.api, Feature::Customer).await?;
        let own = self.customers_having(&layout, Role::Code, &customer.code).await?;
        let own = own.first().map(|row| self.key(&layout, &row.fid));
        let known = own.is_some();
        let answer = self.api.write(guessed::save(own, self.columns(&layout, port, customer))).await?;
        self.judge(&answer, known)
            .map_err(|failure| failure.hiding([customer.name.as_str()].into_iter().chain(customer.document.as_deref())))
    }

    fn key(&self, layout: &Layout, fid: &str) -> Value {
        self.api.literals.value(layout, &Described::key(), fid)
    }

    /// What is sent of a customer (rule B2), and where he is put.
    fn columns(&self, layout: &Layout, port: &PortAddress, customer: &CustomerToAttach) -> Record {
        let literal = |role, value: &str| {
            let column = layout.column(role)?;
            Some((column.name.clone(), self.api.literals.value(layout, column, value)))
        };
        let named = |role, value: Value| Some((layout.name(role)?.to_owned(), value));
        let sent = [
            literal(Role::Code, &customer.code),
            named(Role::Name, customer.name.as_str().into()),
            customer.document.as_deref().and_then(|document| named(Role::Document, document.into())),
            literal(Role::Splitter, &port.splitter_external_id),
            named(Role::Port, guessed::port_number(port.sequencia).into()),
        ];
        sent.into_iter().flatten().collect()
    }

    fn judge(&self, answer: &Answer, known: bool) -> Result<(), Failure> {
        match answer.status.as_u16() {
            // Gone since it was found: the next attempt looks again.
            404 if known => Err(seat_gone()),
            400 | 409 | 422 if answer.words().is_some_and(guessed::speaks_of_a_taken_port) => {
                Err(answer.failure().coded("geosite.port_taken"))
            }
            _ => done(answer),
        }
    }

    /// The record is looked at first: it may be somewhere else by now, or somebody else's, and is left alone then.
    pub(super) async fn take_off(&self, seat: &Seat, how: Detach) -> Result<(), Failure> {
        let layout = self.layouts.of(&self.api, Feature::Customer).await?;
        let found = self.api.having(&layout, &Described::key(), &seat.external_id).await;
        let found = self.noting(Feature::Customer, found).await?;
        let Some(row) = found.first().filter(|row| is_still(seat, &seat_of(&layout, row))) else {
            return Ok(());
        };
        let write = match how {
            Detach::Everything => guessed::delete(self.key(&layout, &row.fid)),
            Detach::KeepHome if seat_of(&layout, row).splitter_external_id.is_none() => return Ok(()),
            Detach::KeepHome => guessed::save(Some(self.key(&layout, &row.fid)), cleared(&layout, row)),
        };
        let answer = self.api.write(write).await?;
        if answer.status == 404 {
            return answer.found().map(|_| ());
        }
        let customer = customer_of(&layout, row);
        let hidden = [customer.name.as_deref(), customer.document.as_deref()];
        done(&answer).map_err(|failure| failure.hiding(hidden.into_iter().flatten()))
    }
}

/// The record on no port. What else we know of it is sent along unchanged, in case that columns which are left out are
/// emptied.
fn cleared(layout: &Layout, row: &Row) -> Record {
    let kept = [Role::Code, Role::Name, Role::Document].into_iter();
    let kept = kept.filter_map(|role| {
        let column = layout.column(role)?;
        let filled = column.of_record(&row.record).filter(|value| as_text(value).is_some())?;
        Some((column.name.as_str(), filled.clone()))
    });
    let emptied = [Role::Splitter, Role::Port].into_iter().filter_map(|role| Some((layout.name(role)?, Value::Null)));
    kept.chain(emptied).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Whether the seat is where it was seen, and the same customer's.
fn is_still(seen: &Seat, now: &Seat) -> bool {
    let same = |seen: &Option<String>, now: &Option<String>| seen.is_none() || seen == now;
    same(&seen.splitter_external_id, &now.splitter_external_id)
        && (seen.sequencia.is_none() || seen.sequencia == now.sequencia)
        && same(&seen.code, &now.code)
}

fn sits_on(seat: &Seat, port: &PortAddress) -> bool {
    seat.splitter_external_id.as_ref() == Some(&port.splitter_external_id) && seat.sequencia == Some(port.sequencia)
}

/// Whether a write that was answered was done. A success of an unknown form counts: who called looks anyway (rule B6).
fn done(answer: &Answer) -> Result<(), Failure> {
    if !answer.status.is_success() {
        return Err(answer.failure());
    }
    if answer.is_empty() {
        return Ok(());
    }
    match answer.json::<Value>() {
        Ok(told) if told.get("success").and_then(as_flag) == Some(false) => {
            let refused = said_no(answer);
            let taken = answer.words().is_some_and(guessed::speaks_of_a_taken_port);
            Err(if taken { refused.coded("geosite.port_taken") } else { refused })
        }
        Err(failure) if failure.kind == FailureKind::Misconfigured => Err(failure),
        _ => Ok(()),
    }
}

fn no_such_port() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geosite.no_such_port",
        "o Geosite não tem mais esta porta: sincronize o projeto",
        "Geosite no longer has this port: sync the project",
    )
}

fn port_taken() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geosite.port_taken",
        "a porta tem outro cliente no Geosite",
        "another customer is on the port in Geosite",
    )
}

fn seat_gone() -> Failure {
    Failure::new(
        FailureKind::Transient,
        "geosite.seat_gone",
        "o cliente foi apagado no Geosite enquanto era movido",
        "the customer was deleted in Geosite while being moved",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(splitter: Option<&str>, sequencia: Option<i32>, code: Option<&str>) -> Seat {
        Seat {
            external_id: "7".to_owned(),
            code: code.map(str::to_owned),
            customer_external_id: None,
            drop_external_id: None,
            splitter_external_id: splitter.map(str::to_owned),
            sequencia,
        }
    }

    #[test]
    fn b2_a_seat_that_moved_or_changed_hands_is_another() {
        let seen = seat(Some("3"), Some(0), Some("4411"));
        assert!(is_still(&seen, &seen));
        assert!(is_still(&seat(None, None, None), &seen), "nothing was known of it");
        for now in [
            seat(Some("4"), Some(0), Some("4411")),
            seat(Some("3"), Some(1), Some("4411")),
            seat(Some("3"), Some(0), Some("4412")),
            seat(None, None, Some("4411")),
        ] {
            assert!(!is_still(&seen, &now), "{now:?}");
        }
    }
}
