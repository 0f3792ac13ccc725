//! Whatever is done to a file, reading it ends, without a panic.

use crate::check;
use proptest::prelude::*;

const VALID: &str = r#"
global: {scrape_interval: 15s, external_labels: {a: &x "b"}, slack_api_url: https://a.example}
slo_files: ["slos/*.yaml"]
scrape_configs:
  - &job
    job_name: checkout
    static_configs: [{targets: ["a:1"], labels: {env: *x}}]
    relabel_configs: [{source_labels: [a], regex: "(.*)", target_label: c, replacement: "${1}"}]
    body_size_limit: 64MiB
    basic_auth: {username: u, password: "${TOKEN}"}
  - <<: *job
    job_name: other
route:
  receiver: team
  routes: [{matchers: ['severity="page"'], continue: true}]
receivers:
  - name: team
    slack_configs: [{channel: '#slo'}]
    email_configs: [{to: a@example.com, from: b@example.com, smarthost: 'm:25', headers: {Subject: x}}]
    webhook_configs: [{url: "http://a/", max_alerts: 1}]
web:
  listen: >-
    127.0.0.1:9490
"#;

/// Pieces that mean something to YAML or to the decoder.
const PIECES: [&str; 24] = [
    "[", "]", "{", "}", ":", ": ", "- ", "\n", "\n---\n", "\t", "#", "&a ", "*a", "*x", "<<: *job", "!!str ", "|\n",
    "\"", "'", "${", "${NOPE}", "é", "\u{0}", "null",
];

#[derive(Clone, Debug)]
enum Edit {
    Delete { at: usize, length: usize },
    Insert { at: usize, piece: &'static str },
    Repeat { at: usize, length: usize },
    Byte { at: usize, byte: u8 },
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = 0..VALID.len();
    let edit = prop_oneof![
        (at.clone(), 1..40usize).prop_map(|(at, length)| Edit::Delete { at, length }),
        (at.clone(), prop::sample::select(&PIECES[..])).prop_map(|(at, piece)| Edit::Insert { at, piece }),
        (at.clone(), 1..80usize).prop_map(|(at, length)| Edit::Repeat { at, length }),
        (at, any::<u8>()).prop_map(|(at, byte)| Edit::Byte { at, byte }),
    ];
    prop::collection::vec(edit, 1..6)
}

fn apply(text: &mut Vec<u8>, edit: &Edit) {
    let range = |at: usize, length: usize, text: &[u8]| {
        let start = at.min(text.len());
        start..(start + length).min(text.len())
    };
    match edit {
        Edit::Delete { at, length } => drop(text.drain(range(*at, *length, text))),
        Edit::Insert { at, piece } => drop(text.splice(range(*at, 0, text), piece.bytes())),
        Edit::Repeat { at, length } => {
            let part = text[range(*at, *length, text)].to_vec();
            drop(text.splice(range(*at, 0, text), part));
        }
        Edit::Byte { at, byte } => drop(text.splice(range(*at, 1, text), [*byte])),
    }
}

#[test]
fn the_unchanged_file_has_no_mistake() {
    let found = check(VALID);
    assert!(found.is_empty(), "{}", found.to_text());
}

/// Repeated over and over, each of these made some YAML reader slow: the test would not end for hours.
#[test]
fn hostile_repetitions_end() {
    let repeated = [
        "[",
        "{a: ",
        "- ",
        "? ",
        "a: b\n",
        "a: &x b\n",
        "&a ",
        "- *x\n",
        "'",
        "\"\\",
        "|\n ",
        "%TAG ! x\n---\n",
        ": ",
        "---\n",
        "- [1,2]\n",
        "{a: b}: c\n",
        "- !x y\n",
        "<<: {a: b}\n",
        "- &x [*x]\n",
        "&x *x ",
        "*x : ",
        "\t",
        "\u{feff}",
    ];
    for piece in repeated {
        let found = check(&piece.repeat(200_000 / piece.len()));
        assert!(found.has_errors(), "{piece}");
        assert!(found.to_text().len() < 1_000_000, "{piece}");
    }
    let keys: String = (0..100_000).map(|i| format!("k{i}: 1, ")).collect();
    let found = check(&format!("{{{keys}}}"));
    assert_eq!(found.errors(), 100_000);
    assert!(found.to_text().len() < 1_000_000);
    let routes: String = (0..20_000).map(|i| format!("  - {{receiver: r{i}}}\n")).collect();
    let receivers: String = (0..20_000).map(|i| format!("  - {{name: s{i}}}\n")).collect();
    let found = check(&format!("route:\n  receiver: s1\n  routes:\n{routes}receivers:\n{receivers}"));
    assert_eq!(found.errors(), 20_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edits_never_panic_and_every_mistake_can_be_shown(edits in edits()) {
        let mut text = VALID.as_bytes().to_vec();
        for edit in &edits {
            apply(&mut text, edit);
        }
        let found = slowburn::config::load::check_text("f", &text, &crate::env);
        let shown = found.to_text();
        prop_assert_eq!(shown.is_empty(), found.is_empty());
        let lines = text.split(|b| *b == b'\n').count() as u32;
        for mistake in found.iter() {
            prop_assert!(mistake.line <= lines + 1, "{mistake} in {lines} lines");
            prop_assert!(mistake.value.as_ref().is_none_or(|value| value.chars().count() <= 81));
        }
    }
}
