//! What a seat is called. The platform has no id for an attendance: it is a port and a customer. The item that the port is in is
//! part of the name too, because to remove a mere reservation both the port and the item's place have to be looked at again.

/// The parts of a seat's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeatId<'a> {
    pub(super) item: &'a str,
    pub(super) port: &'a str,
    pub(super) client: &'a str,
}

impl<'a> SeatId<'a> {
    /// `None`: it names no port. What is found by a customer's code is such.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(3, ':').filter(|part| !part.is_empty());
        Some(Self { item: parts.next()?, port: parts.next()?, client: parts.next()? })
    }

    pub(super) fn write(&self) -> String {
        format!("{}:{}:{}", self.item, self.port, self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_a_port_of_an_item_and_a_customer() {
        let id = SeatId { item: "12", port: "345", client: "6" };
        assert_eq!(SeatId::read(&id.write()), Some(id));
        for other in ["", "6", "12:345", "12::6", ":345:6"] {
            assert_eq!(SeatId::read(other), None, "{other}");
        }
    }
}
