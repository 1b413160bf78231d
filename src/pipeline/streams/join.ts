/** Joins several streams, such as the shards of a run, into one in the order of their frames. */

import { type RawChunk, type RawStream, readRawStream } from '../../crystal/stream/raw.js';
import { argumentError, setting } from '../../options/parameters.js';
import { shellWords } from '../../options/shell-words.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { RepeatedFrames } from '../../util/repeated-frames.js';
import { givenOnce } from '../../util/without-repeats.js';
import type { FileInput, OutputTarget, RunPlace } from '../inputs/place.js';
import { nameOfInput } from '../inputs/place-inputs.js';
import { decisiveWords } from '../sinks/same-run.js';
import { streamWriting } from '../sinks/stream-file.js';
import { inputMark } from '../sinks/stream-head.js';

/** How streams are joined. */
export interface JoinOptions {
  /** Where the joined stream goes. */
  readonly output: OutputTarget;
  /** Replaces a file that ewald did not write; joins streams of different geometries or cells. Default false. */
  readonly force?: boolean | undefined;
}

/** The result of joining streams. */
export interface Joined {
  readonly frames: number;
  /** Number of streams that were read; one that is given twice counts once. */
  readonly streams: number;
  /** Peculiarities of the streams: repeats, colliding serial numbers, incomplete ends, unreadable frames. */
  readonly remarks: readonly { readonly kind: 'note' | 'warning'; readonly text: string }[];
}

/** The part of a head that streams of one run share: geometry, cell and method, but not the author and the command. */
function sharedOf(head: string): { readonly body: string; readonly flags: string } {
  const lines = head.split('\n');
  const words = shellWords(lines[2] ?? '');
  const files = /\.(h5|cxi|cbf|tiff?|nxs|lst|txt|img|mccd)$/i;
  const flags = decisiveWords(words).filter((word) => !files.test(word));
  const body = lines.slice(3).filter((line) => !line.startsWith(inputMark));
  return { body: body.join('\n'), flags: flags.join(' ').replace(/ --shard[ =]\S+/, '') };
}

/**
 * Joins streams of one detector and cell. Shards are interleaved by their serial numbers; runs that each count from 1
 * are concatenated and renumbered. A stream that is given twice is read once.
 *
 * Throws `Argument` for streams of different geometries or cells, `Format` for an input that is not a stream, `File`.
 */
export async function joinStreamsIn(
  place: RunPlace,
  given: readonly FileInput[],
  { output: target, force = false }: JoinOptions,
): Promise<Joined> {
  const { once: inputs, remarks: repeats } = await givenOnce(
    given,
    (input) => nameOfInput(input, 'a Blob'),
    (input) => (typeof input === 'string' ? place.files?.identityOf(input) : input),
  );
  const files = inputs.map((input) => nameOfInput(input, 'a Blob'));
  const options = streamWriting(force, { inputs: inputs.filter((input) => typeof input === 'string') });
  await place.checkOutput(target, options);
  const rawOf = (input: FileInput): Promise<RawStream> =>
    readRawStream(place.linesOf(input), nameOfInput(input, 'a Blob'));
  const streams = await Promise.all(inputs.map(rawOf));
  const [first] = streams;
  if (!first) throw new EwaldError('Argument', 'joinStreams: the list of streams is empty');
  for (const [i, { head }] of streams.entries())
    if (sharedOf(head).body !== sharedOf(first.head).body && !force)
      throw argumentError(
        '',
        (said) =>
          `${files[i]} has another geometry, cell or method than ${files[0]}; ` +
          `${setting(said, 'force', true)} merges them under the head of ${files[0]}`,
      );
  const remarks: Joined['remarks'][number][] = repeats.map((text) => ({ kind: 'note', text }));
  const copies = new RepeatedFrames();
  const ranges = await Promise.all(inputs.map(async (input) => serialRange(await rawOf(input), copies)));
  for (const [i, { heads, cut }] of ranges.entries()) {
    if (heads.some((head) => sharedOf(head).body !== sharedOf(first.head).body) && !force)
      throw argumentError(
        '',
        (said) =>
          `${files[i]} holds several streams, one of them of another geometry, cell or method; ` +
          `${setting(said, 'force', true)} merges them under the head of ${files[0]}`,
      );
    if (cut > 0)
      remarks.push({
        kind: 'warning',
        text: `${counted(cut, 'frame')} of ${files[i]} ${cut === 1 ? 'is' : 'are'} cut, and left out`,
      });
  }
  if (copies.count > 0)
    remarks.push({
      kind: 'warning',
      text:
        `${counted(copies.count, 'frame')} ${copies.count === 1 ? 'is' : 'are'} in the streams more than once, the ` +
        `first of them ${copies.first}: each copy is kept, and a merge would count one image as several measurements`,
    });
  const missing = missingShards([...streams.map(({ head }) => head), ...ranges.flatMap(({ heads }) => heads)]);
  if (missing !== undefined) remarks.push({ kind: 'warning', text: missing });
  const { renumber, interleaved, isUnordered } = orderOf(ranges);
  if (isUnordered) remarks.push({ kind: 'note', text: `frames of ${files.join(', ')} are not in order; they stay so` });
  if (renumber)
    remarks.push({
      kind: 'note',
      text: 'serial numbers of the streams collide; frames are renumbered, file by file',
    });
  const head = first.head.split('\n');
  head[2] = (head[2] ?? '').replace(/ --shard(=| )\S+/, '');
  const output = await place.openOutput(target, options);
  let frames = 0;
  try {
    await output.write(head.join('\n'));
    for await (const chunk of interleaved ? bySerial(streams) : oneByOne(streams)) {
      frames++;
      await output.write(
        renumber ? chunk.text.replace(/^Image serial number: .*$/m, `Image serial number: ${frames}`) : chunk.text,
      );
    }
    await output.close();
  } catch (error) {
    await output.discard();
    throw error;
  }
  for (const [i, stream] of streams.entries()) {
    if (stream.torn()) remarks.push({ kind: 'warning', text: `${files[i]} ends within a frame, which was skipped` });
    const unread = stream.read().unread.size;
    if (unread > 0)
      remarks.push({
        kind: 'warning',
        text:
          `${unread} frame${unread === 1 ? '' : 's'} of ${files[i]} could not be read; ` +
          'a run that resumes the stream tries again',
      });
  }
  return { frames, streams: inputs.length, remarks };
}

/** Which shards of a run are not among streams with these heads; undefined if none is missing. */
function missingShards(heads: readonly string[]): string | undefined {
  const shards = heads.flatMap((head) => {
    const [, number, of] = / --shard[ =](\d+)\/(\d+)/.exec(head.split('\n')[2] ?? '') ?? [];
    return of === undefined ? [] : [{ number: Number(number), of: Number(of) }];
  });
  const [first] = shards;
  if (!first || shards.some(({ of }) => of !== first.of)) return undefined;
  const there = new Set(shards.map(({ number }) => number));
  const absent = Array.from({ length: first.of }, (_, i) => i + 1).filter((number) => !there.has(number));
  if (absent.length === 0) return undefined;
  const some = absent.slice(0, 8).join(', ') + (absent.length > 8 ? ', …' : '');
  return `of ${first.of} shards of the run, ${some} ${absent.length === 1 ? 'is' : 'are'} missing, with all their frames`;
}

interface SerialRange {
  readonly serials: Set<number>;
  /** Whether a number is there twice, as where streams follow one another in one file. */
  readonly isRepeated: boolean;
  readonly rising: boolean;
  readonly heads: readonly string[];
  readonly cut: number;
}

/** The serial numbers of a stream, whose frames are counted among `copies`. */
async function serialRange(stream: RawStream, copies: RepeatedFrames): Promise<SerialRange> {
  const serials = new Set<number>();
  let [rising, last, isRepeated] = [true, Number.NEGATIVE_INFINITY, false];
  for await (const { serial, filename, event } of stream.chunks()) {
    copies.add(filename, event);
    rising &&= serial > last;
    last = serial;
    isRepeated ||= serials.has(serial);
    serials.add(serial);
  }
  const { heads, cut } = stream.read();
  return { serials, rising, isRepeated, heads, cut };
}

/**
 * The order of the streams: shards are interleaved by their serial numbers, and runs that each count from 1 follow one
 * another.
 */
function orderOf(ranges: readonly SerialRange[]) {
  const all = new Set<number>();
  let collide = ranges.some(({ isRepeated }) => isRepeated);
  for (const { serials } of ranges)
    for (const serial of serials) {
      collide ||= all.has(serial);
      all.add(serial);
    }
  const rising = ranges.every((range) => range.rising);
  return { renumber: collide, interleaved: rising && !collide, isUnordered: !rising && !collide };
}

async function* oneByOne(streams: readonly RawStream[]): AsyncGenerator<RawChunk> {
  for (const stream of streams) yield* stream.chunks();
}

async function* bySerial(streams: readonly RawStream[]): AsyncGenerator<RawChunk> {
  const sources = streams.map((stream) => stream.chunks());
  const heads = await Promise.all(sources.map((source) => source.next()));
  for (;;) {
    let least = -1;
    for (const [i, { done, value }] of heads.entries()) {
      const best = heads[least];
      if (!done && (!best || best.done || value.serial < best.value.serial)) least = i;
    }
    const [head, source] = [heads[least], sources[least]];
    if (!head || head.done || !source) return;
    yield head.value;
    heads[least] = await source.next();
  }
}
