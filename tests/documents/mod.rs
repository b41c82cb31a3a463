//! CPF and CNPJ beside an independent implementation, Python's python-stdnum, and beside the database's own plain form (S4).
//!
//! They are the same but in one way: python-stdnum takes a CPF of one digit eleven times, whose check digits are right by
//! chance and which nobody has; we do not.

use std::io::Write;
use std::process::{Command, Stdio};

use mapping::documents;
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::support::{Db, python, tree};

const CASES: usize = 100_000;
const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A check digit by the Receita's rule: each character is worth its ASCII code less 48, weighed from the right by 2 to `top`.
fn check_digit(body: &str, top: usize) -> char {
    let weights = (2..=top).cycle();
    let sum: usize = body.bytes().rev().zip(weights).map(|(byte, weight)| usize::from(byte - 48) * weight).sum();
    char::from(b'0' + u8::try_from((11 - sum % 11) % 11 % 10).unwrap())
}

fn checked(mut body: String, top: usize) -> String {
    body.push(check_digit(&body, top));
    body.push(check_digit(&body, top));
    body
}

fn drawn(dice: &mut StdRng, of: &[u8], length: usize) -> String {
    (0..length).map(|_| char::from(of[dice.random_range(0..of.len())])).collect()
}

/// `529.982.247-25`, `12.ABC.345/01DE-35`: with the signs that people write.
fn written(plain: &str) -> String {
    match plain.len() {
        11 => format!("{}.{}.{}-{}", &plain[..3], &plain[3..6], &plain[6..9], &plain[9..]),
        14 => format!("{}.{}.{}/{}-{}", &plain[..2], &plain[2..5], &plain[5..8], &plain[8..12], &plain[12..]),
        _ => format!(" {plain} "),
    }
}

/// A document, good or not.
fn case(dice: &mut StdRng) -> String {
    let digits = &LETTERS[..10];
    let good = match dice.random_range(0..4) {
        0 | 1 => checked(drawn(dice, digits, 9), 11),
        2 => checked(drawn(dice, digits, 12), 9),
        _ => checked(drawn(dice, LETTERS, 12), 9),
    };
    let text = match dice.random_range(0..8) {
        0..4 => good,
        4 => {
            let at = dice.random_range(0..good.len());
            let other = drawn(dice, LETTERS, 1);
            format!("{}{other}{}", &good[..at], &good[at + 1..])
        }
        5 => {
            let at = dice.random_range(0..good.len() - 1);
            format!("{}{}{}{}", &good[..at], &good[at + 1..at + 2], &good[at..=at], &good[at + 2..])
        }
        6 => good[..dice.random_range(1..good.len())].to_owned(),
        _ => drawn(dice, LETTERS, 1).repeat(good.len()),
    };
    let text = if dice.random() { written(&text) } else { text };
    if dice.random_range(0..4) == 0 { text.to_lowercase() } else { text }
}

fn judged(cases: &[String]) -> (String, Vec<String>) {
    let mut child = Command::new(python::interpreter())
        .arg(tree::root().join("tests/documents/judge.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = cases.join("\n") + "\n";
    let mut input = child.stdin.take().unwrap();
    let asking = std::thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "tests/documents/judge.py fails");
    asking.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (version, answers) = said.split_once('\n').unwrap();
    (version.to_owned(), answers.lines().map(str::to_owned).collect())
}

// on every platform
#[test]
fn s4_documents_are_those_of_an_independent_implementation() {
    let seed: u64 =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut cases: Vec<String> = (0..CASES).map(|_| case(&mut dice)).collect();
    cases.extend(["12.ABC.345/01DE-35", "12abc34501de35", "00.000.000/0001-91", "", "0"].map(str::to_owned));
    let (version, theirs) = judged(&cases);
    println!("{version}");
    assert_eq!(theirs.len(), cases.len());
    let (mut valid, mut alphanumeric, mut alike) = (0, 0, 0);
    for (text, theirs) in cases.iter().zip(&theirs) {
        let ours = documents::valid(text).unwrap_or_default();
        let one_digit = theirs.len() == 11 && theirs.bytes().all(|byte| byte == theirs.as_bytes()[0]);
        let expected = if one_digit { "" } else { theirs };
        assert_eq!(ours, expected, "{text:?}, by {version}: {theirs:?}");
        valid += usize::from(!ours.is_empty());
        alphanumeric += usize::from(ours.bytes().any(|byte| byte.is_ascii_uppercase()));
        alike += usize::from(one_digit);
    }
    println!("{valid} valid, {alphanumeric} of them alphanumeric; {alike} CPFs of one digit");
    assert!((40_000..70_000).contains(&valid) && alphanumeric > 8_000 && (1..5_000).contains(&alike));
}

// on every platform
#[tokio::test]
async fn s4_the_database_has_the_same_plain_form() {
    let mut dice = StdRng::seed_from_u64(4);
    let mut texts: Vec<String> = (0..5_000).map(|_| case(&mut dice)).collect();
    let odd = [
        "",
        "  ",
        "não informado",
        "ÁÉÍ 12",
        "ß ı İ ﬁ",
        "５２９９８２２４７２５",
        "529\u{a0}982",
        "🙂1a",
        "isento/ISENTO",
    ];
    texts.extend(odd.map(str::to_owned));
    let db = Db::new().await;
    let plain: Vec<String> = sqlx::query_scalar(
        "select mapping.plain_document(t.text) from unnest($1::text[]) with ordinality as t (text, place) order by t.place",
    )
    .bind(&texts)
    .fetch_all(&db.pool())
    .await
    .unwrap();
    for (text, plain) in texts.iter().zip(plain) {
        assert_eq!(documents::plain(text), plain, "{text:?}");
    }
}
