// Draws an SLO's history with uPlot: four charts over one time axis, with alerts and maintenance as bands.
//
// The numbers come with the page; when it is patched they are set anew, and a changed colour scheme draws afresh.

import { go } from "./forms.js";
import { utc } from "./times.js";

const HEIGHT = 200;
const UTC = { timeZone: "UTC", hourCycle: "h23" };
const frames = [...document.querySelectorAll("[data-chart]")];
let charts = [];
let shown = "";

export function start() {
  draw();
  document.addEventListener("slowburn:shown", update);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  const resize = new ResizeObserver(() => charts.forEach((chart, i) => fit(chart, frames[i])));
  frames.forEach((frame) => resize.observe(frame));
  const hint = document.querySelector(".hint-zoom");
  if (hint) hint.hidden = false;
}

function draw() {
  charts.forEach((chart) => chart.destroy());
  const { text, data } = read();
  shown = text;
  const colors = palette();
  charts = frames.map((frame) => new uPlot(options(frame, data, colors), columns(frame.dataset.chart, data), frame));
}

function update() {
  const hint = document.querySelector(".hint-zoom");
  if (hint) hint.hidden = false;
  // Another range may have other lines, so the charts are drawn anew; that is quicker than the eye.
  if (document.getElementById("data") && read().text !== shown) draw();
}

function read() {
  const text = document.getElementById("data").textContent;
  return { text, data: JSON.parse(text) };
}

function fit(chart, frame) {
  if (frame.clientWidth && chart.width !== frame.clientWidth) chart.setSize({ width: frame.clientWidth, height: HEIGHT });
}

function columns(kind, data) {
  const per = (i, value) => data.total[i] > 0 ? value : null;
  switch (kind) {
    case "budget": return [data.at, data.budget];
    case "errors": return [data.at, data.at.map((_, i) => per(i, data.bad[i] / data.total[i]))];
    case "burn": return [data.at, data.burn];
    default: return [data.at, data.total.map((value) => value === null ? null : value / data.step)];
  }
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["text", "muted", "line", "accent", "ok", "critical", "burning", "band-critical", "band-burning", "band-maintenance", "fill"];
  return Object.fromEntries(names.map((name) => [name, color(name)]));
}

const percent = (value, digits = 3) => value === null || value === undefined ? "–" : `${trim(value * 100, digits)}\u202f%`;
const trim = (value, digits) => Number(value.toPrecision(digits)).toLocaleString("en").replaceAll(",", "\u202f").replace("-", "−");
const FORMATS = {
  budget: (value) => percent(value),
  errors: (value) => percent(value),
  burn: (value) => value === null || value === undefined ? "–" : `${trim(value, 3)}×`,
  traffic: (value) => value === null || value === undefined ? "–" : trim(value, 3),
};

function options(frame, data, colors) {
  const kind = frame.dataset.chart;
  const format = FORMATS[kind];
  const axis = { stroke: colors.muted, grid: { stroke: colors.line, width: 1 }, ticks: { stroke: colors.line, width: 1, size: 4 }, font: "12px system-ui, sans-serif" };
  return {
    width: frame.clientWidth || 320,
    height: HEIGHT,
    legend: { live: true },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    cursor: { sync: { key: "slo" }, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: true, range: () => [data.start, data.end] }, y: { range: bounds(kind, data) } },
    axes: [{ ...axis, space: 84, size: 30, values: moments }, { ...axis, size: 62, values: (_, splits) => splits.map(format) }],
    series: [{ value: (_, at) => at === null ? "–" : utc(at) }, series(kind, format, colors)],
    hooks: { drawClear: [(chart) => bands(chart, data, colors)], draw: [(chart) => lines(chart, kind, data, colors)], setSelect: [zoom] },
  };
}

// Hours and minutes in UTC as everywhere on the page, and the day where it begins.
function moments(_, splits, __, ___, step) {
  const clock = new Intl.DateTimeFormat("en-GB", { ...UTC, hour: "2-digit", minute: "2-digit", second: step < 60 ? "2-digit" : undefined });
  const day = new Intl.DateTimeFormat("en-GB", { ...UTC, day: "numeric", month: "short" });
  return splits.map((at) => {
    const moment = new Date(at * 1000);
    const midnight = moment.getUTCHours() === 0 && moment.getUTCMinutes() === 0;
    return step >= 86400 || midnight ? day.format(moment) : clock.format(moment);
  });
}

function series(kind, format, colors) {
  const stroke = { budget: colors.accent, errors: colors.critical, burn: colors.burning, traffic: colors.ok }[kind];
  const label = { budget: "Left", errors: "Bad", burn: "Burn rate", traffic: "Events/s" }[kind];
  return {
    label,
    stroke,
    width: 1.75,
    fill: kind === "traffic" ? colors.fill : undefined,
    points: { size: 4, show: (chart) => chart.data[0].length < 3 || undefined, filter: alone },
    value: (_, value) => format(value),
  };
}

// A value between two gaps has no line to lie on, so it is drawn as a point; rare events would not be seen otherwise.
function alone(chart, series, all) {
  const values = chart.data[series];
  const known = (i) => values[i] !== null && values[i] !== undefined;
  return all ? null : values.flatMap((_, i) => known(i) && !known(i - 1) && !known(i + 1) ? [i] : []);
}

// The whole scale matters for a budget; elsewhere zero and the lines that mark a limit.
function bounds(kind, data) {
  return (_, low, high) => {
    if (kind === "budget") return [Math.min(0, low ?? 0), Math.max(1, high ?? 1)];
    const limit = kind === "burn" ? Math.min(...data.factors.map((f) => f.value), Infinity) : 0;
    const top = Math.max(high ?? 0, Number.isFinite(limit) ? limit : 0, kind === "errors" ? 1 - data.objective / 100 : 0);
    return [0, top > 0 ? top * 1.1 : 1];
  };
}

function bands(chart, data, colors) {
  const { ctx, bbox } = chart;
  ctx.save();
  for (const band of data.bands) {
    const left = Math.max(chart.valToPos(band.from, "x", true), bbox.left);
    const right = Math.min(chart.valToPos(band.to, "x", true), bbox.left + bbox.width);
    ctx.fillStyle = colors[`band-${band.class}`];
    // The shortest alert is still a line that can be seen.
    ctx.fillRect(left, bbox.top, Math.max(right - left, 2 * devicePixelRatio), bbox.height);
  }
  ctx.restore();
}

function lines(chart, kind, data, colors) {
  if (kind === "budget") rule(chart, 0, colors.critical);
  if (kind === "errors") rule(chart, 1 - data.objective / 100, colors.muted);
  if (kind === "burn") data.factors.forEach((factor) => rule(chart, factor.value, colors[factor.class]));
}

function rule(chart, value, color) {
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(value, "y", true));
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function zoom(chart) {
  const { left, width } = chart.select;
  if (width < 8) return;
  const moment = (x) => new Date(Math.round(chart.posToVal(x, "x")) * 1000).toISOString().replace(".000Z", "Z");
  const address = new URL(location.href);
  address.searchParams.delete("range");
  address.searchParams.set("start", moment(left));
  address.searchParams.set("end", moment(left + width));
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  go(address.href, "push");
}
