// Draws the charts of a replay's report: a line for each alternative, alerts and known incidents as bands.
(() => {
  const COLORS = ["#2f6fde", "#d9770c", "#1f9d63", "#a04fd0", "#c0392b", "#0f8ea0", "#8a6d00", "#6b7280"];
  const charts = JSON.parse(document.getElementById("data").textContent);
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const trim = (value, digits) => Number(value.toPrecision(digits)).toLocaleString();
  const FORMATS = {
    budget: (value) => (value === null || value === undefined ? "–" : `${trim(value * 100, 3)}\u202f%`),
    burn: (value) => (value === null || value === undefined ? "–" : `${trim(value, 3)}×`),
  };

  function bands(chart, data) {
    const { ctx, bbox } = chart;
    const at = (moment) => Math.min(Math.max(chart.valToPos(moment, "x", true), bbox.left), bbox.left + bbox.width);
    ctx.save();
    for (const band of data.bands) {
      ctx.fillStyle = color(band.kind);
      ctx.fillRect(at(band.from), bbox.top, Math.max(at(band.to) - at(band.from), 2 * devicePixelRatio), bbox.height);
    }
    ctx.fillStyle = color("known");
    const height = 5 * devicePixelRatio;
    for (const band of data.known) {
      const width = Math.max(at(band.to) - at(band.from), 2 * devicePixelRatio);
      ctx.fillRect(at(band.from), bbox.top + bbox.height - height, width, height);
    }
    ctx.restore();
  }

  function draw(frame) {
    const data = charts[Number(frame.dataset.index)];
    const kind = frame.dataset.chart;
    const format = FORMATS[kind];
    const axis = { stroke: color("muted"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 } };
    const series = data.lines.map((line, i) => ({
      label: line.name,
      stroke: COLORS[i % COLORS.length],
      width: 1.5,
      value: (_, value) => format(value),
    }));
    const low = (least) => (kind === "budget" ? Math.min(0, least ?? 0) : 0);
    const high = (most) => (kind === "budget" ? 1 : Math.max(1, most ?? 1) * 1.05);
    const options = {
      width: frame.clientWidth || 640,
      height: 200,
      cursor: { sync: { key: "replay" } },
      scales: { x: { time: true }, y: { range: (_, least, most) => [low(least), high(most)] } },
      axes: [axis, { ...axis, size: 70, values: (_, splits) => splits.map(format) }],
      series: [{ value: (_, at) => (at === null ? "–" : new Date(at * 1000).toLocaleString()) }, ...series],
      hooks: { drawClear: [(chart) => bands(chart, data)] },
    };
    return new uPlot(options, [data.at, ...data.lines.map((line) => line[kind])], frame);
  }

  const frames = [...document.querySelectorAll("[data-chart]")];
  const drawn = frames.map(draw);
  const fit = () => drawn.forEach((chart, i) => chart.setSize({ width: frames[i].clientWidth, height: 200 }));
  addEventListener("resize", fit);
})();
