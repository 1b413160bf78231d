/**
 * The messages of a cluster, in the form of codec.ts: a length, JSON, and the bytes of arrays. Every message may be
 * lost, doubled or late, and says nothing that is not repeated.
 *
 * | subject | from, to | message |
 * |---|---|---|
 * | who | worker to clients | nothing: clients answer with their beacon |
 * | runs | client to workers | `Beacon`, each second, and when a run starts or ends |
 * | run.RUN | worker to client | `Beat` each second, `Report` when tasks have ended; a request asks who is there |
 * | run.RUN | anyone to client | `Cancel` |
 * | worker.ID | client to worker | `Give`; a request asks who is there |
 * | value.HASH | to a member that has the value | a request for a piece of it |
 * | ping | to workers | a request for their description |
 */
import { decode } from '../codec.js';
import { submitRows } from '../parameters.js';
import {
  escapeForLog,
  type Fields,
  isCount,
  namePattern,
  readFields,
  readText,
  refuse,
  sha256Pattern,
} from './admit.js';
import type { WorkerState } from './leases.js';

/** Subjects of a cluster. */
export const subjectsOf = (cluster: string) => ({
  who: `ewald.${cluster}.who`,
  runs: `ewald.${cluster}.runs`,
  ping: `ewald.${cluster}.ping`,
  run: (run: string) => `ewald.${cluster}.run.${run}`,
  worker: (id: string) => `ewald.${cluster}.worker.${id}`,
  value: (hash: string) => `ewald.${cluster}.value.${hash}`,
});
export type Subjects = ReturnType<typeof subjectsOf>;

/** A task or a result: its bytes, or the hash by which to fetch them if they are many. */
export interface Parcel {
  readonly index: number;
  readonly content: Uint8Array | string;
}

/** What a client says about its run. */
export interface Beacon {
  readonly run: string;
  /** Workers of another build do not work for the run. */
  readonly build: string;
  readonly over: boolean;
  /** Raised when the client has reconnected, and may have missed reports. */
  readonly epoch: number;
  /** Number of tasks that no worker holds. */
  readonly waiting: number;
  /** Bytes of results that each worker may have sent without an acknowledgement. */
  readonly room: number;
  /** Its share of the slots where runs compete, relative to that of others. */
  readonly weight: number;
  readonly needs: RunNeeds;
  /** For people: its client, numbers of tasks that workers hold and that have ended, and what it waits for. */
  readonly client: string;
  readonly held: number;
  readonly done: number;
  readonly waits: string;
}

/** What a worker must have to work for a run. */
export interface RunNeeds {
  readonly gpu: boolean;
  /** Bytes of memory of its process. */
  readonly memory: number;
}

/** Ends a run, and says who wants that. */
export interface Cancel {
  readonly cancel: string;
}

/** What a worker reports of tasks that have ended; it repeats the report until it is acknowledged. */
export interface Report {
  readonly worker: string;
  readonly number: number;
  readonly target: number;
  readonly results: readonly Parcel[];
}

/** What a client gives a worker. */
export interface Give {
  readonly run: string;
  /** Numbers of acknowledged reports. */
  readonly acks: readonly number[];
  readonly cancel: readonly number[];
  readonly tasks: readonly Parcel[];
}

/** A piece of a value, and the length of the whole. */
export interface ValuePiece {
  readonly total: number;
  readonly piece: Uint8Array;
}

/** Maximum number of tasks, results or acknowledgements in a message: a worker never holds as many. */
const maxEntries = 100_000;
/** Length of the largest value in bytes; engines cannot make much larger arrays. */
const largestValue = 2 ** 33;

const countOf = (fields: Fields, name: string, most = Number.MAX_SAFE_INTEGER): number =>
  isCount(fields[name], most) ? Number(fields[name]) : refuse(`its ${name} is not a whole number from 0 to ${most}`);

const truthOf = (fields: Fields, name: string): boolean => {
  const value = fields[name];
  return typeof value === 'boolean' ? value : refuse(`its ${name} is neither true nor false`);
};

/** A name that is part of a subject. */
const nameOf = (fields: Fields, name: string): string => {
  const text = readText(fields, name);
  return namePattern.test(text) ? text : refuse(`its ${name} is not made of 1 to 64 letters a to z and digits`);
};

const numbersOf = (fields: Fields, name: string): readonly number[] => {
  const list = fields[name];
  if (!(list instanceof Float64Array) || list.length > maxEntries)
    return refuse(`its ${name} is not a Float64Array of at most ${maxEntries} numbers`);
  const numbers = Array.from(list);
  return numbers.every((number) => isCount(number, Number.MAX_SAFE_INTEGER))
    ? numbers
    : refuse(`its ${name} has no counts`);
};

const parcelsOf = (fields: Fields, name: string): readonly Parcel[] => {
  const list = fields[name];
  if (!Array.isArray(list) || list.length > maxEntries)
    return refuse(`its ${name} is not a list of at most ${maxEntries}`);
  return list.map((one) => {
    const parcel = readFields(`an entry of its ${name}`, one);
    const { content } = parcel;
    if (!(content instanceof Uint8Array) && !(typeof content === 'string' && sha256Pattern.test(content)))
      return refuse(`an entry of its ${name} has neither bytes nor a hash`);
    return { index: countOf(parcel, 'index'), content };
  });
};

const read = (data: Uint8Array): Fields => readFields('it', decode(data));

/** Reads a client's beacon. Throws `Format`. */
export function readBeacon(data: Uint8Array): Beacon {
  const fields = read(data);
  return {
    run: nameOf(fields, 'run'),
    build: readText(fields, 'build'),
    over: truthOf(fields, 'over'),
    epoch: countOf(fields, 'epoch'),
    waiting: countOf(fields, 'waiting'),
    room: countOf(fields, 'room'),
    weight: weightOf(fields),
    needs: needsOf(fields),
    client: lineOf(fields, 'client'),
    held: countOf(fields, 'held'),
    done: countOf(fields, 'done'),
    waits: lineOf(fields, 'waits'),
  };
}

function weightOf({ weight }: Fields): number {
  const { low, high } = submitRows.weight.range;
  const isIn = typeof weight === 'number' && weight >= low && weight <= high;
  return isIn ? weight : refuse(`its weight is no number from ${low} to ${high}`);
}

function needsOf(fields: Fields): RunNeeds {
  const needs = readFields('its needs', fields.needs);
  return { gpu: truthOf(needs, 'gpu'), memory: countOf(needs, 'memory') };
}

/** Text that is shown to people. */
const lineOf = (fields: Fields, name: string): string => escapeForLog(readText(fields, name));

/** Reads what a client gives. Throws `Format`. */
export function readGive(data: Uint8Array): Give {
  const fields = read(data);
  return {
    run: nameOf(fields, 'run'),
    acks: numbersOf(fields, 'acks'),
    cancel: numbersOf(fields, 'cancel'),
    tasks: parcelsOf(fields, 'tasks'),
  };
}

/** Reads a beat or a report of a worker, or the end of a run. Throws `Format`. */
export function readFromWorker(
  data: Uint8Array,
): { readonly beat: WorkerState } | { readonly report: Report } | Cancel {
  const fields = read(data);
  if (fields.cancel !== undefined) return { cancel: lineOf(fields, 'cancel') };
  const worker = nameOf(fields, 'worker');
  const target = countOf(fields, 'target', maxEntries);
  if (fields.held === undefined)
    return { report: { worker, target, number: countOf(fields, 'number'), results: parcelsOf(fields, 'results') } };
  const { modules } = fields;
  if (!Array.isArray(modules) || modules.some((name) => typeof name !== 'string'))
    return refuse('its modules are not a list of names');
  return {
    beat: {
      worker,
      target,
      modules,
      held: numbersOf(fields, 'held'),
      slots: countOf(fields, 'slots', maxEntries),
      leaving: truthOf(fields, 'leaving'),
      allowModules: truthOf(fields, 'allowModules'),
    },
  };
}

/** Reads the request for a piece: where it starts. Throws `Format`. */
export const readWish = (data: Uint8Array): number => countOf(read(data), 'at');

/** Reads the piece at `at`, of `most` bytes unless it is the last one. Throws `Format`. */
export function readPiece(data: Uint8Array, at: number): ValuePiece {
  const fields = read(data);
  const total = countOf(fields, 'total', largestValue);
  const { piece } = fields;
  if (!(piece instanceof Uint8Array) || piece.length === 0 || at + piece.length > total)
    return refuse(`its piece at ${at} is empty, or longer than the ${total} bytes of the value`);
  return { total, piece };
}
