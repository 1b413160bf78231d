// Pretended workers of benchmarks/cluster: the code of the worker, with timers in the place of tasks.
import { build } from '../../build/esm/parallel/identity.js';
import { Cluster } from '../../build/esm/parallel/nats/cluster.js';
import { Joined } from '../../build/esm/parallel/nats/joined.js';
import { briefTask } from '../../build/esm/pipeline/shards/brief.js';

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
const extent = [
  { length: 27_000, crc: 1 },
  { length: 0, crc: 0 },
];

/** What a task of some frames reports; only their serial numbers differ. */
const reports = new Map();
function reportOf(first, frames) {
  let made = reports.get(frames);
  if (!made) {
    const items = Array.from({ length: frames }, (_, i) => frameOf(i));
    const task = briefTask(items, place, Array(frames).fill(extent), false);
    made = { task, length: task.numbers.length / frames };
    reports.set(frames, made);
  }
  const numbers = made.task.numbers.slice();
  for (let i = 0; i < frames; i++) numbers[i * made.length] = first + i;
  return { ...made.task, numbers };
}

/** The slots of some workers: how long they were busy, in milliseconds, and what has ended. */
export class Slots {
  busyMs = 0;
  done = 0;
  running = 0;
  #at = performance.now();

  /** Counts a task that starts (1) or ends (-1). */
  count(change) {
    const now = performance.now();
    this.busyMs += this.running * (now - this.#at);
    this.#at = now;
    this.running += change;
  }
}

/** A pool whose tasks wait for `times` as long as their argument says. */
const poolOf = (state, times, worker) => ({
  async execute({ argument: { ms, first, frames } }, { onAbort }) {
    state.count(1);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, times * ms);
      onAbort(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    state.count(-1);
    state.done++;
    return { value: reportOf(first, frames), worker, attempts: 1, seconds: (times * ms) / 1000 };
  },
  rest() {},
  dispose: async () => {},
});

/** Joins a pretended worker. */
export function pretend(connection, { url, name, slots, times, state }) {
  const info = { name, host: 'pretended', platform: 'node', version: '0', build, slots, backends: [] };
  return new Joined({
    cluster: new Cluster({}, connection, { address: url, cluster: 'ewald' }),
    pool: poolOf(state, times, name),
    info: { ...info, modules: [], allowModules: false },
    clientTimeoutS: 60,
    event: () => {},
  });
}
