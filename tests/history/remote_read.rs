//! The remote read protocol of a real Prometheus: the same story as by queries.

use super::prometheus::story;
use super::trace::{installation, lines, of_type, replay};
use crate::imported::Imported;

#[test]
fn remote_read_tells_the_same_story_as_queries() {
    let dir = installation();
    let from_file = story(&lines(dir.path(), &["--samples", "samples.om"]));
    let server = Imported::start(&[&dir.path().join("samples.om")], &[]);
    let url = format!("http://{}", server.address);
    for (name, step) in [("one piece", "3d"), ("pieces between scrapes", "7h13m"), ("pieces at scrapes", "1h")] {
        let arguments =
            ["--prometheus", &url, "--start", "2026-01-01", "--end", "2026-01-03T00:00:00Z", "--step", step];
        let queried = lines(dir.path(), &arguments);
        let read = lines(dir.path(), &[&arguments[..], &["--remote-read"]].concat());
        assert_eq!(story(&read), from_file, "{name}");
        assert_eq!(of_type(&read, "incident"), of_type(&queried, "incident"), "{name}");
    }
}

#[test]
fn a_server_that_refuses_to_send_so_much_is_asked_for_less() {
    let dir = installation();
    let server = Imported::start(&[&dir.path().join("samples.om")], &["--storage.remote.read-sample-limit=700"]);
    let url = format!("http://{}", server.address);
    let arguments =
        ["--prometheus", &url, "--remote-read", "--start", "2d", "--end", "2026-01-03T00:00:00Z", "--step", "2d"];
    let read = story(&lines(dir.path(), &arguments));
    assert_eq!(read, story(&lines(dir.path(), &["--samples", "samples.om"])));
}

#[test]
fn a_server_without_remote_read_is_named() {
    let dir = installation();
    let server = Imported::start(&[&dir.path().join("samples.om")], &[]);
    let elsewhere = format!("http://{}/elsewhere", server.address);
    let arguments = ["--prometheus", &elsewhere, "--remote-read", "--start", "2026-01-01", "--end", "2026-01-02"];
    let ran = replay(dir.path(), &arguments);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("/elsewhere") && ran.err.contains("status 404"), "{}", ran.err);
    let alone = replay(dir.path(), &["--samples", "samples.om", "--remote-read"]);
    assert_eq!(alone.code, 2, "{}", alone.err);
}
