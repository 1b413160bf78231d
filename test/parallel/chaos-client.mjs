// A client that may be killed at any time, on a cluster or without one:
//   node chaos-client.mjs frames NAME [nats://host:4222]: indexes run.h5, and writes NAME.stream and NAME.h5
//   node chaos-client.mjs large SIDE [nats://host:4222]: prints a hash of results of SIDE × SIDE pixels of 25 bytes
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Executor } from '../../dist/executors.node.js';
import { createContext } from '../../dist/index.node.js';
import { Context, stddevUdf } from '../../dist/udf.node.js';

const [what, given, url] = process.argv.slice(2);

async function frames() {
  const stream = `${given}.stream`;
  const context = await createContext({ backend: 'wasm' });
  const executor = url && (await Executor.connect(url));
  for await (const { error } of context.pipeline({
    ...{ inputs: 'run.h5', geometry: 'run.geom', cells: ['run.cell'], commandLine: 'ewald index', briefItems: true },
    ...{ output: stream, hdf5: `${given}.h5`, ...(executor && { executor }) },
    resume: ['', '.part', '.shards'].some((ending) => existsSync(`${stream}${ending}`)),
  }))
    if (error) throw error;
  await executor?.dispose();
  await context.dispose();
}

async function large() {
  const sigShape = [Number(given), Number(given)];
  const context = url === undefined ? new Context() : await Context.connect(url);
  const scan = await context.load('large.raw', { format: 'raw', dtype: 'u16', sigShape, navShape: [4] });
  const results = await context.runUdf(scan, stddevUdf(), { numPartitions: 2 });
  const hash = createHash('sha256');
  let bytes = 0;
  for (const { data } of Object.values(results)) {
    hash.update(data);
    bytes += data.byteLength;
  }
  await context.close();
  process.stdout.write(`${hash.digest('hex')} ${bytes}\n`);
}

await { frames, large }[what]();
