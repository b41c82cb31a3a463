//! Where the map's pictures of the ground come from: a server that the configuration names, or none.

/// The address as it was given, if it is one of pictures by zoom, column and row.
///
/// # Errors
/// Says how such an address is written.
pub fn checked(text: &str) -> Result<String, String> {
    let named = ["{z}", "{x}", "{y}"].iter().all(|part| text.contains(part));
    let url = url::Url::parse(text).ok();
    let found = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if found && named {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} must be a URL with {{z}}, {{x}} and {{y}}, as https://host/{{z}}/{{x}}/{{y}}.png"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_found_by_zoom_column_and_row() {
        assert!(checked("https://tiles.example/{z}/{x}/{y}.png").is_ok());
        for wrong in ["", "https://tiles.example", "tiles.example/{z}/{x}/{y}", "file:///{z}/{x}/{y}"] {
            assert!(checked(wrong).is_err(), "{wrong}");
        }
    }
}
