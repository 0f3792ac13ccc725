//! The tests of a file, from their YAML; SLOs that are named must be there.

use super::file::{
    Alert, AlertTest, DEFAULT_INTERVAL, Expected, FIGURES, Figure, NONE, Series, SloTest, Suite, Test, Watched,
};
use super::keys::{ALERT, ALERT_TEST, SERIES, SLO_TEST, STATES, TEST};
use super::values;
use crate::config::decode::{Map, Value, nearest};
use crate::domain::group::{BURN, NO_DATA, SPENT, shown_label};
use crate::domain::labels::{Labels, Series as SeriesName};
use crate::domain::ratio::Ratio;
use crate::domain::selector::{MatchOp, Matcher};
use crate::domain::selector_text::parse_selector;
use crate::domain::setup::Setup;
use crate::domain::slo::SloId;
use crate::domain::time::{Timestamp, parse_duration};
use std::collections::BTreeMap;
use std::time::Duration;

/// Every alert that there is.
const ALERTS: [&str; 3] = [BURN, NO_DATA, SPENT];

/// Values of all series of one test at most.
const MOST_VALUES: usize = 16 << 20;

/// Evaluations of one test at most, so that a long test with a short interval is refused rather than waited for.
const MOST_EVALUATIONS: u128 = 4 << 20;

/// Differences below this share of a figure are floating-point noise.
const DEFAULT_TOLERANCE: f64 = 1e-6;

/// Reads the tests; `setup` is `None` when the SLOs have mistakes, and then nothing is compared with them.
pub(super) fn suite(map: &Map<'_>, setup: Option<Setup>) -> Option<Suite> {
    let interval = map.get("evaluation_interval").map(|value| value.positive_duration());
    let evaluation_interval = interval.unwrap_or(Some(DEFAULT_INTERVAL))?;
    let reader = Reader { setup: setup.as_ref(), evaluation_interval };
    let list = map.get("tests")?;
    let items = list.list()?;
    if items.is_empty() && list.node().text().is_none() {
        list.error("there are no tests", "add one");
    }
    let tests: Vec<Test> = items.iter().enumerate().filter_map(|(i, item)| reader.test(i, item)).collect();
    Some(Suite { setup: Setup { evaluation_interval, ..setup? }, tests })
}

struct Reader<'a> {
    setup: Option<&'a Setup>,
    evaluation_interval: Duration,
}

impl Reader<'_> {
    fn test(&self, index: usize, value: &Value<'_>) -> Option<Test> {
        let map = value.map(&TEST)?;
        let interval = map.get("interval").map_or(Some(self.evaluation_interval), |value| value.positive_duration());
        let items = |key| map.get(key).and_then(|list| list.list()).unwrap_or_default();
        let mut declared = BTreeMap::new();
        let series: Vec<Series> = items("input_series").iter().filter_map(|item| series(item, &mut declared)).collect();
        let alerts: Vec<AlertTest> = items("alert_rule_test").iter().filter_map(alert_test).collect();
        let slos: Vec<SloTest> = items("slo_test").iter().filter_map(|item| self.slo_test(item)).collect();
        if !map.has("alert_rule_test") && !map.has("slo_test") {
            value.error("the test expects nothing", "add alert_rule_test or slo_test");
        }
        if series.iter().map(|series| series.values.len()).sum::<usize>() > MOST_VALUES {
            value.error("the test has too many values", "choose a longer interval, or fewer series");
        }
        let test = Test {
            name: map.get("name").map_or_else(|| Some(format!("tests[{index}]")), |name| name.nonempty())?,
            line: value.mark().line,
            interval: interval?,
            start: map.get("start_timestamp").map_or(Some(Timestamp(0)), |start| moment(&start))?,
            series,
            alerts,
            slos,
            external_labels: map.get("external_labels").and_then(|labels| labels.labels()),
            external_url: map
                .get("external_url")
                .and_then(|url| url.http_url())
                .map(|url| url.trim_end_matches('/').to_owned()),
        };
        if test.length().as_nanos() / self.evaluation_interval.as_nanos() > MOST_EVALUATIONS {
            value.error("the test is too long for its evaluation_interval", "choose a longer evaluation_interval");
        }
        Some(test)
    }

    fn slo_test(&self, value: &Value<'_>) -> Option<SloTest> {
        let map = value.map(&SLO_TEST)?;
        let slo = map.get("slo").and_then(|slo| self.slo(&slo));
        let figure = |(key, figure): &(&'static str, Figure)| Some((figure.clone(), expected(&map.get(key)?)?));
        let mut figures: Vec<(Figure, Expected)> = FIGURES.iter().filter_map(figure).collect();
        figures.extend(map.get("burn_rates").map(|rates| burn_rates(&rates)).unwrap_or_default());
        let test = SloTest {
            at: watched(value, &map)?,
            slo: slo?,
            group: map.get("group").and_then(|group| group.labels()),
            state: map.get("state").and_then(|state| state.choice(&STATES.map(|word| (word, word)))).map(str::to_owned),
            figures,
            tolerance: map
                .get("tolerance")
                .map_or(Some(DEFAULT_TOLERANCE), |value| value.decimal().map(Ratio::as_f64))?,
        };
        if !["state", "burn_rates"].into_iter().chain(FIGURES.map(|(key, _)| key)).any(|key| map.has(key)) {
            value.error("the test expects nothing", "add state, budget_remaining, burn_rates or another figure");
        }
        Some(test)
    }

    /// `service/name` of an SLO that is there.
    fn slo(&self, value: &Value<'_>) -> Option<SloId> {
        let text = value.nonempty()?;
        let Some((service, name)) = text.split_once('/') else {
            value.error("not the name of an SLO", "write service/name, such as checkout/availability");
            return None;
        };
        let id = SloId { service: service.to_owned(), name: name.to_owned() };
        let Some(setup) = self.setup else { return Some(id) };
        if setup.slos.iter().any(|slo| slo.id == id) {
            return Some(id);
        }
        let known: Vec<String> = setup.slos.iter().map(|slo| slo.id.to_string()).collect();
        let help = match nearest(&text, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => "the files hold no SLO".to_owned(),
            None => format!("there are {}", known.join(", ")),
        };
        value.error("there is no such SLO", help);
        None
    }
}

impl Test {
    /// From the start to the last expectation.
    pub(super) fn length(&self) -> Duration {
        let times = self.alerts.iter().map(|test| test.at.eval_time).chain(self.slos.iter().map(|t| t.at.eval_time));
        times.max().unwrap_or_default()
    }
}

/// A Unix time in seconds, as promtool takes it too, or RFC 3339.
fn moment(value: &Value<'_>) -> Option<Timestamp> {
    let seconds = value.node().text().and_then(|text| text.parse::<u32>().ok());
    seconds.map(|seconds| Timestamp::from_secs(i64::from(seconds))).or_else(|| value.timestamp())
}

/// One series; `declared` tells on which line each was given first.
fn series(value: &Value<'_>, declared: &mut BTreeMap<SeriesName, u32>) -> Option<Series> {
    let map = value.map(&SERIES)?;
    let at = map.get("series");
    let name = at.as_ref().and_then(series_name);
    if let (Some(at), Some(name)) = (&at, &name) {
        match declared.get(name) {
            Some(line) => at.error(
                format!("the series {name} is given twice"),
                format!("line {line} has it already; give it all its values there"),
            ),
            None => drop(declared.insert(name.clone(), at.mark().line)),
        }
    }
    let values = map.get("values").and_then(|text| series_values(&text));
    Some(Series { name: name?, values: values? })
}

fn series_values(value: &Value<'_>) -> Option<Vec<values::Value>> {
    match values::parse(&value.text()?) {
        Ok(values) => Some(values),
        Err(bad) => {
            value.error_at(bad.offset, bad.message, bad.help);
            None
        }
    }
}

fn series_name(value: &Value<'_>) -> Option<SeriesName> {
    let text = value.nonempty()?;
    let selector = match parse_selector(&text) {
        Ok(selector) => selector,
        Err(bad) => {
            value.error_at(bad.offset, bad.message, None);
            return None;
        }
    };
    if let Some(odd) = selector.matchers.0.iter().find(|matcher| matcher.op != MatchOp::Equal) {
        value.error(format!("{odd} selects series; here one is made"), "write label=\"value\"");
        return None;
    }
    let labels = selector.matchers.0.into_iter().map(|Matcher { label, value, .. }| (label, value));
    Some(SeriesName::new(selector.name, labels.collect()))
}

fn watched(value: &Value<'_>, map: &Map<'_>) -> Option<Watched> {
    let mark = value.mark();
    let eval_time = map.get("eval_time").and_then(|time| time.duration())?;
    Some(Watched { line: mark.line, column: mark.column, eval_time })
}

fn alert_test(value: &Value<'_>) -> Option<AlertTest> {
    let map = value.map(&ALERT_TEST)?;
    let alertname = map.get("alertname").and_then(|name| alert_name(&name));
    let at = watched(value, &map);
    let alertname = alertname?;
    let expected = map.get("exp_alerts").map(|list| list.list_of(|item| alert(item, &alertname))).unwrap_or_default();
    Some(AlertTest { at: at?, alertname, expected })
}

/// A name that alerts have: with another one nothing would be compared.
fn alert_name(value: &Value<'_>) -> Option<String> {
    let name = value.nonempty()?;
    if ALERTS.contains(&name.as_str()) {
        return Some(name);
    }
    let help = match nearest(&name, ALERTS) {
        Some(near) => format!("did you mean {near}?"),
        None => format!(
            "alerts are {}; a name from another format is their label {}",
            ALERTS.join(", "),
            shown_label("alertname")
        ),
    };
    value.error("no alert has this name", help);
    None
}

fn alert(value: &Value<'_>, alertname: &str) -> Option<Alert> {
    let map = value.map(&ALERT)?;
    let labels = |key| map.get(key).map_or(Some(Labels::new()), |labels| labels.labels());
    let (found, annotations) = (labels("exp_labels"), labels("exp_annotations"));
    Some(Alert { labels: found?.with("alertname", alertname), annotations: annotations? })
}

/// A number, or the word that there must be none.
fn expected(value: &Value<'_>) -> Option<Expected> {
    if value.node().text() == Some(NONE) {
        return Some(None);
    }
    value.number().map(Some)
}

fn burn_rates(value: &Value<'_>) -> Vec<(Figure, Expected)> {
    let rate = |(key, _, value): (&str, _, Value<'_>)| {
        let Ok(window) = parse_duration(key) else {
            value.error(format!("{key:?} is not a window"), "write burn_rates like {5m: 14.4, 1h: none}");
            return None;
        };
        if value.node().is_null() {
            value.error("the burn rate is empty", "write a number, or none where there must be no burn rate");
            return None;
        }
        Some((Figure::BurnRate(window), expected(&value)?))
    };
    value.entries().unwrap_or_default().into_iter().filter_map(rate).collect()
}
