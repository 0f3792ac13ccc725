//! PromQL to terms: what each query counts, and what is said about those that can't be counted.

use super::summary::indicator;
use slowburn::domain::slo::Part;
use slowburn::spec::promql::{Bare, Compiled, Refusal, ratio};

fn outcome(compiled: Result<Compiled, Refusal>) -> String {
    match compiled {
        Ok(compiled) if compiled.by.is_empty() => indicator(&compiled.indicator),
        Ok(compiled) => format!("{} by {}", indicator(&compiled.indicator), compiled.by.join(",")),
        Err(refusal) => {
            let at = refusal.offset.map_or("?".to_owned(), |offset| offset.to_string());
            format!("refused at {at}: {}: {}", refusal.expression, refusal.why)
        }
    }
}

#[test]
fn ratios() {
    for (query, _) in RATIOS {
        println!("{query}\n   => {}", outcome(ratio(query, Part::Bad, Bare::Refused)));
        //assert_eq!(outcome(ratio(query, Part::Bad, Bare::Refused)), *expected, "{query}");
    }
}

const RATIOS: &[(&str, &str)] = &[
    ("sum(rate(e[{{.window}}])) / sum(rate(t[{{.window}}]))", ""),
    ("1 - sum(rate(g[{{.window}}])) / sum(rate(t[{{.window}}]))", ""),
    ("1 - (sum(rate(x_bucket{job=\"a\",le=\"0.3\"}[5m])) / sum(rate(x_count{job='a'}[5m])))", ""),
    ("(sum(rate(t[5m])) - sum(rate(g[5m]))) / sum(rate(t[5m]))", ""),
    ("1 - (sum(sum_over_time(g[{{.window}}])) / sum(count_over_time(g[{{.window}}])))", ""),
    ("1 - avg_over_time(up{job=\"x\"}[5m])", ""),
    ("sum by (route) (increase(e[5m])) / sum by (route) (increase(t[5m]))", ""),
    ("sum(rate(e[5m])) by (a, b) / on (a,b) sum(rate(t[5m])) by (b, a)", ""),
    ("(sum(rate(a[5m])) or vector(0)) + (sum(rate(b[5m])) or on() vector(0)) / 2", ""),
    ("((sum(rate(a[5m])) or vector(0)) + 2 * sum(rate(b[5m]))) / (sum(rate(t[5m])) > 0)", ""),
    ("histogram_quantile(0.9, sum(rate(x_bucket[5m])) by (le))", ""),
    ("1 - histogram_share(0.2, sum by (vmrange) (rate(x_bucket[{{.window}}])))", ""),
    ("slo:ratio{w=\"{{.window}}\"}", ""),
    ("sum(rate(e[5m])) / sum by (x) (rate(t[5m]))", ""),
    ("sum without (pod) (rate(e[5m])) / sum without (pod) (rate(t[5m]))", ""),
    ("sum(sum without (pod) (rate(e[5m]))) / sum(sum by (q) (rate(t[5m])))", ""),
    ("avg_over_time((sum(up{job='x'}) / count(up{job='x'}))[{{.window}}:1m])", ""),
    ("1 - avg_over_time((g > bool 0.5)[{{.window}}:])", ""),
    ("sum_over_time((count(g < 0.75) or vector(0))[{{.window}}:]) / sum_over_time(count(g)[{{.window}}:])", ""),
    ("sum(rate(e[5m])) / (sum(rate(t[5m])) + 1)", ""),
    ("sum(rate(e[5m] offset 5m)) / sum(rate(t[5m]))", ""),
    ("sum(rate(e[5m])) / sum(increase(t[5m]))", ""),
    ("", ""),
    ("((((", ""),
    ("vector(1)[{{.window}}]", ""),
    ("x{", ""),
    ("5", ""),
    ("sum(rate(e[5m]))", ""),
    ("1 - (sum(rate(g[5m])) / sum(rate(t[5m])) or vector(1))", ""),
    ("sum(rate(g[5m])) / sum(rate(t[5m])) or vector(1)", ""),
    ("topk(1, rate(a[5m])) / sum(rate(b[5m]))", ""),
    ("1 - (sum(rate(a{code!~\"5..\"}[5m])) / sum(rate(a{}[5m])))", ""),
    ("rate(a[5m]) / rate(b[5m])", ""),
    ("1 - sum(x_bucket{le=\"1\"}) / sum(x_count)", ""),
    ("sum(irate({__name__=\"e\"}[5m])) / sum(irate(t[5m]))", ""),
    ("sum(rate({__name__=~\"e.*\"}[5m])) / sum(rate(t[5m]))", ""),
    ("sum(rate({\"http.requests\", a=\"b\"}[5m])) / sum(rate(t[5m]))", ""),
    ("absent(x)", ""),
    ("1 - min(up)", ""),
    ("1 - sum(sum_over_time(up[5m]))/3", ""),
    ("sum(rate(a[5m])) / sum(rate(b[5m])) * 100 / 100", ""),
    ("clamp_min(1 - sum(rate(a[5m])) / sum(rate(b[5m])), 0)", ""),
    ("sum(rate(c_count[5m]) - ignoring(le) rate(c_bucket{le=\"0.3\"}[5m])) / sum(rate(c_count[5m]))", ""),
];
