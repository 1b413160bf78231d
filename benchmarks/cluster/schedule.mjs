// Measures how busy the slots of a cluster are, in virtual time: the client, the workers and their messages are those
// of the package, in one process, without a server between them. The client is charged for the time it computes.
import { later, pass, VirtualServer } from './virtual-time.mjs';

const { workers, slots, low, high, frames, seconds, deaths, slow } = JSON.parse(process.argv[2]);
// Imported after the clock has been replaced.
const { pretend, Slots } = await import('./pretend.mjs');
const { Cluster } = await import('../../build/esm/parallel/nats/cluster.js');
const { NatsLane } = await import('../../build/esm/parallel/nats/submit.js');
const { runTasks } = await import('../../build/esm/parallel/drive.js');
const { nodePlace } = await import('../../build/esm/entries/place.node.js');
const { briefRecords } = await import('../../build/esm/pipeline/shards/brief.js');
const { RunSummary } = await import('../../build/esm/pipeline/summary.js');

const url = 'virtual';
const fillMs = 4000;
const server = new VirtualServer();
const client = { name: 'client', dead: false, charged: true };
const all = [];
for (let i = 0; i < workers + deaths; i++) {
  const side = { name: `worker${i}`, dead: false, charged: false };
  const connection = server.connect(side);
  const state = new Slots();
  all.push({ connection, state });
  const name = side.name;
  later(i * 0.1, side, () => pretend(connection, { url, name, slots, times: i < slow ? 20 : 1, state }));
}
const totals = () => {
  for (const { state } of all) state.count(0);
  return all.slice(0, workers).reduce((sum, { state }) => sum + state.busyMs, 0);
};

let drawn = 0;
let isDrawing = true;
let [next, again, failed, wastedMs] = [0, 0, false, 0];
const until = fillMs + 1000 * seconds;
const list = (function* () {
  for (; performance.now() < until; drawn++)
    yield {
      module: 'pipeline',
      function: 'search',
      argument: { ms: low + (high - low) * Math.random(), first: drawn * frames, frames },
    };
  isDrawing = false;
})();
const summary = new RunSummary();
let over = false;
later(1000, client, async () => {
  const cluster = new Cluster({}, server.connect(client), { address: url, cluster: 'ewald' });
  const terms = { workerTimeoutS: 60, serverTimeoutS: 60, weight: 1, needs: { gpu: false, memory: 0 } };
  const lane = new NatsLane(cluster, nodePlace, [], terms, slots * (workers + deaths));
  for await (const { index, value, attempts } of runTasks(list, lane, { retries: 3 })) {
    if (index !== next++) failed = true;
    if (attempts > 1) again++;
    const records = briefRecords(value);
    if (records.length !== frames || records[0].origin.serial !== index * frames) failed = true;
    for (const record of records) summary.add(record);
  }
  over = true;
});
const watch = { name: 'watch', dead: false, charged: false };
let [busy, ended, cpu] = [Number.NaN, 0, 0];
later(fillMs, watch, () => {
  const [first, doneFirst, cpuFirst] = [totals(), summary.done, client.cpuMs];
  for (let i = 0; i < deaths; i++)
    later((500 * seconds * (i + 1)) / deaths, watch, () => {
      const { connection, state } = all[workers + i];
      // The time that its running tasks have taken is lost; on average half of a task.
      wastedMs += (state.running * (low + high)) / 4;
      connection.kill();
    });
  later(1000 * seconds - 500, watch, () => {
    busy = (totals() - first) / (1000 * seconds - 500) / (slots * workers);
    ended = summary.done - doneFirst;
    cpu = client.cpuMs - cpuFirst;
  });
});
await pass(() => over);
if (next !== drawn || isDrawing) failed = true;
const lost = wastedMs / (1000 * seconds * slots * (workers + deaths));
process.stdout.write(
  `${JSON.stringify({ busy, frames: ended, us: (1000 * cpu) / ended, again, drawn, lost, failed })}\n`,
);
process.exit(failed ? 1 : 0);
