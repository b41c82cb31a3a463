//! Tests, found in the sources: their names, the rules in them, and the platforms that they are about.

use crate::support::tree;

/// A test that is named after a rule.
pub struct Test {
    pub file: String,
    pub name: String,
    pub rules: Vec<String>,
    pub platforms: Vec<String>,
    /// It proves its rules for all platforms at once.
    pub everywhere: bool,
}

const KNOWN: [&str; 3] = ["ozmap", "geosite", "geogrid"];

/// Every test of the project that is named after a rule of domain.md, in order.
pub fn tests() -> Vec<Test> {
    let files = tree::files(&[".rs"]).into_iter().filter(|file| !file.starts_with("src/simulators/"));
    files.flat_map(|file| of_file(&file, &tree::read(&file))).collect()
}

fn of_file(file: &str, text: &str) -> Vec<Test> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|n| name_at(&lines, *n).is_some()).collect();
    // What stands outside of the tests: imports, and what they stand on.
    let common = common(&lines, &starts);
    let mut found = Vec::new();
    for start in starts {
        let name = name_at(&lines, start).unwrap_or_default();
        let rules = rules_of(name);
        if rules.is_empty() {
            continue;
        }
        let body = lines[start..end(&lines, start)].join("\n");
        let platforms = said(&lines, start).unwrap_or_else(|| read(file, &body, &common));
        let everywhere = platforms.len() == KNOWN.len();
        found.push(Test { file: file.to_owned(), name: name.to_owned(), rules, platforms, everywhere });
    }
    found
}

/// The name of the test whose function begins on this line.
fn name_at<'l>(lines: &[&'l str], n: usize) -> Option<&'l str> {
    let line = lines[n].trim_start();
    let rest = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))?;
    let attributes = lines[..n].iter().rev().map(|above| above.trim()).take_while(|above| above.starts_with("#["));
    let is_test = attributes.into_iter().any(|above| above == "#[test]" || above.starts_with("#[tokio::test"));
    is_test.then(|| rest.split(['(', '<']).next().unwrap_or_default())
}

/// The line after a function's last: the first one that closes at the same depth.
fn end(lines: &[&str], start: usize) -> usize {
    let indent = lines[start].len() - lines[start].trim_start().len();
    let closing = format!("{}}}", " ".repeat(indent));
    let inside = lines[start..].iter().position(|line| *line == closing);
    inside.map_or(lines.len(), |length| start + length + 1)
}

fn common(lines: &[&str], starts: &[usize]) -> String {
    let inside = |n: usize| starts.iter().any(|start| (*start..end(lines, *start)).contains(&n));
    let outside = lines.iter().enumerate().filter(|(n, line)| !inside(*n) && !line.trim_start().starts_with("//"));
    outside.map(|(_, line)| *line).collect::<Vec<_>>().join("\n")
}

/// `s2`, `s3` of `s2_s3_the_drawing_comes_in`.
fn rules_of(name: &str) -> Vec<String> {
    let rule = |part: &&str| {
        let (letter, digits) = part.split_at(part.len().min(1));
        "dsbvp".contains(letter) && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    name.split('_').take_while(rule).map(str::to_uppercase).collect()
}

/// What a line above the test says: `// on ozmap, geosite`, `// on every platform`.
fn said(lines: &[&str], start: usize) -> Option<Vec<String>> {
    let above = lines[..start].iter().rev().map(|line| line.trim());
    let mut above = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    let on = above.find_map(|line| line.strip_prefix("// on "))?;
    if on == "every platform" {
        return Some(KNOWN.map(str::to_owned).to_vec());
    }
    let named: Vec<String> = on.split(", ").map(str::to_owned).collect();
    assert!(named.iter().all(|name| KNOWN.contains(&name.as_str())), "// on {on}: there is no such platform");
    Some(named)
}

/// By its folder; else by what its body names; else by what its file does; else all of them.
fn read(file: &str, body: &str, common: &str) -> Vec<String> {
    let places = [file.to_owned(), body.to_lowercase(), isp(body), common.to_lowercase(), isp(common)];
    let named =
        |text: &String| KNOWN.iter().filter(|known| text.contains(*known)).map(|known| (*known).to_owned()).collect();
    let found: Option<Vec<String>> = places.iter().map(named).find(|names: &Vec<String>| !names.is_empty());
    found.unwrap_or_else(|| KNOWN.map(str::to_owned).to_vec())
}

/// The small ISP of the tests has an OZMap.
fn isp(text: &str) -> String {
    let names = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Isp");
    if names { "ozmap".to_owned() } else { String::new() }
}

#[test]
fn where_a_test_proves_its_rules_is_read_from_its_place_and_its_words() {
    let text = "use crate::Isp;\n\n#[test]\nfn b2_b10_x() {\n    geosite();\n}\n\n#[tokio::test]\nasync fn s1_y() {\n}\n\n\
                // on geogrid\n#[test]\nfn p1_z() {}\n\nfn s9_helper() {}\n";
    let of =
        |file| of_file(file, text).into_iter().map(|t| (t.rules.join(" "), t.platforms.join(" "))).collect::<Vec<_>>();
    let pairs = |pairs: [(&str, &str); 3]| pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec();
    assert_eq!(of("tests/x.rs"), pairs([("B2 B10", "geosite"), ("S1", "ozmap"), ("P1", "geogrid")]));
    assert_eq!(of("tests/ozmap_adapter/x.rs"), pairs([("B2 B10", "ozmap"), ("S1", "ozmap"), ("P1", "geogrid")]));
}
