//! Each action does what Prometheus's does, bad parameters included.

use super::*;
use crate::domain::selector::anchored;

/// A step with Prometheus's defaults, changed by `change`.
fn config(action: RelabelAction, change: impl FnOnce(&mut RelabelConfig)) -> RelabelConfig {
    let mut config = RelabelConfig {
        source_labels: Vec::new(),
        separator: ";".to_owned(),
        regex: regex("(.*)"),
        target_label: String::new(),
        replacement: "$1".to_owned(),
        modulus: 0,
        action,
    };
    change(&mut config);
    config
}

fn regex(pattern: &str) -> regex::Regex {
    anchored(pattern).unwrap()
}

fn sources(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// `regex` on `source` writes `replacement` to `target`.
fn replace(source: &[&str], pattern: &str, target: &str, replacement: &str) -> RelabelConfig {
    config(RelabelAction::Replace, |c| {
        c.source_labels = sources(source);
        c.regex = regex(pattern);
        c.target_label = target.to_owned();
        c.replacement = replacement.to_owned();
    })
}

fn on_source(action: RelabelAction, source: &[&str], pattern: &str) -> RelabelConfig {
    config(action, |c| {
        c.source_labels = sources(source);
        c.regex = regex(pattern);
    })
}

fn to_target(action: RelabelAction, source: &[&str], target: &str) -> RelabelConfig {
    config(action, |c| {
        c.source_labels = sources(source);
        c.target_label = target.to_owned();
        c.modulus = 1000;
    })
}

fn on_names(action: RelabelAction, pattern: &str, replacement: &str) -> RelabelConfig {
    config(action, |c| {
        c.regex = regex(pattern);
        c.replacement = replacement.to_owned();
    })
}

#[test]
fn each_action_does_what_prometheus_does() {
    use RelabelAction::*;
    let rows: Vec<(&str, &str, Vec<RelabelConfig>, Option<&str>)> = vec![
        ("no step", "a=1", vec![], Some("a=1")),
        ("replace: ${1}", "a=foo", vec![replace(&["a"], "f(.*)", "d", "ch${1}-ch${1}")], Some("a=foo d=choo-choo")),
        ("replace: $1 and $2", "a=x b=y", vec![replace(&["a", "b"], "(.);(.)", "c", "$2$1")], Some("a=x b=y c=yx")),
        ("replace: named group", "a=foo", vec![replace(&["a"], "f(?P<rest>.*)", "b", "${rest}!")], Some("a=foo b=oo!")),
        ("replace: unknown group is empty", "a=foo", vec![replace(&["a"], "(.*)", "b", "x$7")], Some("a=foo b=x")),
        ("replace: $1x is the group 1x", "a=foo b=1", vec![replace(&["a"], "(.*)", "b", "$1x")], Some("a=foo")),
        ("replace: $$ is a dollar", "a=foo", vec![replace(&["a"], "(.*)", "b", "$$1")], Some("a=foo b=$1")),
        ("replace: no match changes nothing", "a=boo", vec![replace(&["a"], "f", "b", "bar")], Some("a=boo")),
        ("replace: the match is anchored", "a=foo", vec![replace(&["a"], "o", "b", "bar")], Some("a=foo")),
        ("replace: an empty value removes", "a=1 b=2", vec![replace(&["a"], "(.*)", "b", "")], Some("a=1")),
        ("replace: without source labels", "a=1", vec![replace(&[], "(.*)", "env", "prod")], Some("a=1 env=prod")),
        ("replace: missing labels read as empty", "a=1", vec![replace(&["x", "a"], ";1", "b", "2")], Some("a=1 b=2")),
        (
            "replace: the target is a template",
            "a=some-name-value",
            vec![replace(&["a"], "some-([^-]+)-([^,]+)", "${1}", "${2}")],
            Some("a=some-name-value name=value"),
        ),
        (
            "replace: an empty target changes nothing",
            "a=some-name-0",
            vec![replace(&["a"], "some-([^-]+)-([^,]+)", "${3}", "${1}")],
            Some("a=some-name-0"),
        ),
        ("replace: dots match line breaks", "a=x\ny", vec![replace(&["a"], "(x.y)", "b", "$1")], Some("a=x\ny b=x\ny")),
        (
            "replace: steps see earlier steps",
            "a=foo b=bar c=baz",
            vec![
                replace(&["a", "b"], "f(.*);(.*)r", "a", "b${1}${2}m"),
                replace(&["c", "a"], "(b).*b(.*)ba(.*)", "d", "$1$2$2$3"),
            ],
            Some("a=boobam b=bar c=baz d=boooom"),
        ),
        ("keep: match", "a=foo", vec![on_source(Keep, &["a"], "f.*")], Some("a=foo")),
        ("keep: no match", "a=foo", vec![on_source(Keep, &["a"], "no-match")], None),
        ("drop: match", "a=foo", vec![on_source(Drop, &["a"], ".*o.*")], None),
        ("drop: no match", "a=foo", vec![on_source(Drop, &["a"], "f|o")], Some("a=foo")),
        (
            "drop: nothing follows",
            "a=foo",
            vec![on_source(Drop, &["a"], "foo"), replace(&["a"], "(.*)", "d", "1")],
            None,
        ),
        ("keepequal: equal", "a=1 b=1 c=2", vec![to_target(KeepEqual, &["a"], "b")], Some("a=1 b=1 c=2")),
        ("keepequal: different", "a=1 b=1 c=2", vec![to_target(KeepEqual, &["a"], "c")], None),
        ("keepequal: both missing", "a=1", vec![to_target(KeepEqual, &["x"], "y")], Some("a=1")),
        ("dropequal: equal", "a=1 b=1 c=2", vec![to_target(DropEqual, &["a"], "b")], None),
        ("dropequal: different", "a=1 b=1 c=2", vec![to_target(DropEqual, &["a"], "c")], Some("a=1 b=1 c=2")),
        ("hashmod", "c=baz", vec![to_target(HashMod, &["c"], "d")], Some("c=baz d=976")),
        ("hashmod: line break", "a=foo\nbar", vec![to_target(HashMod, &["a"], "b")], Some("a=foo\nbar b=734")),
        (
            "labelmap",
            "a=1 b1=x b2=y",
            vec![on_names(LabelMap, "(b.*)", "bar_${1}")],
            Some("a=1 b1=x b2=y bar_b1=x bar_b2=y"),
        ),
        (
            "labelmap: strips a prefix",
            "__meta_my=1 a=2",
            vec![on_names(LabelMap, "__meta_(.+)", "$1")],
            Some("__meta_my=1 a=2 my=1"),
        ),
        ("labelmap: an empty name is no label", "a=1", vec![on_names(LabelMap, "a", "$1")], Some("a=1")),
        ("labeldrop", "a=1 b1=x b2=y", vec![on_names(LabelDrop, "(b.*)", "$1")], Some("a=1")),
        ("labelkeep", "a=1 b1=x b2=y", vec![on_names(LabelKeep, "(b.*)", "$1")], Some("b1=x b2=y")),
        ("lowercase", "a=bAr123FoÖ", vec![to_target(Lowercase, &["a"], "b")], Some("a=bAr123FoÖ b=bar123foö")),
        ("uppercase", "a=bAr123ß", vec![to_target(Uppercase, &["a"], "b")], Some("a=bAr123ß b=BAR123ß")),
    ];
    for (name, input, configs, expected) in rows {
        let output = apply(&configs, labels(input));
        assert_eq!(output, expected.map(labels), "{name}");
    }
}

/// Reads `a=1 b=2`.
fn labels(text: &str) -> Labels {
    text.split(' ').filter_map(|pair| pair.split_once('=')).collect()
}

#[test]
fn a_modulus_of_zero_changes_nothing() {
    let mut config = to_target(RelabelAction::HashMod, &["a"], "b");
    config.modulus = 0;
    assert_eq!(apply(&[config], labels("a=1")), Some(labels("a=1")));
}

#[test]
fn the_metric_name_is_a_label() {
    let rename = replace(&["__name__"], "old_(.*)", "__name__", "new_$1");
    assert_eq!(apply(&[rename], labels("__name__=old_total")), Some(labels("__name__=new_total")));
}
