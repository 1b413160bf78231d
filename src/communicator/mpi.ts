/** The communicator of an MPI job: mpirun or srun starts the ranks, an addon of its own speaks MPI. Node only. */
import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { addonPath, loadAddon } from '../backends/addon-path.js';
import { EwaldError, messageOf } from '../errors.js';
import { asyncDispose } from '../resource.js';
import { checkAlike, checkArray, checkLength, checkParts, checkRank, checkTag, equalParts } from './checks.js';
import { allreduce } from './collectives.js';
import type { CommArray, Communicator, CommunicatorMethods, Parts, ReduceOp, SharedMemory } from './communicator.js';
import { ranksOfJob } from './job.js';

/** What the addon exports; mpi/addon.cpp. Numbers of communicators are the addon's, 0 is the world. */
interface Addon {
  start(): Promise<[rank: number, size: number]>;
  library(): string;
  send(comm: number, data: CommArray, unit: number, to: number, tag: number): Promise<unknown>;
  recv(comm: number, into: CommArray, unit: number, from: number, tag: number): Promise<unknown>;
  alltoallv(comm: number, send: CommArray, recv: CommArray, unit: number, lists: Int32Array): Promise<unknown>;
  bcast(comm: number, data: CommArray, unit: number, root: number): Promise<unknown>;
  gather(comm: number, send: CommArray, recv: CommArray | null, unit: number, root: number): Promise<unknown>;
  barrier(comm: number): Promise<unknown>;
  split(comm: number, color: number, key: number): Promise<number[]>;
  free(comm: number): Promise<unknown>;
  finalize(): void;
  abort(code: number): void;
}

/** Most elements of one message: MPI counts in 32 bits. */
const mostElements = 2 ** 31 - 1;

let world: Promise<Communicator> | undefined;

/** The addon, or why it is not here. */
export function findMpi(): { readonly addon: Addon } | { readonly why: string } {
  const path = addonPath('ewald_mpi', undefined);
  if (!existsSync(path)) {
    const how = 'install Open MPI or MPICH (Debian: apt-get install libopenmpi-dev openmpi-bin) and run npm run build';
    return { why: `there is no MPI addon for ${process.platform}-${process.arch} (looked for ${path}); ${how}` };
  }
  try {
    return { addon: loadAddon(path) as Addon };
  } catch (error) {
    return { why: `the MPI addon ${path} does not load: ${messageOf(error).split('\n')[0]}` };
  }
}

/**
 * The ranks of the MPI job this process is of; alone, without mpirun, a job of one. The same one at every call.
 *
 * MPI is ended when the process ends with exit code 0, after every rank has come so far; a rank that ends with another
 * code, or throws, ends the whole job. Throws `Unsupported` where the addon is absent, `Load` where MPI does not start.
 */
export function mpiComm(): Promise<Communicator> {
  world ??= open();
  world.catch(() => {
    world = undefined;
  });
  return world;
}

async function open(): Promise<Communicator> {
  if (!isMainThread)
    throw new EwaldError('Unsupported', 'MPI speaks on the main thread of a rank; call mpiComm() there');
  const found = findMpi();
  if ('why' in found) throw new EwaldError('Unsupported', found.why);
  const { addon } = found;
  let place: [number, number];
  try {
    place = await addon.start();
  } catch (error) {
    throw new EwaldError('Load', `MPI does not start: ${messageOf(error)}`, { cause: error });
  }
  const [rank, size] = place;
  // Ranks that do not see each other would each do the whole job, and write it over each other's.
  const started = ranksOfJob();
  if (size === 1 && started > 1)
    throw new EwaldError(
      'Unsupported',
      `this process was started as one of ${started}, and MPI (${addon.library().split('\n')[0]?.slice(0, 60)}) sees itself alone; start the ranks with the mpirun of this MPI, or with srun --mpi=pmix. Processes that do a job each need no MPI: --executor inline`,
    );
  // Before the exit handler: it tells the others why.
  process.on('uncaughtExceptionMonitor', (error) => {
    if (size > 1)
      process.stderr.write(`ewald: rank ${rank} of ${size} failed, which ends the job: ${messageOf(error)}\n`);
  });
  process.on('exit', (code) => {
    if (code === 0) addon.finalize();
    else if (size > 1) addon.abort(code);
  });
  return new MpiCommunicator(addon, 0, rank, size) as unknown as Communicator;
}

class MpiCommunicator implements CommunicatorMethods {
  readonly kind = 'mpi';
  readonly rank: number;
  readonly size: number;
  readonly #addon: Addon;
  readonly #number: number;
  #under: Promise<unknown> = Promise.resolve();
  #freed: Promise<void> | undefined;

  constructor(addon: Addon, number: number, rank: number, size: number) {
    this.#addon = addon;
    this.#number = number;
    this.rank = rank;
    this.size = size;
    Object.defineProperty(this, asyncDispose, { value: () => this.free() });
  }

  async send(data: CommArray, to: number, tag = 0): Promise<void> {
    checkArray('send', data);
    checkRank('send: to', to, this.size);
    await this.#call((addon, comm) => addon.send(comm, data, this.#unit('send', data), to, checkTag(tag)));
  }

  async recv(into: CommArray, from: number, tag = 0): Promise<void> {
    checkArray('recv', into);
    checkRank('recv: from', from, this.size);
    try {
      await this.#call((addon, comm) => addon.recv(comm, into, this.#unit('recv', into), from, checkTag(tag)));
    } catch (error) {
      if ((error as { cause?: { kind?: string } }).cause?.kind !== 'length') throw error;
      const sent = /^\d+$/.test(messageOf((error as Error).cause)) ? messageOf((error as Error).cause) : 'more';
      const expected = `to rank ${this.rank}, which expected ${into.byteLength}`;
      throw new EwaldError('Shape', `rank ${from} sent ${sent} bytes ${expected}`);
    }
  }

  async alltoallv(send: CommArray, sendParts: Parts, recv: CommArray, recvParts: Parts): Promise<void> {
    checkAlike('alltoallv', send, recv);
    const [outCounts, outOffsets] = checkParts('alltoallv: send', send, sendParts, this.size);
    const [inCounts, inOffsets] = checkParts('alltoallv: recv', recv, recvParts, this.size);
    const [mine, back] = [outCounts[this.rank] ?? 0, inCounts[this.rank] ?? 0];
    if (mine !== back) {
      const found = `${mine} elements to itself and expects ${back}`;
      throw new EwaldError('Shape', `alltoallv: rank ${this.rank} sends ${found}`);
    }
    const lists = Int32Array.from([...outCounts, ...outOffsets, ...inCounts, ...inOffsets]);
    const unit = Math.max(this.#unit('alltoallv', send), this.#unit('alltoallv', recv));
    await this.#call((addon, comm) => addon.alltoallv(comm, send, recv, unit, lists));
  }

  async alltoall(send: CommArray, recv: CommArray): Promise<void> {
    const parts = equalParts('alltoall', send, recv, this.size);
    await this.alltoallv(send, parts, recv, parts);
  }

  async bcast(data: CommArray, root = 0): Promise<void> {
    checkArray('bcast', data);
    checkRank('bcast: root', root, this.size);
    await this.#call((addon, comm) => addon.bcast(comm, data, this.#unit('bcast', data), root));
  }

  async gather(send: CommArray, recv: CommArray | undefined, root = 0): Promise<void> {
    checkArray('gather: send', send);
    checkRank('gather: root', root, this.size);
    if (this.rank === root) {
      if (!recv) throw new EwaldError('Argument', 'gather: recv is undefined; the root needs an array');
      checkAlike('gather', send, recv);
      checkLength('gather: recv', recv, send.length * this.size);
    }
    const into = this.rank === root ? (recv ?? null) : null;
    await this.#call((addon, comm) => addon.gather(comm, send, into, this.#unit('gather', send), root));
  }

  // Not MPI's own: its order of joining, and so the bits, differ from library to library.
  async allreduce(send: CommArray, recv: CommArray, op?: ReduceOp): Promise<void> {
    await allreduce(this, send, recv, op);
  }

  async barrier(): Promise<void> {
    await this.#call((addon, comm) => addon.barrier(comm));
  }

  async split(color: number, key = this.rank): Promise<Communicator | undefined> {
    if (!Number.isInteger(color) || !Number.isInteger(key))
      throw new EwaldError('Argument', `split: color is ${color} and key ${key}; needed are integers`);
    const group = (await this.#call((addon, comm) => addon.split(comm, Math.max(-1, color), key))) as number[];
    const [number, rank, size] = group;
    if (number === undefined || rank === undefined || size === undefined) return undefined;
    return new MpiCommunicator(this.#addon, number, rank, size) as unknown as Communicator;
  }

  allocate(bytes: number): ArrayBufferLike {
    return new ArrayBuffer(bytes);
  }

  release(): void {}

  get sharesMemory(): boolean {
    return false;
  }

  async share(_bytes: number): Promise<SharedMemory> {
    throw new EwaldError('Unsupported', 'share: the ranks of this job have no memory in common');
  }

  free(): Promise<void> {
    this.#freed ??= this.#under.then(async () => {
      // The world ends with the process.
      if (this.#number !== 0) await this.#addon.free(this.#number);
    });
    return this.#freed;
  }

  dispose(): Promise<void> {
    return this.free();
  }

  #unit(what: string, array: CommArray): number {
    if (array.length > mostElements) {
      const found = `${array.length} elements; MPI counts to ${mostElements}, so send it in parts`;
      throw new EwaldError('Limit', `${what}: the array has ${found}`);
    }
    return array.BYTES_PER_ELEMENT;
  }

  async #call(begin: (addon: Addon, comm: number) => Promise<unknown>): Promise<unknown> {
    if (this.#freed) throw new EwaldError('Disposed', `this communicator of ${this.size} ranks was freed`);
    const work = begin(this.#addon, this.#number);
    this.#under = Promise.allSettled([this.#under, work]);
    try {
      return await work;
    } catch (error) {
      throw new EwaldError('Lost', `MPI could not do it: ${messageOf(error)}`, { cause: error });
    }
  }
}
