//! OpenMetrics rewritten into the text format 0.0.4.
//!
//! There a counter's family is named like its sample, with `_total`; units and the end mark do not exist. Samples stay
//! as they are, for exemplars are never written.

/// Rewrites a whole exposition, as prometheus-client writes it: `HELP`, `TYPE` and `UNIT` in this order.
pub fn plain(openmetrics: &str) -> String {
    let mut out = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in openmetrics.split_inclusive('\n') {
        let mut words = line.trim_end_matches('\n').splitn(4, ' ');
        if words.next() != Some("#") {
            out.push_str(line);
            continue;
        }
        match (words.next(), words.next(), words.next()) {
            (Some("HELP"), Some(name), text) => help = Some((name, text.unwrap_or_default())),
            (Some("TYPE"), Some(name), Some(kind)) => family(&mut out, name, kind, help.take()),
            _ => {}
        }
    }
    out
}

fn family(out: &mut String, name: &str, kind: &str, help: Option<(&str, &str)>) {
    let (suffix, kind) = match kind {
        "counter" => ("_total", "counter"),
        "unknown" => ("", "untyped"),
        other => ("", other),
    };
    if let Some((_, text)) = help.filter(|(of, _)| *of == name) {
        out.push_str(&format!("# HELP {name}{suffix} {text}\n"));
    }
    out.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn counters_get_their_suffix_and_the_end_mark_goes() {
        let openmetrics = "# HELP a Things.\n# TYPE a counter\n# UNIT a bytes\na_total{x=\"# HELP a\"} 1\n\
                           # HELP b Bs.\n# TYPE b gauge\nb 2\n# EOF\n";
        let expected = "# HELP a_total Things.\n# TYPE a_total counter\na_total{x=\"# HELP a\"} 1\n# HELP b Bs.\n# TYPE b gauge\nb 2\n";
        assert_eq!(plain(openmetrics), expected);
    }
}
