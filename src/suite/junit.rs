//! JUnit's XML, as CI systems read it.

use super::report::{FileReport, failure_text};
use std::fmt::Write;

/// One suite for each file, one case for each test. There are no times: the clock is a virtual one.
pub fn to_junit(files: &[FileReport]) -> String {
    let tests: usize = files.iter().map(|file| file.tests.len()).sum();
    let failures: usize = files.iter().map(FileReport::failures).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string never fails.
    let _ = writeln!(xml, "<testsuites name=\"slowburn test\" tests=\"{tests}\" failures=\"{failures}\">");
    for file in files {
        let (name, tests, failures) = (escaped(&file.file), file.tests.len(), file.failures());
        let _ = writeln!(xml, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">");
        for test in &file.tests {
            let case = escaped(&test.name);
            let _ = write!(
                xml,
                "    <testcase classname=\"{name}\" name=\"{case}\" file=\"{name}\" line=\"{}\"",
                test.line
            );
            if test.passed() {
                xml.push_str("/>\n");
                continue;
            }
            let first = test.mismatches.first().map(|m| format!("{} at {}: {}", m.kind, m.eval_time, m.subject));
            let (message, text) = (escaped(&first.unwrap_or_default()), escaped(&failure_text(&file.file, test)));
            let _ = writeln!(xml, ">\n      <failure message=\"{message}\">{text}</failure>\n    </testcase>");
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Text for attributes and elements; characters that XML can't hold are replaced.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::compare::Difference;
    use super::super::report::{Mismatch, TestReport};
    use super::*;

    #[test]
    fn names_and_texts_are_escaped() {
        let difference = Difference { what: "state".to_owned(), expected: Some("a & <b>".to_owned()), actual: None };
        let mismatch = Mismatch {
            kind: "slo_test",
            line: 3,
            column: 7,
            eval_time: "5m".to_owned(),
            subject: "a/\"b\"\u{1}".to_owned(),
            differences: vec![difference],
        };
        let test = |mismatches| TestReport { name: "<&>".to_owned(), line: 2, mismatches, happened: Vec::new() };
        let tests = vec![test(vec![mismatch]), test(Vec::new())];
        let xml = to_junit(&[FileReport { file: "a.yaml".to_owned(), tests }]);
        for wanted in [
            "<testsuites name=\"slowburn test\" tests=\"2\" failures=\"1\">",
            "<testcase classname=\"a.yaml\" name=\"&lt;&amp;&gt;\" file=\"a.yaml\" line=\"2\"/>",
            "<failure message=\"slo_test at 5m: a/&quot;b&quot;\u{fffd}\">",
            "- expected: a &amp; &lt;b&gt;",
        ] {
            assert!(xml.contains(wanted), "{wanted}\n{xml}");
        }
    }
}
