//! Keeps secrets out of error texts that quote a receiver's answer.
//!
//! Error pages like to repeat the requested path, and the path of an incoming webhook is its password. Whatever of the
//! secret the answer repeats is replaced, before the text is shortened.

/// Shorter parts are words like `api` or `v1`, whose removal would only make the text unreadable.
const SHORTEST_PART: usize = 8;

/// Anything shorter protects nothing, and its removal would garble the text.
const SHORTEST_SECRET: usize = 4;

/// Characters of an answer that are quoted; enough for a reason, too few for a page.
const QUOTED: usize = 200;

/// The secrets of one attempt.
#[derive(Default)]
pub struct Scrubber {
    /// Longest first, so that a whole URL goes before its parts.
    secrets: Vec<String>,
}

impl Scrubber {
    /// Hides a password or a token.
    pub fn hide(&mut self, secret: &str) {
        if secret.len() >= SHORTEST_SECRET {
            self.secrets.push(secret.to_owned());
            self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// Hides a URL: as a whole, what follows its host, and each longer part of that.
    pub fn hide_url(&mut self, url: &str) {
        self.hide(url);
        let Some((_, rest)) = url.split_once("://") else { return };
        let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
        if let Some((user_info, _)) = authority.rsplit_once('@') {
            // Without a password the user is a token.
            let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
            self.hide(if password.is_empty() { user } else { password });
            self.hide(&crate::http::basic(user, password));
        }
        if path.len() > 1 {
            self.hide(path);
        }
        path.split(['/', '?', '&', '=']).filter(|part| part.len() >= SHORTEST_PART).for_each(|part| self.hide(part));
    }

    /// The text in one short line, without secrets and control characters.
    pub fn clean(&self, text: &str) -> String {
        let hidden = self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "<secret>"));
        let line = hidden.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        super::render::shortened(&line.collect::<Vec<_>>().join(" "), QUOTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_repeats_of_a_secret_is_hidden() {
        let mut scrubber = Scrubber::default();
        scrubber.hide_url("https://user:pass@hooks.example.com/services/T0000/SECRETTOKEN?key=0123456789");
        scrubber.hide("xoxb-1");
        for (name, text, expected) in [
            ("nothing secret", "no such\r\n\thook", "no such hook"),
            ("whole path", "can't POST /services/T0000/SECRETTOKEN?key=0123456789!", "can't POST <secret>!"),
            ("a part", "token SECRETTOKEN unknown", "token <secret> unknown"),
            ("query value", "key 0123456789", "key <secret>"),
            ("password, but not the user", "bad pass of user", "bad <secret> of user"),
            ("password as it is sent", "Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic <secret>"),
            ("token", "xoxb-1 revoked", "<secret> revoked"),
            ("control characters", "a\u{1b}[31mred\u{0}b", "a [31mred b"),
        ] {
            assert_eq!(scrubber.clean(text), expected, "{name}");
        }
    }

    #[test]
    fn a_secret_at_the_cut_is_hidden_before_the_cut() {
        let mut scrubber = Scrubber::default();
        scrubber.hide("SECRETTOKEN");
        let text = format!("{}SECRETTOKEN", "x".repeat(QUOTED - 4));
        assert!(!scrubber.clean(&text).contains("SEC"));
    }
}
