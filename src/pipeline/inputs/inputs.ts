/**
 * Checks the inputs of a run: anything that can be opened is accepted, and likely mistakes cause an error that states
 * what to pass instead.
 */

import type { BytesInput } from '../../bytes/source-of.js';
import type { Dataset } from '../../frames/dataset.js';
import { otherText } from '../../frames/other-text.js';
import { argumentError } from '../../options/parameters.js';
import { abortable, abortableItems } from '../../util/aborted.js';
import { bytesIn } from '../../util/buffers.js';
import { compressedError, compressionOfHead } from '../../util/compression.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformFile, PlatformSignal } from '../../util/globals.js';
import { inspect } from '../../util/options.js';
import { refuseNoText } from '../../util/text-begin.js';
import { isStream } from '../sinks/stream-file.js';
import { parseFrameList } from '../sources/list.js';
import type { FrameSpec, LiveInput } from '../sources/source.js';
import { type AllowOutside, filesOfList } from './inside.js';
import { checkedBytes, isBlob, isBytes, isFile, isObject, isUrl } from './kinds.js';
import type { FileInput, RunPlace } from './place.js';
import { nameOfInput } from './place-inputs.js';

/** Frames to search: all or some frames of a dataset or a file. */
export interface PipelineInput {
  /** An open dataset, owned by the caller. */
  readonly dataset?: Dataset | undefined;
  /** A file to open, instead of a dataset. */
  readonly file?: FileInput | undefined;
  /** The name of the file in the stream; default: its own name. */
  readonly filename?: string | undefined;
  /** Numbers of frames, from 0; default: all. */
  readonly frames?: readonly number[] | undefined;
}

/**
 * A list of files, one per line; `file //3` is a single frame. Paths are relative to the list, and stay in its folder
 * unless `allowOutside` of the run says otherwise; a list in a File, a Blob or bytes has no folder.
 */
export interface ListInput {
  readonly list: FileInput;
  /** Prefix of each file of the list, in whose folder they stay instead of the list's. */
  readonly prefix?: string | undefined;
}

/**
 * One input of a run: a path (Node: a file or a folder), an address, a File or Blob, bytes, an open dataset, some
 * frames of one, a list, frames received live (`zmqSource`), or a stream, whose peaks are indexed again, recognised
 * by its contents. A path or address that ends in .lst, .list or .txt may be that of a list; a File, a Blob or bytes are
 * never a list, and nothing that they name is opened except Files that are passed with them.
 */
export type RunInput = FileInput | BytesInput | Dataset | PipelineInput | ListInput | LiveInput;

/** The checked inputs of a run. */
export type GivenInputs =
  | {
      readonly kind: 'frames';
      readonly wanted: readonly FrameSpec[] | AsyncGenerator<FrameSpec, void, undefined>;
      readonly siblings: readonly PlatformFile[];
    }
  | { readonly kind: 'live'; readonly input: LiveInput }
  | { readonly kind: 'stream'; readonly input: FileInput };

const expected =
  'expected a path, a URL, a File or Blob, bytes, { bytes, name }, an open dataset, { dataset, frames }, { list }, a ' +
  'live source, or a list of these';

const isDataset = (value: unknown): value is Dataset =>
  isObject(value) && 'frames' in value && 'read' in value && 'shape' in value;
const isNamed = (value: unknown): value is PlatformFile => isBlob(value) && 'name' in value;
const isLive = (value: unknown): value is LiveInput => isObject(value) && 'openLive' in value;
/** Bytes of which a Blob can be made, which copies them. Throws `Shape` for bytes that were transferred. */
function unshared(what: string, bytes: Uint8Array | ArrayBuffer): Uint8Array<ArrayBuffer> {
  const view = bytesIn(what, bytes);
  return view.buffer instanceof ArrayBuffer ? (view as Uint8Array<ArrayBuffer>) : view.slice();
}
/** A file under its whole address, bytes as a Blob, which workers may read. */
const placed = (input: FileInput, place: RunPlace): FileInput =>
  typeof input === 'string' ? place.named(input) : isBytes(input) ? new Blob([unshared('pipeline', input)]) : input;
/** A Blob under the name of its frames in the stream, by which what the geometry names in its file is found. */
const named = (input: FileInput, name: string): FileInput =>
  isBlob(input) && !(isNamed(input) && input.name === name) ? new File([input], name) : input;
function refuse(what: string, value: unknown, wanted = expected): never {
  throw new EwaldError('Argument', `pipeline: ${what} is ${inspect(value)}; ${wanted}`);
}

/** Checks the frames of one input; throws for those that a run cannot use. */
type CheckFrames = (wanted: FrameSpec) => void;

/**
 * The inputs, sorted by kind; `check` sees all frames before they are opened. Throws `Argument`, and `File` or `Format`
 * for a list.
 */
export async function givenInputs(
  inputs: unknown,
  place: RunPlace,
  signal?: PlatformSignal,
  check: CheckFrames = () => undefined,
  allowOutside: AllowOutside = false,
): Promise<GivenInputs> {
  const checkAll = checkNames(check);
  const reading = { place, allowOutside, signal, isOneOfMany: false };
  if (isFile(inputs) || isDataset(inputs) || isOne(inputs)) return sorted([inputs], reading, 'inputs', checkAll);
  if (Array.isArray(inputs)) return sorted(inputs, reading, undefined, checkAll);
  const source = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (
    ArrayBuffer.isView(inputs) ||
    (typeof source?.[Symbol.iterator] !== 'function' && typeof source?.[Symbol.asyncIterator] !== 'function')
  )
    refuse('inputs', inputs);
  const wanted = async function* (): AsyncGenerator<FrameSpec, void, undefined> {
    let index = 0;
    for await (const input of abortableItems(source as AsyncIterable<unknown>, signal)) {
      const what = `inputs[${index++}]`;
      const one = await abortable(checked(input, what, { ...reading, isOneOfMany: true }), signal);
      if (!Array.isArray(one)) refuse(what, input, 'streams and live sources are searched alone: inputs: source');
      for (const wanted of one) checkAll(wanted, input);
      yield* one;
    }
  };
  return { kind: 'frames', wanted: wanted(), siblings: [] };
}

/** Refuses different Files of one name as well: frames are distinguished by the names of their files. */
function checkNames(check: CheckFrames): (wanted: FrameSpec, given: unknown) => void {
  const blobs = new Map<string, WeakRef<object>>();
  return (wanted, given) => {
    check(wanted);
    const { file, input } = wanted;
    if (!isBlob(input)) return;
    const blob = (isObject(given) && 'file' in given ? given.file : given) as object;
    if (blobs.has(file) && blobs.get(file)?.deref() !== blob)
      throw new EwaldError(
        'Argument',
        `pipeline: two of the Files are called ${file}; give each its own name: inputs: [{ file, filename }]`,
      );
    blobs.set(file, new WeakRef(blob));
  };
}

/** Whether a value is a single input, and not a list of inputs. */
const isOne = (value: unknown): boolean =>
  isObject(value) && (isLive(value) || ['dataset', 'file', 'list', 'bytes'].some((name) => name in value));

/** How inputs are read. */
interface InputReading {
  readonly place: RunPlace;
  readonly allowOutside: AllowOutside;
  readonly signal: PlatformSignal | undefined;
  /** Whether further inputs come by and by: a file without frames is then one that cannot be opened, and ends nothing. */
  readonly isOneOfMany: boolean;
}

async function sorted(
  inputs: readonly unknown[],
  reading: InputReading,
  name: string | undefined,
  check: ReturnType<typeof checkNames>,
): Promise<GivenInputs> {
  // Holes of an array become undefined, which is rejected as an input instead of being skipped.
  const all = Array.from(inputs);
  const files = all.filter(isNamed);
  const main = files.length > 1 ? new Set(await reading.place.mainFiles(files)) : new Set(files);
  const wanted: FrameSpec[] = [];
  // The same bytes are the same File.
  const ofBytes = new Map<unknown, FrameSpec[]>();
  for (const [i, input] of all.entries()) {
    if (isNamed(input) && !main.has(input)) continue;
    const what = name ?? `inputs[${i}]`;
    const ofByte = ofBytes.get(input) ?? (await checked(input, what, reading));
    if (Array.isArray(ofByte)) {
      if (isObject(input) && 'bytes' in input) ofBytes.set(input, ofByte);
      for (const frameSpec of ofByte) check(frameSpec, input);
      wanted.push(...ofByte);
    } else if (all.length === 1) return ofByte as GivenInputs;
    else
      throw new EwaldError(
        'Argument',
        `pipeline: ${what} is ${
          (ofByte as GivenInputs).kind === 'stream' ? 'a stream, which is indexed' : 'a live source, which is searched'
        } alone`,
      );
  }
  return { kind: 'frames', wanted, siblings: files };
}

/** The frames of an input, or an input that must be the only one, such as a stream. */
async function checked(input: unknown, what: string, reading: InputReading): Promise<FrameSpec[] | GivenInputs> {
  const { place } = reading;
  if (isFile(input)) return ofFile(placed(input, place), what, reading);
  if (isDataset(input)) return [{ file: input.name, frames: undefined, dataset: input }];
  if (isLive(input)) return { kind: 'live', input };
  if (!isObject(input) || ArrayBuffer.isView(input)) refuse(what, input);
  if ('bytes' in input) {
    const { bytes, name } = checkedBytes(input, `pipeline: ${what}`);
    return [{ file: name, frames: undefined, input: new File([unshared(`pipeline: ${what}`, bytes)], name) }];
  }
  if ('list' in input) return ofList(input as ListInput, what, reading);
  return [checkedFrames(input as Readonly<Record<keyof PipelineInput, unknown>>, what, place)];
}

function checkedFrames(
  input: Readonly<Record<keyof PipelineInput, unknown>>,
  what: string,
  place: RunPlace,
): FrameSpec {
  const { dataset, frames, filename } = input;
  const file = isFile(input.file) ? placed(input.file, place) : input.file;
  if (dataset === undefined && file === undefined) refuse(what, input);
  if (dataset !== undefined && !isDataset(dataset))
    refuse(
      `${what}.dataset`,
      dataset,
      isFile(dataset) ? 'write { file } for what has yet to be opened' : 'expected what await open(file) gives',
    );
  if (file !== undefined && !isFile(file))
    refuse(`${what}.file`, file, 'expected a path, a URL, a File, a Blob or bytes');
  if (filename !== undefined && typeof filename !== 'string') refuse(`${what}.filename`, filename, 'expected a string');
  const isFrame = (frame: unknown): boolean => Number.isInteger(frame) && (frame as number) >= 0;
  if (frames !== undefined && !(Array.isArray(frames) && frames.every(isFrame)))
    refuse(`${what}.frames`, frames, 'expected a list of frame numbers, from 0');
  const chosen = frames === undefined ? undefined : ([...(frames as number[])] as number[]);
  if (isDataset(dataset)) return { file: filename ?? dataset.name, frames: chosen, dataset };
  const name = nameOfInput(file as FileInput, what);
  const own =
    typeof file === 'string' && filename === undefined ? {} : { input: named(file as FileInput, filename ?? name) };
  return { file: filename ?? name, frames: chosen, ...own };
}

/** Throws `Format` for a file in a compression that no format of frames has; gzip and bzip2 are unpacked. */
function refuseCompressed(begin: Uint8Array, name: string): void {
  const compression = compressionOfHead(begin);
  if (compression && !['gzip', 'bzip2'].includes(compression.name)) throw compressedError(name, compression);
}

/** Number of bytes read to distinguish streams and texts from frames. */
const head = 512;

/** The kind of a file as an input of a run. */
export type InputKind = 'frames' | 'stream' | 'folder' | 'other';

/** Determines the kind of a file from its first bytes. */
export async function inputKindIn(place: RunPlace, file: FileInput): Promise<InputKind> {
  if (file === '-') return 'other';
  if (typeof file === 'string' && (await place.files?.isFolder(file))) return 'folder';
  const begin = (await place.headOf(file, head).catch(() => undefined))?.head;
  if (begin) refuseCompressed(begin, nameOfInput(file, 'the input'));
  if (begin && isStream(begin)) return 'stream';
  return (await place.holdsFrames(file)) ? 'frames' : 'other';
}

/** Endings of the names of lists. */
const listEndings = /\.(?:lst|list|txt)$/i;

async function ofFile(input: FileInput, what: string, reading: InputReading): Promise<FrameSpec[] | GivenInputs> {
  const { place } = reading;
  const file = nameOfInput(input, what);
  const own = typeof input === 'string' ? {} : { input: named(input, file) };
  const frames: FrameSpec[] = [{ file, frames: undefined, ...own }];
  // A file that cannot be read is reported when it is opened: it may be a folder, or a file that does not exist yet.
  const begin = (await place.headOf(input, head).catch(() => undefined))?.head;
  if (!begin || begin.length === 0) return frames;
  if (!reading.isOneOfMany) refuseCompressed(begin, file);
  // Of a stream among files that come by and by, its item says what it is.
  if (isStream(begin)) return reading.isOneOfMany ? frames : { kind: 'stream', input };
  const isText = begin.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127));
  if (!isText || (await place.holdsFrames(input))) return frames;
  // What is uploaded has a name that its sender chose, and may be a text of names of files that are not theirs.
  const isPath = typeof input === 'string' || isUrl(input);
  const isList = isPath && listEndings.test(file.replace(/[?#].*$/, ''));
  if (reading.isOneOfMany && !isList) return frames;
  const other = otherText(new TextDecoder().decode(begin));
  if (other !== undefined)
    throw new EwaldError('Format', `pipeline: ${file} has neither frames nor a list of files; it is ${other}`, {
      detail: { path: file },
    });
  if (isList) return ofList({ list: input }, what, reading);
  throw argumentError(
    '',
    (said) => {
      const byFlag = said('input').startsWith('-');
      const list = byFlag ? `-i ${file}` : 'inputs: { list }';
      return `${file} is a text, which holds no frames; a list of files is named as one: ${list}`;
    },
    { path: file },
    'Format',
  );
}

async function ofList(input: ListInput, what: string, reading: InputReading): Promise<FrameSpec[] | GivenInputs> {
  const { place, allowOutside } = reading;
  const { list: file, prefix } = input;
  if (!isFile(file)) refuse(`${what}.list`, file, 'expected a path, a URL, a File, a Blob or bytes');
  const list = placed(file, place);
  const name = nameOfInput(list, 'the list');
  // A file of frames may be given instead of a list with one entry.
  const begin = name === '-' ? undefined : (await place.headOf(list, head).catch(() => undefined))?.head;
  if (begin && isStream(begin)) return { kind: 'stream', input: list };
  if (name !== '-' && (await place.holdsFrames(list)))
    return [{ file: name, frames: undefined, ...(typeof list === 'string' ? {} : { input: named(list, name) }) }];
  const opens = filesOfList({ list, name, prefix, allowOutside }, place);
  const text = await place.textOf(list);
  refuseNoText(text, name, 'a list of files of frames, one per line');
  return parseFrameList(text, { name, opens }, reading.signal);
}
