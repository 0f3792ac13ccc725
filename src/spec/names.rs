//! What names may look like: services, SLOs, labels.
//!
//! A service's and an SLO's name is a segment of a URL path (`/slo/{service}/{name}`) and a label value, and people type
//! it; so it is made of what RFC 3986 never needs to escape. Label names are Prometheus's classic ones, less those that
//! every alert carries already.

use crate::config::decode::is_label_name;
use crate::domain::group::ALERT_LABELS;

/// Longest name of a service or an SLO, in characters: two of them still fit a message's subject.
const LONGEST_NAME: usize = 128;

/// Labels that an SLO's own figures carry on `/metrics`, or that tell the buckets of one histogram apart.
const OF_FIGURES: [&str; 3] = ["le", "outcome", "window"];

/// What names are made of, as a help text.
pub const NAME_RULE: &str = "names are part of URLs: use letters (a-z, A-Z), digits, \"_\", \".\", \"-\" and \"~\", \
                             beginning with a letter, a digit or \"_\", at most 128 characters";

/// Whether `name` can name a service or an SLO.
pub fn is_name(name: &str) -> bool {
    name.starts_with(may_begin) && name.chars().all(may_stand) && name.len() <= LONGEST_NAME
}

/// The name that was probably meant; `None` when nothing of `name` can be kept.
pub fn mended_name(name: &str) -> Option<String> {
    let mended = name.replace(|c| !may_stand(c), "-");
    let mended = mended.trim_start_matches(|c| !may_begin(c)).trim_end_matches('-');
    is_name(mended).then(|| mended.to_owned())
}

fn may_begin(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn may_stand(c: char) -> bool {
    may_begin(c) || matches!(c, '.' | '-' | '~')
}

/// How to mend a label that an alert can't have; `None` when it can.
pub fn bad_label(name: &str) -> Option<String> {
    if !is_label_name(name) {
        return Some("a label name is a letter or _, then letters, digits and _".to_owned());
    }
    if name.starts_with("__") {
        return Some("choose another name; those that begin with __ are Prometheus's own".to_owned());
    }
    let taken = ALERT_LABELS.contains(&name);
    taken.then(|| format!("choose another name; slowburn sets {} on every alert", ALERT_LABELS.join(", ")))
}

/// How to mend a label by which budgets can't be kept; `None` when they can.
pub fn bad_grouping(name: &str) -> Option<String> {
    let names = [&ALERT_LABELS[..], &OF_FIGURES[..]].concat();
    let taken = names.contains(&name);
    let rename = || {
        format!(
            "rename the label with metric_relabel_configs; slowburn's own alerts and metrics use {}",
            names.join(", ")
        )
    };
    if taken { Some(rename()) } else { bad_label(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_a_path_segment() {
        for good in ["checkout", "p99", "A.b-c_d~e", "_x", "7", &"x".repeat(128)] {
            assert!(is_name(good), "{good}");
        }
        for (bad, mended) in [
            ("", None),
            ("check out", Some("check-out")),
            ("a/b", Some("a-b")),
            ("..", None),
            ("ä", None),
            ("-ab ", Some("ab")),
            (&"x".repeat(129), None),
        ] {
            assert!(!is_name(bad), "{bad}");
            assert_eq!(mended_name(bad).as_deref(), mended, "{bad}");
        }
    }

    #[test]
    fn labels_leave_alone_what_alerts_carry() {
        for (label, alone, grouping) in [
            ("route", true, true),
            ("window", true, false),
            ("le", true, false),
            ("service", false, false),
            ("alertname", false, false),
            ("__name__", false, false),
            ("http.route", false, false),
            ("1st", false, false),
            ("", false, false),
        ] {
            assert_eq!((bad_label(label).is_none(), bad_grouping(label).is_none()), (alone, grouping), "{label}");
        }
    }
}
