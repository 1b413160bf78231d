// From frames to structure factors: simulates stills, indexes them, merges while the run goes on, merges the results of
// the run again from its file, and prints the statistics. `node examples/merge/merge.mjs [FOLDER]` takes a few seconds.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cellFromParameters, createContext, mergeStream } from 'ewald';
import { mergeReport, mergeSink } from 'ewald/merging';
import { simulateFrames } from 'ewald/shell';

const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'ewald-merge-')));
const inFolder = (name) => join(folder, name);
// No two directions of this cell are alike: crystals can be indexed in one way only.
const cell = cellFromParameters(22, 25, 28, 82, 86, 94);
const frames = { images: 80, detectorPx: [256, 256], pixelMm: 0.3, domainA: 300, dMinA: 3 };
const files = await simulateFrames(inFolder('frames'), { cell, ...frames });

const ctx = await createContext();
const symmetry = '-1';
// Merges whenever the number of crystals has grown by half; ewald index --merge prints the same status.
const running = await mergeSink(ctx, { symmetry, highres: 3 });
let indexed = 0;
const run = ctx.pipeline({
  inputs: [files.frames],
  geometry: files.geometry,
  cells: [files.cell],
  output: inFolder('run.stream'),
  html: inFolder('run.html'),
  sinks: [running],
});
for await (const { result } of run) if (result.crystals.length > 0) indexed++;
console.log(`${indexed} of ${frames.images} frames indexed; the running merge: ${running.status()}`);

const merge = await mergeStream(ctx, inFolder('run.stream'), { symmetry, shells: 4, highres: 3 });
await writeFile(inFolder('merged.hkl'), merge.toHkl());
await writeFile(inFolder('merged.mtz'), merge.toMtz());
await writeFile(inFolder('merged.html'), mergeReport(merge, { title: 'Simulated stills' }));
for (const remark of merge.remarks) console.log(remark);
const { overall, shells } = merge.statistics;
for (const { dMax, dMin, unique, completeness, multiplicity, ccHalf } of [...shells, overall])
  console.log(
    `${dMax.toFixed(2).padStart(6)} - ${dMin.toFixed(2)} Å  ${String(unique).padStart(5)} unique, ` +
      `${(100 * completeness).toFixed(0).padStart(3)} % complete, ${multiplicity.toFixed(1).padStart(4)} fold, ` +
      `CC1/2 ${ccHalf.toFixed(3)}`,
  );
console.log(`${merge.merged} crystals, ${merge.counts.reflections} observations; files in ${folder}`);
await ctx.dispose();
