//! G10: what is stored of each operation's runs, one sample of every state in every version that there has been. Each build reads
//! all of them. `tests/samples/<kind>.v<version>.json` is added to and never changed: what stands there is stored somewhere.

use std::{collections::BTreeMap, fs, path::PathBuf};

use engine::workflow::Decided;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Stage, kinds, play, scripts::scripts};

#[derive(Default, Serialize, Deserialize)]
struct Samples {
    input: Value,
    states: BTreeMap<String, Value>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

/// The samples of a kind in a version, if there are any.
fn kept(kind: &str, version: i32) -> Option<Samples> {
    let text = fs::read_to_string(folder().join(format!("{kind}.v{version}.json"))).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// What the scripts' walks store of a kind.
async fn stored(kind: &str) -> Samples {
    let mut samples = Samples::default();
    for script in scripts().into_iter().filter(|script| script.kind == kind) {
        for stop in play(&script).await.2 {
            let stage = Stage::of(&script, stop.before);
            if let Answer::To(at, data, _) = stage.advance(&stop.state).await {
                samples.states.entry(at.to_owned()).or_insert(data);
            }
            for (decision, at) in stage.kind.decisions(stop.at) {
                let by = Decided { decision, person: "ana", reason: "porta desativada" };
                let data = stage.kind.decided(&stop.state, &by).unwrap();
                samples.states.entry(at.to_owned()).or_insert(data);
            }
            samples.states.entry(stop.at.to_owned()).or_insert(stop.state);
        }
        samples.input = script.payload;
    }
    samples
}

/// Whether all that a value holds is in another one, too.
fn holds(all: &Value, part: &Value) -> bool {
    match (all, part) {
        (Value::Object(all), Value::Object(part)) => {
            part.iter().all(|(name, value)| all.get(name).is_some_and(|there| holds(there, value)))
        }
        (Value::Array(all), Value::Array(part)) => {
            all.len() == part.len() && all.iter().zip(part).all(|(all, part)| holds(all, part))
        }
        _ => all == part,
    }
}

#[tokio::test]
async fn g10_every_state_of_this_version_has_a_kept_sample() {
    for kind in kinds() {
        let (name, version) = (kind.name(), kind.version());
        let mut samples = kept(name, version).unwrap_or_default();
        if std::env::var_os("ENLACE_ADD_SAMPLES").is_some() {
            let more = stored(name).await;
            if samples.input.is_null() {
                samples.input = more.input;
            }
            for (state, data) in more.states {
                samples.states.entry(state).or_insert(data);
            }
            let text = serde_json::to_string_pretty(&samples).unwrap() + "\n";
            fs::create_dir_all(folder()).unwrap();
            fs::write(folder().join(format!("{name}.v{version}.json")), text).unwrap();
        }
        let mut states = kind.states();
        states.sort_unstable();
        let have: Vec<&str> = samples.states.keys().map(String::as_str).collect();
        assert_eq!(
            have, states,
            "{name}: a new state is a new version (raise VERSION), and has a sample (ENLACE_ADD_SAMPLES=1)"
        );
    }
}

#[test]
fn g10_every_kept_sample_is_read_by_this_build() {
    for kind in kinds() {
        let own = kind.version();
        for version in 1..=own {
            let what = format!("{} of version {version}", kind.name());
            let samples = kept(kind.name(), version).unwrap_or_else(|| panic!("{what} has no samples"));
            let older = version < own;
            let input = if older { kind.upgrade_input(version, samples.input.clone()) } else { Some(samples.input) };
            let input = input.unwrap_or_else(|| panic!("{what}: its payload is not upgraded"));
            assert!(kind.admit(&input).is_ok(), "{what}: its payload is not taken");
            for (name, data) in samples.states {
                let data = if older { kind.upgrade_state(version, data) } else { Some(data) };
                let data = data.unwrap_or_else(|| panic!("{what}, {name}: is not upgraded"));
                let at = data["state"].as_str().unwrap_or_default().to_owned();
                assert!(kind.step(&at).is_some(), "{what}, {name}: this build has no state \"{at}\"");
                let (input_again, again) = kind.reread(&input, &data).unwrap_or_else(|e| panic!("{what}, {name}: {e}"));
                assert!(holds(&again, &data), "{what}, {name}: {data} is read as {again}");
                assert!(holds(&input_again, &input), "{what}: {input} is read as {input_again}");
            }
        }
    }
}

#[test]
fn no_sample_is_kept_of_what_this_build_has_never_been() {
    for entry in fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let known =
            kinds().iter().any(|kind| (1..=kind.version()).any(|v| file == format!("{}.v{v}.json", kind.name())));
        assert!(known, "{file} belongs to no kind and version of this build");
    }
}
