//! The demo's configuration as files that a user could have written, read by the same loader as any other.

use super::script::Script;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The main file's name.
const MAIN: &str = "slowburn.yaml";

static TEMPLATES: &[(&str, &str)] = &[
    (MAIN, include_str!("files/slowburn.yaml")),
    ("slos/catalog.yaml", include_str!("files/slos/catalog.yaml")),
    ("slos/checkout.yaml", include_str!("files/slos/checkout.yaml")),
    ("slos/invoices.yaml", include_str!("files/slos/invoices.yaml")),
    ("slos/login.yaml", include_str!("files/slos/login.yaml")),
    ("slos/payments.yaml", include_str!("files/slos/payments.yaml")),
    ("slos/search.yaml", include_str!("files/slos/search.yaml")),
];

/// What stands between two `@` in the templates, and what it becomes.
#[derive(Debug, Default)]
pub struct Blanks(BTreeMap<String, String>);

impl Blanks {
    /// With the announced work of the script filled in.
    pub fn new(script: &Script) -> Self {
        let mut blanks = Self::default();
        if let Some((start, end)) = script.maintenance() {
            blanks.fill("MAINTENANCE-START", start);
            blanks.fill("MAINTENANCE-END", end);
        }
        blanks
    }

    pub fn fill(&mut self, name: &str, value: impl ToString) {
        self.0.insert(name.to_uppercase(), value.to_string());
    }

    fn apply(&self, template: &str) -> String {
        self.0.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
    }
}

/// Writes all files into a directory and returns the main file's path. What is there is not overwritten.
pub fn write(directory: &Path, blanks: &Blanks) -> io::Result<PathBuf> {
    for (name, template) in TEMPLATES {
        let path = directory.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = fs::File::create_new(&path)?;
        io::Write::write_all(&mut file, blanks.apply(template).as_bytes())?;
    }
    Ok(directory.join(MAIN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::demo::shop::SHOP;
    use crate::domain::time::Timestamp;

    #[test]
    fn the_files_are_a_configuration_without_a_warning_in_which_every_instance_is_a_target() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut blanks = Blanks::new(&Script::before(Timestamp::from_secs(1_767_225_600)));
        for (port, name) in (9001..).zip(["page", "inbox", "mail"]) {
            blanks.fill(name, format!("127.0.0.1:{port}"));
        }
        let mut addresses = Vec::new();
        for (service, number) in SHOP.iter().flat_map(|service| (1..=service.instances).map(move |n| (service, n))) {
            let address = format!("127.0.0.1:{}", 9100 + addresses.len());
            blanks.fill(&format!("{}-{number}", service.name), &address);
            addresses.push(address);
        }
        let main = write(directory.path(), &blanks).expect("writable");
        let result = load::load(&main, &|_| None).expect("readable");
        assert_eq!(result.diagnostics.to_text(), "");
        let config = result.config.expect("no mistakes");
        let groups = config.scrape_configs.iter().flat_map(|job| &job.static_configs);
        let mut targets: Vec<String> = groups.flat_map(|group| group.targets.clone()).collect();
        targets.sort();
        assert_eq!(targets, addresses);
        assert!(write(directory.path(), &blanks).is_err(), "files are not overwritten");
    }
}
