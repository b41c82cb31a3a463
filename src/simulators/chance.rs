//! Chance without a generator: a number for each thing, from the seed and the thing itself. What one box gets does not
//! depend on how many came before it, so worlds of different sizes agree on what they share.

/// What a number is drawn for. The names only keep draws for the same thing apart.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub enum For {
    /// How an element is built or left unfinished.
    Shape = 1,
    /// Where it stands.
    Place,
    /// Who is there.
    Person,
    /// When it was last touched.
    Age,
    /// Whether a fault strikes.
    Fault,
    /// How an error is worded.
    Wording,
    /// What HubSoft does next.
    Change,
}

/// A number between 0 and `u64::MAX` (splitmix64's finaliser over the three).
pub fn draw(seed: u64, what: For, n: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (what as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    z = z.wrapping_add(n.wrapping_mul(0xA076_1D64_78BD_642F)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number from 0 up to, but not including, 1.
pub fn fraction(seed: u64, what: For, n: u64) -> f64 {
    (draw(seed, what, n) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_gets_the_same_number_and_fractions_are_spread() {
        assert_eq!(draw(7, For::Shape, 3), draw(7, For::Shape, 3));
        assert_ne!(draw(7, For::Shape, 3), draw(8, For::Shape, 3));
        assert_ne!(draw(7, For::Shape, 3), draw(7, For::Place, 3));
        let mean = (0..10_000).map(|n| fraction(1, For::Person, n)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
