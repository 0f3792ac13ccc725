//! From a series as the target shows it to the series that rules see.
//!
//! The order is Prometheus's: the target's labels are attached (`honor_labels` decides conflicts), then
//! `metric_relabel_configs` run, then the label limits are checked on what is left.

use super::{ReadError, ReaderOptions};
use crate::config::scrape::{RelabelAction, RelabelConfig};
use crate::domain::labels::{Labels, Series};
use crate::domain::reading::Target;
use crate::source::exposition::SeriesText;
use crate::source::relabel;
use std::borrow::Cow;
use std::sync::Arc;

const NAME: &str = "__name__";
/// Put before a shown label whose name the target has, unless `honor_labels`.
const EXPORTED: &str = "exported_";

pub(super) struct Naming {
    target: Arc<Target>,
    options: ReaderOptions,
    /// Whether a series of any shown name may end up under any other.
    pub may_rename: bool,
    /// Whether every series must be named, wanted or not: limits and relabelling apply to all of them.
    pub needs_every_series: bool,
}

impl Naming {
    pub fn new(target: Arc<Target>, options: ReaderOptions) -> Self {
        let may_rename = options.metric_relabel.iter().any(may_rename);
        let limits_labels =
            options.label_limit > 0 || options.label_name_length_limit > 0 || options.label_value_length_limit > 0;
        let counts_kept = options.sample_limit > 0 && options.metric_relabel.iter().any(may_drop);
        let needs_every_series = may_rename || limits_labels || counts_kept;
        Self { target, options, may_rename, needs_every_series }
    }

    /// The final value of one label, empty when there is none; `None` when only the whole series tells.
    pub fn label<'t>(&'t self, text: SeriesText<'t>, name: &str) -> Option<Cow<'t, str>> {
        if !self.options.metric_relabel.is_empty() || name.starts_with(EXPORTED) {
            return None;
        }
        let attached = self.target.labels.get(name);
        let shown = text.labels().find(|(shown, _)| shown == name).map(|(_, value)| value);
        let value = match attached {
            Some(attached) if !self.options.honor_labels => Some(Cow::Borrowed(attached)),
            _ => shown.or(attached.map(Cow::Borrowed)),
        };
        Some(value.unwrap_or_default())
    }

    /// The final series; `None` when relabelling drops it.
    pub fn series(&self, text: SeriesText<'_>) -> Result<Option<Series>, ReadError> {
        let mut labels = self.attach(text);
        if self.options.metric_relabel.is_empty() {
            let series = Series::new(text.name(), labels);
            self.check_limits(&series)?;
            return Ok(Some(series));
        }
        labels.set(NAME, text.name());
        let Some(mut labels) = relabel::apply(&self.options.metric_relabel, labels).filter(|labels| !labels.is_empty())
        else {
            return Ok(None);
        };
        let name = labels.get(NAME).map(str::to_owned);
        let name = name.ok_or_else(|| ReadError::NoName { series: super::shortened(text.raw()) })?;
        labels.remove(NAME);
        let series = Series::new(name, labels);
        self.check_limits(&series)?;
        Ok(Some(series))
    }

    fn attach(&self, text: SeriesText<'_>) -> Labels {
        let mut labels = text.label_set();
        if self.options.honor_labels {
            // An empty label is shown on purpose (push gateways do so): it keeps the target's own away.
            for (name, value) in self.target.labels.iter() {
                if text.labels().all(|(shown, _)| shown != name) {
                    labels.set(name, value);
                }
            }
            return labels;
        }
        let mut conflicts: Vec<(String, String)> = Vec::new();
        for (name, value) in self.target.labels.iter() {
            if let Some(shown) = labels.get(name) {
                conflicts.push((name.to_owned(), shown.to_owned()));
            }
            labels.set(name, value);
        }
        conflicts.sort_by_key(|(name, _)| name.len());
        for (name, shown) in conflicts {
            let mut exported = format!("{EXPORTED}{name}");
            while labels.get(&exported).is_some() {
                exported.insert_str(0, EXPORTED);
            }
            labels.set(exported, shown);
        }
        labels
    }

    /// Fails with Prometheus's words. Lengths are in bytes and the name counts as a label, as there.
    fn check_limits(&self, series: &Series) -> Result<(), ReadError> {
        let options = &self.options;
        let over = |length: usize, limit: u64| limit > 0 && length as u64 > limit;
        let count = series.labels.len() + 1;
        if over(count, options.label_limit) {
            return Err(ReadError::LabelLimit { metric: series.name.clone(), count, limit: options.label_limit });
        }
        for (label, value) in std::iter::once((NAME, series.name.as_str())).chain(series.labels.iter()) {
            let metric = || super::shortened(&series.name);
            let (label_text, value_text) = (super::shortened(label), super::shortened(value));
            if over(label.len(), options.label_name_length_limit) {
                let (length, limit) = (label.len(), options.label_name_length_limit);
                return Err(ReadError::LabelNameLength { metric: metric(), label: label_text, length, limit });
            }
            if over(value.len(), options.label_value_length_limit) {
                let (length, limit) = (value.len(), options.label_value_length_limit);
                let (label, value) = (label_text, value_text);
                return Err(ReadError::LabelValueLength { metric: metric(), label, value, length, limit });
            }
        }
        Ok(())
    }
}

fn may_rename(config: &RelabelConfig) -> bool {
    let writes_name = |template: &str| template == NAME || template.contains('$');
    match config.action {
        RelabelAction::Replace => writes_name(&config.target_label),
        RelabelAction::LabelMap => writes_name(&config.replacement),
        RelabelAction::HashMod | RelabelAction::Lowercase | RelabelAction::Uppercase => config.target_label == NAME,
        RelabelAction::LabelDrop => config.regex.is_match(NAME),
        RelabelAction::LabelKeep => !config.regex.is_match(NAME),
        RelabelAction::Keep | RelabelAction::Drop | RelabelAction::KeepEqual | RelabelAction::DropEqual => false,
    }
}

fn may_drop(config: &RelabelConfig) -> bool {
    use RelabelAction::{Drop, DropEqual, Keep, KeepEqual};
    matches!(config.action, Keep | Drop | KeepEqual | DropEqual)
}
