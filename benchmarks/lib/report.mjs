// The report of all benchmarks: medians and ranges over the rounds, a page of Markdown, and a plot of each section.

import { reasonOf } from './missed.mjs';

const places = (value) => (Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => {
  const list = sorted(values);
  const middle = list.length >> 1;
  return list.length % 2 === 1 ? list[middle] : (list[middle - 1] + list[middle]) / 2;
};
const range = (values) => [Math.min(...values), Math.max(...values)];

/** How many times better ewald is than the peer. */
const ratioOf = ({ value, peer, most }) => (most ? peer.value / value : value / peer.value);

/** Joins the lines of several rounds that measured the same. */
export function summaryOf(lines) {
  const groups = new Map();
  for (const line of lines) groups.set(line.what, [...(groups.get(line.what) ?? []), line]);
  return [...groups.values()].map((group) => {
    const [{ what, unit = '', aim, aimOf = 'value', most = false, peer }] = group;
    const values = group.map(({ value }) => value);
    const compared = group.filter(({ peer: other }) => other);
    const ratios = compared.map(ratioOf);
    return {
      what,
      unit,
      most,
      value: median(values),
      range: range(values),
      ...(peer
        ? {
            peer: { ...peer, value: median(compared.map(({ peer: other }) => other.value)) },
            ratio: median(ratios),
            ratioRange: range(ratios),
          }
        : {}),
      ...(aim === undefined ? {} : { aim, aimOf }),
    };
  });
}

/** Whether a line reaches its aim; undefined without one. A ratio is better when it is larger. */
export function reaches({ value, ratio, aim, aimOf, most }) {
  if (aim === undefined) return undefined;
  if (aimOf === 'ratio') return ratio >= aim;
  return most ? value <= aim : value >= aim;
}

function rowOf(line) {
  const { what, unit, value, peer, ratio, ratioRange, aim, aimOf, most } = line;
  const spread = ([low, high]) => (low === high ? '' : ` (${places(low)}–${places(high)})`);
  const theirs = peer ? `${peer.name}${peer.elsewhere ? ', elsewhere' : ''}: ${places(peer.value)}` : '';
  const verdict = { true: '', false: ', **missed**', undefined: '' }[String(reaches(line))];
  const goal = aim === undefined ? '' : `${aimOf === 'ratio' || !most ? '≥' : '≤'} ${places(aim)}${verdict}`;
  const times = ratio === undefined ? '' : `${places(ratio)}${spread(ratioRange)}`;
  return `| ${what} | ${places(value)} ${unit}${spread(line.range)} | ${theirs} | ${times} | ${goal} |`;
}

/** The missed aims, by their reasons. */
function missedIn(sections) {
  const groups = new Map();
  for (const [name, { title, lines }] of Object.entries(sections))
    for (const line of lines.filter((one) => reaches(one) === false)) {
      const reason = reasonOf(name, line.what) ?? 'No reason is known.';
      groups.set(reason, [...(groups.get(reason) ?? []), `${title}: ${line.what}`]);
    }
  if (groups.size === 0) return [];
  return ['', 'Missed:', '', ...[...groups].map(([reason, all]) => `- ${all.join('; ')}. *${reason}*`)];
}

/** The page of all sections. */
export function reportOf(sections) {
  const all = Object.values(sections).flatMap(({ lines }) => lines);
  const judged = all.filter((line) => reaches(line) !== undefined);
  const met = judged.filter(reaches);
  const page = [
    '# All benchmarks',
    '',
    'Written by `npm run bench:all`. Every result is verified before it is timed. A figure is the median of all',
    'rounds, with the range in parentheses; "times" says how many times better ewald is than the peer in the same',
    'run. Figures marked "elsewhere" were published or measured on another machine.',
    '',
    `${met.length} of ${judged.length} aims are met.`,
    ...missedIn(sections),
  ];
  for (const [name, { title, command, date, load, rounds, machine, lines }] of Object.entries(sections)) {
    page.push(
      '',
      `## ${title}`,
      '',
      `\`${command}\`, ${rounds} rounds, ${date}, ${machine}, load ${load} at the start.`,
      '',
    );
    if (plotOf(sections[name])) page.push(`![Times better than the peer](report-${name}.svg)`, '');
    page.push('| what | ewald | peer | times | aim |', '|---|---|---|---|---|', ...lines.map(rowOf));
  }
  return `${page.join('\n')}\n`;
}

const escaped = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

/**
 * A plot of the ratios of a section on a logarithmic axis: a bar from 1 to the median, a line over the range. Undefined
 * if no line has a peer.
 */
export function plotOf({ title, lines }) {
  const shown = lines.filter(({ ratio }) => ratio > 0);
  if (shown.length === 0) return undefined;
  const [left, width, step, top] = [330, 420, 20, 46];
  const ends = shown.flatMap(({ ratioRange }) => ratioRange);
  const decades = [
    Math.floor(Math.log10(Math.min(0.5, ...ends)) * 2) / 2,
    Math.ceil(Math.log10(Math.max(2, ...ends)) * 2) / 2,
  ];
  const x = (ratio) => left + (width * (Math.log10(ratio) - decades[0])) / (decades[1] - decades[0]);
  const height = top + shown.length * step + 16;
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100].filter((tick) => x(tick) >= left && x(tick) <= left + width);
  const bars = shown.map(({ what, ratio, ratioRange: [low, high], peer }, i) => {
    const y = top + i * step;
    const [from, to] = sorted([x(1), x(ratio)]);
    const n = (value) => value.toFixed(1);
    return [
      `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escaped(what)}, ${escaped(peer.name)}</text>`,
      `<rect x="${n(from)}" y="${y + 4}" width="${n(Math.max(1, to - from))}" height="${step - 8}" ` +
        `class="${ratio >= 1 ? 'better' : 'worse'}"/>`,
      `<path d="M${n(x(low))} ${y + step / 2}H${n(x(high))}"/>`,
      `<text x="${n(Math.max(x(1), x(high)) + 5)}" y="${y + 13}">${places(ratio)}</text>`,
    ].join('');
  });
  const grid = ticks.map(
    (tick) =>
      `<path class="${tick === 1 ? 'one' : 'grid'}" d="M${x(tick).toFixed(1)} ${top - 4}V${height - 12}"/>` +
      `<text x="${x(tick).toFixed(1)}" y="${top - 9}" text-anchor="middle">${tick}</text>`,
  );
  const style =
    'text{font:11px system-ui,sans-serif;fill:#57606a}.title{font-size:13px;font-weight:600}.better{fill:#2f8f6b}' +
    '.worse{fill:#c2703d}path{stroke:#57606a}.grid{stroke:#8c959f;stroke-opacity:.3}.one{stroke:#8c959f}';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 60} ${height}" role="img">` +
    `<title>${escaped(title)}: times better than the peer</title><style>${style}</style>` +
    `<text class="title" x="8" y="18">${escaped(title)}: times better than the peer</text>` +
    `${grid.join('')}${bars.join('')}</svg>\n`
  );
}
