//! What holds for the mistakes of any text.

use slowburn::config::diagnostics::Diagnostics;

/// Every mistake lies inside the text, and all of them can be told.
pub fn diagnosed(text: &[u8], diagnostics: &Diagnostics) {
    let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    assert!(diagnostics.iter().all(|found| found.line as usize <= lines));
    let _ = (diagnostics.to_text(), diagnostics.to_json());
}
