/** The communicator of an MPI job: mpirun or srun starts the ranks, a separate addon calls MPI. Node only. */
import { constants as bufferLimits } from 'node:buffer';
import { isMainThread } from 'node:worker_threads';
import { sourcePackage } from '../../util/addon-packages.js';
import { findAddon, loadAddon, packagesFor } from '../../util/addon-path.node.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { allRows, type Messages } from './agreement.js';
import { leftError } from './checks.js';
import type { Spread } from './collectives.js';
import type { CommArray, Communicator, SharedMemory } from './communicator.js';
import { ranksOfJob } from './job.js';
import { describeMismatch, elementKind } from './kinds.js';
import { Ranks } from './ranks.js';

/**
 * The addon's interface; see mpi/addon.cpp. Communicator numbers are the addon's, 0 is the world; each has a companion
 * with the same ranks that carries the notices about its messages.
 */
interface Addon {
  start(): Promise<[rank: number, size: number]>;
  library(): string;
  send(comm: number, data: CommArray, unit: number, to: number, tag: number): Promise<unknown>;
  recv(comm: number, into: CommArray, unit: number, from: number, tag: number): Promise<unknown>;
  alltoallv(comm: number, send: CommArray, recv: CommArray, unit: number, lists: Int32Array): Promise<unknown>;
  bcast(comm: number, data: CommArray, unit: number, root: number): Promise<unknown>;
  gather(comm: number, send: CommArray, recv: CommArray | null, unit: number, root: number): Promise<unknown>;
  split(comm: number, color: number, key: number): Promise<number[]>;
  /** Leaves a communicator: notifies the other ranks and cancels pending receives of this rank. */
  leave(comm: number): Promise<unknown>;
  free(comm: number): Promise<unknown>;
  /** Creates memory that other processes of this machine can open; without it, the reason takes the name's place. */
  createShared(bytes: number): [name: string, buffer: ArrayBuffer | undefined];
  /** Undefined for processes of other machines or containers. */
  openShared(name: string, bytes: number): ArrayBuffer | undefined;
  /** Nobody can open the memory any more; it exists until all have detached it. */
  closeShared(name: string): void;
  detach(buffer: ArrayBufferLike): void;
  finalize(): void;
  abort(code: number): void;
}

/** Maximum number of elements in a message: MPI counts in 32 bits. */
const maxElements = 2 ** 31 - 1;

let world: Promise<Communicator> | undefined;

/** The addon, or the reason why it is missing. */
function findMpi(): { readonly addon: Addon } | { readonly why: string } {
  const { path, exists } = findAddon('ewald_mpi', undefined);
  const build = `npm install ${sourcePackage} && npx ewald-build-native --mpi`;
  if (!exists) {
    const [ready] = packagesFor('ewald_mpi');
    const how =
      'install Open MPI or MPICH (Debian: apt-get install libopenmpi-dev openmpi-bin) and run ' +
      `${ready ? `npm install ${ready} for Open MPI, for any other ` : ''}${build}, in a clone npm run build`;
    return { why: `there is no MPI addon for ${process.platform}-${process.arch} (looked for ${path}); ${how}` };
  }
  try {
    return { addon: loadAddon(path) as Addon };
  } catch (error) {
    const other = `if this machine has another MPI, remove the package that contains it and run ${build}`;
    return { why: `the MPI addon ${path} does not load: ${messageOf(error).split('\n')[0]}; ${other}` };
  }
}

/**
 * The ranks of the MPI job of this process; without mpirun, a job of one rank. Every call returns the same object.
 *
 * MPI is finalized when the process ends with exit code 0 and every rank has reached that point; a rank that ends with
 * another code, or throws, ends the whole job. Throws `Unsupported` if the addon is absent, `Load` if MPI does not
 * start.
 */
export function mpiComm(): Promise<Communicator> {
  world ??= open();
  world.catch(() => {
    world = undefined;
  });
  return world;
}

const oneOf = (started: number): string => `this process was started as one of ${started}`;

async function open(): Promise<Communicator> {
  if (!isMainThread)
    throw new EwaldError('Unsupported', 'MPI can be called only on the main thread of a rank; call mpiComm() there');
  const mpi = findMpi();
  const started = ranksOfJob();
  if ('why' in mpi) throw new EwaldError('Unsupported', started > 1 ? `${oneOf(started)}, and ${mpi.why}` : mpi.why);
  const { addon } = mpi;
  let place: [number, number];
  try {
    place = await addon.start();
  } catch (error) {
    throw new EwaldError('Load', `MPI does not start: ${messageOf(error)}`, { cause: error });
  }
  const [rank, size] = place;
  // Ranks that do not know of each other would each do the whole job, and overwrite each other's results.
  if (size === 1 && started > 1)
    throw new EwaldError(
      'Unsupported',
      `${oneOf(started)}, and MPI (${addon.library().split('\n')[0]?.slice(0, 60)}) sees itself alone; start the ` +
        'ranks with the mpirun of this MPI, or with srun --mpi=pmix. Processes that do a job each need no MPI: ' +
        'use the executor inline',
    );
  // Runs before the exit handler, so that the others receive the reason.
  process.on('uncaughtExceptionMonitor', (error) => {
    if (size > 1)
      process.stderr.write(`ewald: rank ${rank} of ${size} failed, which ends the job: ${messageOf(error)}\n`);
  });
  process.on('exit', (code) => {
    if (code === 0) addon.finalize();
    else if (size > 1) addon.abort(code);
  });
  const comm = new MpiCommunicator(addon, 0, rank, size, size === 1);
  await comm.tryToShare();
  return comm as unknown as Communicator;
}

/**
 * Tags on the companion communicator: first those of messages, then the same number for agreements. MPI guarantees tags
 * up to 32767, and all implementations support more.
 */
const firstOfAgreements = 32768;

/** Length of the name of shared memory as it is sent. */
const nameBytes = 64;
/** Tag of agreements about shared memory, outside of collective calls. */
const tryTag = -firstOfAgreements;

class MpiCommunicator extends Ranks {
  readonly kind = 'mpi';
  protected readonly messages: Messages;
  readonly #addon: Addon;
  readonly #number: number;
  #under: Promise<unknown> = Promise.resolve();
  #freed: Promise<void> | undefined;
  #sharesMemory: boolean;

  constructor(addon: Addon, number: number, rank: number, size: number, sharesMemory: boolean) {
    super(rank, size);
    this.#addon = addon;
    this.#number = number;
    this.#sharesMemory = sharesMemory;
    const tagOf = (tag: number): number => firstOfAgreements + ((-1 - tag) % firstOfAgreements);
    this.messages = {
      rank,
      size,
      send: (to, tag, bytes) => this.#call(() => addon.send(number + 1, bytes, 1, to, tagOf(tag))),
      recv: (from, tag, into) => this.#call(() => addon.recv(number + 1, into, 1, from, tagOf(tag))),
    };
  }

  protected assertAlive(): void {
    if (this.#freed) throw new EwaldError('Disposed', `this communicator of ${this.size} ranks was freed`);
  }

  // Type and length are sent in parallel with each message.
  protected async sendChecked(data: CommArray, to: number, tag: number): Promise<void> {
    this.assertCarried('send', data);
    const [unit, told] = [data.BYTES_PER_ELEMENT, Float64Array.of(elementKind(data), data.byteLength)];
    await Promise.all([
      this.#call(() => this.#addon.send(this.#number + 1, told, 8, to, tag)),
      this.#call(() => this.#addon.send(this.#number, data, unit, to, tag)),
    ]);
  }

  protected async recvChecked(into: CommArray, from: number, tag: number): Promise<void> {
    this.assertCarried('recv', into);
    const [unit, told] = [into.BYTES_PER_ELEMENT, new Float64Array(2)];
    const bytes = into.byteLength;
    const [beside, message] = await Promise.allSettled([
      this.#call(() => this.#addon.recv(this.#number + 1, told, 8, from, tag)),
      this.#call(() => this.#addon.recv(this.#number, into, unit, from, tag)),
    ]);
    if (beside.status === 'rejected') throw beside.reason;
    const [kind = 0, sent = 0] = told;
    const wrong = describeMismatch(from, [kind, sent], this.rank, [elementKind(into), bytes]);
    if (wrong) throw wrong;
    if (message.status === 'rejected') throw message.reason;
  }

  protected alltoallvChecked(send: CommArray, sends: Spread, recv: CommArray, receives: Spread): Promise<void> {
    const lists = Int32Array.from([...sends, ...receives].flat());
    return this.#call(() => this.#addon.alltoallv(this.#number, send, recv, send.BYTES_PER_ELEMENT, lists));
  }

  protected bcastChecked(data: CommArray, root: number): Promise<void> {
    return this.#call(() => this.#addon.bcast(this.#number, data, data.BYTES_PER_ELEMENT, root));
  }

  protected gatherChecked(send: CommArray, recv: CommArray | undefined, root: number): Promise<void> {
    return this.#call(() => this.#addon.gather(this.#number, send, recv ?? null, send.BYTES_PER_ELEMENT, root));
  }

  protected async splitChecked(color: number, key: number): Promise<Communicator | undefined> {
    let group: number[] = [];
    await this.#call(async () => {
      group = await this.#addon.split(this.#number, Math.max(-1, color), key);
    });
    const [number, rank, size] = group;
    if (number === undefined || rank === undefined || size === undefined) return undefined;
    const mpiCommunicator = new MpiCommunicator(this.#addon, number, rank, size, this.#sharesMemory || size === 1);
    await mpiCommunicator.tryToShare();
    return mpiCommunicator as unknown as Communicator;
  }

  allocate(bytes: number): ArrayBufferLike {
    return new ArrayBuffer(bytes);
  }

  release(): void {}

  get sharesMemory(): boolean {
    return this.#sharesMemory;
  }

  /** Finds out whether all ranks can share memory, by sharing some; collective, before any other call. */
  async tryToShare(): Promise<void> {
    if (this.#sharesMemory) return;
    const { buffer } = await this.#share(nameBytes, tryTag);
    this.#sharesMemory = buffer !== undefined;
    if (buffer) this.#addon.detach(buffer);
  }

  protected async shareChecked(bytes: number, tag: number): Promise<SharedMemory> {
    const { buffer, why } = await this.#share(Math.max(8, bytes), tag);
    if (!buffer)
      throw new EwaldError(
        'OutOfMemory',
        `share: ${bytes} bytes of shared memory could not be allocated on every rank${why ? `: ${why}` : ''}`,
      );
    return { buffer, free: async () => this.#addon.detach(buffer) };
  }

  /** Creates memory on rank 0 and opens it on the others; all of them have it, or none. */
  async #share(bytes: number, tag: number): Promise<{ buffer: ArrayBuffer | undefined; why: string }> {
    if (bytes > bufferLimits.MAX_LENGTH)
      return { buffer: undefined, why: `an ArrayBuffer has at most ${bufferLimits.MAX_LENGTH} bytes` };
    const first = this.rank === 0;
    const told = new Uint8Array(nameBytes);
    let [name, buffer]: [string, ArrayBuffer | undefined] = ['', undefined];
    if (first) {
      [name, buffer] = this.#addon.createShared(bytes);
      if (buffer) told.set(new TextEncoder().encode(name).subarray(0, nameBytes));
    }
    await this.bcastChecked(told, 0);
    const end = told.indexOf(0);
    if (!first && end !== 0) {
      const sent = new TextDecoder().decode(told.subarray(0, end < 0 ? nameBytes : end));
      buffer = this.#addon.openShared(sent, bytes);
    }
    const all = await allRows(this.messages, tag, Float64Array.of(buffer ? 1 : 0));
    // From now on everybody has opened it, and a process that is killed leaves nothing behind.
    if (first && buffer) this.#addon.closeShared(name);
    if (all.every((one) => one === 1)) return { buffer, why: '' };
    if (buffer) this.#addon.detach(buffer);
    return { buffer: undefined, why: first && end === 0 ? name : '' };
  }

  free(): Promise<void> {
    this.#freed ??= this.#free();
    return this.#freed;
  }

  async #free(): Promise<void> {
    await this.#addon.leave(this.#number);
    await this.#under;
    // The world ends with the process.
    if (this.#number !== 0) await this.#addon.free(this.#number);
  }

  protected abandon(): void {
    this.#addon.leave(this.#number).catch(() => {});
  }

  protected override assertCarried(what: string, ...arrays: CommArray[]): void {
    const long = arrays.find(({ length }) => length > maxElements);
    if (!long) return;
    const found = `${long.length} elements; MPI counts to ${maxElements}, so send it in parts`;
    throw new EwaldError('Limit', `${what}: the array has ${found}`);
  }

  async #call(begin: () => Promise<unknown>): Promise<void> {
    const work = begin();
    this.#under = Promise.allSettled([this.#under, work]);
    try {
      await work;
    } catch (error) {
      throw this.#toldBy(error);
    }
  }

  #toldBy(error: unknown): EwaldError {
    const kind = (error as { kind?: string }).kind;
    if (kind === 'left') return leftError(Number(messageOf(error)));
    if (kind === 'freed')
      return new EwaldError('Disposed', 'the communicator was freed while this waited for a message');
    return new EwaldError('Lost', `MPI failed: ${messageOf(error)}`, { cause: error });
  }
}
