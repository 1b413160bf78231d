// Opens more files than the process limit, and starts operations that need descriptors when none remain; see
// descriptors.test.ts.
import { closeSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext } from 'ewald';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';

const [, , folder = '', count = '0'] = process.argv;
const files = Array.from({ length: Number(count) }, (_, i) => join(folder, `${i}.raw`));
for (const [i, file] of files.entries()) writeFileSync(file, Uint8Array.of(i, i >> 8));
const options = { format: 'raw', dtype: 'u16', sigShape: [1] };

// Opened concurrently, and all kept open.
const datasets = await Promise.all(files.map((file) => open(file, options)));
const values = [];
for (const dataset of datasets) values.push((await dataset.read(0, 1))[0]);
const again = await Promise.all(datasets.map(async (dataset) => (await dataset.read(0, 1))[0]));
// Reading more of the other files than the limit closes the first one. It is then replaced by another file.
for (const dataset of datasets.slice(1)) await dataset.read(0, 1);
// Whoever else opens files in this process still can.
const own = Array.from({ length: 4 }, () => openSync(files[0]));
for (const fd of own) closeSync(fd);
writeFileSync(join(folder, 'other'), Uint8Array.of(7, 7));
renameSync(join(folder, 'other'), files[0]);
const replaced = await datasets[0].read(0, 1).catch(({ tag, message }) => ({ tag, message }));
for (const dataset of datasets) await dataset.dispose();

// Use up the remaining descriptors.
const held = [];
for (;;)
  try {
    held.push(openSync(files[1]));
  } catch {
    break;
  }
const refusal = (work) => work.then(() => 'done').catch(({ tag, message }) => ({ tag, message }));
const refused = {
  read: await refusal(open(files[2], options)),
  wasm: await refusal(createContext({ backend: 'wasm', strict: true })),
  workers: await refusal(
    (async () => {
      const executor = await Executor.workers({ workers: 1 });
      try {
        for await (const _ of executor.run([{ module: 'none', function: 'none' }]));
      } finally {
        await executor.dispose();
      }
    })(),
  ),
};
for (const fd of held) closeSync(fd);
const after = await refusal(open(files[2], options).then((dataset) => dataset.dispose()));
console.log(JSON.stringify({ values, again, replaced, refused, after }));
