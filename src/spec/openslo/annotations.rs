//! Annotations that hold what version 1 of OpenSLO has no keys for; `export` writes them, and reading takes them up.

use super::super::names;
use super::keys::METADATA;
use crate::config::decode::Value;
use crate::domain::slo::{Severity, SloId};
use std::time::Duration;

/// Of a policy: the short window of its pairs.
pub const SHORT_WINDOW: &str = "slowburn/short-window";

/// Of a policy: `page` or `ticket`, where the word of its conditions does not say so.
pub const SEVERITY: &str = "slowburn/severity";

/// Of an SLO: the time without samples after which it counts as not measured.
pub const NO_DATA_AFTER: &str = "slowburn/no-data-after";

/// Of an SLO: `service/name`, where names of OpenSLO can't hold these two.
pub const ID: &str = "slowburn/id";

/// The annotation of this name.
fn find<'a>(metadata: &Value<'a>, name: &str) -> Option<Value<'a>> {
    let annotations = metadata.lenient_map(&METADATA)?.get("annotations")?;
    annotations.entries()?.into_iter().find(|(key, ..)| *key == name).map(|(.., value)| value)
}

/// [`SHORT_WINDOW`].
pub(super) fn short_window(metadata: &Value<'_>) -> Option<Duration> {
    let at = find(metadata, SHORT_WINDOW)?;
    let short = at.positive_duration()?;
    if short.subsec_nanos() != 0 {
        at.error("a window has whole seconds", "write it like 5m");
        return None;
    }
    Some(short)
}

/// [`SEVERITY`].
pub(super) fn severity(metadata: &Value<'_>) -> Option<Severity> {
    find(metadata, SEVERITY)?.choice(&[("page", Severity::Page), ("ticket", Severity::Ticket)])
}

/// [`NO_DATA_AFTER`].
pub(super) fn no_data_after(metadata: &Value<'_>) -> Option<Duration> {
    find(metadata, NO_DATA_AFTER)?.positive_duration()
}

/// [`ID`].
pub(super) fn id(metadata: &Value<'_>) -> Option<SloId> {
    let at = find(metadata, ID)?;
    let text = at.nonempty()?;
    match text.split_once('/').filter(|(service, name)| names::is_name(service) && names::is_name(name)) {
        Some((service, name)) => Some(SloId { service: service.to_owned(), name: name.to_owned() }),
        None => {
            at.error(format!("the annotation {ID} is not service/name"), names::NAME_RULE);
            None
        }
    }
}
