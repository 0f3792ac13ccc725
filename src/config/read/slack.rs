//! `slack_configs`, and Slack's keys of `global`.

use super::super::auth::{Auth, HttpConfig, Secret};
use super::super::decode::{Field, Map, Refused, Shape, Table, Value};
use super::super::receiver::{SlackConfig, SlackTarget};
use super::global::Globals;
use super::{http_config, secret};
use secrecy::ExposeSecret;

const CHAT_POST_MESSAGE: &str = "https://slack.com/api/chat.postMessage";

/// Why Alertmanager's parts of a message are not taken.
const FIXED: &str = "is not supported: messages have a fixed form";

pub static SLACK: Table = Table {
    title: "slack_config",
    fields: &[
        Field::opt("send_resolved", Shape::Bool, "tell when an alert is over, default false"),
        Field::opt("api_url", Shape::Secret, "an incoming webhook, default slack_api_url"),
        Field::opt("api_url_file", Shape::Path, "file with an incoming webhook"),
        Field::opt("app_token", Shape::Secret, "a Slack app's bot token, default slack_app_token"),
        Field::opt("app_token_file", Shape::Path, "file with a Slack app's bot token"),
        Field::opt("app_url", Shape::Url, "where a Slack app posts, default chat.postMessage"),
        Field::opt("channel", Shape::Text, "such as '#slo'; needed with a bot token"),
        Field::opt("username", Shape::Text, "name shown as sender"),
        Field::opt("icon_emoji", Shape::Text, "emoji shown as sender"),
        Field::opt("icon_url", Shape::Text, "image shown as sender"),
        Field::opt("http_config", Shape::Map(&http_config::HTTP), "HTTP client, default that of global"),
    ],
    refused: &[
        Refused::new("title", FIXED, "remove it"),
        Refused::new("title_link", FIXED, "remove it"),
        Refused::new("text", FIXED, "remove it"),
        Refused::new("pretext", FIXED, "remove it"),
        Refused::new("fallback", FIXED, "remove it"),
        Refused::new("message_text", FIXED, "remove it"),
        Refused::new("color", FIXED, "remove it"),
        Refused::new("fields", FIXED, "remove it"),
        Refused::new("short_fields", FIXED, "remove it"),
        Refused::new("footer", FIXED, "remove it"),
        Refused::new("actions", FIXED, "remove it"),
        Refused::new("callback_id", FIXED, "remove it"),
        Refused::new("image_url", FIXED, "remove it"),
        Refused::new("thumb_url", FIXED, "remove it"),
        Refused::new("link_names", FIXED, "remove it"),
        Refused::new("mrkdwn_in", FIXED, "remove it"),
        Refused::new("timeout", "is not supported", "remove it"),
        Refused::new("update_message", "is not supported", "remove it"),
    ],
};

/// The names of the keys that say how Slack is reached, which differ between `global` and a channel.
pub struct Keys {
    pub url: [&'static str; 2],
    pub token: [&'static str; 2],
    pub app_url: &'static str,
}

pub static GLOBAL_KEYS: Keys = Keys {
    url: ["slack_api_url", "slack_api_url_file"],
    token: ["slack_app_token", "slack_app_token_file"],
    app_url: "slack_app_url",
};

static CHANNEL_KEYS: Keys =
    Keys { url: ["api_url", "api_url_file"], token: ["app_token", "app_token_file"], app_url: "app_url" };

/// How Slack is reached, when the keys say so.
pub fn target(map: &Map<'_>, keys: &Keys) -> Option<SlackTarget> {
    let [url, url_file] = keys.url;
    let [token, token_file] = keys.token;
    map.at_most_one(&[url, url_file, token, token_file]);
    let app_url = map.get(keys.app_url).and_then(|value| value.http_url());
    if let Some(url) = secret::either_url(map, url, url_file) {
        return Some(SlackTarget::Webhook { url });
    }
    let token = secret::either(map, token, token_file)?;
    Some(SlackTarget::Api { url: app_url.unwrap_or_else(|| CHAT_POST_MESSAGE.to_owned()), token })
}

/// Decodes one channel.
pub fn read(value: &Value<'_>, globals: &Globals) -> Option<SlackConfig> {
    let map = value.map(&SLACK)?;
    let own = target(&map, &CHANNEL_KEYS);
    let named = CHANNEL_KEYS.url.iter().chain(&CHANNEL_KEYS.token).any(|key| map.has(key));
    let http = map.get("http_config").map(|v| http_config::read(&v)).unwrap_or_else(|| globals.http.clone());
    let literal = |key| map.get(key).and_then(|value| value.literal());
    let channel = literal("channel");
    let (username, icon_emoji, icon_url) = (literal("username"), literal("icon_emoji"), literal("icon_url"));
    let send_resolved = map.get("send_resolved").and_then(|value| value.boolean()).unwrap_or(false);
    if own.is_none() && !named && globals.slack.is_none() {
        value.error("Slack's address is missing", "add api_url_file, or slack_api_url_file under global");
    }
    let target = own.or_else(|| globals.slack.clone().filter(|_| !named))?;
    let (target, http) = with_bot_token(target, http);
    if matches!(target, SlackTarget::Api { .. }) && !map.has("channel") {
        value.error("a bot token needs a channel", "add channel: '#slo'");
    }
    Some(SlackConfig { send_resolved, target, channel, username, icon_emoji, icon_url, http })
}

/// Older configurations give `chat.postMessage` as `api_url` and the token as `authorization`.
fn with_bot_token(target: SlackTarget, mut http: HttpConfig) -> (SlackTarget, HttpConfig) {
    if let SlackTarget::Webhook { url: Secret::Value(url) } = &target
        && url.expose_secret().ends_with("/api/chat.postMessage")
        && let Some(Auth::Header { credentials, .. }) = http.auth.take_if(|auth| matches!(auth, Auth::Header { .. }))
    {
        return (SlackTarget::Api { url: url.expose_secret().to_owned(), token: credentials }, http);
    }
    (target, http)
}
