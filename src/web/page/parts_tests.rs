//! Links, sparklines and bars of a row.

use super::*;

#[test]
fn only_web_addresses_become_links() {
    for (text, expected) in [
        ("https://runbooks.example.com/a b", Some("https://runbooks.example.com/a%20b")),
        ("http://wiki/x", Some("http://wiki/x")),
        ("javascript:alert(1)", None),
        (" JaVaScRiPt:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,<script>alert(1)</script>", None),
        ("vbscript:x", None),
        ("//evil.example", None),
        ("runbook", None),
        ("", None),
    ] {
        assert_eq!(web_address(text).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn addresses_carry_any_name() {
    let group = Labels::new().with("route", "/pay?x=1&y").with("range", "far");
    assert_eq!(
        slo_href("../../", "a/b", "ü", &group),
        "../../slo/a%2Fb/%C3%BC?group.range=far&route=%2Fpay%3Fx%3D1%26y"
    );
    assert_eq!(slo_href("./", "a", "b", &Labels::new()), "./slo/a/b");
}

#[test]
fn a_sparkline_breaks_at_gaps_and_keeps_zero_in_sight() {
    let of = |points: &[Option<f64>]| Spark::new(&Sparkline { points: points.to_vec(), young: None });
    let spark = of(&[Some(1.0), None, Some(0.0), Some(-1.0), Some(-30.0)]).unwrap();
    assert_eq!(spark.line, "M0 1M50 14L75 27L100 27");
    assert_eq!(spark.zero, 14.0);
    assert_eq!(spark.young, None);
    assert!(of(&[None, None]).is_none());
    assert!(of(&[]).is_none());
    assert_eq!(of(&[Some(0.5)]).unwrap().line, "M0 14");
}

#[test]
fn a_young_sparkline_says_how_young() {
    let spark = Sparkline { points: vec![Some(1.0), Some(0.98)], young: Some(Duration::from_secs(1830)) };
    let spark = Spark::new(&spark).unwrap();
    assert_eq!(spark.young.as_deref(), Some("30\u{202f}min"));
    assert!(spark.title.contains("30\u{202f}min, all that is known"), "{}", spark.title);
}

#[test]
fn the_bar_shows_overspending_left_of_zero() {
    let bar = |remaining| {
        let budget = BudgetStatus { remaining, consumed: None, exhausts_in_seconds: None, coverage: 1.0 };
        let bar = Bar::new(&budget);
        (bar.x, bar.width, bar.class)
    };
    for (name, remaining, expected) in [
        ("whole", Some(1.0), (20.0, 100.0, "well")),
        ("low", Some(0.1), (20.0, 10.0, "low")),
        ("overspent", Some(-0.5), (10.0, 10.0, "over")),
        ("far overspent", Some(-9.0), (0.0, 20.0, "over")),
        ("never measured", None, (20.0, 0.0, "none")),
    ] {
        assert_eq!(bar(remaining), expected, "{name}");
    }
}
