// A file that grows while it is processed, as a detector's software writes it; the frames are recorded on their way.
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context, sumSigUdf } from 'ewald/udf';

const [n, size] = [8, 16];
const frame = (k) => new Uint8Array(Uint16Array.from({ length: size * size }, (_, i) => k + (i % 3)).buffer);
const folder = await mkdtemp(join(tmpdir(), 'ewald-record-'));
const [growing, recorded] = [join(folder, 'scan.raw'), join(folder, 'scan.npy')];
await writeFile(growing, frame(0));

for (const kind of ['inline', 'workers']) {
  const ctx = await Context.makeWith(kind, kind === 'workers' ? { cpus: 2 } : {});
  const description = { format: 'raw', dtype: 'u16', sigShape: [size, size], navShape: [n, n] };
  const scan = await ctx.load(growing, { ...description, follow: true, stallS: 10 });
  const run = ctx.runUdf(scan, sumSigUdf(), { record: { file: recorded, force: true } });
  // The file is complete when the second executor reads it.
  if (kind === 'inline') for (let k = 1; k < n * n; k++) await appendFile(growing, frame(k));
  const live = await run;
  const { processed, lost } = scan.live.status;
  const again = await ctx.runUdf(await ctx.load(recorded), sumSigUdf());
  const isSame = again.intensity.data.join() === live.intensity.data.join();
  console.log(`${kind}: ${processed} processed, ${lost} lost; the recorded file has the same sums: ${isSame}`);
  await ctx.close();
}
await rm(folder, { recursive: true });
