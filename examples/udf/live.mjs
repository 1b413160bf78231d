// A live scan: a simulated Merlin detector sends frames, whose sums grow while they arrive.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context, masks, masksUdf, simulateMerlin } from 'ewald/udf';

const [n, size] = [16, 32];
const frames = new Uint16Array(n * n * size * size);
for (let i = 0; i < frames.length; i++) frames[i] = Math.floor(i / (size * size)) % 7;
const folder = await mkdtemp(join(tmpdir(), 'ewald-live-'));
const file = join(folder, 'frames.raw');
await writeFile(file, frames);
const open = { format: 'raw', dtype: 'u16', sigShape: [size, size], navShape: [n, n] };
const detector = await simulateMerlin(file, { port: 0, open });

const ctx = new Context();
const { host, port, dataPort } = detector;
const connection = await ctx.connect(`merlin://${host}:${port}`, { dataPort });
// `next` waits for an acquisition; the detector states the shape of the scan.
const scan = await connection.next();
const disk = (r) => [masks.circular({ width: size, height: size, cx: 16, cy: 16, r })];
const run = ctx.runUdfIter(scan, masksUdf({ masks: disk(3) }));
let last;
for await (const { buffers, progress } of run) {
  last = buffers;
  // Parameters may change while the run goes on; frames that were processed keep their results.
  if (progress.frames < n * n) run.updateParameters([{ masks: disk(4) }]);
}
const { received, lost, dropped } = scan.live.status;
console.log(`scan ${scan.shape.nav.join(' x ')}: ${received} received, ${lost} lost, ${dropped} skipped`);
console.log(`frame 8 has ${last[0].intensity.data[8] > 0 ? 'counts' : 'none'} in the virtual detector`);
await ctx.close();
await detector.close();
await rm(folder, { recursive: true });
