//! `slowburn schema`: JSON Schemas, with which editors complete keys and mark mistakes while people type.

use super::{Outcome, output};
use crate::{config, spec, suite};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Whose schema
    #[arg(value_enum)]
    document: Document,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Document {
    /// slowburn.yaml
    Config,
    /// SLO files of version slowburn/v1
    Slo,
    /// Test files of slowburn test
    Test,
}

/// Prints the schema.
pub fn execute(args: &SchemaArgs) -> anyhow::Result<Outcome> {
    let schema = match args.document {
        Document::Config => config::json_schema(),
        Document::Slo => spec::json_schema(),
        Document::Test => suite::json_schema(),
    };
    output::print(&format!("{schema:#}\n"))?;
    Ok(Outcome::Done)
}
