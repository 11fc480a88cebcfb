// The charts. uPlot draws the lines; the legends are plain text.

import {clock, compact, inEachLanguage, minute, number, percent, text} from './language.js';

const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A line chart over time. lines: [{key, label: () => text, of: sample => number | undefined}]. If it is sorted, the
 * legend begins with the largest value, is no longer than others, and scrolls.
 */
export class Chart {
  #figure;
  #plot;
  #holder;
  #legend;
  #items = [];
  #lines = [];
  #samples = [];
  #sorted;

  constructor(id, lines, sorted = false) {
    this.#figure = document.getElementById(id);
    this.#holder = document.createElement('div');
    this.#holder.className = 'plot';
    this.#holder.setAttribute('aria-hidden', 'true');
    this.#legend = document.createElement('ul');
    this.#legend.className = 'legend';
    this.#sorted = sorted;
    if (sorted) {
      this.#legend.classList.add('bounded');
      this.#legend.tabIndex = 0;
    }
    this.#figure.append(this.#holder, this.#legend);
    this.lines(lines);
    inEachLanguage(() => this.#build());
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
      axes: [{...axis, space: 70, size: 24, values: (plot, times) => times.map(time => this.#time(time))},
        {...axis, size: 44, space: 34, values: (plot, values) => values.map(compact)}],
      series: [{}, ...this.#lines.map((line, index) => ({
        stroke: color(`--c${index % 8 + 1}`), width: 2, dash: index < 8 ? undefined : [4, 3],
        points: {show: false}, spanGaps: line.spanGaps ?? false,
        fill: this.#lines.length === 1 ? color(`--c1`) + '22' : undefined,
      }))],
      hooks: {setLegend: [() => this.#describe()]},
    }, this.#data(), this.#holder);
    this.#items = this.#lines.map((line, index) => {
      const item = document.createElement('li');
      const swatch = document.createElement('span');
      swatch.className = 'swatch';
      swatch.style.background = `var(--c${index % 8 + 1})`;
      const value = document.createElement('b');
      item.append(swatch, `${line.label()} `, value);
      return {item, value, line};
    });
    this.#legend.replaceChildren(...this.#items.map(({item}) => item));
    if (this.#sorted) this.#legend.setAttribute('aria-label', text('chart.worstFirst'));
    this.#describe();
  }

  /** Returns a time of the axis, without seconds if the samples are minutes apart. */
  #time(seconds) {
    const step = (this.#samples.at(-1)?.t - this.#samples.at(-2)?.t) / 1000;
    return (step > 30 ? minute : clock)(new Date(seconds * 1000));
  }

  /** Shows the values under the cursor, or the latest ones, in the legend. */
  #describe() {
    if (!this.#plot) return;
    const index = this.#plot.cursor.idx ?? this.#samples.length - 1;
    const sample = this.#samples[index];
    const of = ({line}) => (sample && line.of(sample)) ?? -1;
    for (const entry of this.#items) {
      const value = of(entry);
      const shown = value < 0 ? '–' : number(value);
      if (entry.value.textContent !== shown) entry.value.textContent = shown;
    }
    if (!this.#sorted) return;
    const order = [...this.#items].sort((one, other) => of(other) - of(one));
    if (order.some((entry, position) => this.#legend.children[position] !== entry.item)) {
      this.#legend.append(...order.map(({item}) => item));
    }
  }
}

/** A strip for each part that shows when it was ready. parts: keys of the parts' names, by part. */
export class Readiness {
  #rows = new Map();
  #parts;
  #shown = [[], 1];

  constructor(id, parts) {
    this.#parts = parts;
    const strips = document.createElement('div');
    strips.className = 'strips';
    for (const part of Object.keys(parts)) {
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.setAttribute('aria-hidden', 'true');
      const row = document.createElement('p');
      const share = document.createElement('b');
      const name = document.createElement('span');
      row.append(name, share);
      const div = document.createElement('div');
      div.append(row, svg);
      strips.append(div);
      this.#rows.set(part, {svg, share, name});
    }
    document.getElementById(id).append(strips);
    inEachLanguage(() => this.show(...this.#shown));
  }

  show(samples, length) {
    this.#shown = [samples, length];
    for (const [part, {svg, share, name}] of this.#rows) {
      name.textContent = text(this.#parts[part]);
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
        ? text(samples.at(-1).up[part] ? 'chart.readyNow' : 'chart.notReadyNow', {share: percent(Math.floor(100 * ready / samples.length) / 100)}) : '–';
    }
  }
}
