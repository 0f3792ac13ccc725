//! Recording and alerting rules with Sloth's names, labels and shape.
//!
//! Unlike Sloth's, the ratio over the SLO window is taken from the counters and not averaged from 5-minute ratios, which
//! weighs quiet hours like busy ones.

use super::exact::{decimal, decimal_or_fraction};
use super::yaml::{MapBuilder, Tree};
use super::{Export, Note, queries};
use crate::domain::group::{BURN, NO_DATA, SPENT};
use crate::domain::labels::Labels;
use crate::domain::ratio::Ratio;
use crate::domain::slo::{Measure, Pair, Severity, Slo, SloWindow};
use crate::domain::time::format_duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// Three groups for each SLO, as Sloth has them.
pub fn write(slos: &[Arc<Slo>]) -> Export {
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    slos.iter().for_each(|slo| *uses.entry(sloth_id(slo)).or_default() += 1);
    let (mut groups, mut notes) = (Vec::new(), Vec::new());
    for slo in slos {
        let rules = Rules::new(slo, uses.get(&sloth_id(slo)).is_some_and(|uses| *uses > 1));
        groups.extend(rules.groups());
        notes.extend(rules.notes());
    }
    Export { text: MapBuilder::default().with("groups", Tree::List(groups)).build().to_yaml(), notes }
}

/// Sloth's name of an SLO; those of `a-b/c` and `a/b-c` are the same.
fn sloth_id(slo: &Slo) -> String {
    format!("{}-{}", slo.id.service, slo.id.name)
}

/// What all rules of one SLO share.
struct Rules<'a> {
    slo: &'a Slo,
    id: String,
    /// Whether another SLO has this id.
    shares_id: bool,
    /// `{sloth_id="…", sloth_service="…", sloth_slo="…"}`.
    matchers: String,
}

impl<'a> Rules<'a> {
    fn new(slo: &'a Slo, shares_id: bool) -> Self {
        let id = sloth_id(slo);
        let (service, name) = (&slo.id.service, &slo.id.name);
        let matchers = format!("{{sloth_id=\"{id}\", sloth_service=\"{service}\", sloth_slo=\"{name}\"}}");
        Self { slo, id, shares_id, matchers }
    }

    fn notes(&self) -> Vec<Note> {
        let slo = self.slo;
        let mut notes = Vec::new();
        if matches!(slo.window, SloWindow::Calendar(_)) {
            let length = format_duration(slo.window.nominal());
            notes.push(Note::new(slo, format!("the calendar window is a rolling one of {length} here")));
        }
        if slo.policy.measure == Measure::BudgetSpent {
            notes.push(Note::new(slo, "alerts compare burn rates here, not what was spent of the whole budget"));
        }
        if !slo.maintenance.is_empty() {
            notes.push(Note::new(slo, "events in maintenance count here"));
        }
        if self.shares_id {
            let told = format!(
                "its sloth_id {} is also that of another SLO, so its groups are named after {}",
                self.id, slo.id
            );
            notes.push(Note::new(slo, told));
        }
        if let Some(name) = queries::new_name(slo) {
            notes.push(Note::new(slo, format!("its rules need Prometheus 3, for the name {name}")));
        }
        notes
    }

    fn groups(&self) -> Vec<Tree> {
        let mut groups =
            vec![self.group("sli-recordings", self.error_ratios()), self.group("meta-recordings", self.meta())];
        let alerts = self.alerts();
        if !alerts.is_empty() {
            groups.push(self.group("alerts", alerts));
        }
        groups
    }

    fn group(&self, kind: &str, rules: Vec<Tree>) -> Tree {
        let own = if self.shares_id { self.slo.id.to_string() } else { self.id.clone() };
        MapBuilder::default().text("name", format!("sloth-slo-{kind}-{own}")).with("rules", Tree::List(rules)).build()
    }

    fn labels(&self, more: &[(&str, &str)]) -> Tree {
        let mut labels = self.slo.labels.clone();
        labels.set("sloth_id", &self.id);
        labels.set("sloth_service", &self.slo.id.service);
        labels.set("sloth_slo", &self.slo.id.name);
        more.iter().for_each(|(name, value)| labels.set(*name, *value));
        tree(&labels, &str::to_owned)
    }

    fn period(&self) -> Duration {
        self.slo.window.nominal()
    }

    fn error_ratios(&self) -> Vec<Tree> {
        let pairs = self.slo.policy.pairs.iter().flat_map(|pair| [pair.long, pair.short]);
        let windows: BTreeSet<Duration> = pairs.chain([FIVE_MINUTES, self.period()]).collect();
        let rule = |window: Duration| {
            let name = format_duration(window);
            MapBuilder::default()
                .text("record", ratio_name(window))
                .with("expr", Tree::Block(queries::error_ratio(self.slo, window)))
                .with("labels", self.labels(&[("sloth_window", &name)]))
                .build()
        };
        windows.into_iter().map(rule).collect()
    }

    fn meta(&self) -> Vec<Tree> {
        let (slo, matchers) = (self.slo, &self.matchers);
        let burn = |window: Duration| {
            let ratio = ratio_name(window);
            format!(
                "{ratio}{matchers}\n/ on(sloth_id, sloth_slo, sloth_service) group_left\nslo:error_budget:ratio{matchers}\n"
            )
        };
        let version = env!("CARGO_PKG_VERSION");
        let objective = slo.objective.percent().to_string();
        let info: [(&str, &str); 4] = [
            ("sloth_mode", "slowburn-export"),
            ("sloth_objective", &objective),
            ("sloth_spec", "slowburn/v1"),
            ("sloth_version", version),
        ];
        let good = slo.objective.budget().complement().unwrap_or(Ratio::ZERO);
        let days = self.period().as_secs_f64() / 86_400.0;
        vec![
            self.record("slo:objective:ratio", format!("vector({})", number(good)), &[]),
            self.record("slo:error_budget:ratio", format!("vector({})", number(slo.objective.budget())), &[]),
            self.record("slo:time_period:days", format!("vector({days})"), &[]),
            self.record("slo:current_burn_rate:ratio", burn(FIVE_MINUTES), &[]),
            self.record("slo:period_burn_rate:ratio", burn(self.period()), &[]),
            self.record(
                "slo:period_error_budget_remaining:ratio",
                format!("1 - slo:period_burn_rate:ratio{matchers}"),
                &[],
            ),
            self.record("sloth_slo_info", "vector(1)".to_owned(), &info),
        ]
    }

    fn record(&self, name: &str, expr: String, more: &[(&str, &str)]) -> Tree {
        MapBuilder::default()
            .text("record", name)
            .with("expr", Tree::Block(expr))
            .with("labels", self.labels(more))
            .build()
    }

    fn alerts(&self) -> Vec<Tree> {
        let mut rules = Vec::new();
        for severity in [Severity::Page, Severity::Ticket] {
            // A rule has one `for`, so pairs that wait differently are rules of their own.
            let mut waits: Vec<(Duration, Duration)> = Vec::new();
            let pairs = || self.slo.policy.pairs.iter().filter(move |pair| pair.severity == severity);
            for wait in pairs().map(|pair| (pair.r#for, pair.keep_firing_for)) {
                if !waits.contains(&wait) {
                    waits.push(wait);
                }
            }
            let several = waits.len() > 1;
            for wait in waits {
                let alike: Vec<&Pair> = pairs().filter(|pair| (pair.r#for, pair.keep_firing_for) == wait).collect();
                rules.push(self.burn_alert(severity, &alike, wait, several));
            }
        }
        rules.extend(self.no_data_alert());
        rules.extend(self.budget_alerts());
        rules
    }

    /// `several`: the severity has other rules, so labels must tell them apart.
    fn burn_alert(
        &self,
        severity: Severity,
        pairs: &[&Pair],
        (wait, keep): (Duration, Duration),
        several: bool,
    ) -> Tree {
        let expr = pairs.iter().map(|pair| self.pair(pair)).collect::<Vec<_>>().join("or\n");
        let mut map = MapBuilder::default().text("alert", BURN).with("expr", Tree::Block(expr));
        if !wait.is_zero() {
            map = map.plain("for", format_duration(wait));
        }
        if !keep.is_zero() {
            map = map.plain("keep_firing_for", format_duration(keep));
        }
        let title = format!(
            "({severity}) {{{{$labels.sloth_service}}}} {{{{$labels.sloth_slo}}}} SLO error budget burn rate is too fast."
        );
        let windows = pairs.first().filter(|_| several).map(|pair| {
            Labels::new().with("long", format_duration(pair.long)).with("short", format_duration(pair.short))
        });
        self.finished(map, severity, &windows.unwrap_or_default(), "burns its error budget", &title)
    }

    fn pair(&self, pair: &Pair) -> String {
        let threshold = format!("({} * {})", decimal_or_fraction(pair.factor), number(self.slo.objective.budget()));
        let window = |window: Duration| {
            format!("    max({}{} > {threshold}) without (sloth_window)\n", ratio_name(window), self.matchers)
        };
        let mut text = format!("(\n{}    and\n{}", window(pair.short), window(pair.long));
        if pair.min_bad_events > 0.0 {
            let bad = queries::bad_events(self.slo, pair.long);
            let by = self.slo.by.join(", ");
            text.push_str(&format!("    and on({by})\n    ({bad} >= {})\n", pair.min_bad_events));
        }
        text + ")\n"
    }

    fn no_data_alert(&self) -> Option<Tree> {
        let no_data = &self.slo.policy.no_data;
        let (severity, selector) = (no_data.severity?, queries::total_selector(self.slo)?);
        let after = format_duration(no_data.after);
        let expr = if self.slo.by.is_empty() {
            format!("absent_over_time({selector}[{after}])\n")
        } else {
            // Each group by itself, as long as the SLO window remembers it.
            let (known, by) = (ratio_name(self.period()), self.slo.by.join(", "));
            let seen = format!("count by ({by}) (count_over_time({selector}[{after}]))");
            format!("{known}{}\nunless on({by})\n{seen}\n", self.matchers)
        };
        let map = MapBuilder::default().text("alert", NO_DATA).with("expr", Tree::Block(expr));
        Some(self.told(map, severity, &Labels::new(), "has no data"))
    }

    fn budget_alerts(&self) -> Vec<Tree> {
        let alert = |alert: &crate::domain::slo::BudgetAlert| {
            let share = Ratio::new(100, 1).and_then(|hundred| alert.consumed.over(hundred)).unwrap_or(Ratio::ONE);
            let expr = format!("slo:period_burn_rate:ratio{} >= {}\n", self.matchers, number(share));
            let map = MapBuilder::default().text("alert", SPENT).with("expr", Tree::Block(expr));
            let what = format!("has spent {}% of its error budget", alert.consumed);
            // Two shares of one severity would otherwise be one alert, as in slowburn itself.
            let alike = self.slo.policy.budget.iter().filter(|other| other.severity == alert.severity).count();
            let consumed = if alike > 1 { alert.consumed.to_string() } else { String::new() };
            self.told(map, alert.severity, &Labels::new().with("consumed", consumed), &what)
        };
        self.slo.policy.budget.iter().map(alert).collect()
    }

    /// An alert that Sloth does not know, so that its title is slowburn's own too.
    fn told(&self, map: MapBuilder, severity: Severity, more: &Labels, what: &str) -> Tree {
        self.finished(map, severity, more, what, &format!("({severity}) {} {what}.", self.slo.id))
    }

    /// Labels and annotations of an alert.
    fn finished(&self, map: MapBuilder, severity: Severity, more: &Labels, what: &str, title: &str) -> Tree {
        let (slo, policy) = (self.slo, &self.slo.policy);
        let mut labels = policy.labels_of(severity);
        labels.set("service", &slo.id.service);
        labels.set("slo", &slo.id.name);
        labels.set("severity", severity.to_string());
        labels.set("sloth_severity", severity.to_string());
        labels.merge(more);
        let Tree::Map(mut annotations) = tree(&policy.annotations_of(severity), &literal) else { return map.build() };
        let mut add = |name: &str, text: Tree| {
            if !annotations.iter().any(|(own, _)| own == name) {
                annotations.push((name.to_owned(), text));
            }
        };
        if !slo.description.is_empty() {
            add("description", Tree::Text(literal(&slo.description)));
        }
        if let Some(url) = &policy.runbook_url {
            add("runbook_url", Tree::Text(literal(url)));
        }
        add("summary", Tree::Text(format!("{} {what}", slo.id)));
        add("title", Tree::Text(title.to_owned()));
        map.with("labels", tree(&labels, &literal)).with("annotations", Tree::Map(annotations)).build()
    }
}

fn ratio_name(window: Duration) -> String {
    format!("slo:sli_error:ratio_rate{}", format_duration(window))
}

fn number(ratio: Ratio) -> String {
    decimal(ratio).unwrap_or_else(|| format!("({}/{})", ratio.num(), ratio.den()))
}

fn tree(labels: &Labels, text: &dyn Fn(&str) -> String) -> Tree {
    Tree::Map(labels.iter().map(|(name, value)| (name.to_owned(), Tree::Text(text(value)))).collect())
}

/// Prometheus takes labels and annotations of alerts for templates; this text is none.
fn literal(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}
