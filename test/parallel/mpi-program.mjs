// One rank of the mpi executor tests: node mpi-program.mjs WHAT
import { mpiComm } from 'ewald/communicator';
import { Executor } from 'ewald/executors';
import { bits } from './bits.mjs';

const { rank, size } = await mpiComm();
const executor = await Executor.mpi({ context: { backend: 'wasm' } });
const module = new URL('./tasks.mjs', import.meta.url).href;
const task = (name, argument, more = {}) => ({ module, function: name, argument, ...more });
const programs = {
  async bits() {
    const answer = await bits(executor);
    if (rank === 0) process.stdout.write(`${answer}\n`);
  },
  async behaviour() {
    const values = async (tasks, options) => {
      const all = [];
      for await (const result of executor.run(tasks, options)) all.push(result);
      return all;
    };
    const many = await values(Array.from({ length: 50 }, (_, i) => task('square', i)));
    const failed = await values([task('fail'), task('square', 3)], { failures: 'yield' });
    const { hash } = await executor.share(Float64Array.of(1, 2, 3.5));
    const shared = await values(Array.from({ length: 6 }, () => task('sumOf', 'x', { inputs: { x: { hash } } })));
    const refused = await values([task('echo', () => 1), task('square', 2)], { failures: 'yield' });
    // An error thrown on rank 0 is not sent to the other ranks: for them the run has ended.
    const thrown = await values([task('fail'), task('square', 3)]).catch((error) => error);
    const large = await values([task('allocate', 3e6), task('square', 5)]);
    const info = await executor.workers();
    if (rank > 0) return;
    const report = {
      squares: many.every(({ value, index }) => value === index * index),
      workers: new Set(many.map(({ worker }) => worker)).size,
      failed: failed.map(({ value, error }) => error?.message ?? value),
      shared: shared.map(({ value }) => value),
      refused: refused.map(({ value, error }) => error?.tag ?? value),
      thrown: thrown.message,
      large: large.map(({ value }) => value.length ?? value),
      detected: info.map(({ name }) => name),
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  },
  async everywhere() {
    const report = { values: [], failed: [], first: [], after: [], thrown: '' };
    const everywhere = true;
    for await (const { value } of executor.run(
      [3, 4, 5].map((n) => task('square', n)),
      { everywhere },
    ))
      report.values.push(value);
    for await (const { value, error } of executor.run([task('fail'), task('square', 3)], {
      everywhere,
      failures: 'yield',
    }))
      report.failed.push(error?.message ?? value);
    try {
      for await (const _ of executor.run([task('fail'), task('square', 3)], { everywhere }));
    } catch (error) {
      report.thrown = error.message;
    }
    // A rank that stops reading results still has to execute the tasks of the run.
    for await (const { value } of executor.run(
      Array.from({ length: 30 }, (_, n) => task('square', n)),
      { everywhere },
    )) {
      report.first.push(value);
      break;
    }
    for await (const { value } of executor.run([task('square', 6)], { everywhere })) report.after.push(value);
    process.stdout.write(`${JSON.stringify(report)}\n`);
  },
  async die() {
    // Simulates a machine that is switched off during a run.
    if (rank === 1) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 200);
    for await (const _ of executor.run(Array.from({ length: 8 }, () => task('wait', 60_000))));
  },
  async hang() {
    for await (const _ of executor.run([task('hang')], { taskTimeoutS: 0.5 }));
  },
};
await programs[process.argv[2]]();
await executor.dispose();
if (rank === 0) process.stdout.write(`disposed ${size}\n`);
