//! Words for the parser's syntax errors: where the eye should go, and how to mend it.

use super::super::diagnostics::Diagnostic;
use super::{MAX_DEPTH, Mark};
use granit_parser::{ErrorKind as E, ScanError};

/// The diagnostic for a text that is not YAML.
pub(super) fn diagnostic(error: &ScanError, text: &str, file: &str) -> Diagnostic {
    let mark = error.marker();
    let place = Mark::at(mark.line(), mark.col() + 1);
    if let Some(tab) = indenting_tab(text, mark.line()).filter(|_| may_be_tab(error.kind())) {
        return Diagnostic::error(file, tab, "a tab can't indent YAML").help("use spaces");
    }
    if matches!(error.kind(), E::RecursionLimitExceeded) {
        return too_deep(file, place);
    }
    let found = Diagnostic::error(file, place, format!("not valid YAML: {}", error.kind()));
    match help(error.kind()) {
        Some(help) => found.help(help),
        None => found,
    }
}

/// Nobody nests this deep by hand.
pub(super) fn too_deep(file: &str, place: Mark) -> Diagnostic {
    Diagnostic::error(file, place, format!("lists and maps are nested more than {MAX_DEPTH} deep")).help("flatten them")
}

fn may_be_tab(kind: &E) -> bool {
    matches!(
        kind,
        E::TabNotAllowed
            | E::TabInBlockIndentation
            | E::TabInIndentation
            | E::TabInPlainScalar
            | E::TabAtBlockScalarStart
            | E::InvalidIndentation
            | E::SimpleKeyExpected
            | E::InvalidBlockEntryWhitespace
            | E::InvalidMappingValueWhitespace
            | E::UnexpectedCharacter { character: '\t' }
    )
}

/// The first tab in the indentation of the line of the error or one of the two after it: a plain scalar that runs into
/// a tab is reported where the scalar begins.
fn indenting_tab(text: &str, line: usize) -> Option<Mark> {
    text.lines().enumerate().skip(line.saturating_sub(1)).take(3).find_map(|(index, content)| {
        let indent = &content[..content.len() - content.trim_start_matches([' ', '\t', '-']).len()];
        indent.find('\t').map(|column| Mark::at(index + 1, column + 1))
    })
}

fn help(kind: &E) -> Option<&'static str> {
    Some(match kind {
        E::UnexpectedCharacter { .. } => "put quotes round a value that begins with a special character",
        E::MappingValueNotAllowed | E::InvalidColonPlacement => {
            "put quotes round a value that contains ': ', or check the indentation"
        }
        E::InvalidIndentation | E::ExpectedBlockMappingKey | E::ExpectedBlockSequenceEntry => {
            "keys of one map, and dashes of one list, must stand in the same column"
        }
        E::SimpleKeyExpected => "write key: value, with a space after the colon",
        E::UnclosedQuotedScalar => "close the quote",
        E::UnclosedFlowCollection { .. }
        | E::UnexpectedEofFlowSequence
        | E::UnexpectedEofFlowMapping
        | E::ExpectedFlowMappingSeparator
        | E::ExpectedFlowSequenceSeparator => "close the bracket, and separate its items by commas",
        E::UnknownQuotedScalarEscape => "double the backslash, or use single quotes",
        E::UnknownAnchor => "an alias *name needs an anchor &name before it in the same document",
        _ => return None,
    })
}
