// Pretended workers of benchmarks/cluster: the worker's own code and connections, with timers in the place of tasks.
import { connect } from '@nats-io/transport-node';
import { build } from '../../build/esm/executors/identity.js';
import { Cluster } from '../../build/esm/executors/nats/cluster.js';
import { Joined } from '../../build/esm/executors/nats/joined.js';
import { briefTask } from '../../build/esm/serial/pipeline/shards/brief.js';

const { url, workers, slots, slow, name } = JSON.parse(process.argv[2]);
const state = { busyMs: 0, done: 0, running: 0, at: performance.now() };
/** Adds up the time in which slots are busy. */
const count = (change) => {
  const now = performance.now();
  state.busyMs += state.running * (now - state.at);
  state.at = now;
  state.running += change;
};

const cell = [
  [79, 0, 0],
  [0, 79, 0],
  [0, 0, 38],
];
const none = new Uint32Array(0);
/** A frame with 80 peaks and a crystal, as a worker that has stored its text reports it. */
const frameOf = (serial) => ({
  origin: { filename: '/data/run.h5', event: serial, serial },
  hit: true,
  peaks: { count: 80, omitted: undefined },
  spots: new Float32Array(0),
  beam: { wavelengthA: 1.3, distanceM: 0.1, shiftM: [0, 0] },
  ms: { read: 2, peaks: 8, index: 90, integrate: 60 },
  backends: { peaks: 'native', index: 'native' },
  crystals: [
    {
      ...{ cell, reciprocal: cell, lengths: [79, 79, 38], angles: [90, 90, 90], probability: 1, refined: true },
      ...{ rivals: [], inputCell: 0, indices: none, peaks: { length: 70 }, residual: 1e-3, profileRadius: 1e-3 },
      detector: { scale: 1, shiftM: [0, 0], rmsM: 1e-5, count: 70 },
      ...{ resolution: 0.5, reflections: 400, overlapping: 0, saturated: 0 },
    },
  ],
});
const shard = 'a'.repeat(24);
const place = { filename: '/data/run.h5', shard, at: 0, texts: [] };
const extents = Array.from({ length: 64 }, () => [
  { length: 27_000, crc: 1 },
  { length: 0, crc: 0 },
]);

/** A pool whose tasks wait for as long as their argument says. */
const poolOf = (times) => ({
  async execute({ argument: { ms, first, frames } }, { onAbort }) {
    count(1);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, times * ms);
      onAbort(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    count(-1);
    state.done++;
    const items = Array.from({ length: frames }, (_, i) => frameOf(first + i));
    return { value: briefTask(items, place, extents, false), worker: name, attempts: 1, seconds: (times * ms) / 1000 };
  },
  dispose: async () => {},
});

for (let i = 0; i < workers; i++) {
  const settings = { servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 250, pingInterval: 10_000 };
  const connection = await connect(settings);
  const info = { name: `${name} ${i}`, host: name, platform: 'node', version: '0', build, slots, backends: [] };
  new Joined({
    cluster: new Cluster({}, connection, { address: url, cluster: 'ewald' }),
    pool: poolOf(i < slow ? 20 : 1),
    info: { ...info, modules: [], allowModules: false },
    clientSeconds: 60,
    event: () => {},
  });
}
process.on('message', () => {
  count(0);
  const { user, system } = process.cpuUsage();
  process.send({ busyMs: state.busyMs, done: state.done, at: Date.now(), cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
