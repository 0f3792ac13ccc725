//! Everything that is shipped to be copied works: configurations, SLOs, manifests, the unit, the README's commands.

use axum::Router;
use axum::routing::get;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Long enough for a busy machine; a test that meets it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn slowburn() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slowburn"));
    command.stdin(Stdio::null());
    command
}

/// All files below a directory with one of these endings, in their order.
fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in dir.read_dir().unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| path.extension() == Some(ending.as_ref())) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `slowburn check` finds neither errors nor warnings, and these many SLOs or more.
fn assert_checked(config: &Path, least: usize) {
    let output = slowburn().args(["check", "--config"]).arg(config).output().unwrap();
    let text = text(&output);
    assert!(output.status.success(), "{}:\n{text}", config.display());
    let slos: usize = text.lines().find_map(|line| line.strip_prefix("ok: ")?.split(' ').next()?.parse().ok()).unwrap();
    assert!(slos >= least && text.contains(" 0 warnings"), "{}:\n{text}", config.display());
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_configuration_of_the_examples_is_right() {
    let all = files(&root().join("examples"), &["yaml"]);
    let is_main = |path: &&PathBuf| path.ends_with("slowburn.yaml");
    let mains: Vec<&PathBuf> = all.iter().filter(is_main).collect();
    assert_eq!(mains.len(), 3, "{mains:?}");
    for main in mains {
        assert_checked(main, 1);
    }
}

/// The tests that are shown pass, and the documents show the differences of a test that is there.
#[test]
fn every_test_of_the_examples_passes() {
    let tests: Vec<PathBuf> = files(&root().join("examples"), &["yaml"])
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("_test.yaml")))
        .collect();
    assert!(!tests.is_empty());
    let output = slowburn().arg("test").args(&tests).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

/// The files lie in a directory of their own, so a main file that knows their jobs is written beside them.
#[test]
fn every_slo_file_to_begin_with_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let slos = files(&root().join("slos"), &["yaml"]);
    let jobs = ["checkout", "api", "search", "invoices"];
    let job = |job: &&str| format!("  - {{job_name: {job}, static_configs: [{{targets: ['127.0.0.1:1']}}]}}\n");
    let jobs: String = jobs.iter().map(job).collect();
    let names: Vec<String> = slos.iter().map(|path| path.display().to_string()).collect();
    let main = format!(
        "slo_files: {names:?}\nscrape_configs:\n{jobs}route: {{receiver: x}}\nreceivers:\n  - name: x\n    \
         webhook_configs: [{{url: 'http://127.0.0.1:1/'}}]\n"
    );
    std::fs::write(dir.path().join("slowburn.yaml"), main).unwrap();
    assert_checked(&dir.path().join("slowburn.yaml"), slos.len());
}

/// The documents of all manifests by kind and name.
fn manifests() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for file in files(&root().join("examples/kubernetes"), &["yaml"]) {
        let text = std::fs::read_to_string(&file).unwrap();
        for document in serde_yaml::from_multiple::<Value>(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
        {
            let name =
                format!("{}/{}", document["kind"].as_str().unwrap(), document["metadata"]["name"].as_str().unwrap());
            let in_namespace = document["kind"] == "Namespace" || document["metadata"]["namespace"] == "slowburn";
            assert!(document["apiVersion"].is_string() && in_namespace, "{name}");
            assert!(found.insert(name.clone(), document).is_none(), "{name} comes twice");
        }
    }
    found
}

/// Where a volume's files come from.
fn content<'m>(manifests: &'m BTreeMap<String, Value>, volume: &Value) -> &'m Value {
    let of_config = volume["configMap"]["name"].as_str().map(|name| &manifests[&format!("ConfigMap/{name}")]["data"]);
    let of_secret =
        || volume["secret"]["secretName"].as_str().map(|name| &manifests[&format!("Secret/{name}")]["stringData"]);
    of_config.or_else(of_secret).unwrap_or_else(|| panic!("{volume}"))
}

#[test]
fn the_kubernetes_manifests_fit_together_and_hold_a_right_configuration() {
    let manifests = manifests();
    let set = &manifests["StatefulSet/slowburn"]["spec"];
    let pod = &set["template"]["spec"];
    let container = &pod["containers"][0];
    let pod_labels = &set["template"]["metadata"]["labels"];
    let service = &manifests["Service/slowburn"]["spec"];
    assert_eq!((&set["selector"]["matchLabels"], &service["selector"]), (pod_labels, pod_labels));
    assert_eq!((set["serviceName"].as_str(), set["replicas"].as_u64()), (Some("slowburn"), Some(1)));
    assert_eq!(service["ports"][0]["targetPort"], container["ports"][0]["name"]);
    for (probe, path) in [("startupProbe", "/-/ready"), ("readinessProbe", "/-/ready"), ("livenessProbe", "/-/healthy")]
    {
        assert_eq!(container[probe]["httpGet"]["path"], path);
        assert_eq!(container[probe]["httpGet"]["port"], container["ports"][0]["name"]);
    }

    // The pod's files, as the kubelet would lay them out.
    let dir = tempfile::tempdir().unwrap();
    let inside = |path: &str| dir.path().join(path.trim_start_matches('/'));
    let mut claims = Vec::new();
    for mount in container["volumeMounts"].as_array().unwrap() {
        let path = mount["mountPath"].as_str().unwrap();
        let volume = pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == mount["name"]);
        let Some(volume) = volume else {
            assert_eq!(set["volumeClaimTemplates"][0]["metadata"]["name"], mount["name"]);
            claims.push(path);
            continue;
        };
        std::fs::create_dir_all(inside(path)).unwrap();
        for (name, text) in content(&manifests, volume).as_object().unwrap() {
            std::fs::write(inside(path).join(name), text.as_str().unwrap()).unwrap();
        }
    }
    let args: Vec<&str> = container["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let ["run", "--config", config, "--log.format", "json"] = args[..] else { panic!("{args:?}") };
    assert_checked(&inside(config), 2);

    let main: Value = serde_yaml::from_str(&std::fs::read_to_string(inside(config)).unwrap()).unwrap();
    assert_eq!(claims, [main["storage"]["path"].as_str().unwrap()], "data lie on the claimed disk");
    let port = container["ports"][0]["containerPort"].as_u64().unwrap();
    assert_eq!(main["web"]["listen"], format!("0.0.0.0:{port}"));
}

#[test]
fn the_unit_is_accepted_by_systemd() {
    let unit = std::fs::read_to_string(root().join("examples/systemd/slowburn.service")).unwrap();
    let installed = "/usr/local/bin/slowburn";
    assert!(unit.contains(&format!("ExecStart={installed} run ")));
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().join("slowburn.service");
    std::fs::write(&here, unit.replace(installed, env!("CARGO_BIN_EXE_slowburn"))).unwrap();
    let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&here).output().unwrap();
    let complaints: Vec<String> =
        text(&output).lines().filter(|line| line.contains("slowburn")).map(str::to_owned).collect();
    assert!(output.status.success() && complaints.is_empty(), "{complaints:?}");
}

/// A page like Prometheus's own.
fn serve() -> SocketAddr {
    let page = "# TYPE prometheus_http_requests_total counter\nprometheus_http_requests_total{code=\"200\"} 100\n\
                # TYPE prometheus_build_info gauge\nprometheus_build_info{version=\"2\"} 1\n";
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, Router::new().route("/metrics", get(move || async move { page }))).await.unwrap();
        });
    });
    address
}

/// The lines of all `sh` blocks below a heading.
fn commands_below(text: &str, heading: &str) -> Vec<String> {
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.flat_map(|block| block.lines().map(str::to_owned)).collect()
}

struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_readme_s_way_to_an_slo_of_one_s_own_works() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let commands = commands_below(&readme, "Five minutes to your own SLO");
    let target = serve();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let page = format!("127.0.0.1:{port}");
    let dir = tempfile::tempdir().unwrap();
    let mut engine = None;
    for line in &commands {
        let line = line.split(" #").next().unwrap().trim();
        let args = line.strip_prefix("slowburn ").unwrap_or_else(|| panic!("only slowburn can be run here: {line}"));
        let args = args.replace("127.0.0.1:9090", &target.to_string()).replace("127.0.0.1:9490", &page);
        let mut command = slowburn();
        command.current_dir(dir.path()).args(args.split(' '));
        if args.starts_with("run") {
            command.args(["--web.listen", &page]).stderr(Stdio::null());
            engine = Some(Engine(command.spawn().unwrap()));
            let begin = slowburn::clock::instant();
            while TcpStream::connect(&page).is_err() {
                assert!(begin.elapsed() < PATIENCE, "{line} does not listen");
                std::thread::sleep(Duration::from_millis(20));
            }
            continue;
        }
        if args.starts_with("status") {
            command.args(["--url", &page]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}:\n{}", text(&output));
    }
    assert!(engine.is_some(), "{commands:?}");
    for wanted in ["init", "check", "status"] {
        assert!(commands.iter().any(|line| line.starts_with(&format!("slowburn {wanted}"))), "{wanted}");
    }
}
