// Calibrates simulated scans of known truth: stated errors hold, and nothing that is claimed is wrong.

import { Context } from '../../dist/udf.node.js';
import { deviations, drawnScan, simulatedScan } from '../udf/calibrate/simulated-scan.mjs';

export const name = 'calibration';
export const about = '300 simulated scans: deviations in units of the stated errors, wrong claims, refusals';
export const minutes = 45;

export async function run({ scale, note }) {
  const ctx = new Context({ context: { backend: 'wasm' } });
  const first = 1 + (Date.now() % 2 ** 20);
  const squares = {};
  const wrong = [];
  let refused = 0;
  const count = Math.max(1, Math.round(300 * scale));
  try {
    for (let seed = first; seed < first + count; seed++) {
      const { frames, shape, truth } = simulatedScan(drawnScan(seed));
      const { rows, columns, n } = shape;
      const scan = ctx.fromMemory(frames, { sigShape: [n, n], navShape: [rows, columns] });
      const found = deviations(await ctx.calibrate(scan), truth);
      await scan.dispose();
      if (found.z.cy === undefined) refused++;
      wrong.push(...found.wrong.map((one) => `${seed}: ${one}`));
      for (const [part, z] of Object.entries(found.z)) {
        squares[part] ??= [];
        squares[part].push(z * z);
      }
    }
  } finally {
    await ctx.close();
  }
  const rms = (part) => Math.sqrt((squares[part] ?? []).reduce((a, b) => a + b, 0) / (squares[part]?.length ?? 1));
  for (const [part, { length }] of Object.entries(squares)) note(`${part}: z ${rms(part).toFixed(2)} of ${length}`);
  note(`${refused} of ${count} without a disk, seeds from ${first}`);
  for (const one of wrong) note(`wrong: ${one}`);
  if (wrong.length > 0.03 * count) throw new Error(`${wrong.length} wrong claims in ${count} scans`);
  for (const part of ['cy', 'cx', 'radius', 'e1', 'e2'])
    if (count >= 30 && !(rms(part) < 1.6)) throw new Error(`errors of ${part} do not hold: z ${rms(part)}`);
}
