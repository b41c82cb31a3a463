//! What follows from what the two sides say of a port, case by case.

use super::*;

fn free() -> Found {
    Found {
        place: 1,
        port: 812,
        occupant: None,
        reservado: false,
        reserved_by: None,
        observacao: None,
        reservations_bind: false,
        by_code: None,
        elsewhere: None,
        by_document: Vec::new(),
        in_flight: false,
    }
}

fn seat(code: Option<&str>, name: Option<&str>, document: Option<&str>) -> OccupantElement {
    let customer =
        PlatformCustomer { code: code.map(Into::into), name: name.map(Into::into), document: document.map(Into::into) };
    OccupantElement {
        splitter_external_id: "s".into(),
        sequencia: 0,
        external_id: "home".into(),
        customer: Some(customer),
    }
}

fn verdict(found: &Found, code: Option<&str>) -> Verdict {
    decide(found, &Theirs::from(&seat(code, None, None)), &HashMap::from([(999, 900)]))
}

#[test]
fn s5_an_identified_service_becomes_the_occupant() {
    assert_eq!(verdict(&Found { by_code: Some(4411), ..free() }, Some("4411")), Verdict::Bind { service: 4411 });
    assert_eq!(verdict(&Found { by_document: vec![4411], ..free() }, None), Verdict::Bind { service: 4411 });
}

#[test]
fn s5_unknown_and_ambiguous_customers_reserve_the_port() {
    assert_eq!(verdict(&free(), Some("A-17")), Verdict::Reserve { ambiguous: false });
    assert_eq!(verdict(&Found { by_document: vec![1, 2], ..free() }, None), Verdict::Reserve { ambiguous: true });
}

#[test]
fn s4_whom_a_code_names_on_the_same_page_is_not_meant_by_a_document() {
    let by_document = Found { by_document: vec![1, 2], ..free() };
    let by_code = Found { place: 2, port: 813, by_code: Some(1), ..free() };
    let theirs = [Theirs::from(&seat(None, None, None)), Theirs::from(&seat(Some("1"), None, None))];
    let decided = Decided::new(vec![by_document, by_code], &theirs);
    assert_eq!((decided.bind.0, decided.bind.1), (vec![813, 812], vec![1, 2]));
}

#[test]
fn s6_the_confirmed_occupant_is_never_replaced() {
    let taken = Found { occupant: Some(7), by_code: Some(4411), ..free() };
    assert!(matches!(verdict(&taken, Some("4411")), Verdict::Differ { kind: "other_occupant", .. }));
    assert_eq!(verdict(&taken, Some("7")), Verdict::Agree);
    assert_eq!(
        verdict(&Found { by_document: vec![6, 7], ..taken }, None),
        Verdict::Agree,
        "one of that customer's services"
    );
}

#[test]
fn s6_a_service_on_two_ports_is_a_discrepancy() {
    let there = Found { by_code: Some(4411), elsewhere: Some(900), ..free() };
    assert!(matches!(verdict(&there, Some("4411")), Verdict::Differ { kind: "two_ports", .. }));
    let twice = Found { by_code: Some(999), ..free() };
    assert!(matches!(verdict(&twice, Some("999")), Verdict::Differ { kind: "two_ports", .. }), "twice on one page");
    assert_eq!(verdict(&Found { by_document: vec![999], ..free() }, None), Verdict::Reserve { ambiguous: false });
}

#[test]
fn s7_a_reservation_by_a_person_is_left_alone() {
    for reserved_by in [Some("person".to_owned()), None] {
        let held = Found { reservado: true, reserved_by, ..free() };
        assert_eq!(verdict(&held, Some("A-17")), Verdict::Leave);
        let known = Found { by_code: Some(4411), ..held.clone() };
        assert_eq!(verdict(&known, Some("4411")), Verdict::Bind { service: 4411 });
        let strict = Found { reservations_bind: true, ..known };
        assert!(matches!(verdict(&strict, Some("4411")), Verdict::Differ { kind: "reserved_port", .. }));
    }
    let ours = Found {
        reservado: true,
        reserved_by: Some("sync".into()),
        reservations_bind: true,
        by_code: Some(4411),
        ..free()
    };
    assert_eq!(verdict(&ours, Some("4411")), Verdict::Bind { service: 4411 });
}

#[test]
fn s6_work_in_flight_is_no_discrepancy() {
    let moving = Found { occupant: Some(7), by_code: Some(4411), in_flight: true, ..free() };
    assert_eq!(verdict(&moving, Some("4411")), Verdict::Leave);
}

#[test]
fn s2_a_standing_reservation_is_not_written_again() {
    let theirs = Theirs::from(&seat(None, Some("Ana"), None));
    let standing = Found {
        reservado: true,
        reserved_by: Some("sync".into()),
        observacao: Some(theirs.observation.clone()),
        ..free()
    };
    let decided = Decided::new(vec![standing], std::slice::from_ref(&theirs));
    assert!(decided.reserve.0.is_empty());
    assert_eq!(decided.held, [812], "nor lifted");
}

#[test]
fn s4_codes_are_service_ids_only_when_digits_alone() {
    for (code, id) in [
        ("4411", Some(4411)),
        ("007", Some(7)),
        ("0", None),
        ("-5", None),
        ("4411a", None),
        ("", None),
        ("99999999999999999999", None),
    ] {
        assert_eq!(service_id(code), id, "{code}");
    }
}

#[test]
fn s4_a_code_that_is_a_document_identifies_by_it() {
    let of = |code, document| Theirs::from(&seat(code, None, document)).document;
    assert_eq!(of(Some("529.982.247-25"), None).as_deref(), Some("52998224725"));
    assert_eq!(of(Some("4411"), Some("12.ABC.345/01DE-35")).as_deref(), Some("12ABC34501DE35"));
    assert_eq!(of(Some("4411"), Some("529.982.247-26")), None, "wrong check digits");
}

#[test]
fn s5_the_observation_describes_the_customer_in_bounds_and_without_markup() {
    let told = observation(&seat(Some("A-17"), Some("Ana <b>Souza</b>\n& filhos"), Some("529.982.247-25")));
    assert_eq!(
        told,
        "Ocupada na plataforma de mapeamento: nome Ana bSouza/b filhos, código A-17, documento 529.982.247-25"
    );
    assert_eq!(observation(&seat(None, Some("é".repeat(900).as_str()), None)).chars().count(), LONGEST_OBSERVATION);
    assert!(observation(&seat(None, None, None)).ends_with("cliente sem dados"));
    let empty = OccupantElement { customer: None, ..seat(None, None, None) };
    assert!(observation(&empty).ends_with("imóvel sem cliente"));
}
