// The charts. uPlot draws the lines; the legends are plain text.

const compact = new Intl.NumberFormat('en', {notation: 'compact', maximumFractionDigits: 1});
const exact = new Intl.NumberFormat('en', {maximumFractionDigits: 1});
const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A line chart over time. lines: [{key, label, of: sample => number | undefined}]. */
export class Chart {
  #figure;
  #plot;
  #holder;
  #legend;
  #lines = [];
  #samples = [];

  constructor(id, lines) {
    this.#figure = document.getElementById(id);
    this.#holder = document.createElement('div');
    this.#holder.className = 'plot';
    this.#holder.setAttribute('aria-hidden', 'true');
    this.#legend = document.createElement('ul');
    this.#legend.className = 'legend';
    this.#figure.append(this.#holder, this.#legend);
    this.lines(lines);
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#holder);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#build());
  }

  /** Replaces the lines if their keys have changed. */
  lines(lines) {
    if (this.#plot && lines.map(line => line.key).join() === this.#lines.map(line => line.key).join()) return;
    this.#lines = lines;
    this.#build();
  }

  show(samples) {
    this.#samples = samples;
    this.#plot.setData(this.#data());
    this.#describe();
  }

  #size() {
    return {width: Math.max(120, this.#holder.clientWidth), height: 160};
  }

  #data() {
    return [this.#samples.map(sample => sample.t / 1000),
      ...this.#lines.map(line => this.#samples.map(sample => line.of(sample) ?? null))];
  }

  #build() {
    this.#plot?.destroy();
    const axis = {stroke: color('--soft'), grid: {stroke: color('--grid'), width: 1}, ticks: {show: false},
      font: '11px system-ui, "DejaVu Sans", sans-serif'};
    this.#plot = new uPlot({
      ...this.#size(),
      legend: {show: false},
      cursor: {sync: {key: 'datapipeline'}, drag: {x: false, y: false}, points: {size: 6}},
      scales: {y: {range: (plot, min, max) => [0, Math.max(1, (max ?? 1) * 1.1)]}},
      padding: [8, 28, 0, 0],
      axes: [{...axis, space: 70, size: 24, values: (plot, times) => times.map(clock)},
        {...axis, size: 44, space: 34, values: (plot, values) => values.map(value => compact.format(value))}],
      series: [{}, ...this.#lines.map((line, index) => ({
        label: line.label, stroke: color(`--c${index % 8 + 1}`), width: 2, dash: index < 8 ? undefined : [4, 3],
        points: {show: false}, spanGaps: line.spanGaps ?? false,
        fill: this.#lines.length === 1 ? color(`--c1`) + '22' : undefined,
      }))],
      hooks: {setLegend: [() => this.#describe()]},
    }, this.#data(), this.#holder);
    this.#legend.replaceChildren(...this.#lines.map((line, index) => {
      const item = document.createElement('li');
      const swatch = document.createElement('span');
      swatch.className = 'swatch';
      swatch.style.background = `var(--c${index % 8 + 1})`;
      item.append(swatch, `${line.label} `, document.createElement('b'));
      return item;
    }));
    this.#describe();
  }

  /** Shows the values under the cursor, or the latest ones, in the legend. */
  #describe() {
    if (!this.#plot) return;
    const index = this.#plot.cursor.idx ?? this.#samples.length - 1;
    this.#lines.forEach((line, number) => {
      let value = this.#samples[index] && line.of(this.#samples[index]);
      const b = this.#legend.children[number]?.querySelector('b');
      const text = value === undefined || value === null ? '–' : exact.format(value);
      if (b && b.textContent !== text) b.textContent = text;
    });
  }
}

function clock(seconds) {
  const time = new Date(seconds * 1000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
}

/** A strip for each part that shows when it was ready. */
export class Readiness {
  #rows = new Map();
  #parts;

  constructor(id, parts) {
    this.#parts = parts;
    const strips = document.createElement('div');
    strips.className = 'strips';
    for (const [part, name] of Object.entries(parts)) {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.setAttribute('aria-hidden', 'true');
      const row = document.createElement('p');
      const share = document.createElement('b');
      row.append(name, share);
      const div = document.createElement('div');
      div.append(row, svg);
      strips.append(div);
      this.#rows.set(part, {svg, share});
    }
    document.getElementById(id).append(strips);
  }

  show(samples, length) {
    for (const [part, {svg, share}] of this.#rows) {
      const runs = [];
      let ready = 0;
      samples.forEach((sample, index) => {
        const up = sample.up[part];
        if (up) ready++;
        const last = runs.at(-1);
        if (last && last.up === up) last.end = index + 1;
        else runs.push({up, start: index, end: index + 1});
      });
      const offset = length - samples.length;
      svg.setAttribute('viewBox', `0 0 ${length} 12`);
      svg.replaceChildren(...runs.map(run => {
        const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
        rect.setAttribute('x', offset + run.start);
        rect.setAttribute('width', run.end - run.start);
        rect.setAttribute('height', 12);
        rect.setAttribute('class', run.up ? 'up' : 'down');
        return rect;
      }));
      share.textContent = samples.length
        ? `${samples.at(-1).up[part] ? 'ready' : 'not ready'}, ${Math.floor(100 * ready / samples.length)} %` : '–';
    }
  }
}
