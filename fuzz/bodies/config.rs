//! Any main file: nothing panics, and every mistake lies inside the text.

use super::diagnosed::diagnosed;
use slowburn::config::load;

pub fn check(text: &[u8]) {
    diagnosed(text, &load::check_text("slowburn.yaml", text, &|name| (name != "X").then(|| "1".to_owned())));
}
