//! The edges of both formats: one row for each rule, with what the peers say where they can be asked.

use super::samples;
use slowburn::source::exposition::{Entry, FamilyKind, Format, read};

/// Whether a body is taken, by this reader, by Prometheus's server and by `promtool check metrics`.
pub struct Row {
    pub name: &'static str,
    pub format: Format,
    pub body: &'static str,
    pub ours: bool,
    /// Prometheus 2, which does not know quoted names yet.
    pub server: bool,
    /// `promtool check metrics` reads the text format only.
    pub promtool: Option<bool>,
}

/// `verdicts` is `+` (takes it) or `-` (refuses it) for this reader, the server and `promtool`.
const fn text(verdicts: &[u8; 3], name: &'static str, body: &'static str) -> Row {
    let [ours, server, promtool] = [verdicts[0] == b'+', verdicts[1] == b'+', verdicts[2] == b'+'];
    Row { name, format: Format::Text, body, ours, server, promtool: Some(promtool) }
}

/// The same for this reader and the server.
const fn open(verdicts: &[u8; 2], name: &'static str, body: &'static str) -> Row {
    let [ours, server] = [verdicts[0] == b'+', verdicts[1] == b'+'];
    Row { name, format: Format::OpenMetrics, body, ours, server, promtool: None }
}

pub const ROWS: &[Row] = &[
    // The series.
    text(b"+++", "a name and a value", "a 1\n"),
    text(b"+++", "colons in a name", ":a:b 1\n"),
    text(b"---", "a digit begins a name", "1a 1\n"),
    text(b"---", "a hyphen in a name", "a-b 1\n"),
    text(b"---", "no name", " {b=\"c\"} 1\n"),
    text(b"+++", "blanks wherever tokens part", "a \t{ b = \"c\" , d\t=\t\"e\" }\t 1\n"),
    text(b"+-+", "blanks before the name", " \ta 1\n"),
    text(b"---", "a colon in a label name", "a{b:c=\"d\"} 1\n"),
    text(b"---", "a digit begins a label name", "a{1=\"d\"} 1\n"),
    text(b"---", "only a comma in the braces", "a{,} 1\n"),
    text(b"---", "two commas", "a{b=\"1\",,c=\"2\"} 1\n"),
    text(b"-+-", "no comma between labels", "a{b=\"1\" c=\"2\"} 1\n"),
    text(b"---", "an unquoted label value", "a{b=c} 1\n"),
    text(b"---", "single quotes", "a{b='c'} 1\n"),
    text(b"---", "a label without a value", "a{b} 1\n"),
    text(b"---", "braces never closed", "a{b=\"c\" 1\n"),
    text(b"---", "a quote never closed", "a{b=\"c} 1\n"),
    text(b"-+-", "a line break in a label value", "a{b=\"c\nd\"} 1\n"),
    text(b"++-", "an unknown escape stands for itself", "a{b=\"\\d\"} 1\n"),
    text(b"---", "a label twice", "a{b=\"1\",b=\"2\"} 1\n"),
    text(b"---", "a label twice, not side by side", "a{b=\"1\",c=\"3\",b=\"1\"} 1\n"),
    text(b"---", "the metric name as a label", "a{__name__=\"b\"} 1\n"),
    text(b"---", "two sets of braces", "a{b=\"1\"}{c=\"2\"} 1\n"),
    // The value.
    text(b"---", "no value", "a\n"),
    text(b"---", "no value after a blank", "a \n"),
    text(b"+++", "a value right after the braces", "a{}1\n"),
    text(b"-++", "a value right after the name", "a+1\n"),
    text(b"-++", "a dot after the name", "a.5 3\n"),
    text(b"+++", "infinity in full, letters of any case", "a -iNFinity\n"),
    text(b"+++", "NaN, letters of any case", "a nAn\n"),
    text(b"---", "a signed NaN", "a +NaN\n"),
    text(b"---", "a value too large", "a 1e999\n"),
    text(b"+++", "a value too small is 0", "a 1e-999\n"),
    text(b"---", "only a dot", "a .\n"),
    text(b"---", "only a sign", "a -\n"),
    text(b"---", "an exponent without digits", "a 1e\n"),
    text(b"---", "two signs", "a --1\n"),
    text(b"---", "letters after a number", "a 1x\n"),
    text(b"---", "hexadecimal", "a 0x10\n"),
    text(b"---", "underscores", "a 1_0\n"),
    text(b"---", "a decimal comma", "a 1,5\n"),
    text(b"---", "quotes around the value", "a \"1\"\n"),
    // The timestamp and the end of the line.
    text(b"++-", "a blank at the end of the line", "a 1 \n"),
    text(b"+++", "a timestamp", "a 1 5\n"),
    text(b"+-+", "a timestamp with a minus", "a 1 -5\n"),
    text(b"+-+", "a timestamp with a plus", "a 1 +5\n"),
    text(b"---", "a fraction in a timestamp", "a 1 1.5\n"),
    text(b"---", "a timestamp too large", "a 1 9223372036854775808\n"),
    text(b"---", "more after the timestamp", "a 1 2 3\n"),
    text(b"---", "an exemplar", "a 1 # {b=\"c\"} 1\n"),
    text(b"++-", "no line break at the end", "a 1"),
    text(b"+--", "carriage returns", "a 1\r\n"),
    text(b"---", "a carriage return inside", "a 1\r2\n"),
    text(b"---", "a byte order mark", "\u{feff}a 1\n"),
    text(b"---", "a zero byte in a value", "a 1\0\n"),
    // Comments and metadata.
    text(b"+++", "comments of all kinds", "#\n# \n#a\n# a b\n \t# c\n# EOF\n# UNIT a b\na 1\n"),
    text(b"+++", "help without text", "# HELP a\na 1\n"),
    text(b"+++", "help with any text", "# HELP a é \"x\" \\n\n"),
    text(b"++-", "an unknown escape in help", "# HELP a \\x\n"),
    text(b"+++", "only a word", "# HELP\n# TYPE\na 1\n"),
    text(b"--+", "help without a name", "# HELP \na 1\n"),
    text(b"-+-", "help with a name that is none", "# HELP a-b c\na 1\n"),
    text(b"+++", "no blank before the word is a comment", "#TYPE a gauge\na 1\n"),
    text(b"+-+", "blanks before the type", "# TYPE a \t gauge\na 1\n"),
    text(b"+--", "blanks after the type", "# TYPE a gauge \na 1\n"),
    text(b"--+", "no type", "# TYPE a\na 1\n"),
    text(b"---", "an unknown type", "# TYPE a meter\na 1\n"),
    text(b"---", "a type of OpenMetrics", "# TYPE a unknown\na 1\n"),
    text(b"--+", "a type in capitals", "# TYPE a Gauge\na 1\n"),
    text(b"++-", "a type twice", "# TYPE a gauge\n# TYPE a counter\na 1\n"),
    text(b"++-", "a type after samples", "a 1\n# TYPE a gauge\n"),
    text(b"++-", "a boundary that is no number", "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n"),
    // Quoted names, which came with Prometheus 3.
    text(b"+--", "a quoted metric name", "{\"a.b\"} 1\n"),
    text(b"+--", "a quoted metric name after labels", "{c=\"d\",\"a.b\",} 1\n"),
    text(b"+--", "a quoted label name", "a{\"b.c\"=\"d\",\"e f\"=\"g\"} 1\n"),
    text(b"---", "two metric names", "a{\"b\"} 1\n"),
    text(b"---", "two quoted metric names", "{\"a\",\"b\"} 1\n"),
    text(b"---", "an empty metric name", "{\"\",b=\"c\"} 1\n"),
    text(b"---", "an empty label name", "{\"a\",\"\"=\"c\"} 1\n"),
    text(b"---", "only labels in the braces", "{b=\"c\"} 1\n"),
    text(b"---", "one label name, quoted and not", "a{\"b\"=\"1\",b=\"2\"} 1\n"),
    text(b"---", "one label name, with two escapes", "a{\"b\\\\d\"=\"1\",\"b\\d\"=\"2\"} 1\n"),
    text(b"---", "a quoted name before the braces", "\"a\"{b=\"1\"} 1\n"),
    text(b"+--", "a quoted name in metadata", "# TYPE \"a.b\" gauge\n# HELP \"a.b\" c\n"),
    // OpenMetrics.
    open(b"++", "only the end", "# EOF\n"),
    open(b"++", "no line break after the end", "a 1\n# EOF"),
    open(b"--", "nothing at all", ""),
    open(b"--", "no end", "a 1\n"),
    open(b"--", "no end and no line break", "a 1"),
    open(b"--", "something after the end", "# EOF\na 1\n"),
    open(b"--", "a blank line after the end", "# EOF\n\n"),
    open(b"--", "a second end", "# EOF\n# EOF\n"),
    open(b"--", "a blank after the end", "# EOF \n"),
    open(b"--", "a blank line", "a 1\n\n# EOF\n"),
    open(b"--", "a comment", "# comment\na 1\n# EOF\n"),
    open(b"--", "two spaces before the value", "a  1\n# EOF\n"),
    open(b"--", "a tab before the value", "a\t1\n# EOF\n"),
    open(b"--", "a space before the name", " a 1\n# EOF\n"),
    open(b"--", "a space before the braces", "a {b=\"c\"} 1\n# EOF\n"),
    open(b"--", "a space after a comma", "a{b=\"c\", d=\"e\"} 1\n# EOF\n"),
    open(b"--", "no space before the value", "a{}1\n# EOF\n"),
    open(b"--", "a space at the end of the line", "a 1 \n# EOF\n"),
    open(b"--", "carriage returns", "a 1\r\n# EOF\r\n"),
    // Prometheus 3 takes it.
    open(b"+-", "a trailing comma", "a{b=\"c\",} 1\n# EOF\n"),
    open(b"++", "empty braces", "a{} 1\n# EOF\n"),
    open(b"++", "a timestamp with a fraction", "a 1 1.5\n# EOF\n"),
    open(b"++", "a timestamp with an exponent", "a 1 1.5e3\n# EOF\n"),
    open(b"--", "a timestamp that is no number", "a 1 NaN\n# EOF\n"),
    open(b"--", "an endless timestamp", "a 1 +Inf\n# EOF\n"),
    open(b"++", "an exemplar", "a_total 1 # {b=\"c\"} 0.5\n# EOF\n"),
    open(b"++", "an exemplar without labels", "a_total 1 # {} 0.5\n# EOF\n"),
    open(b"++", "an exemplar with a time, after a time", "a_total 1 2 # {b=\"c\",d=\"e\"} 0.5 1.5\n# EOF\n"),
    open(b"--", "an exemplar without a value", "a_total 1 # {b=\"c\"}\n# EOF\n"),
    open(b"--", "an exemplar without braces", "a_total 1 # 0.5\n# EOF\n"),
    open(b"--", "an exemplar with a broken label", "a_total 1 # {b=c} 0.5\n# EOF\n"),
    open(b"--", "an exemplar with a broken value", "a_total 1 # {b=\"c\"} x\n# EOF\n"),
    open(b"--", "an exemplar with a broken time", "a_total 1 # {b=\"c\"} 1 x\n# EOF\n"),
    open(b"--", "two exemplars", "a_total 1 # {} 1 # {} 1\n# EOF\n"),
    open(
        b"++",
        "every type",
        "# TYPE a counter\n# TYPE b gauge\n# TYPE c histogram\n# TYPE d gaugehistogram\n# TYPE e summary\n# TYPE f info\n# TYPE g stateset\n# TYPE h unknown\n# EOF\n",
    ),
    open(b"--", "a type of the text format", "# TYPE a untyped\n# EOF\n"),
    open(b"--", "a space after the type", "# TYPE a gauge \n# EOF\n"),
    open(b"--", "two spaces before the type", "# TYPE a  gauge\n# EOF\n"),
    open(b"--", "help without text", "# HELP a\n# EOF\n"),
    open(b"++", "help with an empty text", "# HELP a \n# EOF\n"),
    open(b"++", "a unit", "# UNIT a_seconds seconds\n# EOF\n"),
    open(b"++", "an empty unit", "# UNIT a \n# EOF\n"),
    open(b"--", "a unit that the name does not end with", "# UNIT a_seconds meters\n# EOF\n"),
    open(b"--", "a unit that is the name", "# UNIT seconds seconds\n# EOF\n"),
    open(b"--", "a unit without an underscore before it", "# UNIT aseconds seconds\n# EOF\n"),
    open(
        b"++",
        "families apart, typed late and twice",
        "a_total 1\nb 1\na_total{c=\"d\"} 1\n# TYPE a counter\n# TYPE a gauge\n# EOF\n",
    ),
    open(b"+-", "quoted names", "# TYPE \"a.b\" gauge\n{\"a.b\",\"c.d\"=\"e\"} 1\n# EOF\n"),
    open(b"++", "an unknown escape", "a{b=\"\\d\"} 1\n# EOF\n"),
    open(b"--", "a label twice", "a{b=\"1\",b=\"2\"} 1\n# EOF\n"),
];

#[test]
fn every_row_is_taken_or_refused_as_it_says() {
    for Row { name, format, body, ours, .. } in ROWS {
        let found = samples(body, *format);
        assert_eq!(found.is_ok(), *ours, "{name}: {body:?} gave {found:?}");
    }
}

#[test]
fn an_error_names_the_line_and_the_column_and_what_was_expected() {
    let long = format!("ok 1\n{} x\n", "a".repeat(500));
    let quote = "a".repeat(120);
    let rows: &[(&str, Format, &str, &str)] = &[
        (
            "duplicate",
            Format::Text,
            "a 1\na{b=\"1\",b=\"2\"} 1\n",
            "line 2, column 9: expected a label name that this series does not have yet, got `b=\"2\"} 1` in `a{b=\"1\",b=\"2\"} 1`",
        ),
        (
            "column counts characters",
            Format::Text,
            "a{b=\"é\"} x\n",
            "line 1, column 10: expected a number as value, got `x` in `a{b=\"é\"} x`",
        ),
        (
            "control characters",
            Format::Text,
            "a \u{1b}[31m\n",
            "line 1, column 3: expected a number as value, got `\\u{1b}[31m` in `a \\u{1b}[31m`",
        ),
        (
            "range",
            Format::Text,
            "a 1e999\n",
            "line 1, column 3: expected a number within the range of 64-bit floating point, got `1e999` in `a 1e999`",
        ),
        (
            "end of line",
            Format::Text,
            "a\nb 1\n",
            "line 1, column 2: expected a blank and a value, or labels, got the end of the line in `a`",
        ),
        (
            "type",
            Format::Text,
            "# TYPE a meter\n",
            "line 1, column 10: expected a type: counter, gauge, histogram, summary or untyped, got `meter` in `# TYPE a meter`",
        ),
        (
            "comment",
            Format::OpenMetrics,
            "a 1\n# hm\n# EOF\n",
            "line 2, column 1: expected # TYPE, # HELP, # UNIT or # EOF; OpenMetrics has no comments, got `# hm` in `# hm`",
        ),
        (
            "long line",
            Format::Text,
            &long,
            &format!("line 2, column 502: expected a number as value, got `x` in `{quote}…`"),
        ),
    ];
    for (name, format, body, expected) in rows {
        assert_eq!(samples(body, *format).unwrap_err().to_string(), *expected, "{name}");
    }
}

#[test]
fn what_is_not_utf8_is_refused_with_its_line() {
    let error = samples(b"a 1\nb{c=\"\xff\"} 1\n", Format::Text).unwrap_err();
    assert_eq!(error.to_string(), "line 2: byte 0xff is not UTF-8 after `b{c=\"`");
}

#[test]
fn line_numbers_count_every_line() {
    let found = samples("# HELP a x\n\na 1\r\n# c\nb 2\n", Format::Text).unwrap();
    assert_eq!(found.iter().map(|sample| sample.line).collect::<Vec<_>>(), [3, 5]);
}

#[test]
fn types_come_in_the_order_of_the_body() {
    let mut types = Vec::new();
    let body = b"# TYPE a counter\na_total 1\n# TYPE \"b.c\" stateset\n# EOF\n";
    let visit = |entry: Entry<'_>| {
        if let Entry::Type { family, kind } = entry {
            types.push((family.into_owned(), kind));
        }
        Ok::<_, slowburn::source::exposition::SyntaxError>(())
    };
    read(body, Format::OpenMetrics, visit).unwrap();
    assert_eq!(types, [("a".to_owned(), FamilyKind::Counter), ("b.c".to_owned(), FamilyKind::StateSet)]);
}

#[test]
fn the_content_type_tells_the_format() {
    let refused_html = "the answer is \"text/html\", not metrics (an HTML page: is the path right, and does a proxy or a \
                        login page answer for the target?)";
    let rows: &[(Option<&str>, Result<Format, &str>)] = &[
        (None, Ok(Format::Text)),
        (Some(""), Ok(Format::Text)),
        (Some("text/plain; version=0.0.4; charset=utf-8"), Ok(Format::Text)),
        (Some("text/plain; version=1.0.0; escaping=allow-utf-8"), Ok(Format::Text)),
        (Some("application/octet-stream"), Ok(Format::Text)),
        (
            Some("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"),
            Ok(Format::OpenMetrics),
        ),
        (Some("Application/OpenMetrics-Text;version=0.0.1"), Ok(Format::OpenMetrics)),
        (Some("text/html; charset=utf-8"), Err(refused_html)),
        (
            Some("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily"),
            Err(
                "the answer is \"application/vnd.google.protobuf\", not metrics (protobuf was not asked for; the target \
                 must answer with Prometheus text or OpenMetrics)",
            ),
        ),
    ];
    for (header, expected) in rows {
        let found = Format::from_content_type(*header).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{header:?}");
    }
}
