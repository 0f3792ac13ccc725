//! What `slowburn init` makes of the metrics that it meets.

use super::support::{Ran, TEXT, run, serve};
use serde_json::Value;
use std::path::Path;

const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Runs init on one page and returns what it said and the file of the service it named.
fn init(content_type: &'static str, page: &str) -> (Ran, Value) {
    let target = serve("/metrics", 200, content_type, page);
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["init", &target.to_string()]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{page}");
    let checked = run(dir.path(), &["check"]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    (said, service(dir.path()))
}

/// The only SLO file there is.
fn service(dir: &Path) -> Value {
    let files: Vec<_> = dir.join("slos").read_dir().unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// `name: what it counts` of each SLO, the job left out.
fn slis(file: &Value) -> Vec<String> {
    let job = format!("job=\"{}\"", file["service"].as_str().unwrap());
    let lines = file["slos"].as_array().unwrap().iter().map(|slo| {
        let sli = &slo["sli"];
        let latency = &sli["latency"];
        let counted = sli["events"]["bad"].as_str().or(latency["histogram"].as_str()).unwrap_or("scrape");
        let counted = counted.replace(&job, "").replace("{,", "{").replace(",,", ",").replace("{}", "");
        format!("{}: {counted} {}", slo["name"].as_str().unwrap(), latency["threshold"].as_str().unwrap_or_default())
    });
    lines.map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn request_counters_are_recognised_by_their_status_label() {
    for (name, page, expected) in [
        (
            "code",
            "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\"} 5\n",
            "http_requests_total{code=~\"5..\"}",
        ),
        ("status", "# TYPE hits_total counter\nhits_total{status=\"404\"} 5\n", "hits_total{status=~\"5..\"}"),
        ("without a type", "hits_total{status_code=\"200\"} 5\n", "hits_total{status_code=~\"5..\"}"),
        ("classes", "hits_total{code=\"2xx\"} 5\nhits_total{code=\"5xx\"} 1\n", "hits_total{code=~\"5..\"}"),
        (
            "no answers among them",
            "hits_total{code=\"200\"} 5\nhits_total{code=\"timeout\"} 1\n",
            "hits_total{code=~\"5..\"}",
        ),
        (
            "the better of two labels",
            "hits_total{status=\"200\",error_code=\"500\",code=\"200\"} 5\n",
            "hits_total{code=~\"5..\"}",
        ),
        (
            "the label that holds codes",
            "hits_total{code=\"teapot\",http_status=\"200\"} 5\n",
            "hits_total{http_status=~\"5..\"}",
        ),
        (
            "an outcome in words",
            "api_requests_total{outcome=\"success\"} 5\napi_requests_total{outcome=\"error\"} 1\n",
            "api_requests_total{outcome=~\"(?i:bad|err|errors?|server_error|exception|fail|failed|failures?|time_?out)\"}",
        ),
        (
            "a code beside the outcome",
            "api_requests_total{outcome=\"success\",code=\"200\"} 5\n",
            "api_requests_total{code=~\"5..\"}",
        ),
        (
            "a flag of success",
            "api_requests_total{success=\"true\"} 5\napi_requests_total{success=\"false\"} 1\n",
            "api_requests_total{success=~\"(?i:false|0)\"}",
        ),
        (
            "gRPC by names",
            "grpc_server_handled_total{grpc_code=\"OK\"} 5\n",
            "grpc_server_handled_total{grpc_code=~\"(?i:unknown|deadline_?exceeded|unimplemented|internal|unavailable|data_?loss)\"}",
        ),
        (
            "gRPC by numbers",
            "rpc_total{rpc_grpc_status_code=\"0\"} 5\nrpc_total{rpc_grpc_status_code=\"14\"} 5\n",
            "rpc_total{rpc_grpc_status_code=~\"2|4|12|13|14|15\"}",
        ),
        (
            "a histogram's count",
            "# TYPE http_request_duration_seconds summary\nhttp_request_duration_seconds_count{code=\"200\"} 5\n",
            "http_request_duration_seconds_count{code=~\"5..\"}",
        ),
        (
            "a dotted name",
            "# TYPE \"http.hits\" counter\n{\"http.hits\",\"http.code\"=\"200\"} 5\n",
            "{\"http.hits\",\"http.code\"=~\"5..\"}",
        ),
    ] {
        let (said, file) = init(TEXT, page);
        let expected = [format!("availability: {expected}"), "uptime: scrape".to_owned()];
        assert_eq!(slis(&file), expected, "{name}: {}", said.out);
    }
}

#[test]
fn what_is_no_request_counter_becomes_none() {
    for (name, page) in [
        ("no status", "# TYPE hits_total counter\nhits_total{path=\"/\"} 5\n"),
        ("a gauge", "# TYPE hits gauge\nhits{code=\"200\"} 5\n# TYPE odd_total gauge\nodd_total{code=\"200\"} 5\n"),
        (
            "numbers that are no codes",
            "hits_total{code=\"0\"} 5\nhits_total{code=\"17\"} 5\nhits_total{code=\"200\"} 5\n",
        ),
        ("an outcome of something else", "jobs_total{outcome=\"error\"} 5\n"),
        ("a result that is no end", "http_requests_total{result=\"cached\"} 5\nhttp_requests_total{result=\"x\"} 5\n"),
        ("scrapes of the page", "promhttp_metric_handler_requests_total{code=\"200\"} 5\n"),
        ("bytes", "http_response_bytes_total{code=\"200\"} 5\n"),
        ("seconds", "http_request_seconds_total{code=\"200\"} 5\n"),
        ("outgoing", "rest_client_requests_total{code=\"200\"} 5\n"),
        ("a runtime's", "go_gc_duration_seconds_count{code=\"200\"} 5\n"),
        ("a creation time", "# TYPE hits counter\nhits_created{code=\"200\"} 5\n"),
    ] {
        assert_eq!(slis(&init(TEXT, page).1), ["uptime: scrape"], "{name}");
    }
}

#[test]
fn a_label_with_endless_values_is_no_status() {
    let page: String = (0..5000).map(|n| format!("hits_total{{code=\"{}\"}} 1\n", 100 + n)).collect();
    assert_eq!(slis(&init(TEXT, &page).1), ["uptime: scrape"]);
}

#[test]
fn thresholds_follow_what_the_histogram_holds() {
    for (name, metric, buckets, expected) in [
        (
            "99 %",
            "http_request_duration_seconds",
            &[("0.1", 900), ("0.3", 995), ("1", 999), ("+Inf", 1000)][..],
            "300ms 99",
        ),
        ("fractions of ms", "rpc_latency_seconds", &[("0.00025", 99), ("+Inf", 100)], "0.00025 99"),
        ("exponents", "rpc_latency_seconds", &[("1e-05", 99), ("+Inf", 100)], "0.00001 99"),
        ("milliseconds", "http_latency_milliseconds", &[("100", 1), ("250", 100), ("+Inf", 100)], "250 99"),
        ("no unit", "http_request_duration", &[("0.5", 100), ("+Inf", 100)], "0.5 99"),
        ("seconds", "job_time_seconds", &[("30", 100), ("600", 200), ("+Inf", 200)], "600s 99"),
        ("the largest", "http_request_duration_seconds", &[("1", 960), ("+Inf", 1000)], "1s 95"),
        ("a guess", "http_request_duration_seconds", &[("0.1", 0), ("0.5", 0), ("5", 0), ("+Inf", 0)], "500ms 99"),
    ] {
        let lines = buckets.iter().map(|(le, count)| format!("{metric}_bucket{{le=\"{le}\"}} {count}\n"));
        let page = format!("# TYPE {metric} histogram\n{}", lines.collect::<String>());
        let (said, file) = init(TEXT, &page);
        let slo = &file["slos"][0];
        let threshold = slo["sli"]["latency"]["threshold"].to_string().replace('"', "");
        assert_eq!(format!("{threshold} {}", slo["objective"]), expected, "{name}: {}", said.out);
    }
}

#[test]
fn a_histogram_that_can_not_tell_is_left_out_with_the_reason() {
    let page =
        "http_request_duration_seconds_bucket{le=\"0.1\"} 50\nhttp_request_duration_seconds_bucket{le=\"+Inf\"} 100\n";
    let (said, file) = init(TEXT, page);
    assert_eq!(slis(&file), ["uptime: scrape"]);
    let reason = "left out: http_request_duration_seconds holds only 50.0 % of its observations within 0.1";
    assert!(said.out.contains(reason), "{}", said.out);
}

#[test]
fn a_histogram_of_unclear_meaning_is_named() {
    let page = "lat_seconds_bucket{le=\"0.1\"} 50\nlat_seconds_bucket{le=\"+Inf\"} 50\nlat_seconds_count 50\n\
                size_bytes_bucket{le=\"100\"} 50\nsize_bytes_bucket{le=\"+Inf\"} 50\n";
    let (said, file) = init(TEXT, page);
    assert_eq!(slis(&file), ["uptime: scrape"]);
    let reason = "left out: lat_seconds holds times, but its name does not say that they are durations of requests";
    assert!(said.out.contains(reason) && !said.out.contains("size_bytes"), "{}", said.out);
}

#[test]
fn open_metrics_are_read_with_their_types() {
    let page = "# TYPE http_requests counter\nhttp_requests_total{code=\"200\"} 10.0\nhttp_requests_created{code=\"200\"} 1.0\n\
                # TYPE http_request_duration_seconds histogram\nhttp_request_duration_seconds_bucket{le=\"0.25\"} 10.0\n\
                http_request_duration_seconds_bucket{le=\"+Inf\"} 10.0\nhttp_request_duration_seconds_count 10.0\n\
                http_request_duration_seconds_sum 1.0\n# EOF\n";
    assert_eq!(
        slis(&init(OPEN, page).1),
        [
            "availability: http_requests_total{code=~\"5..\"}",
            "latency: http_request_duration_seconds 250ms",
            "uptime: scrape"
        ]
    );
}

#[test]
fn several_of_a_kind_are_told_apart_and_the_same_requests_are_counted_once() {
    let page = "shop_http_requests_total{code=\"200\"} 5\nshop_admin_requests_total{code=\"200\"} 5\n\
                shop_build_info{version=\"1\"} 1\nshop_http_request_duration_seconds_count{code=\"200\"} 5\n\
                grpc_server_handling_seconds_count{grpc_code=\"OK\"} 5\n";
    let names: Vec<String> =
        slis(&init(TEXT, page).1).iter().map(|sli| sli.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["admin-availability", "http-availability", "grpc-server-availability", "uptime"]);
}

#[test]
fn objectives_are_those_that_the_service_kept_so_far() {
    for (good, bad, objective) in [(0, 0, 99.9), (9_999, 1, 99.9), (997, 3, 99.5), (99, 1, 99.0), (1, 1, 95.0)] {
        let page = format!("hits_total{{code=\"200\"}} {good}\nhits_total{{code=\"500\"}} {bad}\n");
        assert_eq!(init(TEXT, &page).1["slos"][0]["objective"].as_f64(), Some(objective), "{good} good, {bad} bad");
    }
}

#[test]
fn the_best_label_to_split_by_is_offered_in_a_comment() {
    let target = serve(
        "/metrics",
        200,
        TEXT,
        "hits_total{code=\"200\",method=\"a\",route=\"/a\"} 1\n\
        hits_total{code=\"200\",method=\"b\",route=\"/b\"} 1\n",
    );
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["init", &target.to_string()]).code, 0);
    let file = dir.path().join(format!("slos/service-{}.yaml", target.port()));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("# by: [route]        # a budget for each; there are 2 now"), "{text}");
    std::fs::write(&file, text.replace("# by:", "by:").replace("# alerting", "alerting").replace("#   run", "  run"))
        .unwrap();
    let checked = run(dir.path(), &["check"]);
    assert_eq!(checked.code, 0, "the comments are keys that work: {}", checked.out);
}

#[test]
fn targets_that_are_one_service_are_one_job() {
    let page = "hits_total{code=\"200\"} 1\nshop_build_info 1\n";
    let other = "hits_total{code=\"500\"} 1\ntarget_info{service_name=\"pay ment/α\"} 1\n";
    let targets = [page, page, other].map(|page| serve("/metrics", 200, TEXT, page).to_string());
    let dir = tempfile::tempdir().unwrap();
    let [a, b, c] = &targets;
    let said = run(dir.path(), &["init", a, b, &format!("http://{b}/metrics"), c]);
    assert_eq!(said.code, 0, "{}", said.err);
    let main: Value =
        serde_yaml::from_str(&std::fs::read_to_string(dir.path().join("slowburn.yaml")).unwrap()).unwrap();
    let jobs = main["scrape_configs"].as_array().unwrap();
    assert_eq!(jobs[0]["job_name"], "shop");
    assert_eq!(jobs[0]["static_configs"][0]["targets"], serde_json::json!([a, b]));
    assert_eq!(jobs[1]["job_name"], "pay-ment");
    assert!(said.out.contains("availability  hits_total by code: 0 of 2 HTTP requests bad so far"), "{}", said.out);
}

#[test]
fn paths_and_parameters_become_keys_and_relays_are_known() {
    let page = "hits_total{code=\"200\"} 1\npush_time_seconds 1\n";
    let target = serve("/a%20b/federate", 200, TEXT, page);
    let dir = tempfile::tempdir().unwrap();
    let said = run(
        dir.path(),
        &["init", &format!("http://{target}/a%20b/federate?match[]={{a=\"b\"}}&match[]=c&x=%24%7BHOME%7D")],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    let main: Value =
        serde_yaml::from_str(&std::fs::read_to_string(dir.path().join("slowburn.yaml")).unwrap()).unwrap();
    let job = &main["scrape_configs"][0];
    assert_eq!(job["metrics_path"], "/a%20b/federate");
    assert_eq!(job["params"], serde_json::json!({"match[]": ["{a=\"b\"}", "c"], "x": ["$${HOME}"]}));
    assert_eq!(job["new_series"], "baseline");
    assert_eq!(run(dir.path(), &["check"]).code, 0);
}

#[test]
fn hostile_names_and_values_stay_data() {
    let evil = "a\\\"b': {}\\n- x: &y *z #!|>%@`${HOME}$(id)\u{1b}[31m\u{85}\u{202e}\u{feff}é";
    let page = format!(
        "{{\"{evil}_total\",\"{evil}code\"=\"200\",\"{evil}\"=\"{evil}\"}} 5\n\
         {{\"{evil}.request_duration_seconds_bucket\",le=\"0.1\"}} 5\n\
         {{\"{evil}.request_duration_seconds_bucket\",le=\"+Inf\"}} 5\n\
         {{\"{evil}_client_requests_total\",code=\"200\"}} 5\n\
         target_info{{service_name=\"../{evil}\"}} 1\n"
    );
    let target = serve("/metrics", 200, TEXT, page);
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), &["init", &target.to_string()]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(run(dir.path(), &["check"]).code, 0);
    let file = service(dir.path());
    let real = evil.replace("\\\"", "\"").replace("\\n", "\n");
    let quoted = evil.replace("${HOME}", "$${HOME}").replace('\u{1b}', "\\u001b").replace('\u{85}', "\\u0085");
    let bad = file["slos"][0]["sli"]["events"]["bad"].as_str().unwrap();
    assert!(bad.contains(&quoted), "{bad}\n{quoted}");
    let all: String = ["slowburn.yaml", "slos"].iter().flat_map(|name| texts(&dir.path().join(name))).collect();
    let acts = |c: char| (c.is_control() && c != '\n') || ['\u{202e}', '\u{feff}'].contains(&c);
    assert_eq!((all.chars().find(|c| acts(*c)), said.out.chars().find(|c| acts(*c))), (None, None), "{all}");
    assert!(!said.out.contains(&real), "the line break is escaped");
    let names: Vec<_> = dir.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

fn texts(path: &Path) -> Vec<String> {
    if path.is_dir() {
        return path.read_dir().unwrap().flat_map(|entry| texts(&entry.unwrap().path())).collect();
    }
    vec![std::fs::read_to_string(path).unwrap()]
}
