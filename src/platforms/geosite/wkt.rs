//! Well-known text: where things are, longitude first.

use crate::Place;

/// The points of a `POINT`, a `LINESTRING` or another geometry, in their order. Points that are not on earth are left out.
pub(super) fn points(text: &str) -> Vec<Place> {
    let Some((_, coordinates)) = text.split_once('(') else { return Vec::new() };
    coordinates.split(',').filter_map(point).collect()
}

/// `-48.5 -27.5`, perhaps with a height, in whatever brackets.
fn point(pair: &str) -> Option<Place> {
    let mut numbers = pair.split(|c: char| c.is_whitespace() || "()".contains(c)).filter(|part| !part.is_empty());
    let longitude = numbers.next()?.parse().ok()?;
    place(numbers.next()?.parse().ok()?, longitude)
}

/// A place, if there is one with these numbers.
pub(super) fn place(latitude: f64, longitude: f64) -> Option<Place> {
    let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    on_earth.then_some(Place { latitude, longitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longitude_comes_first() {
        let here = Place { latitude: -27.5, longitude: -48.25 };
        for text in [
            "POINT(-48.25 -27.5)",
            "POINT (-48.25 -27.5)",
            "point z ( -48.25 -27.5 12.0 )",
            "SRID=4326;POINT(-48.25 -27.5)",
            "MULTIPOINT((-48.25 -27.5))",
        ] {
            assert_eq!(points(text), [here], "{text}");
        }
        let line = points("LINESTRING (-48.25 -27.5, -48.26 -27.51)");
        assert_eq!((line.len(), line[1]), (2, Place { latitude: -27.51, longitude: -48.26 }));
    }

    #[test]
    fn what_is_no_place_is_none() {
        for text in ["", "POINT EMPTY", "POINT()", "POINT(-48.25)", "POINT(a b)", "POINT(-27.5 -480.25)"] {
            assert!(points(text).is_empty(), "{text}");
        }
    }
}
