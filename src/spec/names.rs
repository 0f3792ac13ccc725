//! What names may look like: services, SLOs, labels.
//!
//! A service's and an SLO's name is a segment of a URL path (`/slo/{service}/{name}`) and a label value, and people type
//! it; so it is made of what RFC 3986 never needs to escape. Label names are Prometheus's classic ones, less those that
//! every alert carries already.

use crate::config::decode::is_label_name;

/// Longest name of a service or an SLO, in characters: two of them still fit a message's subject.
const LONGEST_NAME: usize = 128;

/// Labels that slowburn sets on every alert.
const OF_EVERY_ALERT: [&str; 4] = ["alertname", "severity", "service", "slo"];

/// Labels that an SLO's own figures carry on `/metrics`, or that tell the buckets of one histogram apart.
const OF_FIGURES: [&str; 3] = ["le", "outcome", "window"];

/// How to mend a name that can't name a service or an SLO; `None` when it can.
pub fn bad_name(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '~');
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().count() > LONGEST_NAME {
        return Some(format!("use at most {LONGEST_NAME} characters"));
    }
    if name.starts_with(first) && name.chars().all(allowed) {
        return None;
    }
    let rule = "names are part of URLs: use letters (a-z, A-Z), digits, \"_\", \".\", \"-\" and \"~\", \
                beginning with a letter, a digit or \"_\"";
    let mended = name.replace(|c| !allowed(c), "-");
    let mended = mended.trim_start_matches(|c| !first(c)).trim_end_matches('-');
    Some(if mended.is_empty() { rule.to_owned() } else { format!("{rule}; for example {mended:?}") })
}

/// How to mend a label that an alert can't have; `None` when it can.
pub fn bad_label(name: &str) -> Option<String> {
    if !is_label_name(name) {
        return Some("a label name is a letter or _, then letters, digits and _".to_owned());
    }
    if name.starts_with("__") {
        return Some("choose another name; those that begin with __ are Prometheus's own".to_owned());
    }
    let taken = OF_EVERY_ALERT.contains(&name);
    taken.then(|| format!("choose another name; slowburn sets {} on every alert", OF_EVERY_ALERT.join(", ")))
}

/// How to mend a label by which budgets can't be kept; `None` when they can.
pub fn bad_grouping(name: &str) -> Option<String> {
    let names = [&OF_EVERY_ALERT[..], &OF_FIGURES[..]].concat();
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
            assert_eq!(bad_name(good), None, "{good}");
        }
        for (bad, said) in [
            ("", "beginning with a letter"),
            ("check out", "for example \"check-out\""),
            ("a/b", "for example \"a-b\""),
            ("..", "beginning with a letter"),
            (" ä", "beginning with a letter"),
            ("-ab ", "for example \"ab\""),
            (&"x".repeat(129), "at most 128"),
        ] {
            assert!(bad_name(bad).unwrap_or_default().contains(said), "{bad}");
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
