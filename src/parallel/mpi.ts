/** Runs tasks on the ranks of an MPI job: rank 0 distributes them, the others run them. */

import { EwaldError, errorFromPlain, type PlainError, plainError } from '../util/errors.js';
import { decode, encode } from './codec.js';
import type { Communicator } from './communicator/communicator.js';
import { describeWorker } from './describe-worker.js';
import { checkRun, Failed, type Lane, type Outcome, runTasks, type TaskCall } from './drive.js';
import type { Executor, RunOptions, TaskResult, WorkerInfo } from './executor.js';
import { TaskHost } from './host.js';
import { InlineLane } from './inline.js';
import { makeExecutor } from './make-executor.js';
import { checkMpi, type MpiOptions } from './options.js';
import type { Place } from './place.js';
import { SharedValues } from './shared-values.js';
import type { Task, TaskSpec } from './task.js';

/** Messages from rank 0 to another rank. */
type ToRank =
  | { readonly say: 'task'; readonly spec: Omit<TaskSpec, 'transfer'> }
  | { readonly say: 'share'; readonly hash: string; readonly value: unknown }
  | { readonly say: 'result'; readonly result: Omit<TaskResult, 'error'>; readonly error: PlainError | undefined }
  | { readonly say: 'end'; readonly whole: boolean };
type FromRank = { readonly value: unknown; readonly error: PlainError | undefined; readonly seconds: number };

/** Sends a value in two messages: its length, then its bytes. */
async function sendValue(comm: Communicator, to: number, value: unknown): Promise<void> {
  await sendBytes(comm, to, encode(value));
}

/** Both are sent before this returns, so that consecutive messages arrive in order. */
async function sendBytes(comm: Communicator, to: number, bytes: Uint8Array): Promise<void> {
  await Promise.all([comm.send(Float64Array.of(bytes.byteLength), to), comm.send(bytes, to)]);
}

async function receiveValue(comm: Communicator, from: number): Promise<unknown> {
  const length = new Float64Array(1);
  await comm.recv(length, from);
  const bytes = new Uint8Array(length[0] ?? 0);
  await comm.recv(bytes, from);
  return decode(bytes);
}

/** Another rank as seen by rank 0: it runs one task at a time, and has one more waiting so that it is never idle. */
class Rank {
  readonly number: number;
  load = 0;
  readonly knows = new Set<string>();
  last: Promise<unknown> = Promise.resolve();

  constructor(number: number) {
    this.number = number;
  }
}

class MpiLane implements Lane {
  readonly window: number;
  readonly names: readonly string[];
  readonly #comm: Communicator;
  readonly #shared: SharedValues;
  readonly #ranks: Rank[];
  readonly #free: ((rank: Rank) => void)[] = [];
  #hung: EwaldError | undefined;

  constructor(comm: Communicator, shared: SharedValues, names: readonly string[]) {
    this.#comm = comm;
    this.#shared = shared;
    this.names = names;
    this.#ranks = Array.from({ length: comm.size - 1 }, (_, i) => new Rank(i + 1));
    this.window = 4 * comm.size;
  }

  async execute({ transfer: _, ...spec }: TaskSpec, { signal, seconds }: TaskCall): Promise<Outcome> {
    const rank = await this.#take();
    let answer: FromRank;
    try {
      if (signal.aborted) throw new EwaldError('Aborted', `task ${spec.id} was aborted`);
      for (const reference of Object.values(spec.inputs)) {
        if (!('hash' in reference) || rank.knows.has(reference.hash)) continue;
        const { hash } = reference;
        const value = await this.#shared.get(hash);
        rank.knows.add(hash);
        await sendValue(this.#comm, rank.number, { say: 'share', hash, value } satisfies ToRank);
      }
      // Refused before any message is sent, if it cannot be sent.
      const bytes = encode({ say: 'task', spec } satisfies ToRank);
      const sent = sendBytes(this.#comm, rank.number, bytes);
      // Answers of a rank come in the order of its tasks.
      const mine = rank.last.then(() => this.#within(seconds, spec.id, rank, receiveValue(this.#comm, rank.number)));
      rank.last = mine.catch(() => {});
      await sent;
      answer = (await mine) as FromRank;
    } finally {
      this.#give(rank);
    }
    const worker = `rank ${rank.number}`;
    if (answer.error) throw new Failed(errorFromPlain(answer.error), worker, 1);
    return { value: answer.value, worker, attempts: 1, seconds: answer.seconds };
  }

  /** Sends a result to all ranks. */
  async publish({ error, ...result }: TaskResult): Promise<void> {
    const bytes = encode({ say: 'result', result, error: error && plainError(error) } satisfies ToRank);
    await Promise.all(this.#ranks.map(({ number }) => sendBytes(this.#comm, number, bytes)));
  }

  async end(whole: boolean): Promise<void> {
    // A hung rank cannot be notified: the error of its task ends the job.
    if (this.#hung) throw this.#hung;
    await Promise.all(this.#ranks.map((rank) => rank.last));
    await Promise.all(
      this.#ranks.map(({ number }) => sendValue(this.#comm, number, { say: 'end', whole } satisfies ToRank)),
    );
  }

  #take(): Promise<Rank> {
    const best = this.#ranks.reduce((a, b) => (b.load < a.load ? b : a));
    if (best.load < 2) {
      best.load++;
      return Promise.resolve(best);
    }
    return new Promise((resolve) => this.#free.push(resolve));
  }

  #give(rank: Rank): void {
    const next = this.#free.shift();
    if (next) next(rank);
    else rank.load--;
  }

  async #within(seconds: number, id: string, { number }: Rank, work: Promise<unknown>): Promise<unknown> {
    if (seconds > 2e6) return work;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const what =
        `rank ${number} did not answer within ${seconds} s of starting task ${id}; run({ taskTimeoutS }) ` +
        'allows more';
      timer = setTimeout(() => {
        this.#hung = new EwaldError('Lost', what);
        reject(this.#hung);
      }, seconds * 1000);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Rank 0's part of a run whose results every rank receives. */
async function* publish(tasks: Iterable<Task> | AsyncIterable<Task>, lane: MpiLane, how: RunOptions) {
  const { failures } = checkRun(how);
  for await (const result of runTasks(tasks, lane, { ...how, failures: 'yield' })) {
    await lane.publish(result);
    if (result.error && failures === 'throw') throw result.error;
    yield result;
  }
}

/**
 * The other ranks' part of a run: they receive tasks from rank 0, and its results if those are for all, until it ends
 * the run.
 */
async function* serve(
  comm: Communicator,
  host: TaskHost,
  given: Map<string, unknown>,
  how: RunOptions,
): AsyncGenerator<TaskResult, void, undefined> {
  const { failures, everywhere } = checkRun(how);
  let over = false;
  let failed: Error | undefined;
  /** The next result; undefined at the end. */
  const next = async (): Promise<TaskResult | undefined> => {
    for (;;) {
      const message = (await receiveValue(comm, 0)) as ToRank;
      if (message.say === 'task') await answerTask(comm, host, message.spec);
      else if (message.say === 'share') given.set(message.hash, message.value);
      else if (message.say === 'end') {
        over = true;
        if (everywhere && !message.whole)
          failed ??= new EwaldError('Aborted', 'rank 0 ended the run before all of its tasks were done');
        return undefined;
      } else if (message.error && failures === 'throw') failed = errorFromPlain(message.error);
      else return { ...message.result, ...(message.error && { error: errorFromPlain(message.error) }) };
    }
  };
  try {
    for (let result = await next(); result; result = await next()) yield result;
    if (failed) throw failed;
  } finally {
    // A rank whose caller stops reading still has tasks to run.
    while (!over) await next();
    await host.rest();
  }
}

async function answerTask(comm: Communicator, host: TaskHost, spec: Omit<TaskSpec, 'transfer'>): Promise<void> {
  let bytes: Uint8Array;
  try {
    const { value, seconds } = await host.run({ ...spec, transfer: [] }, new AbortController().signal);
    bytes = encode({ value, error: undefined, seconds } satisfies FromRank);
  } catch (error) {
    bytes = encode({ value: undefined, error: plainError(error), seconds: 0 } satisfies FromRank);
  }
  await sendBytes(comm, 0, bytes);
}

/** Creates the executor of an MPI job; all ranks make the same calls, and results arrive on rank 0 or on all ranks. */
export async function mpi(place: Place, world: Communicator, options: MpiOptions = {}): Promise<Executor> {
  const { context, modules, shards } = checkMpi(options);
  // One rank alone writes the outputs itself.
  const allowed = shards === undefined || world.size === 1 ? undefined : await place.shards?.allowed(shards);
  const comm = (await world.split(0)) as Communicator;
  const names = Object.keys(modules);
  const shared = new SharedValues();
  const given = new Map<string, unknown>();
  const name = `rank ${comm.rank}`;
  const host = new TaskHost({
    worker: name,
    threads: 1,
    modules,
    shards: allowed,
    contextOptions: context,
    place,
    fetchShared: async (hash) => (given.has(hash) ? given.get(hash) : shared.get(hash)),
  });
  async function* run(tasks: Iterable<Task> | AsyncIterable<Task>, how: RunOptions): AsyncGenerator<TaskResult, void> {
    if (comm.size === 1) yield* runTasks(tasks, new InlineLane(host, name, names), how);
    else if (comm.rank > 0) yield* serve(comm, host, given, how);
    else yield* (how.everywhere ? publish : runTasks)(tasks, new MpiLane(comm, shared, names), how);
  }
  return makeExecutor(
    {
      kind: 'mpi',
      run,
      slots: () => Math.max(1, comm.size - 1),
      async workers(): Promise<WorkerInfo[]> {
        const mine = await describeWorker(place, name, 1, context);
        if (comm.rank > 0) {
          await sendValue(comm, 0, mine);
          return (await receiveValue(comm, 0)) as WorkerInfo[];
        }
        const all = [mine];
        for (let rank = 1; rank < comm.size; rank++) all.push((await receiveValue(comm, rank)) as WorkerInfo);
        for (let rank = 1; rank < comm.size; rank++) await sendValue(comm, rank, all);
        return all;
      },
      async dispose() {
        shared.clear();
        await host.dispose();
        await comm.free();
      },
    },
    shared,
  );
}
