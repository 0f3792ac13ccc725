//! A picture: cost against number of SLOs, both by powers of ten.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
/// Space for the axes' words.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 56.0;
/// Colours that differ in lightness too.
const COLOURS: [&str; 4] = ["#0b6e4f", "#c2410c", "#6d28d9", "#64748b"];

/// A line of the picture.
pub struct Line {
    pub name: String,
    /// By number of SLOs; rising.
    pub points: Vec<(f64, f64)>,
    /// Points that were not measured in this run are hollow.
    pub recorded: Vec<(f64, f64)>,
}

/// Powers of ten that hold all values.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (i32, i32) {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(0.0, f64::max);
    (least.log10().floor() as i32, most.log10().ceil() as i32)
}

/// The picture as SVG. `title` says what is costs and in which unit.
pub fn svg(title: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| line.points.iter().chain(&line.recorded));
    let (x, y) = (decades(points().map(|point| point.0)), decades(points().map(|point| point.1)));
    let place = |(slos, cost): (f64, f64)| {
        let part = |value: f64, (least, most): (i32, i32)| (value.log10() - f64::from(least)) / f64::from(most - least);
        (LEFT + part(slos, x) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - part(cost, y) * (HEIGHT - TOP - BOTTOM))
    };
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" font-family=\"system-ui, sans-serif\" \
         font-size=\"13\">\n<title>{title}</title>\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"18\" font-weight=\"600\" fill=\"#1e293b\">{title}</text>\n"
    );
    axes(&mut text, x, y, &place);
    let mut words = Vec::new();
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        curve(&mut text, line, colour, &place);
        if let Some(end) = line.points.iter().chain(&line.recorded).next_back() {
            words.push((place(*end).1, line.name.as_str(), *colour));
        }
    }
    names(&mut text, words);
    text.push_str("</svg>\n");
    text
}

fn axes(text: &mut String, x: (i32, i32), y: (i32, i32), place: &impl Fn((f64, f64)) -> (f64, f64)) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    for power in y.0..=y.1 {
        let (_, at) = place((1.0, 10f64.powi(power)));
        let _ = writeln!(text, "<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#e2e8f0\"/>");
        let (x, y, value) = (LEFT - 8.0, at + 4.0, ten_to(power));
        let _ = writeln!(text, "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\" fill=\"#475569\">{value}</text>");
    }
    for power in x.0..=x.1 {
        let (at, _) = place((10f64.powi(power), 1.0));
        let _ = writeln!(text, "<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#e2e8f0\"/>");
        let (y, value) = (bottom + 18.0, ten_to(power));
        let _ = writeln!(text, "<text x=\"{at:.1}\" y=\"{y}\" text-anchor=\"middle\" fill=\"#475569\">{value}</text>");
    }
    let (x, y) = ((LEFT + right) / 2.0, HEIGHT - 14.0);
    let _ = writeln!(text, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" fill=\"#475569\">SLOs</text>");
}

fn curve(text: &mut String, line: &Line, colour: &str, place: &impl Fn((f64, f64)) -> (f64, f64)) {
    let mut path = |points: &[(f64, f64)], dashes: &str| {
        let steps: Vec<String> =
            points.iter().map(|point| place(*point)).map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let _ = writeln!(
            text,
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
            steps.join("L")
        );
    };
    path(&line.points, "");
    let bridge: Vec<(f64, f64)> = line.points.last().into_iter().chain(&line.recorded).copied().collect();
    if bridge.len() > 1 {
        path(&bridge, " stroke-dasharray=\"5 4\"");
    }
    for (points, fill) in [(&line.points, colour), (&line.recorded, "#fff")] {
        for (x, y) in points.iter().map(|point| place(*point)) {
            let _ = writeln!(
                text,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{fill}\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            );
        }
    }
}

/// Names beside the lines' ends, kept apart.
fn names(text: &mut String, mut words: Vec<(f64, &str, &str)>) {
    words.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = TOP;
    for (at, name, colour) in words {
        let y = at.max(free);
        free = y + 18.0;
        let _ =
            writeln!(text, "<text x=\"{}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>", WIDTH - RIGHT + 10.0, y + 4.0);
    }
}

/// `0.01`, `1`, `10 000`.
fn ten_to(power: i32) -> String {
    match power {
        ..0 => format!("{:.*}", power.unsigned_abs() as usize, 10f64.powi(power)),
        4.. => format!("{} 000", 10i64.pow(power as u32 - 3)),
        _ => 10i64.pow(power as u32).to_string(),
    }
}
