// Unknown cells from detector frames, through the command: `ewald simulate frames` makes them, `ewald cell` determines
// the cell. A cell may be undecided, which the exit code 1 says; none may be wrong with the exit code 0.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCell } from '../../dist/index.node.js';
import { isRight, latticeOf, randomCell, uniform } from '../support/random-cells.mjs';

export const name = 'frames';
export const about = 'unknown cells from simulated frames, by the command: right, undecided or wrong';
export const minutes = 15;

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export async function run({ scale = 1, note = () => {} } = {}) {
  const seed = 100_000 + Math.floor(Math.random() * 1e6);
  const count = Math.max(4, Math.round(30 * scale));
  note(`${count} cells, seed ${seed}`);
  const folder = mkdtempSync(join(tmpdir(), 'ewald-soak-frames-'));
  const ewald = (...words) => spawnSync(process.execPath, [cli, ...words], { cwd: folder, encoding: 'utf8' });
  const seen = { right: 0, 'right, undecided': 0, 'wrong, undecided': 0, none: 0, wrong: 0 };
  try {
    for (let i = 0; i < count; i++) {
      const cell = randomCell(i, uniform(seed + i));
      const given = [...cell.parameters, cell.centring].join();
      const words = ['-o', 'sim', '--images', '16', '--seed', String(seed + i), '--distance', '90', '--force'];
      const made = ewald('simulate', 'frames', '-p', given, ...words);
      if (made.status !== 0) throw new Error(`simulate frames -p ${given}: ${made.stderr}`);
      const file = join(folder, 'found.cell');
      rmSync(file, { force: true });
      const { status, stderr } = ewald('cell', 'sim/run.h5', '-g', 'sim/run.geom', '-o', file);
      if (status !== 0 && status !== 1) throw new Error(`ewald cell ended with ${status}: ${stderr}`);
      const found = existsSync(file) ? readCell(readFileSync(file, 'utf8')) : undefined;
      const isTrue = found && isRight(latticeOf({ ...parametersOf(found) }), latticeOf(cell));
      const outcome = !found ? 'none' : `${isTrue ? 'right' : 'wrong'}${status === 0 ? '' : ', undecided'}`;
      seen[outcome]++;
      if (outcome !== 'right') note(`${seed} + ${i}: ${cell.kind} ${given}: ${outcome}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  note(JSON.stringify(seen));
  if (seen.wrong > 0) throw new Error('a wrong cell was not said to be undecided');
}

const degrees = 180 / Math.PI;
/** Lengths and angles of a cell, and its centring. */
function parametersOf({ cell, centring }) {
  const [a, b, c] = cell.map((row) => Math.hypot(...row));
  const dot = (i, j) => cell[i].reduce((sum, x, k) => sum + x * cell[j][k], 0);
  const angles = [dot(1, 2) / (b * c), dot(0, 2) / (a * c), dot(0, 1) / (a * b)].map((x) => Math.acos(x) * degrees);
  return { parameters: [a, b, c, ...angles], centring };
}
