// Terminates workers of worker.mjs while they compute. Uses a separate process, because a failure would end it.
import { Worker } from 'node:worker_threads';

const [, , backend, work, ...delays] = process.argv;
for (const delay of delays) {
  const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: { backend, work } });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  await new Promise((resolve) => setTimeout(resolve, Number(delay)));
  console.log(await worker.terminate());
}
