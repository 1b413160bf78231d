// `node lonely-client.mjs URL CLUSTER` submits tasks that take minutes, and is killed during its run.
import { Executor } from 'ewald/executors';

const [url, cluster] = process.argv.slice(2);
const executor = await Executor.connect(url, { cluster, modules: ['mine'] });
const tasks = Array.from({ length: 50 }, (_, i) => ({ module: 'mine', function: 'announced', argument: i }));
for await (const { index } of executor.run(tasks)) console.log(index === 0 ? 'at work' : '');
