/** Frames that a user's own code reads, as a dataset: for formats that the package does not know. */

import type { ByteSource } from '../bytes/byte-source.js';
import { type DataType, dataTypes, type FrameArray, viewAs } from '../bytes/dtype.js';
import { checkedValue, row } from '../options/call-options.js';
import { abortable } from '../util/aborted.js';
import { EwaldError, isEwaldError, messageOf } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import type { MethodOf } from '../util/members.js';
import { inspect, knownOptions, nearest } from '../util/options.js';
import type { Dataset, DatasetShape, FrameRange, Metadata } from './dataset.js';
import { openFrames } from './frames.js';
import { checkShape } from './shapes.js';

/** A user's own reader of frames: an object, or an instance of a class. */
export interface CustomDataset {
  /** Axes of the scan and of a frame, slowest first. */
  readonly shape: DatasetShape;
  /** Dtype of the frames that `read` writes. */
  readonly dtype: DataType;
  /**
   * Writes `count` frames from `first` on into `into`, [count, …signal] in C order; may be asynchronous. Several reads
   * may be in flight, each with its own memory. An error it throws is reported with the frames.
   */
  read(
    first: number,
    count: number,
    into: FrameArray,
    options: { readonly signal?: PlatformSignal | undefined },
  ): unknown;
  /**
   * The partitions of a run over the whole scan, in order and without gaps; default: by size. The results of a function
   * may depend on them in the last bits.
   */
  partitions?: MethodOf<[], readonly FrameRange[]> | undefined;
  /** Pixels without a count, [y, x], 1 is bad; runs exclude them if the scan is loaded with `fileMask`. */
  mask?: MethodOf<[], Uint8Array | Promise<Uint8Array>> | undefined;
  /** Name in messages; default 'custom'. */
  readonly name?: string | undefined;
  /** What is known about the experiment. */
  readonly meta?: Metadata | undefined;
  /** Frames that are stored together, so that partitions and reads begin at multiples of it; default 1. */
  readonly chunkFrames?: number | undefined;
  /** Called when the dataset is closed, after the reads in flight. */
  dispose?: MethodOf<[], unknown> | undefined;
}

const partitions = new WeakMap<Dataset, readonly FrameRange[]>();

/** The partitions that a custom dataset asks for. */
export const partitionsOfCustom = (dataset: Dataset): readonly FrameRange[] | undefined => partitions.get(dataset);

const methods = ['partitions', 'mask', 'dispose'] as const;
const values = ['name', 'meta', 'chunkFrames'] as const;
const members = ['shape', 'dtype', 'read', ...methods, ...values];

/**
 * Whether an input is meant as a user's own reader: it describes frames, or reads something and is not a source of
 * bytes.
 */
export const isCustomDataset = (input: unknown): input is CustomDataset =>
  typeof input === 'object' &&
  input !== null &&
  !ArrayBuffer.isView(input) &&
  ('shape' in input || 'dtype' in input || ('read' in input && !('size' in input)));

/** Members of an object, and of its class if it is an instance of one. */
function* membersOf(given: object): Generator<string> {
  for (let at: object | null = given; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    yield* Object.getOwnPropertyNames(at);
}

/** The optional member that a name resembles so much that it can hardly be state of a class. */
function resembled(name: string): string | undefined {
  const optional = [...methods, ...values];
  if (name.length > 6) return nearest(name, optional);
  const begins = (a: string, b: string): boolean => a.startsWith(b) && a.length - b.length < 3;
  const lower = name.toLowerCase();
  return optional.find((one) => begins(lower, one) || begins(one, lower));
}

/**
 * Rejects misspelt members: whatever a plain object has in addition, and what resembles an absent optional member in an
 * instance of a class, which may have state of its own. Throws `Argument`.
 */
function checkMembers(what: string, given: CustomDataset): void {
  const proto: unknown = Object.getPrototypeOf(given);
  const isPlain = proto === Object.prototype || proto === null;
  for (const name of membersOf(given)) {
    if (members.includes(name)) continue;
    const near = isPlain ? nearest(name, members) : resembled(name);
    if (!isPlain && (near === undefined || near in given)) continue;
    const instead = near
      ? `did you mean "${near}"?`
      : `expected some of ${members.join(', ')}; a class may have others`;
    throw new EwaldError('Argument', `${what} has a member "${name}", which is not used; ${instead}`);
  }
}

/** The shape, if it has no other members. Throws `Argument`. */
function customShape(what: string, { shape }: CustomDataset): DatasetShape {
  knownOptions(`${what}: shape`, shape, ['nav', 'sig']);
  return shape;
}

/** A user's reader as a dataset. Throws `Argument` for members that are missing or wrong, `Shape` for a wrong shape. */
export function customDataset(given: CustomDataset): Dataset {
  const what = 'the custom dataset';
  const missing = ['shape', 'dtype', 'read'].filter((name) => !(name in given));
  checkMembers(what, given);
  if (missing.length > 0 || typeof given.read !== 'function')
    throw new EwaldError(
      'Argument',
      `${what} has no ${missing.join(', no ') || 'function read'}; expected { shape: { nav, sig }, dtype, ` +
        'read(first, count, into) { … } }',
    );
  const shape = customShape(what, given);
  const dtype = checkedValue(`${what}: dtype`, given.dtype, row.required(row.choice(dataTypes)));
  const navigation = [...checkShape(`${what}: shape.nav`, shape.nav)];
  const signal = [...checkShape(`${what}: shape.sig`, shape.sig, 1)];
  const chunkFrames = checkedValue(`${what}: chunkFrames`, given.chunkFrames, row.integer(1, 2 ** 31, 1));
  for (const method of methods)
    if (given[method] !== undefined && typeof given[method] !== 'function')
      throw new EwaldError('Argument', `${what}: ${method} is ${inspect(given[method])}; expected a method`);
  const name = given.name ?? 'custom';
  const source: ByteSource = {
    name,
    size: 0,
    read: async () => {
      throw new EwaldError('Internal', `${name} has no bytes`);
    },
    sibling: async (path) => {
      throw new EwaldError('File', `${name} is not a file, so there is no ${path} beside it`);
    },
    close: async () => void (await given.dispose?.()),
  };
  const dataset = openFrames(source, {
    format: 'custom',
    shape: { nav: navigation, sig: signal },
    dtype,
    meta: given.meta ?? {},
    chunkFrames,
    ...(given.mask && {
      mask: async (options) => checkMask(name, await abortable(given.mask?.(), options?.signal), signal),
    }),
    async readMany(first, count, into, abort) {
      try {
        const target = viewAs(into, dtype);
        const read = await abortable(given.read(first, count, target, { signal: abort }), abort);
        checkReturned(name, read, target);
      } catch (cause) {
        if (isEwaldError(cause)) throw cause;
        const frames = count === 1 ? `frame ${first}` : `frames ${first} to ${first + count - 1}`;
        throw new EwaldError('File', `${name}: ${frames} cannot be read: ${messageOf(cause)}`, { cause });
      }
    },
  });
  const wanted = given.partitions?.();
  if (wanted) partitions.set(dataset, checkPartitions(name, wanted, dataset.frames));
  return dataset;
}

/** Rejects a reader that returns frames instead of writing them, whose results would be zeros. Throws `Argument`. */
function checkReturned(name: string, returned: unknown, into: FrameArray): void {
  const isData = Array.isArray(returned) || (ArrayBuffer.isView(returned) && returned.buffer !== into.buffer);
  if (isData)
    throw new EwaldError(
      'Argument',
      `${name}: read returned ${inspect(returned)}; expected that it writes the frames into its third argument: into.set(…)`,
    );
}

/** Rejects a mask of another size. Throws `Shape`. */
function checkMask(name: string, mask: unknown, signal: readonly number[]): Uint8Array {
  const pixels = signal.reduce((a, b) => a * b, 1);
  if (mask instanceof Uint8Array && mask.length === pixels) return mask;
  throw new EwaldError('Shape', `${name}: mask returns ${inspect(mask)}; expected a Uint8Array of ${pixels}`);
}

/** Rejects partitions that omit or repeat frames. Throws `Argument`. */
function checkPartitions(name: string, wanted: readonly FrameRange[], frames: number): readonly FrameRange[] {
  let next = 0;
  for (const frameRange of wanted) {
    if (frameRange?.first !== next || !Number.isInteger(frameRange.count) || frameRange.count < 1)
      throw new EwaldError(
        'Argument',
        `${name}: partitions has ${inspect(frameRange)}; expected { first: ${next}, count } with at least one frame, since ` +
          'partitions are in order and without gaps',
      );
    next += frameRange.count;
  }
  if (next !== frames)
    throw new EwaldError('Argument', `${name}: partitions have ${next} frames in total; the dataset has ${frames}`);
  return wanted;
}
