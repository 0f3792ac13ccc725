//! What `slowburn init` writes where, and that it harms nothing.

use super::support::{TEXT, free_port, run, serve};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

fn target() -> SocketAddr {
    serve("/metrics", 200, TEXT, "shop_requests_total{code=\"200\"} 5\nshop_build_info 1\n")
}

/// Every file below a directory with its text.
fn tree(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = |inner: String| format!("{}/{inner}", path.file_name().unwrap().display());
            found.insert(name(String::new()), String::new());
            found.extend(tree(&path).into_iter().map(|(inner, text)| (name(inner), text)));
        } else {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|_| "unreadable".to_owned());
            found.insert(path.file_name().unwrap().display().to_string(), text);
        }
    }
    found
}

#[test]
fn the_files_are_named_and_lead_on() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["init", &target().to_string(), "--dir", "a b/c"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert_eq!(
        tree(&dir.path().join("a b/c")).keys().collect::<Vec<_>>(),
        ["slos/", "slos/shop.yaml", "slowburn.yaml"]
    );
    assert!(said.out.contains("Written: a b/c/slos/shop.yaml, a b/c/slowburn.yaml\n"), "{}", said.out);
    assert!(said.out.contains("  slowburn check --config 'a b/c/slowburn.yaml'\n"), "{}", said.out);
    let checked = run(dir.path(), &["check", "--config", "a b/c/slowburn.yaml"]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    assert!(checked.out.contains("ok: 2 SLOs, 1 warning"), "only that nobody is told: {}", checked.out);
}

#[test]
fn what_is_there_is_never_touched_and_all_of_it_is_named() {
    let target = target().to_string();
    for (name, there) in [
        ("the main file", &["slowburn.yaml"][..]),
        ("an SLO file", &["slos/shop.yaml"]),
        ("both", &["slos/shop.yaml", "slowburn.yaml"]),
        ("a directory", &["slowburn.yaml/x"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        for path in there {
            std::fs::create_dir_all(dir.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(dir.path().join(path), "mine").unwrap();
        }
        let before = tree(dir.path());
        let said = run(dir.path(), &["init", &target]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{name}");
        for path in there {
            assert!(said.err.contains(path.trim_end_matches("/x")), "{name}: {}", said.err);
        }
        assert_eq!(tree(dir.path()), before, "{name}");
    }
}

#[test]
fn a_link_that_leads_nowhere_is_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("elsewhere.yaml", dir.path().join("slowburn.yaml")).unwrap();
    let said = run(dir.path(), &["init", &target().to_string()]);
    assert_eq!(said.code, 2);
    assert!(!dir.path().join("elsewhere.yaml").exists() && !dir.path().join("slos").exists());
}

#[test]
fn other_people_s_slos_are_left_out() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("slos")).unwrap();
    std::fs::write(dir.path().join("slos/other.yaml"), "not: an SLO file\n").unwrap();
    assert_eq!(run(dir.path(), &["init", &target().to_string()]).code, 0);
    assert_eq!(run(dir.path(), &["check"]).code, 0);
    assert_eq!(std::fs::read_to_string(dir.path().join("slos/other.yaml")).unwrap(), "not: an SLO file\n");
}

#[test]
fn nothing_is_written_when_a_target_can_not_be_read_and_all_of_them_are_named() {
    let closed = format!("127.0.0.1:{}", free_port());
    let html = serve("/metrics", 200, "text/html", "<html>").to_string();
    let missing = serve("/other", 200, TEXT, "a 1\n").to_string();
    let empty = serve("/metrics", 200, TEXT, "# nothing\n").to_string();
    let broken = serve("/metrics", 200, TEXT, "a 1\nb{ 2\n").to_string();
    let dir = tempfile::tempdir().unwrap();
    let good = target().to_string();
    let said = run(dir.path(), &["init", &good, &closed, &html, &missing, &empty, &broken, "--dir", "new"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    let lines: Vec<&str> = said.err.lines().collect();
    assert_eq!(lines[0], "slowburn: nothing was written");
    let reasons = ["connection refused", "HTML", "404 Not Found", "no samples", "line 2"];
    for ((line, target), reason) in lines[1..].iter().zip([closed, html, missing, empty, broken]).zip(reasons) {
        assert!(line.starts_with(&format!("http://{target}/metrics: ")) && line.contains(reason), "{line}");
    }
    assert_eq!(tree(dir.path()).len(), 0);
}

#[test]
fn addresses_that_can_not_be_used_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (address, said) in [("ftp://a", "http"), ("http://", "host"), ("http://u:secret@a", "log in"), ("a:b", "port")]
    {
        let ran = run(dir.path(), &["init", address]);
        assert_eq!(ran.code, 2, "{address}");
        assert!(ran.err.contains(said) && !ran.err.contains("secret"), "{address}: {}", ran.err);
    }
    assert_eq!(tree(dir.path()).len(), 0);
}

#[test]
fn a_directory_that_can_not_be_written_is_named_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let said = run(dir.path(), &["init", &target().to_string(), "--dir", "file/below"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("can't write file/below"), "{}", said.err);
    // Where the SLO files should go there is a file.
    std::fs::write(dir.path().join("slos"), "mine").unwrap();
    let before = tree(dir.path());
    let said = run(dir.path(), &["init", &target().to_string()]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert_eq!(tree(dir.path()), before);
}

#[test]
fn of_two_at_once_one_writes_everything_and_the_other_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let target = target().to_string();
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let ran: Vec<_> = (0..4).map(|_| scope.spawn(|| run(dir.path(), &["init", &target]).code)).collect();
        ran.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 2).count(), 3, "{codes:?}");
    assert_eq!(tree(dir.path()).keys().collect::<Vec<_>>(), ["slos/", "slos/shop.yaml", "slowburn.yaml"]);
    assert_eq!(run(dir.path(), &["check"]).code, 0);
}

#[test]
fn the_receivers_in_the_comments_work_when_they_are_taken_in() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["init", &target().to_string()]).code, 0);
    let main = dir.path().join("slowburn.yaml");
    let text = std::fs::read_to_string(&main).unwrap();
    let (head, tail) = text.split_once("# route:").unwrap();
    let tail = format!("# route:{tail}").replace("\n# ", "\n").replacen("# ", "", 1);
    std::fs::write(&main, format!("{head}{tail}").replace("  # external_url", "  external_url")).unwrap();
    std::fs::write(dir.path().join("slack.url"), "https://hooks.slack.example/services/x\n").unwrap();
    let checked = run(dir.path(), &["check"]);
    assert!(checked.out.contains("ok: 2 SLOs, 0 warnings"), "{}", checked.out);
}
