/** The state of a worker of a cluster as `/health` and `/metrics` give it. */
import type { JoinedWorker } from '../parallel/nats/options.js';
import type { StatedRun } from './status-server.js';
import { metric } from './watch/metric.js';

const help = {
  slots: ['gauge', 'Concurrent tasks.'],
  runs: ['gauge', 'Runs that the worker works for.'],
  running: ['gauge', 'Tasks that run.'],
  waiting: ['gauge', 'Tasks that wait on the worker.'],
  done: ['counter', 'Tasks that have ended.'],
  failed: ['counter', 'Tasks that have failed.'],
  taskSeconds: ['gauge', 'Mean duration of the latest tasks in seconds.'],
  memory: ['gauge', 'Memory of the process in bytes.'],
} as const;

/** What a worker says about itself, made when it is asked. */
export const workerStatus = (worker: Pick<JoinedWorker, 'info' | 'now'>): StatedRun => ({
  get isHealthy() {
    return !worker.now.leaving;
  },
  get health() {
    const { name, slots, version, build } = worker.info;
    return {
      healthy: !worker.now.leaving,
      state: worker.now.leaving ? 'leaving' : 'joined',
      name,
      slots,
      version,
      build,
      ...worker.now,
    };
  },
  get metrics() {
    const state: Readonly<Record<string, unknown>> = { slots: worker.info.slots, ...worker.now };
    const lines = Object.entries(help).map(([name, [kind, text]]) => {
      const plain = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return metric(`ewald_worker_${plain}${kind === 'counter' ? '_total' : ''}`, kind, text, [
        [state[name] as number | undefined],
      ]);
    });
    return lines.join('');
  },
});
