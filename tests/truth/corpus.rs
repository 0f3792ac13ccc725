//! What the corpus asks: the queries as their own tools would put them to Prometheus, and what slowburn made of the same
//! files. The queries are taken from the files here, without slowburn's help.

use regex::Regex;
use serde_json::Value;
use slowburn::config::diagnostics::Diagnostics;
use slowburn::domain::slo::Slo;
use slowburn::spec::read_files;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Stands for the window in a query.
pub const WINDOW: &str = "{{.window}}";

/// One SLO of one file.
pub struct Question {
    pub file: String,
    pub slo: Arc<Slo>,
    pub query: Query,
}

/// Share of bad events, with [`WINDOW`] in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    pub ratio: String,
    /// Bad events and all events, per second or in the window.
    pub bad: String,
    pub total: String,
}

/// Every SLO of the corpus that slowburn takes and that asks for windows; and the files that are left out, with the
/// reason.
pub fn questions() -> (Vec<Question>, Vec<(String, &'static str)>) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus");
    let (mut questions, mut left_out) = (Vec::new(), Vec::new());
    for path in files(&corpus) {
        let file = path.strip_prefix(&corpus).expect("inside").display().to_string();
        match of_file(&path, &file) {
            Ok(some) => questions.extend(some),
            Err(reason) => left_out.push((file, reason)),
        }
    }
    (questions, left_out)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        dir.read_dir().expect("the corpus").map(|entry| entry.expect("a file").path()).collect();
    entries.sort();
    let yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    entries.into_iter().flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).filter(yaml).collect()
}

fn of_file(path: &Path, file: &str) -> Result<Vec<Question>, &'static str> {
    let mut text = std::fs::read_to_string(path).expect("text");
    if file == "pyrra/mimir/example-slo.yaml" {
        // The same boundary is written "5.0" in the other files; the simulated servers write it one way only.
        text = text.replace(r#"le="5""#, r#"le="5.0""#);
    }
    if file.contains("/_gen/") {
        return Err("rules that Sloth generated, no SLOs");
    }
    let mut diagnostics = Diagnostics::new();
    let slos = read_files(&[(file, text.as_bytes())], &|_| None, &mut diagnostics).slos;
    let documents: Vec<Value> = serde_yaml::from_multiple(&text).expect("YAML");
    let queries: Vec<Query> = documents.iter().flat_map(|document| of_document(document, path)).collect();
    match (slos.len(), queries.len()) {
        (0, _) if diagnostics.has_errors() => Err("refused: nothing in it that counters or samples tell"),
        (0, _) => Err("holds no SLO"),
        (_, 0) => Err("asks without a window: its budget counts slices of a minute"),
        (made, asked) => {
            assert_eq!(made, asked, "{file}");
            let question = |(slo, query)| Question { file: file.to_owned(), slo, query };
            Ok(slos.into_iter().map(Arc::new).zip(queries).map(question).collect())
        }
    }
}

fn of_document(document: &Value, path: &Path) -> Vec<Query> {
    let spec = &document["spec"];
    if document["apiVersion"] == "pyrra.dev/v1alpha1" {
        return pyrra(&spec["indicator"]).into_iter().collect();
    }
    if document["apiVersion"] == "openslo/v1alpha" {
        return list(&spec["objectives"]).iter().map(openslo).collect();
    }
    let slos = list(&document["slos"]).iter().chain(list(&spec["slos"]));
    slos.map(|slo| sloth(slo, path)).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, names: &[&str]) -> Option<&'v str> {
    names.iter().find_map(|name| value[*name].as_str())
}

/// Sloth divides the two queries; a plugin's query is in the rules that it generated.
fn sloth(slo: &Value, path: &Path) -> Query {
    let sli = &slo["sli"];
    let events = &sli["events"];
    let (bad, total) = (text(events, &["error_query", "errorQuery"]), text(events, &["total_query", "totalQuery"]));
    if let (Some(bad), Some(total)) = (bad, total) {
        return Query { ratio: format!("({bad})\n/\n({total})"), bad: bad.to_owned(), total: total.to_owned() };
    }
    let raw = text(&sli["raw"], &["error_ratio_query", "errorRatioQuery"]);
    let ratio = raw.map_or_else(|| generated(path, slo["name"].as_str().expect("a name")), str::to_owned);
    let parts = Regex::new(r"(?s)^\s*(1 - )?\(\s*(.*?)\s*\n\s*/\s*\n?\s*(.*?)\s*\)\s*$").expect("a pattern");
    let found = parts.captures(&ratio).unwrap_or_else(|| panic!("{}: {ratio}", path.display()));
    let (part, total) = (&found[2], &found[3]);
    let bad = if found.get(1).is_some() { format!("({total}) - ({part})") } else { part.to_owned() };
    Query { bad, total: total.to_owned(), ratio }
}

fn generated(path: &Path, name: &str) -> String {
    let beside = path.with_file_name("_gen").join(path.file_name().expect("a name"));
    let text = std::fs::read_to_string(&beside).unwrap_or_else(|error| panic!("{}: {error}", beside.display()));
    let documents: Vec<Value> = serde_yaml::from_multiple(&text).expect("YAML");
    let groups =
        documents.iter().flat_map(|document| list(&document["groups"]).iter().chain(list(&document["spec"]["groups"])));
    let rules = groups.flat_map(|group| list(&group["rules"]));
    let of_slo = |rule: &&Value| rule["record"] == "slo:sli_error:ratio_rate5m" && rule["labels"]["sloth_slo"] == name;
    let rule = rules.into_iter().find(of_slo).unwrap_or_else(|| panic!("{}: {name}", beside.display()));
    rule["expr"].as_str().expect("a query").replace("[5m]", &format!("[{WINDOW}]"))
}

/// As Sloth reads OpenSLO.
fn openslo(objective: &Value) -> Query {
    let part = |name: &str| objective["ratioMetrics"][name]["query"].as_str().expect("a query").to_owned();
    let (good, total) = (part("good"), part("total"));
    let ratio = format!("1 - (({good})\n/\n({total}))");
    Query { ratio, bad: format!("({total}) - ({good})"), total }
}

/// As Pyrra's generic rules do; `None` for native histograms.
fn pyrra(indicator: &Value) -> Option<Query> {
    let kind = ["ratio", "latency", "bool_gauge"].into_iter().find(|kind| indicator[kind].is_object())?;
    let indicator = &indicator[kind];
    let by: Vec<&str> = list(&indicator["grouping"]).iter().filter_map(Value::as_str).collect();
    let sum = if by.is_empty() { "sum".to_owned() } else { format!("sum by ({})", by.join(", ")) };
    let rate = |part: &str| format!("{sum}(rate({}[{WINDOW}]))", indicator[part]["metric"].as_str().expect("a metric"));
    let (bad, total) = match kind {
        "ratio" => (rate("errors"), rate("total")),
        "latency" => (format!("({} - {})", rate("total"), rate("success")), rate("total")),
        _ => {
            let metric = indicator["metric"].as_str().expect("a metric");
            let over = |function: &str| format!("{sum}({function}({metric}[{WINDOW}]))");
            let (count, good) = (over("count_over_time"), over("sum_over_time"));
            (format!("({count} - {good})"), count)
        }
    };
    Some(Query { ratio: format!("{bad} / {total}"), bad, total })
}

impl Query {
    /// The same queries over what really happened, from the beginning on: cumulative, so that any window is a difference.
    pub fn truth(&self) -> (String, String) {
        (over_truth(&self.bad), over_truth(&self.total))
    }

    /// The metrics that are asked for.
    pub fn metrics(&self) -> Vec<String> {
        let name = Regex::new(r"([a-z_][a-z0-9_]*)(\{[^}]*\})?\s*(\[|<|\)\)\[)").expect("a pattern");
        let both = format!("{} {}", self.bad, self.total);
        let mut found: Vec<String> = name.captures_iter(&both).map(|found| found[1].to_owned()).collect();
        found.sort();
        found.dedup();
        found
    }
}

fn over_truth(query: &str) -> String {
    let window = regex::escape(&format!("[{WINDOW}]"));
    let steps = regex::escape(&format!("[{WINDOW}:]"));
    let rules = [
        (format!(r"rate\(\s*(\w+)(\{{[^}}]*\}})?{window}\s*\)"), "truth:${1}${2}"),
        (format!(r"sum_over_time\((\w+){window}\)"), "truth:${1}:sum"),
        (format!(r"count_over_time\((\w+){window}\)"), "truth:${1}:samples"),
        (format!(r"sum_over_time\(\(count\((\w+) < ([0-9.]+)\)\){steps}\)"), "sum(truth:${1}:below{than=\"${2}\"})"),
        (format!(r"sum_over_time\(\(count\((\w+)\)\){steps}\)"), "sum(truth:${1}:samples)"),
    ];
    let mut query = query.to_owned();
    for (pattern, with) in rules {
        query = Regex::new(&pattern).expect("a pattern").replace_all(&query, with).into_owned();
    }
    assert!(!query.contains(WINDOW), "no truth for {query}");
    query
}
