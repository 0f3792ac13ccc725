//! Target groups as files and servers write them.

use crate::config::scrape::TargetGroup;
use crate::domain::labels::Labels;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    #[serde(default)]
    targets: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl RawGroup {
    fn check(self) -> TargetGroup {
        let labels = self.labels.unwrap_or_default().into_iter().collect();
        TargetGroup { targets: self.targets.unwrap_or_default(), labels }
    }
}

/// Reads a JSON list of target groups. The error is one line with line and column.
pub(super) fn from_json(text: &[u8]) -> Result<Vec<TargetGroup>, String> {
    let groups: Vec<RawGroup> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    Ok(groups.into_iter().map(RawGroup::check).collect())
}

/// Reads a YAML list of target groups; an empty document is an empty list.
pub(super) fn from_yaml(text: &[u8]) -> Result<Vec<TargetGroup>, String> {
    let text = std::str::from_utf8(text).map_err(|error| format!("not UTF-8: {error}"))?;
    let groups: Option<Vec<RawGroup>> =
        serde_yaml::from_str(text).map_err(|error| first_line(&error.without_snippet().to_string()))?;
    Ok(groups.unwrap_or_default().into_iter().map(RawGroup::check).collect())
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// One label set for each target: `common`, the group's labels over it, and the address.
pub(super) fn flatten(groups: &[TargetGroup], common: &Labels) -> Vec<Labels> {
    let of = |group: &TargetGroup| {
        let mut labels = common.clone();
        labels.merge(&group.labels);
        group.targets.iter().map(|target| labels.clone().with("__address__", target)).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_labels() {
        let groups = from_json(br#"[{"targets":["a:1","b:1"],"labels":{"env":"prod"}},{"targets":["c:1"]}]"#).unwrap();
        let labels = flatten(&groups, &Labels::new().with("__meta_filepath", "f.json"));
        let texts: Vec<String> = labels.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                r#"{__address__="a:1",__meta_filepath="f.json",env="prod"}"#,
                r#"{__address__="b:1",__meta_filepath="f.json",env="prod"}"#,
                r#"{__address__="c:1",__meta_filepath="f.json"}"#
            ]
        );
        assert_eq!(from_yaml(b"- targets: [a:1, 'b:1']\n  labels: {env: prod}\n- targets: ['c:1']\n").unwrap(), groups);
        assert_eq!(from_yaml(b"# nothing yet\n"), Ok(Vec::new()));
    }

    #[test]
    fn bad_groups_are_refused_with_their_place() {
        for (name, text, expected) in [
            ("cut off", r#"[{"targets":["a:1"]"#, "line 1 column 19"),
            ("no list", r#"{"targets":["a:1"]}"#, "expected a sequence"),
            ("typo", r#"[{"target":["a:1"]}]"#, "unknown field `target`"),
            ("label is a number", r#"[{"labels":{"port":80}}]"#, "expected a string"),
        ] {
            let error = from_json(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{name}: {error}");
        }
        for (name, text, expected) in [
            ("typo", "- target: [a:1]\n", "line 1"),
            ("no list", "targets: [a:1]\n", "line 1"),
            ("cut off", "- targets: [a:1\n", "line"),
        ] {
            let error = from_yaml(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{name}: {error}");
        }
        assert!(from_yaml(b"\xff\xfe").unwrap_err().starts_with("not UTF-8"));
    }
}
