//! Files that the main file names: SLO files, secrets, certificates.

use slowburn::config::load::{LoadResult, load};
use std::path::Path;

/// Writes files into a new directory and loads its `slowburn.yaml`; mistakes name files relative to the directory.
pub fn load_files(files: &[(&str, &str)]) -> (tempfile::TempDir, LoadResult, Vec<String>) {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        std::fs::write(path, text).expect("a file");
    }
    let result = load(&dir.path().join("slowburn.yaml"), &|_| None).expect("a readable main file");
    let prefix = format!("{}/", dir.path().display());
    let lines = result.diagnostics.iter().map(|d| d.to_string().replace(&prefix, "")).collect();
    (dir, result, lines)
}

const ROUTE: &str = "route: {receiver: r}\nreceivers: [{name: r}]\n";

#[test]
fn an_unreadable_main_file_is_an_error_of_the_command() {
    let dir = tempfile::tempdir().expect("a directory");
    let missing = dir.path().join("slowburn.yaml");
    let error = load(&missing, &|_| None).expect_err("missing").to_string();
    assert_eq!(error, format!("can't read {}: No such file or directory (os error 2)", missing.display()));
    let error = load(dir.path(), &|_| None).expect_err("a directory").to_string();
    assert_eq!(error, format!("can't read {}: not a regular file", dir.path().display()));
    let huge = dir.path().join("huge.yaml");
    std::fs::File::create(&huge).and_then(|file| file.set_len(100 << 20)).expect("a sparse file");
    let error = load(&huge, &|_| None).expect_err("huge").to_string();
    assert_eq!(error, format!("can't read {}: larger than 16 MiB", huge.display()));
    let error = load(Path::new("/dev/zero"), &|_| None).expect_err("a device").to_string();
    assert_eq!(error, "can't read /dev/zero: not a regular file");
}

#[test]
fn slo_files_are_found_relative_to_the_main_file_each_once() {
    let main = format!("slo_files: ['slos/*.yaml', slos/b.yaml, 'none/*.yaml', missing.yaml, slos]\n{ROUTE}");
    let (dir, result, lines) =
        load_files(&[("slowburn.yaml", &main), ("slos/b.yaml", ""), ("slos/a.yaml", ""), ("slos/c.txt", "")]);
    let files: Vec<_> = result.files.iter().map(|f| f.strip_prefix(dir.path()).expect("inside").to_owned()).collect();
    assert_eq!(files, ["slowburn.yaml", "slos/a.yaml", "slos/b.yaml"].map(std::path::PathBuf::from));
    let of_main: Vec<_> = lines.iter().filter(|line| line.starts_with("slowburn.yaml")).collect();
    assert_eq!(
        of_main,
        [
            "slowburn.yaml:1:41: warning: slo_files[2]: no file matches: \"none/*.yaml\"; check the path; it is relative to the file that names it",
            "slowburn.yaml:1:56: error: slo_files[3]: there is no such file: \"missing.yaml\"; check the path; it is relative to the file that names it",
            "slowburn.yaml:1:70: error: slo_files[4]: this is a directory: \"slos\"; write slos/*.yaml",
        ]
    );
    assert!(result.config.is_none());
}

#[test]
fn mistakes_of_several_files_are_reported_in_one_run() {
    let main = format!("slo_files: ['*.slo.yaml']\nweb: {{listen: x}}\n{ROUTE}");
    let (_dir, _, lines) = load_files(&[("slowburn.yaml", &main), ("a.slo.yaml", "a:\n\tb: 1\n"), ("b.slo.yaml", "{")]);
    let places: Vec<_> = lines.iter().map(|line| line.split(": error").next().unwrap_or_default()).collect();
    assert_eq!(places, ["slowburn.yaml:2:15", "a.slo.yaml:2:1", "b.slo.yaml:1:1"], "{lines:?}");
}

/// SLO files are read on all cores. The first one takes longer than all others, so what is found in them is there before
/// what is found in it.
#[test]
fn mistakes_of_many_files_are_all_reported_in_the_order_of_the_files_however_long_each_takes() {
    let slos = "version: slowburn/v1\nservice: shop\nslos:\n";
    let wrong = |count: usize, file: usize| {
        let slo = |number| format!("  - name: a{file}-{number}\n    objective: {number}00\n    windw: {file}d\n");
        (2..2 + count).map(slo).collect::<String>()
    };
    let long = format!("{slos}{}", "# a comment that has to be read\n".repeat(20_000));
    let files: Vec<(String, String)> = (0..60)
        .map(|file| {
            let (head, count) = if file == 0 { (long.as_str(), 1) } else { (slos, 1 + file % 3) };
            (format!("slos/{file:02}.yaml"), format!("{head}{}", wrong(count, file)))
        })
        .collect();
    let load_some = |some: &[(String, String)]| {
        let main = format!("slo_files: ['slos/*.yaml']\n{ROUTE}");
        let some = some.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let (_dir, result, lines) = load_files(&some.chain([("slowburn.yaml", main.as_str())]).collect::<Vec<_>>());
        assert!(result.config.is_none());
        lines.into_iter().filter(|line| line.starts_with("slos/")).collect::<Vec<_>>()
    };
    let alone: Vec<Vec<String>> = files.iter().map(|file| load_some(std::slice::from_ref(file))).collect();
    for (file, lines) in alone.iter().enumerate() {
        let slos = if file == 0 { 1 } else { 1 + file % 3 };
        let of_slos = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
        assert_eq!([of_slos(".objective: an objective"), of_slos("windw")], [slos; 2], "{lines:?}");
    }
    for _ in 0..5 {
        assert_eq!(load_some(&files), alone.concat());
    }
}

#[test]
fn secret_files_must_be_there_and_hold_something() {
    let main = "route: {receiver: r}\nreceivers:\n  - name: r\n    webhook_configs:\n      - url_file: secrets/a\n      - url_file: secrets/b\n      - url_file: secrets/c\n";
    let (dir, result, lines) = load_files(&[("slowburn.yaml", main), ("secrets/a", "http://a\n"), ("secrets/b", "\n")]);
    let missing = dir.path().join("secrets/c").strip_prefix(dir.path()).expect("inside").display().to_string();
    assert_eq!(
        lines,
        [
            "slowburn.yaml:6:19: error: receivers[0].webhook_configs[1].url_file: the file is empty: \"secrets/b\"; write the secret into it".to_owned(),
            format!(
                "slowburn.yaml:7:19: error: receivers[0].webhook_configs[2].url_file: can't read {missing}: No such file or directory (os error 2): \"secrets/c\"; create it, or make it readable for slowburn"
            ),
        ]
    );
    assert!(result.config.is_none());
}
