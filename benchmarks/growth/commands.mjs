// What `ewald run` costs, by the side of a frame: processor time and peak memory of the whole process, from start to files.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countsOf } from '../udf/counts.mjs';

/** What a user types after `ewald run`. */
export const commands = [
  'sum',
  'sumsig',
  'logsum',
  'stddev',
  'pick',
  'pick-fft',
  'fft-sum',
  'disk',
  'ring',
  'point',
  'com',
  'com -r 20',
  'icom',
  'radial-bins --n-bins 64',
  'radial-fourier',
  'polar',
  'fem',
  'crystallinity',
  'disks -r 10',
  'bragg -r 10',
  'strain -r 10 --num-peaks 9',
];

/**
 * Frames of 7 × 7 disks of 10 pixels radius with counting noise, the middle one the brightest, as an .npy file. They lie
 * closer together in the smallest frames only.
 */
export function patternScan(folder, numbers, side, name = 'scan') {
  const path = join(folder, `${name}-${side}.npy`);
  const mean = new Float32Array(side * side).fill(0.5);
  const middle = side / 2;
  for (let i = -3; i <= 3; i++)
    for (let j = -3; j <= 3; j++) {
      const [cy, cx] = [Math.floor(middle + (i * side) / 9), Math.floor(middle + (j * side) / 9)];
      for (let y = cy - 10; y <= cy + 10; y++)
        for (let x = cx - 10; x <= cx + 10; x++)
          if ((y - cy) ** 2 + (x - cx) ** 2 <= 100) mean[y * side + x] += 40 / (1 + i * i + j * j);
    }
  const pixels = side * side;
  const roots = mean.map((value) => (3.5 / 65536) * Math.sqrt(value));
  const data = new Uint16Array(numbers);
  // The same numbers in each run, of about the variance of counts.
  const noise = Int16Array.from(countsOf(65537), (value) => 16 * value - 32768);
  for (let f = 0, at = 0; f < numbers / pixels; f++)
    for (let i = 0, k = (7919 * f) % 65537; i < pixels; i++, at++) {
      data[at] = Math.max(0, mean[i] + roots[i] * noise[k] + 0.5);
      if (++k === 65537) k = 0;
    }
  const frames = numbers / pixels;
  const rows = 2 ** Math.floor(Math.log2(Math.sqrt(frames)));
  const shape = `(${rows}, ${frames / rows}, ${side}, ${side})`;
  const text = `{'descr': '<u2', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]);
  writeFileSync(path, Buffer.concat([start, Buffer.from(`${text}\n`), Buffer.from(data.buffer)]));
  return path;
}

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
// The peak of a process that was started by a large one begins with that of the other, except in VmHWM of Linux.
const told = `data:text/javascript,${encodeURIComponent(`
import { readFileSync, writeSync } from 'node:fs';
process.on('exit', () => {
  const usage = process.resourceUsage();
  let peak = usage.maxRSS;
  try { peak = Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]); } catch {}
  writeSync(3, JSON.stringify({ ...usage, maxRSS: peak }));
});`)}`;

/** Processor seconds and peak MB of one run of the command, whose results go to an .h5 file, and the bytes of that. */
export async function costOf(command, file) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-growth-out-'));
  const [name, ...flags] = command.split(' ');
  const output = join(folder, 'out.h5');
  try {
    const cost = await costOfArguments(['run', name, file, ...flags, '-o', output]);
    return { ...cost, written: statSync(output).size };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Processor seconds and peak MB of `ewald` with these arguments. */
export async function costOfArguments(words) {
  const args = ['--import', told, cli, ...words];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  let [usage, said] = ['', ''];
  child.stderr.on('data', (some) => {
    said += some;
  });
  child.stdio[3].on('data', (some) => {
    usage += some;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  // A doubt about the pattern ends with 1 and has results.
  if (usage === '' || code > 1 || (code === 1 && !/warning:/.test(said)))
    throw new Error(`ewald ${words.join(' ')} ended with ${code}: ${said.slice(-400)}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(usage);
  return { seconds: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1000 };
}

/** The tables of commands, and of everything else by its sizes, as Markdown. */
export function tableOf({ sides, rows, shapes, mib, tries }) {
  const table = (head, all) => [head, head.map(() => '---'), ...all].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const commandsHead = ['command', ...sides.map((side) => `${side}²`), 'worst / linear', '', 'by itself'];
  return `# Growth

\`npm run bench -- growth --markdown FILE\`: ${mib} MiB of u16 as frames of three sizes; processor time and peak memory
of \`ewald\`, from its start to its file, the least of ${tries}. Linear is the time of the smallest frames, what the first
writing of memory takes that they do not have, and what a plain copy of a result takes that is larger than theirs. A row
misses above 1.5 times that, or above 1 GB. What results as large as a frame take by themselves grows with the pixels of
a frame, and is measured as well: a row is bound if it passes without that.

${table(commandsHead, rows)}

## In JavaScript

Processor seconds, beside linear growth in parentheses.

${table(['what', 'seconds by size', 'worst / linear', ''], shapes)}
`;
}
