// Calibrates simulated scans of known truth, kind by kind: stated errors hold, and nothing that is claimed is wrong.

import { Context } from '../../dist/udf.node.js';
import { deviations, simulatedScan, surveyed, surveyKinds } from '../stem/calibrate/simulated-scan.mjs';

export const name = 'calibration';
export const about = 'simulated scans of 11 kinds: deviations in units of the stated errors, wrong claims, refusals';
export const minutes = 45;

/** Kinds whose objects have structure, and enough counts for a rotation. */
const textured = new Set(['plain', 'gap', 'drift', 'ellipse', 'thick', 'bright', 'large']);
const quantityOf = (part) =>
  part
    .replace(/^c[yx]$/, 'centre')
    .replace(/^e\d$/, 'ellipse')
    .replace(/^descan\d./, 'descan');
const rms = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

export async function run({ scale, seeds, note }) {
  const ctx = new Context({ context: { backend: 'wasm' } });
  const first = seeds?.[0] ?? 1 + (Date.now() % 2 ** 20);
  const each = Math.max(1, Math.round(24 * scale));
  const [all, wrong, rotated] = [{}, [], { claimed: 0, of: 0 }];
  try {
    for (const kind of Object.keys(surveyKinds)) {
      const own = {};
      let refused = 0;
      for (let seed = first; seed < first + each; seed++) {
        const { frames, shape, truth } = simulatedScan(surveyed(kind, seed));
        const { rows, columns, n } = shape;
        const scan = ctx.fromMemory(frames, { sigShape: [n, n], navShape: [rows, columns] });
        const calibration = await ctx.calibrate(scan);
        await scan.dispose();
        const found = deviations(calibration, truth);
        if (found.z.cy === undefined) refused++;
        if (textured.has(kind)) rotated.of++;
        if (textured.has(kind) && found.z.rotation !== undefined) rotated.claimed++;
        wrong.push(...found.wrong.map((one) => `${kind} ${seed}: ${one}`));
        // The field of particles as wide as the scan cannot be told from descan.
        for (const [part, z] of Object.entries(found.z))
          for (const table of kind === 'particles' ? [own] : [own, all]) {
            table[quantityOf(part)] ??= [];
            table[quantityOf(part)].push(z);
          }
      }
      const columns = Object.entries(own).map(([part, z]) => `${part} ${rms(z).toFixed(2)}`);
      note(`${kind}: z ${columns.join(', ')}; ${refused} of ${each} without a disk`);
    }
  } finally {
    await ctx.close();
  }
  for (const [part, z] of Object.entries(all)) note(`all: ${part}: z ${rms(z).toFixed(2)} of ${z.length}`);
  note(`rotation in ${rotated.claimed} of ${rotated.of} scans with texture; seeds from ${first}`);
  for (const one of wrong) note(`wrong: ${one}`);
  // A share of a few scans says nothing.
  if (wrong.length > Math.max(1, 0.03 * each * Object.keys(surveyKinds).length))
    throw new Error(`${wrong.length} wrong claims`);
  if (each < 6) return;
  if (rotated.claimed < 0.5 * rotated.of) throw new Error('a rotation was found in less than half of the scans');
  for (const [part, z] of Object.entries(all))
    if (!(rms(z) > 0.8 && rms(z) < 1.3)) throw new Error(`errors of ${part} do not hold: z ${rms(z)}`);
}
