// The lines of a benchmark: printed while it runs, recorded for the report of all benchmarks, and written as one page.
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { record } from './lines.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const number = (value) => (Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3))));

/** The version of the package and, in a clone, the commit that was checked out. */
function version() {
  const { version: name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  try {
    const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return `${name}, commit ${execFileSync('git', ['describe', '--always', '--dirty'], options).trim()}`;
  } catch {
    return name;
  }
}

/** Starts a page; `builds` says which builds of ewald and of other programs are measured. */
export function startPage({ title, command, builds = [] }) {
  const load = () => loadavg()[0].toFixed(1);
  const began = { load: load(), at: Date.now() };
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
  const rows = [];
  const notes = [];
  process.stdout.write(`${machine}, load ${began.load}\n${builds.map((build) => `${build}\n`).join('')}\n`);

  return {
    /**
     * Adds a line: the values of all rounds, of which the best one counts; with most = true less is better. `aim` is
     * what the best value must reach, or with most = true not exceed.
     */
    line({ what, values, unit, aim, most = false }) {
      const sorted = [...values].sort((a, b) => (most ? a - b : b - a));
      const [best, middle, worst] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
      const pass = aim === undefined ? undefined : most ? best <= aim : best >= aim;
      record({ what, value: best, unit, aim, most });
      const goal = aim === undefined ? '' : `${most ? '≤' : '≥'} ${number(aim)}${pass ? '' : ', **missed**'}`;
      rows.push(`| ${what} | ${number(best)} ${unit} | ${number(middle)} | ${number(worst)} | ${goal} |`);
      const mark = { true: 'pass', false: 'MISS', undefined: '    ' }[String(pass)];
      const wanted = aim === undefined ? '' : `  (aim ${most ? 'at most' : 'at least'} ${number(aim)})`;
      const [shown, between] = [`${number(best)} ${unit}`, `${number(middle)}, ${number(worst)}`];
      process.stdout.write(`${mark}  ${what.padEnd(64)} ${shown.padStart(10)}  [${between}]${wanted}\n`);
    },
    /** Adds a paragraph below the table. */
    note(text) {
      notes.push(text);
      process.stdout.write(`${text}\n`);
    },
    /** Writes the page, if a file is given. */
    write(file) {
      if (file === undefined) return;
      const seconds = ((Date.now() - began.at) / 1000).toFixed(0);
      const page = [
        `# ${title}`,
        '',
        `Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)}, in ${seconds} s:`,
        `${machine}, load average ${began.load} at the start and ${load()} at the end; ewald ${version()}.`,
        ...builds.flatMap((build) => ['', `${build}.`]),
        '',
        '| what | best | median | worst | aim |',
        '|---|---|---|---|---|',
        ...rows,
        ...notes.flatMap((text) => ['', text]),
        '',
      ];
      writeFileSync(`${file}.tmp`, page.join('\n'));
      renameSync(`${file}.tmp`, file);
    },
  };
}
