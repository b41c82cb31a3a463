//! Made-up people. Person *n* has the same name and document wherever *n* is used, so that the customer on a
//! simulator's port and the one in the demo's HubSoft are one person. Nobody real is meant.

use crate::chance::{For, draw};

const FIRST: [&str; 32] = [
    "Ana",
    "Antônio",
    "Beatriz",
    "Bruno",
    "Camila",
    "Carlos",
    "Cecília",
    "Daniel",
    "Débora",
    "Eduardo",
    "Fernanda",
    "Francisco",
    "Gabriela",
    "Gustavo",
    "Helena",
    "Igor",
    "Isabel",
    "João",
    "Joana",
    "Lívia",
    "Lucas",
    "Luísa",
    "Marcelo",
    "Márcia",
    "Mateus",
    "Natália",
    "Otávio",
    "Patrícia",
    "Rafael",
    "Sônia",
    "Tiago",
    "Vitória",
];

const LAST: [&str; 40] = [
    "Almeida",
    "Alves",
    "Andrade",
    "Araújo",
    "Barbosa",
    "Batista",
    "Borges",
    "Cardoso",
    "Carvalho",
    "Castro",
    "Correia",
    "Costa",
    "Cunha",
    "Dias",
    "Duarte",
    "Farias",
    "Ferreira",
    "Freitas",
    "Gomes",
    "Gonçalves",
    "Lima",
    "Lopes",
    "Machado",
    "Martins",
    "Medeiros",
    "Melo",
    "Mendes",
    "Moreira",
    "Nascimento",
    "Nunes",
    "Oliveira",
    "Pereira",
    "Pinto",
    "Ramos",
    "Ribeiro",
    "Rocha",
    "Santana",
    "Silveira",
    "Teixeira",
    "Vieira",
];

const TITLES: [&str; 8] = ["", "Professor ", "Doutor ", "Maestro ", "Vereador ", "Padre ", "Coronel ", "Engenheiro "];

const ROADS: [&str; 4] = ["Rua", "Rua", "Avenida", "Travessa"];

const SEED: u64 = 0x0BAD_CAFE;

fn pick<'a>(from: &[&'a str], hash: u64, at: u32) -> &'a str {
    from[((hash >> at) % from.len() as u64) as usize]
}

/// The name of person *n*: first name and two surnames.
pub fn name(n: u64) -> String {
    let hash = draw(SEED, For::Person, n);
    format!("{} {} {}", pick(&FIRST, hash, 0), pick(&LAST, hash, 16), pick(&LAST, hash, 32))
}

/// The CPF of person *n*: eleven digits, check digits right, different for each *n* below a thousand million.
pub fn cpf(n: u64) -> String {
    let base = (n.wrapping_mul(700_000_001) + 123_456_789) % 1_000_000_000;
    let mut digits: Vec<u64> = (0..9).rev().map(|place| base / 10_u64.pow(place) % 10).collect();
    for _ in 0..2 {
        let weights = 2..=digits.len() as u64 + 1;
        let sum: u64 = digits.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
        digits.push((sum * 10 % 11) % 10);
    }
    digits.into_iter().map(|digit| char::from(b'0' + digit as u8)).collect()
}

/// The name of street *n*, with its kind: `Avenida Maestro Rocha Lima`.
pub fn street(n: u64) -> String {
    let hash = draw(SEED, For::Place, n);
    let (road, title) = (pick(&ROADS, hash, 0), pick(&TITLES, hash, 8));
    format!("{road} {title}{} {}", pick(&FIRST, hash, 16), pick(&LAST, hash, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_right_check_digits_and_differ() {
        let all: std::collections::HashSet<String> = (0..2_000).map(cpf).collect();
        assert_eq!(all.len(), 2_000);
        for document in all {
            let digits: Vec<u32> = document.chars().map(|c| c.to_digit(10).unwrap()).collect();
            for known in [9, 10] {
                let sum: u32 = digits[..known].iter().enumerate().map(|(i, d)| d * (known as u32 + 1 - i as u32)).sum();
                assert_eq!(sum * 10 % 11 % 10, digits[known], "{document}");
            }
        }
    }

    #[test]
    fn person_n_is_always_the_same() {
        assert_eq!(name(42), name(42));
        assert_ne!(cpf(42), cpf(43));
    }
}
