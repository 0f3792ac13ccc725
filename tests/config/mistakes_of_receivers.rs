//! Mistakes of routes and receivers, with the exact text that is shown.

use crate::mistakes;

#[test]
fn mistakes_of_routes() {
    for (route, wanted) in [
        (
            "{receiver: pagr}",
            vec!["1:19: error: route.receiver: there is no receiver of this name: \"pagr\"; did you mean page?"],
        ),
        (
            "{group_by: []}",
            vec!["1:8: error: route: `receiver` is missing; name the receiver of all alerts that no route below takes"],
        ),
        (
            "{receiver: page, matchers: [a=b]}",
            vec![
                "1:35: error: route.matchers: the first route takes every alert, it can't have matchers; move it to a route under routes",
            ],
        ),
        (
            "{receiver: page, routes: [{matchers: ['severity=\"page']}]}",
            vec![
                "1:56: error: route.routes[0].matchers[0]: not a matcher: this quote is never closed: \"severity=\\\"page\"; write it like severity=\"page\"",
            ],
        ),
        (
            "{receiver: page, group_by: ['...', a]}",
            vec![
                "1:36: error: route.group_by[0]: '...' stands for all labels, it can't have others beside it: \"...\"; write group_by: ['...']",
            ],
        ),
        (
            "{receiver: page, group_by: [a, a]}",
            vec!["1:39: error: route.group_by[1]: this label is already in the list: \"a\"; remove it"],
        ),
        (
            "{receiver: page, group_interval: 0s}",
            vec!["1:41: error: route.group_interval: the duration must be above zero: \"0s\"; write it like 15s or 1m"],
        ),
        (
            "{receiver: page, repeat_interval: 1m}",
            vec![
                "1:42: warning: route.repeat_interval: repeat_interval is shorter than group_interval, which then decides: \"1m\"; make it the longer one",
            ],
        ),
        (
            "{receiver: page, routes: [{match: {a: b}, match_re: {c: d.*}}]}",
            vec![
                "1:42: warning: route.routes[0].match: match is deprecated; write matchers: ['a=\"b\"']",
                "1:60: warning: route.routes[0].match_re: match_re is deprecated; write matchers: ['c=~\"d.*\"']",
            ],
        ),
        (
            "{receiver: page, routes: [{mute_time_intervals: [a]}]}",
            vec![
                "1:35: error: route.routes[0].mute_time_intervals: `mute_time_intervals` is not supported; remove it; planned work goes under an SLO's maintenance",
            ],
        ),
    ] {
        let wanted: Vec<String> = wanted.iter().map(|line| format!("slowburn.yaml:{line}")).collect();
        assert_eq!(mistakes(&format!("route: {route}\nreceivers: [{{name: page}}]\n")), wanted, "{route}");
    }
}

#[test]
fn mistakes_of_channels() {
    for (channels, wanted) in [
        (
            "slack_configs: [{}]",
            "2:39: error: receivers[0].slack_configs[0]: Slack's address is missing; add api_url_file, or slack_api_url_file under global",
        ),
        (
            "slack_configs: [{api_url: 'hooks.slack.com'}]",
            "2:49: error: receivers[0].slack_configs[0].api_url: not an http or https URL; write it like https://example.com/path",
        ),
        (
            "slack_configs: [{channel: c, app_token: t, app_token_file: /nowhere/t}]",
            "2:66: error: receivers[0].slack_configs[0].app_token_file: only one of `app_token`, `app_token_file` can be given; keep one of `app_token`, `app_token_file`",
        ),
        (
            "slack_configs: [{app_token: t}]",
            "2:39: error: receivers[0].slack_configs[0]: a bot token needs a channel; add channel: '#slo'",
        ),
        (
            "slack_configs: [{api_url: 'https://a', title: x}]",
            "2:62: error: receivers[0].slack_configs[0].title: `title` is not supported: messages have a fixed form; remove it",
        ),
        (
            "slack_configs: [{api_url: 'https://a', channel: '{{ .x }}'}]",
            "2:71: error: receivers[0].slack_configs[0].channel: templates are not supported here: \"{{ .x }}\"; write the text itself",
        ),
        (
            "email_configs: [{from: a@b.example, smarthost: 'm:25'}]",
            "2:39: error: receivers[0].email_configs[0]: `to` is missing; add it: addresses, separated by commas",
        ),
        (
            "email_configs: [{to: nobody, from: a@b.example, smarthost: 'm:25'}]",
            "2:44: error: receivers[0].email_configs[0].to: not a list of e-mail addresses: \"nobody\"; write it like a@example.com, b@example.com",
        ),
        (
            "email_configs: [{to: a@b.example, smarthost: 'm:25'}]",
            "2:39: error: receivers[0].email_configs[0]: `from` is missing; add it, or smtp_from under global",
        ),
        (
            "email_configs: [{to: a@b.example, from: a@b.example, smarthost: mail}]",
            "2:87: error: receivers[0].email_configs[0].smarthost: not a host and port: \"mail\"; write host:port, such as smtp.example.com:587",
        ),
        (
            "email_configs: [{to: a@b.example, from: a@b.example, smarthost: 'm:25', headers: {a: b, A: c}}]",
            "2:114: error: receivers[0].email_configs[0].headers.A: the header A is given twice: \"c\"; keep one of the two",
        ),
        (
            "webhook_configs: [{}]",
            "2:41: error: receivers[0].webhook_configs[0]: one of `url`, `url_file` is needed; add it",
        ),
        (
            "webhook_configs: [{url: 'http://a', url_file: b}]",
            "2:59: error: receivers[0].webhook_configs[0].url_file: only one of `url`, `url_file` can be given; keep one of `url`, `url_file`",
        ),
        (
            "pagerduty_configs: [{service_key: k}]",
            "2:23: error: receivers[0].pagerduty_configs: `pagerduty_configs` is not supported; use slack_configs, email_configs or webhook_configs",
        ),
    ] {
        let text = format!("route: {{receiver: r}}\nreceivers: [{{name: r, {channels}}}]\n");
        assert_eq!(mistakes(&text), [format!("slowburn.yaml:{wanted}")], "{channels}");
    }
}

#[test]
fn a_hash_begins_a_comment() {
    let text = "route:\n  receiver: #team\nreceivers:\n  - name: #team\n";
    assert_eq!(
        mistakes(text),
        [
            "slowburn.yaml:2:3: error: route: `receiver` is missing; name the receiver of all alerts that no route below takes",
            "slowburn.yaml:4:5: error: receivers[0].name: `name` is empty; put quotes round a value that begins with #: YAML takes it for a comment",
        ]
    );
}

#[test]
fn receivers_that_nobody_sends_to_and_receivers_of_one_name() {
    let text = "route: {receiver: a}\nreceivers:\n  - name: a\n  - name: b\n  - name: a\n";
    assert_eq!(
        mistakes(text),
        [
            "slowburn.yaml:4:11: warning: receivers[1].name: no route sends to this receiver: \"b\"; name it in a route, or remove it",
            "slowburn.yaml:5:11: error: receivers[2].name: another receiver on line 3 has this name: \"a\"; give each receiver its own name",
        ]
    );
}
