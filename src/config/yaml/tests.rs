//! What YAML can throw at a reader.

use super::*;

fn read(text: &str) -> (Vec<Node>, Vec<String>) {
    read_bytes(text.as_bytes())
}

fn read_bytes(text: &[u8]) -> (Vec<Node>, Vec<String>) {
    let mut diagnostics = Diagnostics::new();
    let documents = load(text, "f.yaml", &mut diagnostics);
    let lines = diagnostics.to_lines();
    (documents, lines)
}

/// A tree as text: `{key@line:column: value@line:column}`.
fn shape(node: &Node) -> String {
    let at = |mark: Mark| format!("@{}:{}", mark.line, mark.column);
    match node.kind() {
        Kind::Scalar(scalar) => format!("{}{}", scalar.text, at(node.mark)),
        Kind::List(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(" ")),
        Kind::Map(entries) => {
            let entry = |e: &Entry| format!("{}{}: {}", e.key.text, at(e.key.mark), shape(&e.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn every_key_and_value_knows_its_place() {
    for (text, wanted) in [
        ("a: 1\nb:\n  - x\n  - {c: 'd'}\n", "{a@1:1: 1@1:4 b@2:1: [x@3:5 {c@4:6: d@4:9}]}"),
        ("\u{feff}a: 1", "{a@1:1: 1@1:4}"),
        ("é: ü x\n", "{é@1:1: ü x@1:4}"),
        ("a: &x 1\nb: *x\n", "{a@1:1: 1@1:7 b@2:1: 1@1:7}"),
        (
            "a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}\n",
            "{a@1:1: {k@1:8: 1@1:11 l@1:14: 2@1:17} b@2:1: {l@2:13: 3@2:16 k@1:8: 1@1:11}}",
        ),
        ("a: {<<: [{k: 1}, {k: 2, l: 3}]}", "{a@1:1: {k@1:11: 1@1:14 l@1:25: 3@1:28}}"),
        ("a: !!str 5\r\nb: |\r\n  t\r\n", "{a@1:1: 5@1:10 b@2:1: t\n@3:3}"),
    ] {
        let (documents, lines) = read(text);
        assert_eq!(lines, Vec::<String>::new(), "{text}");
        assert_eq!(documents.iter().map(shape).collect::<Vec<_>>(), [wanted], "{text}");
    }
}

#[test]
fn documents_are_separate_and_one_bad_document_leaves_the_others() {
    let (documents, lines) = read("a: 1\n---\nb: [\n---\nc: 3\n---\nd: *missing\n");
    assert_eq!(documents.iter().map(shape).collect::<Vec<_>>(), ["{a@1:1: 1@1:4}", "{c@5:1: 3@5:4}", "{d@7:1: @7:4}"]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].starts_with("f.yaml:7:4: error: unknown alias;"), "{lines:?}");
}

#[test]
fn block_collections_end_with_their_last_value() {
    let text = "a:\n  b: 1\n\n# comment\nc: 2\n";
    let (documents, _) = read(text);
    let mark = documents[0].get("a").unwrap().mark;
    assert_eq!(&text[mark.start as usize..mark.end as usize], "b: 1");
}

#[test]
fn mistakes_of_the_text_are_located() {
    for (name, text, wanted) in [
        ("tab", "a:\n\tb: 1\n", "f.yaml:2:1: error: a tab can't indent YAML; use spaces"),
        ("tab after a scalar", "a: 1\n\tb: 2\n", "f.yaml:2:1: error: a tab can't indent YAML; use spaces"),
        (
            "duplicate key",
            "a: 1\nb: 2\na: 3\n",
            "f.yaml:3:1: error: the key `a` is already set on line 1; keep one of the two",
        ),
        (
            "list as key",
            "[a]: 1\n",
            "f.yaml:1:1: error: a key must be a text, not a list or a map; put quotes round it if it is one",
        ),
        (
            "unknown tag",
            "a: !secret x\n",
            "f.yaml:1:12: error: YAML tags are not supported; remove it; values from files and the environment are given as …_file keys and ${NAME}",
        ),
        (
            "cyclic alias",
            "a: &a [*a]\n",
            "f.yaml:1:8: error: an alias inside its own anchor never ends; remove the alias",
        ),
        (
            "merge of a text",
            "a: {<<: b}\n",
            "f.yaml:1:9: error: the merge key << needs a map or a list of maps; write <<: *anchor",
        ),
        (
            "unquoted at",
            "a: @b\n",
            "f.yaml:1:4: error: not valid YAML: unexpected character: `@'; put quotes round a value that begins with a special character",
        ),
        (
            "colon in a value",
            "a: b: c\n",
            "f.yaml:1:5: error: not valid YAML: mapping values are not allowed in this context; put quotes round a value that contains ': ', or check the indentation",
        ),
        ("open quote", "a: \"b\n", "f.yaml:1:4: error: not valid YAML: unclosed quote; close the quote"),
        (
            "nul",
            "a: \0\n",
            "f.yaml:1:4: error: not valid YAML: unexpected character: `\\u{0}'; put quotes round a value that begins with a special character",
        ),
    ] {
        assert_eq!(read(text).1, [wanted], "{name}");
    }
}

#[test]
fn bytes_that_are_no_text_are_located() {
    let (documents, lines) = read_bytes(b"a: 1\nb: caf\xe9\n");
    assert!(documents.is_empty());
    assert_eq!(
        lines,
        ["f.yaml:2:7: error: the file is not UTF-8 text: \"byte 0xE9\"; save it with the encoding UTF-8"]
    );
    let (_, lines) = read_bytes(&vec![b'#'; MAX_FILE_BYTES as usize + 1]);
    assert_eq!(lines, ["f.yaml: error: the file is larger than 16 MiB; split it into several files"]);
}

#[test]
fn bombs_and_nesting_end_in_an_error() {
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..10 {
        let before = i - 1;
        laughs.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{before}"); 9].join(", ")));
    }
    let mut merges = String::from("a: &a {");
    merges.push_str(&(0..5000).map(|i| format!("k{i}: 1,")).collect::<String>());
    merges.push_str("}\n");
    merges.push_str(&(0..5000).map(|i| format!("b{i}: {{<<: *a}}\n")).collect::<String>());
    let chain = (1..5000).fold(String::from("- &a0 [x]\n"), |s, i| s + &format!("- &a{i} [*a{}]\n", i - 1));
    let mut blocks = String::new();
    for i in 0..2000 {
        blocks.push_str(&format!("{}a:\n", " ".repeat(i)));
    }
    for (name, text, wanted) in [
        ("billion laughs", laughs, "more than 2000000 values"),
        ("merges", merges, "more than 2000000 values"),
        ("chain of aliases", chain, "nested more than 100 deep"),
        ("brackets", "[".repeat(100_000), "nested more than 100 deep"),
        ("braces", "{a: ".repeat(100_000), "nested more than 100 deep"),
        ("dashes", "- ".repeat(100_000), "nested more than 100 deep"),
        ("indentation", blocks, "nested more than 100 deep"),
    ] {
        let (_, lines) = read(&text);
        assert_eq!(lines.len(), 1, "{name}: {lines:?}");
        assert!(lines[0].contains(wanted), "{name}: {lines:?}");
    }
}
