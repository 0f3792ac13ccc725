//! What names may look like: services, SLOs, labels.
//!
//! A service's and an SLO's name is a segment of a URL path (`/slo/{service}/{name}`) and a label value, and people type
//! it; so it is made of what RFC 3986 never needs to escape. Label names are Prometheus's classic ones, less those that
//! every alert carries already.

/// Longest name of a service or an SLO, in characters: two of them still fit a message's subject.
const LONGEST_NAME: usize = 128;

/// Labels that slowburn sets on every alert.
const OF_EVERY_ALERT: [&str; 4] = ["alertname", "severity", "service", "slo"];

/// Labels that an SLO's own figures carry on `/metrics`, or that tell the buckets of one histogram apart.
const OF_FIGURES: [&str; 3] = ["le", "outcome", "window"];

/// Why `name` can't name a service or an SLO, with the nearest name that can; `None` when it can.
pub fn bad_name(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '~');
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() {
        return Some("may not be empty".to_owned());
    }
    if name.chars().count() > LONGEST_NAME {
        return Some(format!("is longer than {LONGEST_NAME} characters"));
    }
    if name.starts_with(first) && name.chars().all(allowed) {
        return None;
    }
    let rule = "is part of URLs: use letters a-z and A-Z, digits, \"_\", \".\", \"-\" and \"~\", \
                beginning with a letter, a digit or \"_\"";
    let mended = name.replace(|c| !allowed(c), "-");
    let mended = mended.trim_start_matches(|c| !first(c)).trim_end_matches('-');
    Some(if mended.is_empty() { rule.to_owned() } else { format!("{rule}; for example {mended:?}") })
}

/// Why `name` can't be a label of an alert; `None` when it can.
pub fn bad_label(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(allowed) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some("is no label name: letters, digits and \"_\", not beginning with a digit".to_owned());
    }
    if name.starts_with("__") {
        return Some("begins with \"__\", which Prometheus keeps for itself".to_owned());
    }
    OF_EVERY_ALERT.contains(&name).then(|| format!("is set by slowburn on every alert ({})", OF_EVERY_ALERT.join(", ")))
}

/// Why budgets can't be kept by the label `name`; `None` when they can.
pub fn bad_grouping(name: &str) -> Option<String> {
    let of_figures = || {
        let taken = OF_FIGURES.contains(&name);
        taken.then(|| format!("has a meaning of its own in slowburn's metrics ({})", OF_FIGURES.join(", ")))
    };
    bad_label(name).or_else(of_figures)
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
            ("", "may not be empty"),
            ("check out", "for example \"check-out\""),
            ("a/b", "for example \"a-b\""),
            ("..", "beginning with a letter"),
            (" ä", "beginning with a letter"),
            ("-ab ", "for example \"ab\""),
            (&"x".repeat(129), "longer than 128"),
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
