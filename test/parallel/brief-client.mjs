// `node brief-client.mjs URL CLUSTER` runs tasks, aborts a run, and prints how many timers would keep its process
// alive.
import { Executor } from 'ewald/executors';

const [url, cluster] = process.argv.slice(2);
const executor = await Executor.connect(url, { cluster, modules: ['mine'] });
const tasks = [6, 7].map((argument) => ({ module: 'mine', function: 'square', argument }));
const values = [];
for await (const { value } of executor.run(tasks)) values.push(value);
const ending = new AbortController();
const long = [0, 1, 2].map((argument) => ({ module: 'mine', function: 'announced', argument }));
let aborted;
try {
  for await (const _ of executor.run(long, { signal: ending.signal })) ending.abort();
} catch (error) {
  aborted = error.tag;
}
await executor.dispose();
const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
console.log(JSON.stringify({ values, aborted, timers }));
