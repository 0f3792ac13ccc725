//! Version, schemas, completions, and what no command is given.

use super::support::{program, ran, run};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

fn here(args: &[&str]) -> super::support::Ran {
    run(Path::new("/"), args)
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(here(&["--version"]).out, format!("slowburn {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_names_every_command() {
    let help = here(&["--help"]);
    for command in
        ["run", "check", "status", "replay", "test", "export", "init", "notify-test", "schema", "completions"]
    {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command}: {}", help.out);
        let of_command = here(&[command, "--help"]);
        assert_eq!((of_command.code, of_command.err.as_str()), (0, ""), "{command}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for args in [&[][..], &["fly"], &["run", "--fly"], &["init"], &["schema", "x"], &["status", "--json", "--health"]] {
        let ran = here(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn schemas_are_json_that_knows_the_keys() {
    for (document, key) in [("config", "scrape_configs"), ("slo", "slos"), ("test", "slo_files")] {
        let schema: Value = serde_json::from_str(&here(&["schema", document]).out).unwrap();
        let root = schema["$ref"].as_str().unwrap().trim_start_matches('#');
        assert!(schema.pointer(root).unwrap()["properties"][key].is_object(), "{document}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = here(&["completions", shell]);
        assert_eq!(ran.code, 0, "{shell}");
        assert!(ran.out.contains("notify-test"), "{shell}");
    }
    let script = here(&["completions", "bash"]).out;
    let bash = "source /dev/stdin && COMP_WORDS=(slowburn rep) COMP_CWORD=1 && _slowburn slowburn rep slowburn && \
                echo \"${COMPREPLY[@]}\"";
    let mut shell = Command::new("bash");
    let mut shell = shell.args(["-c", bash]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut shell.stdin.take().unwrap(), script.as_bytes()).unwrap();
    assert_eq!(ran(shell.wait_with_output().unwrap()).out, "replay\n");
}

#[test]
fn a_reader_that_stops_reading_is_no_mistake() {
    let mut child = program().args(["schema", "config"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = ran(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn a_check_counts_one_thing_as_one() {
    let dir = tempfile::tempdir().unwrap();
    for (text, code, counted) in [
        ("globl: {}\n", 1, "1 error, 1 warning, 1 file read\n"),
        ("globl: {}\nglobl2: {}\n", 1, "2 errors, 1 warning, 1 file read\n"),
    ] {
        std::fs::write(dir.path().join("slowburn.yaml"), text).unwrap();
        let ran = run(dir.path(), &["check"]);
        assert!(ran.code == code && ran.out.ends_with(counted), "{}", ran.out);
    }
}
