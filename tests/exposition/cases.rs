//! Bodies that parsers of this format are known to lose or to falsify, and what they say.

use super::samples;
use slowburn::source::exposition::Format::{self, OpenMetrics, Text};

/// A body and its samples, or the error.
struct Case {
    name: &'static str,
    format: Format,
    body: &'static str,
    expected: Result<&'static [&'static str], &'static str>,
}

const fn ok(name: &'static str, body: &'static str, samples: &'static [&'static str]) -> Case {
    Case { name, format: Text, body, expected: Ok(samples) }
}

const fn refused(name: &'static str, body: &'static str, error: &'static str) -> Case {
    Case { name, format: Text, body, expected: Err(error) }
}

const fn open_metrics(case: Case) -> Case {
    Case { format: OpenMetrics, ..case }
}

const CASES: &[Case] = &[
    ok(
        "plain counter",
        "# TYPE http_requests_total counter\nhttp_requests_total{code=\"200\",method=\"get\"} 1027\n",
        &[r#"http_requests_total{code="200",method="get"} 1027"#],
    ),
    ok(
        "recording-rule name with ':'",
        "# TYPE job:errors:ratio gauge\njob:errors:ratio{job=\"a\"} 0.25\n",
        &[r#"job:errors:ratio{job="a"} 0.25"#],
    ),
    ok("'}' in a label value", "r{path=\"/api/{id}\",code=\"200\"} 5\n", &[r#"r{code="200",path="/api/{id}"} 5"#]),
    ok("',' in a label value", "r{ua=\"a,b\",code=\"200\"} 5\n", &[r#"r{code="200",ua="a,b"} 5"#]),
    ok(
        "'=' in a label value",
        "r{q=\"a=b\",code=\"200\"} 5\nr{q=\"a=c\",code=\"200\"} 6\n",
        &[r#"r{code="200",q="a=b"} 5"#, r#"r{code="200",q="a=c"} 6"#],
    ),
    ok("space after a comma", "r{a=\"1\", code=\"200\"} 5\n", &[r#"r{a="1",code="200"} 5"#]),
    ok("trailing comma", "r{a=\"1\",} 5\n", &[r#"r{a="1"} 5"#]),
    ok("empty label set", "r{} 5\n", &["r{} 5"]),
    ok("space before the braces", "r {a=\"1\"} 5\n", &[r#"r{a="1"} 5"#]),
    ok(
        "escapes",
        "r{p=\"C:\\\\dir\",q=\"say \\\"hi\\\"\",n=\"l1\\nl2\"} 5\n",
        &[r#"r{n="l1\nl2",p="C:\\dir",q="say \"hi\""} 5"#],
    ),
    ok("a value ends with an escaped quote", "r{q=\"x\\\"\"} 5\n", &[r#"r{q="x\""} 5"#]),
    ok("empty label value", "r{a=\"\",b=\"1\"} 5\n", &[r#"r{a="",b="1"} 5"#]),
    ok("UTF-8 label value", "r{city=\"Zürich ☃\"} 5\n", &[r#"r{city="Zürich ☃"} 5"#]),
    ok(
        "NaN and infinities",
        "g{k=\"1\"} NaN\ng{k=\"2\"} +Inf\ng{k=\"3\"} -Inf\ng{k=\"4\"} Inf\n",
        &[r#"g{k="1"} NaN"#, r#"g{k="2"} inf"#, r#"g{k="3"} -inf"#, r#"g{k="4"} inf"#],
    ),
    ok(
        "exponents, signs, leading and trailing dots",
        "g{k=\"1\"} 1.5e+07\ng{k=\"2\"} -2E-3\ng{k=\"3\"} .5\ng{k=\"4\"} 5.\ng{k=\"5\"} +7\n",
        &[r#"g{k="1"} 15000000"#, r#"g{k="2"} -0.002"#, r#"g{k="3"} 0.5"#, r#"g{k="4"} 5"#, r#"g{k="5"} 7"#],
    ),
    refused("hexadecimal", "g 0x1p-2\n", "line 1, column 3: expected a number as value, got `0x1p-2` in `g 0x1p-2`"),
    refused("underscore", "g 1_000\n", "line 1, column 3: expected a number as value, got `1_000` in `g 1_000`"),
    ok(
        "2^53+1 and the largest u64",
        "c{k=\"1\"} 9007199254740993\nc{k=\"2\"} 18446744073709551615\n",
        &[r#"c{k="1"} 9007199254740992"#, r#"c{k="2"} 18446744073709552000"#],
    ),
    ok("timestamp", "r{a=\"1\"} 5 1395066363000\n", &[r#"r{a="1"} 5 @1395066363000"#]),
    ok("negative timestamp", "r{a=\"1\"} 5 -3982045\n", &[r#"r{a="1"} 5 @-3982045"#]),
    refused(
        "a timestamp that is none",
        "# TYPE r counter\nr{a=\"1\"} 5 abc\n",
        "line 2, column 12: expected a timestamp in whole milliseconds, got `abc` in `r{a=\"1\"} 5 abc`",
    ),
    ok("tabs as separators", "r{a=\"1\"}\t5\t1395066363000\n", &[r#"r{a="1"} 5 @1395066363000"#]),
    ok(
        "UTF-8 names in quotes",
        "# TYPE \"http.requests\" counter\n{\"http.requests\",code=\"200\"} 5\n{\"http.requests\",\"my.label\"=\"x\"} 6\n",
        &[r#"http.requests{code="200"} 5"#, r#"http.requests{my.label="x"} 6"#],
    ),
    ok("CRLF", "# TYPE r counter\r\nr{a=\"1\"} 5\r\nr 6 7\r\n\r\n", &[r#"r{a="1"} 5"#, "r{} 6 @7"]),
    ok("no line break at the end", "r{a=\"1\"} 5\nr{a=\"2\"} 6", &[r#"r{a="1"} 5"#, r#"r{a="2"} 6"#]),
    ok("blank lines and comments", "\n# a comment\n\n# TYPE r counter\n\nr 5\n\n", &["r{} 5"]),
    ok("repeated samples", "r{a=\"1\"} 5\nr{a=\"1\"} 6\n", &[r#"r{a="1"} 5"#, r#"r{a="1"} 6"#]),
    refused(
        "a malformed line in the middle",
        "# TYPE r counter\nr{a=\"1\"} 5\nr{a=\"2\" oops\nr{a=\"3\"} 7\n",
        "line 3, column 9: expected a comma or }, got `oops` in `r{a=\"2\" oops`",
    ),
    refused(
        "a bad value in the middle",
        "# TYPE r counter\nr{a=\"1\"} 5\nr{a=\"2\"} five\nr{a=\"3\"} 7\n",
        "line 3, column 10: expected a number as value, got `five` in `r{a=\"2\"} five`",
    ),
    refused(
        "HTML",
        "<html><body>502 Bad Gateway</body></html>\n",
        "line 1, column 1: expected a metric name, got `<html><body>502 Bad Gate…` in `<html><body>502 Bad Gateway</body></html>`",
    ),
    refused(
        "prose",
        "Bad Gateway 502 please retry\nlogin 5\n",
        "line 1, column 5: expected a number as value, got `Gateway 502 please retry` in `Bad Gateway 502 please retry`",
    ),
    ok("type after samples", "r{a=\"1\"} 5\n# TYPE r counter\nr{a=\"2\"} 6\n", &[r#"r{a="1"} 5"#, r#"r{a="2"} 6"#]),
    ok(
        "interleaved families",
        "# TYPE a counter\n# TYPE b counter\na 1\nb 2\na{x=\"1\"} 3\n",
        &["a{} 1", "b{} 2", r#"a{x="1"} 3"#],
    ),
    ok("differing label sets", "a{x=\"1\"} 3\na{y=\"1\",z=\"2\"} 4\n", &[r#"a{x="1"} 3"#, r#"a{y="1",z="2"} 4"#]),
    ok("no type", "a_total{x=\"1\"} 3\n", &[r#"a_total{x="1"} 3"#]),
    ok(
        "histogram",
        "# TYPE h histogram\nh_bucket{op=\"r\",le=\"0.1\"} 3\nh_bucket{op=\"r\",le=\"+Inf\"} 5\nh_sum{op=\"r\"} 1.5\nh_count{op=\"r\"} 5\n",
        &[
            r#"h_bucket{le="0.1",op="r"} 3"#,
            r#"h_bucket{le="+Inf",op="r"} 5"#,
            r#"h_sum{op="r"} 1.5"#,
            r#"h_count{op="r"} 5"#,
        ],
    ),
    ok(
        "'le' after a value with a comma",
        "h_bucket{op=\"a,b\",le=\"0.1\"} 3\nh_bucket{op=\"c,d\",le=\"0.1\"} 4\nh_bucket{op=\"a,b\",le=\"+Inf\"} 5\n",
        &[r#"h_bucket{le="0.1",op="a,b"} 3"#, r#"h_bucket{le="0.1",op="c,d"} 4"#, r#"h_bucket{le="+Inf",op="a,b"} 5"#],
    ),
    ok(
        "histogram without 'le'",
        "# TYPE h histogram\nh_bucket{op=\"a\"} 3\nh_count 3\nh_sum 1\n",
        &[r#"h_bucket{op="a"} 3"#, "h_count{} 3", "h_sum{} 1"],
    ),
    ok(
        "summary",
        "# TYPE s summary\ns{quantile=\"0.5\"} 3\ns{quantile=\"0.99\"} NaN\ns_sum 17\ns_count 5\n",
        &[r#"s{quantile="0.5"} 3"#, r#"s{quantile="0.99"} NaN"#, "s_sum{} 17", "s_count{} 5"],
    ),
    open_metrics(ok(
        "OpenMetrics: type, unit, help, seconds, exemplar, created",
        "# TYPE foo_seconds counter\n# UNIT foo_seconds seconds\n# HELP foo_seconds Help.\n\
         foo_seconds_total{a=\"1\"} 17.0 1520879607.789 # {trace_id=\"KOO\"} 0.67 1520879606.1\n\
         foo_seconds_created{a=\"1\"} 1520872607.123\n# EOF\n",
        &[r#"foo_seconds_total{a="1"} 17 @1520879607789"#, r#"foo_seconds_created{a="1"} 1520872607.123"#],
    )),
    open_metrics(ok(
        "OpenMetrics: exemplar on a bucket",
        "# TYPE h histogram\nh_bucket{le=\"0.1\"} 3 # {trace_id=\"a}b\"} 0.05\nh_bucket{le=\"+Inf\"} 4\nh_count 4\nh_sum 1\n# EOF\n",
        &[r#"h_bucket{le="0.1"} 3"#, r#"h_bucket{le="+Inf"} 4"#, "h_count{} 4", "h_sum{} 1"],
    )),
    open_metrics(refused(
        "OpenMetrics: cut short",
        "# TYPE foo counter\nfoo_total 17.0\n",
        "the body ends after line 2 without \"# EOF\", which OpenMetrics requires: it may have been cut short",
    )),
    open_metrics(ok(
        "OpenMetrics: stateset, info, unknown",
        "# TYPE e stateset\ne{e=\"a\"} 1\n# TYPE b info\nb_info{v=\"1\"} 1\n# TYPE u unknown\nu 3\n# EOF\n",
        &[r#"e{e="a"} 1"#, r#"b_info{v="1"} 1"#, "u{} 3"],
    )),
    refused(
        "cut in the middle of a line",
        "r{a=\"1\"} 5\nr{a=\"2\"",
        "line 2, column 8: expected a comma or }, got the end of the body in `r{a=\"2\"`",
    ),
    ok("an empty body", "", &[]),
];

#[test]
fn every_case_reads_as_it_says() {
    for Case { name, format, body, expected } in CASES {
        let found = samples(body, *format).map(|samples| samples.iter().map(ToString::to_string).collect::<Vec<_>>());
        match expected {
            Ok(expected) => {
                let expected = expected.iter().map(ToString::to_string).collect();
                assert_eq!(found, Ok(expected), "{name}");
            }
            Err(expected) => assert_eq!(found.map_err(|error| error.to_string()), Err(expected.to_string()), "{name}"),
        }
    }
}
