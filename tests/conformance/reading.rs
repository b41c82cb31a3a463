//! What is read of a platform: a test of the account, and a whole city, page by page.

use std::collections::BTreeSet;

use platforms::{FailureKind, Occupancy, Options, PortAddress, SplitterRole, connect};

use super::kinds::KINDS;
use super::{City, History, address, all, handed_over, told};

#[tokio::test]
async fn d4_a_test_of_an_account_changes_nothing_and_tells_what_is_wrong() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        city.account.test().await.unwrap();
        assert_eq!(city.history.writes() - logins(&city), 0, "{}: {:?}", kind.name, city.history.lines());
        let mut given = city.built.given(&city.url);
        for name in [city.built.secret, "senha"] {
            given.get_mut(name).into_iter().for_each(|secret| *secret = "errada".into());
        }
        let options = Options { allow_private: true, ..Options::default() };
        let stranger = connect(kind.name, &given, options, std::sync::Arc::new(History::default())).unwrap();
        assert_eq!(told(stranger.test().await).0, FailureKind::Unauthorised, "{}", kind.name);
    }
}

/// Geosite's tokens are got by a POST, which changes nothing either.
fn logins(city: &City) -> usize {
    city.history.lines().iter().filter(|line| line.contains("/auth/")).count()
}

#[tokio::test]
async fn s2_s3_the_whole_city_is_seen_each_element_once() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        let boxes = all(async |c| city.account.boxes(c.as_deref()).await).await;
        let ids: BTreeSet<&str> = boxes.iter().map(|b| b.external_id.as_str()).collect();
        assert_eq!((boxes.len(), ids.len()), (city.built.boxes, city.built.boxes), "{}", kind.name);
        assert!(boxes.iter().any(|b| b.attendance) && boxes.iter().any(|b| b.splice), "{}", kind.name);
        assert!(boxes.iter().all(|b| !b.name.is_empty()), "{}", kind.name);
        let splitters = city.splitters().await;
        let distinct: BTreeSet<&str> = splitters.iter().map(|s| s.external_id.as_str()).collect();
        assert_eq!(distinct.len(), splitters.len(), "{}", kind.name);
        assert!(splitters.iter().all(|s| ids.contains(s.box_external_id.as_str())), "{}", kind.name);
        let ports: usize = splitters.iter().map(|s| s.ports.len()).sum();
        assert_eq!(ports, city.built.ports, "{}", kind.name);
        let barren = |s: &&platforms::SplitterElement| s.role == SplitterRole::Distribution;
        assert!(splitters.iter().any(|s| barren(&s)), "{}", kind.name);
        assert!(
            splitters.iter().filter(barren).all(|s| s.ports.is_empty()),
            "{}: only attendance gives ports",
            kind.name
        );
        for splitter in &splitters {
            let numbers: Vec<i32> = splitter.ports.iter().map(|p| p.sequencia).collect();
            assert_eq!(numbers, (0..i32::try_from(numbers.len()).unwrap()).collect::<Vec<_>>(), "{}", kind.name);
        }
        all(async |c| city.account.poles(c.as_deref()).await).await;
        all(async |c| city.account.cables(c.as_deref()).await).await;
    }
}

#[tokio::test]
async fn s4_who_sits_where_is_what_the_platform_holds_by_lists_and_by_looks() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        let held: BTreeSet<_> = city.built.desk.occupied().into_iter().map(|h| (h.splitter, h.port, h.code)).collect();
        let seen: Vec<_> = city.occupants().await.into_iter().filter(|o| !(kind.only_kept)(o)).collect();
        let codes: BTreeSet<_> = seen
            .iter()
            .map(|o| {
                let code = o.customer.as_ref().and_then(|customer| customer.code.clone());
                (o.splitter_external_id.clone(), u32::try_from(o.sequencia).unwrap() + 1, code)
            })
            .collect();
        assert_eq!(codes, held, "{}", kind.name);
        assert_eq!(codes.len(), seen.len(), "{}: each port once", kind.name);
        let splitters = city.splitters().await;
        for (splitter, number, code) in held.iter().step_by(11) {
            let splitter = splitters.iter().find(|s| s.external_id == *splitter).unwrap();
            let port = &splitter.ports[*number as usize - 1];
            let Occupancy::Taken(seat) = city.look(&address(splitter, port, None)).await else {
                panic!("{splitter:?}")
            };
            assert_eq!(seat.code, *code, "{}", kind.name);
        }
        let nowhere = PortAddress {
            sequencia: 99,
            ..address(&splitters[0], &platforms::PortElement { sequencia: 0, external_id: None, blocked: false }, None)
        };
        assert_eq!(city.look(&nowhere).await, Occupancy::NoSuchPort, "{}", kind.name);
    }
}

#[tokio::test]
async fn s10_any_process_goes_on_with_a_listing_where_another_one_stopped() {
    for kind in &KINDS {
        // More than one page of everything.
        let city = City::sized(kind, 620).await;
        let expected = city.occupants().await;
        for first in [1] {
            let (one, other) = (city.again(), city.again());
            let boxes =
                handed_over(first, async |c| one.boxes(c.as_deref()).await, async |c| other.boxes(c.as_deref()).await);
            assert_eq!(boxes.await.len(), city.built.boxes, "{}", kind.name);
            let splitters = handed_over(
                first,
                async |c| one.splitters(c.as_deref()).await,
                async |c| other.splitters(c.as_deref()).await,
            );
            let ports: usize = splitters.await.iter().map(|s| s.ports.len()).sum();
            assert_eq!(ports, city.built.ports, "{}", kind.name);
            let occupants = handed_over(
                first,
                async |c| one.occupants(c.as_deref()).await,
                async |c| other.occupants(c.as_deref()).await,
            );
            assert_eq!(occupants.await, expected, "{}", kind.name);
        }
    }
}

#[tokio::test]
async fn s8_who_comes_while_one_pages_hides_nobody() {
    for kind in &KINDS {
        let city = City::sized(kind, 220).await;
        let (expected, free) = (city.occupants().await, city.free_ports(1).await);
        let (mut seen, mut cursor, mut came) = (Vec::new(), None, false);
        loop {
            let page = city.account.occupants(cursor.as_deref()).await.unwrap();
            if !came && !page.items.is_empty() {
                assert!(page.next.is_some(), "{}: one page is no test", kind.name);
                city.attach(&free[0], "990021").await.unwrap();
                came = true;
            }
            seen.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let missing = expected.iter().filter(|one| !seen.contains(one)).count();
        assert_eq!(missing, 0, "{}", kind.name);
    }
}
