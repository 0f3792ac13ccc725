//! Which files are written, with their texts.

use super::job::Job;
use super::{main_file, slo_file};
use std::path::{Path, PathBuf};

const SLOS: &str = "slos";

/// A file to be written; the path is relative to the directory of all.
pub struct NewFile {
    pub path: PathBuf,
    pub text: String,
}

/// The SLO files, then the main file: when it is there everything is.
pub fn write(jobs: &[Job], dir: &Path) -> Vec<NewFile> {
    let paths: Vec<String> = jobs.iter().map(|job| format!("{SLOS}/{}.yaml", job.name)).collect();
    // A pattern takes in files to come, but it would take in files of others too, which may hold anything.
    let named = if has_slos(dir) { paths.clone() } else { vec![format!("{SLOS}/*.yaml")] };
    let slos = jobs.iter().zip(&paths).map(|(job, path)| NewFile { path: path.into(), text: slo_file::render(job) });
    let main = NewFile { path: "slowburn.yaml".into(), text: main_file::render(jobs, &named) };
    slos.chain([main]).collect()
}

fn has_slos(dir: &Path) -> bool {
    let Ok(mut entries) = dir.join(SLOS).read_dir() else { return false };
    entries.any(|entry| entry.is_ok_and(|entry| Path::new(&entry.file_name()).extension() == Some("yaml".as_ref())))
}
