//! Whose series names `/metrics` shows beside slowburn's own, so that dashboards made for them keep working.

/// Other tools' names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compat {
    pub sloth: bool,
    pub pyrra: bool,
}
