//! A secret and its `…_file` form.

use super::super::auth::Secret;
use super::super::decode::Map;

/// The secret of one of two keys; both is a mistake. The file must be there.
pub fn read(map: &Map<'_>, key: &'static str, file_key: &'static str) -> Option<Secret> {
    map.at_most_one(&[key, file_key]);
    either(map, key, file_key)
}

/// As [`read`], where whoever asks has reported already that both are given.
pub fn either(map: &Map<'_>, key: &'static str, file_key: &'static str) -> Option<Secret> {
    let value = map.get(key).and_then(|value| value.secret()).map(Secret::Value);
    let file = map.get(file_key).and_then(|value| value.needed_file()).map(Secret::File);
    value.or(file)
}

/// As [`read`], for a secret that is a URL.
pub fn read_url(map: &Map<'_>, key: &'static str, file_key: &'static str) -> Option<Secret> {
    map.at_most_one(&[key, file_key]);
    either_url(map, key, file_key)
}

/// As [`either`], for a secret that is a URL.
pub fn either_url(map: &Map<'_>, key: &'static str, file_key: &'static str) -> Option<Secret> {
    use secrecy::ExposeSecret;
    let secret = either(map, key, file_key)?;
    if let (Secret::Value(url), Some(value)) = (&secret, map.get(key))
        && !value.check_secret_url(url.expose_secret())
    {
        return None;
    }
    Some(secret)
}
