//! What is not slowburn's, or is in use, is refused in words, and left as it is.

use crate::child;
use crate::model::fill;
use rusqlite::Connection;
use slowburn::store::{OpenError, Store};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

fn refused(dir: &Path) -> OpenError {
    Store::open(dir).map(|(_, loaded)| loaded).expect_err("it must be refused")
}

/// A message with the directory taken out of it.
fn message(error: &OpenError, dir: &Path) -> String {
    error.to_string().replace(&dir.display().to_string(), "DIR")
}

fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

#[test]
fn files_that_are_not_ours_are_refused_and_left_alone() {
    let ours = tempfile::tempdir().unwrap();
    fill(ours.path());
    let ours = fs::read(ours.path().join("slowburn.db")).unwrap();
    let foreign = tempfile::NamedTempFile::new().unwrap();
    Connection::open(foreign.path()).unwrap().execute_batch("PRAGMA application_id = 7; CREATE TABLE t (a);").unwrap();
    let leave = "slowburn leaves it as it is";
    for (name, bytes, text) in [
        ("empty", vec![], format!("DIR/slowburn.db is an empty file, not a database; {leave}: move it away, or choose another storage.path")),
        ("text", b"version: 1\n".to_vec(), format!("DIR/slowburn.db is not a database (if slowburn wrote it, its first page is damaged, and `slowburn salvage` saves the rest); {leave}: move it away, or choose another storage.path")),
        ("another program's", fs::read(foreign.path()).unwrap(), format!("DIR/slowburn.db is a database of another program (application id 0x00000007); {leave}: choose another storage.path (if slowburn wrote it, its first page is damaged, and `slowburn salvage` saves the rest)")),
        ("newer", patched(ours.clone(), 60, &[0, 0, 0, 5]), "DIR/slowburn.db was written by a newer slowburn (format 5, this one knows up to 4); run that version, or restore a copy made before the upgrade".to_owned()),
        ("without a format", patched(ours.clone(), 60, &[0; 4]), format!("DIR/slowburn.db is damaged: it has no format number; {leave}: restore a backup, save what is sound with `slowburn salvage`, or move slowburn.db* out of DIR to begin anew with empty budgets and history")),
        ("cut in its header", ours[..70].to_vec(), format!("DIR/slowburn.db is damaged: it ends after 70 bytes; {leave}: restore a backup, save what is sound with `slowburn salvage`, or move slowburn.db* out of DIR to begin anew with empty budgets and history")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("slowburn.db");
        fs::write(&file, &bytes).unwrap();
        assert_eq!(message(&refused(dir.path()), dir.path()), text, "{name}");
        assert_eq!(fs::read(&file).unwrap(), bytes, "{name}: the file was changed");
    }
}

#[test]
fn a_directory_in_the_place_of_the_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("slowburn.db")).unwrap();
    let text = message(&refused(dir.path()), dir.path());
    assert!(text.starts_with("DIR/slowburn.db can't be opened: Is a directory"), "{text}");
}

#[test]
fn a_file_in_the_place_of_the_directory_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = message(&refused(file.path()), file.path());
    assert!(text.starts_with("DIR can't be the data directory: "), "{text}");
}

#[test]
fn a_log_without_its_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("slowburn.db-wal"), b"commits").unwrap();
    let text = message(&refused(dir.path()), dir.path());
    assert!(text.contains("it is missing, but its write-ahead log DIR/slowburn.db-wal is there"), "{text}");
    assert!(!dir.path().join("slowburn.db").exists());
}

#[test]
fn moving_the_database_away_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    fs::remove_file(dir.path().join("slowburn.db")).unwrap();
    let (store, loaded) = Store::open(dir.path()).unwrap();
    assert!(loaded.parts.is_empty() && loaded.journal.is_empty());
    drop(store);
    Store::open(dir.path()).expect("what the lock file knew of the old database does not count for the new one");
}

/// Holds a directory until its standard input ends.
#[test]
fn child_holds_the_directory() {
    let Some(dir) = child::dir() else { return };
    let _store = Store::open(&dir).unwrap();
    println!("holding");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_second_engine_is_refused_until_the_first_has_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    assert!(matches!(refused(dir.path()), OpenError::InUse { pid, .. } if pid == Some(std::process::id())));
    drop(store);

    let mut command = child::command("refuse::child_holds_the_directory", dir.path());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "holding"));
    let text = message(&refused(dir.path()), dir.path());
    let pid = child.id();
    assert_eq!(
        text,
        format!(
            "the data directory DIR is in use by another slowburn (process {pid}); give each engine its own storage.path"
        )
    );
    child.kill().unwrap();
    child.wait().unwrap();
    Store::open(dir.path()).expect("the lock ends with its process");
}

/// Tries to open the directory and tells how that ended.
#[test]
fn child_opens_the_directory() {
    let Some(dir) = child::dir() else { return };
    let answer = Store::open(&dir).map_or_else(|error| message(&error, &dir), |_| "opened".to_owned());
    println!("answer: {answer}");
}

/// Root may write everywhere, so where the tests run as root the child is somebody else.
#[test]
fn what_can_not_be_written_is_refused() {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let exe = home.path().join("child");
    fs::copy(std::env::current_exe().unwrap(), &exe).unwrap();
    let is_root = fs::metadata(home.path()).unwrap().uid() == 0;
    let nobody = 65_534;
    for (name, filled, dir_mode, file_mode, expected) in [
        ("all can be written", true, 0o755, 0o644, "opened"),
        ("the directory can't", false, 0o555, 0o644, "DIR can't be the data directory: Permission denied"),
        ("the directory can't, the files can", true, 0o555, 0o644, "can't"),
        ("the files can't", true, 0o755, 0o444, "DIR can't be the data directory: slowburn.db can't be written"),
        ("nothing can be read", true, 0o000, 0o000, "DIR can't be the data directory: Permission denied"),
    ] {
        let dir = home.path().join(name);
        fs::create_dir(&dir).unwrap();
        if filled {
            fill(&dir);
        }
        for entry in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()) {
            let mode = if entry.ends_with("lock") { file_mode | 0o200 } else { file_mode };
            fs::set_permissions(&entry, fs::Permissions::from_mode(mode)).unwrap();
            if is_root {
                std::os::unix::fs::chown(&entry, Some(nobody), None).unwrap();
            }
        }
        fs::set_permissions(&dir, fs::Permissions::from_mode(dir_mode)).unwrap();
        let mut command = std::process::Command::new(&exe);
        child::confine(&mut command, "refuse::child_opens_the_directory", &dir);
        if is_root {
            std::os::unix::fs::chown(&dir, Some(nobody), None).unwrap();
            command.uid(nobody);
        }
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let answer = text.lines().find_map(|line| line.split_once("answer: ")).map_or("nothing", |(_, answer)| answer);
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        println!("{name}: {answer}");
        assert!(answer.contains(expected), "{name}: {answer:?}, {}", String::from_utf8_lossy(&output.stderr));
    }
}
