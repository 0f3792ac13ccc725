//! `${NAME}` in texts: read from the environment.
//!
//! A name is a letter or `_`, then letters, digits and `_`; anything else after `$` stays as it is, so that `$1` and
//! `${1}` of a replacement and lone dollars need no care. `$${NAME}` gives `${NAME}` itself.

/// A text with its variables replaced, or the names that are not set.
pub(super) fn expand(text: &str, env: super::Env<'_>) -> Result<String, Vec<String>> {
    let (mut expanded, mut missing) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        let Some(name) = variable(after) else {
            expanded.push_str(&rest[..at + 2]);
            rest = after;
            continue;
        };
        rest = &after[name.len() + 1..];
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str(&format!("${{{name}}}"));
            continue;
        }
        expanded.push_str(before);
        match env(name) {
            Some(value) => expanded.push_str(&value),
            None => missing.push(name.to_owned()),
        }
    }
    expanded.push_str(rest);
    if missing.is_empty() { Ok(expanded) } else { Err(missing) }
}

/// The name that a closing brace ends, if it is one.
fn variable(text: &str) -> Option<&str> {
    let name = &text[..text.find('}')?];
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(letters)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_braces_are_replaced_and_nothing_else() {
        let env = |name: &str| (name == "A_1").then(|| "x${A_1}".to_owned());
        for (text, expanded) in [
            ("", Ok("")),
            ("a ${A_1} b", Ok("a x${A_1} b")),
            ("${A_1}${A_1}", Ok("x${A_1}x${A_1}")),
            ("$$ $1 ${1} ${} ${a-b} ${open $A_1 $", Ok("$$ $1 ${1} ${} ${a-b} ${open $A_1 $")),
            ("$${A_1}", Ok("${A_1}")),
            ("${é} ${", Ok("${é} ${")),
            ("${B} ${_C}", Err(vec!["B", "_C"])),
        ] {
            let wanted =
                expanded.map(str::to_owned).map_err(|names: Vec<&str>| names.iter().map(ToString::to_string).collect());
            assert_eq!(expand(text, &env), wanted, "{text}");
        }
    }
}
