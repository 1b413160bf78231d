// Formats the results of the benchmark as lines of text, as goals met or missed, and as a Markdown page.
import { leastND, packages } from './goals.mjs';

const number = (x) => (x === undefined ? '-' : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toPrecision(3));
const mark = (pass) => (pass ? 'pass' : 'MISS');
const atLeast = (ratio, goal) =>
  goal === undefined ? ratio.toFixed(2) : `${ratio.toFixed(2)} (${goal}) ${mark(ratio >= goal)}`;
const atMost = (value, goal, digits = 2) => `${value.toFixed(digits)} (${goal}) ${mark(value <= goal)}`;

/** Ratios for one npm package: [package, ratio to the core, ratio to ctx.fft, goal]. */
function ratios({ case: id, results }) {
  return Object.entries(results)
    .filter(([name, { us }]) => packages[name] && us !== undefined && results.core?.us !== undefined)
    .map(([name, { us }]) => ({
      name,
      core: us / results.core.us,
      api: us / results.api.us,
      goal: id.includes('x') ? leastND : packages[name].least,
    }));
}

/** Each section: its title, its columns, and a function that turns one result into cells. */
const tables = {
  fftw: {
    title: 'Beside FFTW, us, minimum (median); ratio = FFTW / ewald (goal)',
    head: ['case', 'FFTW', 'its build', 'native', 'ratio', 'wasm', 'ratio'],
    cells: ({ case: id, native, wasm, ratio, goal = [] }) => [
      id,
      `${number(native.fftwUs)} (${number(native.fftwMedianUs)})`,
      // fftw-3.3.10-sse2-avx-avx2-…: the widest instruction set identifies the build.
      (native.fftw ?? '').includes('avx512')
        ? 'avx512'
        : (/-(avx2?|sse2)(?!.*-avx)/.exec(native.fftw ?? '')?.[1] ?? '?'),
      `${number(native.us)} (${number(native.medianUs)})`,
      atLeast(ratio[0], goal[0]),
      `${number(wasm.us)} (${number(wasm.medianUs)})`,
      atLeast(ratio[1], goal[1]),
    ],
  },
  halves: {
    title: 'r2c over c2c, us; ratio (at most)',
    head: ['shape', 'native r2c', 'c2c', 'ratio', 'wasm r2c', 'c2c', 'ratio'],
    cells: ({ shape, native, wasm, most }) => [
      shape,
      ...[native, wasm].flatMap(({ r2c, c2c, ratio }) => [number(r2c), number(c2c), atMost(ratio, most)]),
    ],
  },
  plans: {
    title: 'Making a plan (c2c), ms, best of three (at most), and the first of the process',
    head: ['length', 'native', 'first', 'wasm', 'first'],
    cells: ({ n, native, wasm, most }) => [
      String(n),
      ...[native, wasm].flatMap(({ ms, firstMs }) => [atMost(ms, most), firstMs.toFixed(2)]),
    ],
  },
  threads: {
    title: 'Native threads, wall us',
    head: ['case', 'one', 'two', 'ratio'],
    cells: ({ case: id, one, two, ratio }) => [id, number(one), number(two), ratio.toFixed(2)],
  },
  peers: {
    title:
      'Packages from npm beside wasm, us, minimum; ratio = package / ewald in its core, and through ctx.fft ' +
      '(goal for the core)',
    head: ['case', 'ewald core', 'ctx.fft', 'package: us, ratio core, ratio ctx.fft'],
    cells: (line) => [
      line.case,
      number(line.results.core?.us),
      number(line.results.api?.us),
      [
        ...ratios(line).map(
          ({ name, core, api, goal }) =>
            `${name}: ${number(line.results[name].us)}, ${core.toFixed(2)}, ${api.toFixed(2)} (${goal}) ` +
            `${mark(core >= goal)}`,
        ),
        ...Object.entries(line.results)
          .filter(([, { wrong }]) => wrong)
          .map(([name, { wrong }]) => `${name}: not timed, ${wrong}`),
      ].join('; '),
    ],
  },
  facade: {
    title: 'Short lines through ctx.fft, us a run of the whole batch, minimum',
    head: ['length', 'batch', 'wasm core', 'ctx.fft wasm', 'ctx.fft native'],
    cells: ({ n, batch, results: { core, wasm, native } }) => [
      String(n),
      String(batch),
      number(core?.us),
      number(wasm?.us),
      number(native?.us),
    ],
  },
};
const widths = { fftw: 22, halves: 20, plans: 16, threads: 22, peers: 18, facade: 14 };

/** Prints the results of sections line by line as they arrive. */
export function printer(say) {
  const line = (section, cells) =>
    say(
      `  ${cells.map((cell, i) => (i + 1 < cells.length ? cell.padEnd(widths[section]) : cell)).join(' ')}`.trimEnd(),
    );
  return {
    title(section) {
      say(`\n${tables[section].title}`);
      line(section, tables[section].head);
    },
    row: (section, result) => line(section, tables[section].cells(result)),
  };
}

/** Every goal as a line: name, value, goal, pass. */
export function summarise(report) {
  const lines = [];
  const add = (what, value, goal, pass) => lines.push({ what, value, goal, pass });
  for (const { case: id, ratio, goal } of report.fftw)
    if (goal)
      for (const [i, where] of ['native', 'wasm'].entries())
        add(`${id} ${where} beside FFTW`, ratio[i], goal[i], ratio[i] >= goal[i]);
  for (const { shape, most, ...sides } of report.halves)
    for (const where of ['native', 'wasm'])
      add(`r2c over c2c ${shape} ${where}`, sides[where].ratio, most, sides[where].ratio <= most);
  for (const { n, most, ...sides } of report.plans)
    for (const where of ['native', 'wasm'])
      add(`plan of ${n} ${where}, ms`, sides[where].ms, most, sides[where].ms <= most);
  for (const line of report.peers ?? [])
    for (const { name, core, goal } of ratios(line)) add(`${line.case} wasm beside ${name}`, core, goal, core >= goal);
  return lines;
}

/** The whole report as a Markdown page. */
export function markdown(report) {
  const page = [
    '# Transforms: measured',
    '',
    `${report.place}, load average ${report.busy} at the start; ${report.date}; \`node benchmarks/fft/run.mjs\`, ` +
      `${report.seconds} s a case. One thread unless it says`,
  ];
  page.push(
    'otherwise; contestants of a line take turns, each verified before it is timed. FFTW: MEASURE, native, ' +
      'float32, one thread.',
  );
  for (const [section, { title, head, cells }] of Object.entries(tables)) {
    if (!report[section]?.length) continue;
    page.push('', `## ${title}`, '', `| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`);
    for (const result of report[section]) page.push(`| ${cells(result).join(' | ')} |`);
  }
  const missed = report.lines.filter(({ pass }) => !pass);
  page.push('', `## Goals`, '', `${report.lines.length} goals, ${report.lines.length - missed.length} met.`, '');
  for (const { what, value, goal } of missed) page.push(`- MISS ${what}: ${value.toFixed(2)}, goal ${goal}`);
  for (const message of report.wrong) page.push(`- WRONG ${message}`);
  return `${page.join('\n').trimEnd()}\n`;
}
