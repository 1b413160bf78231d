// node submit.mjs [nats://head:4222] [POINTS]: computes pi on all workers that have joined.
import { Executor } from 'ewald/executors';

const token = process.env.EWALD_NATS_TOKEN;
const address = process.argv[2] ?? 'nats://127.0.0.1:4222';
const executor = await Executor.connect(address, token ? { token } : {}).catch((error) => {
  if (!['Load', 'Lost', 'File'].includes(error.tag)) throw error;
  console.log(`this example needs a cluster: ${error.message}`);
  process.exit(0);
});
try {
  const points = Number(process.argv[3] ?? 1e10) / 100;
  const tasks = Array.from({ length: 100 }, (_, i) => ({
    module: 'pi',
    function: 'count',
    argument: { points, first: i * points },
  }));
  let hits = 0n;
  for await (const { value } of executor.run(tasks)) hits += value;
  console.log((4 * Number(hits)) / (points * tasks.length), `from ${executor.slots} tasks at once`);
} finally {
  await executor.dispose();
}
