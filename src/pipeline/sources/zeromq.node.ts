/**
 * Receives frames by ZeroMQ as tasks: messages are decoded here, and frames are passed on as plain arrays of numbers.
 */

import type { Codecs } from '../../bytes/codecs/codecs.js';
import type { Dataset, FieldValues } from '../../frames/dataset.js';
import { statedDataset } from '../../frames/detector/geometry-dataset.js';
import { open, openCodecs } from '../../frames/opening.node.js';
import { Beginning, keptInMemory } from '../../frames/streams/beginning.js';
import { frameOfMsgpack, type LiveKeys } from '../../frames/streams/crystfel.js';
import { dectrisMessage } from '../../frames/streams/dectris.js';
import { type DectrisMessage, type Series, unknownSeries } from '../../frames/streams/dectris-message.js';
import { type LiveFrame, liveDataset, liveNumber, type UnreadFrame } from '../../frames/streams/frame.js';
import { KeptFrames } from '../../frames/streams/kept.js';
import { SeriesCount } from '../../frames/streams/series-count.js';
import type { StreamFindings } from '../../frames/streams/stream-findings.js';
import { type Asking, ZmqLine } from '../../frames/streams/zmq-line.node.js';
import { channelText } from '../../frames/threshold-channel.js';
import { checkedOptions } from '../../options/call-options.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { checkSignal, inspect } from '../../util/options.js';
import { liveImage } from '../grid/grid-lines.js';
import { fieldOf } from '../inputs/copied-headers.js';
import type { FrameJob } from '../one-frame.js';
import { runRows, sourceRows } from '../parameters.js';
import type { SearchTask } from '../task.js';
import { OtherFiles } from './other-files.js';
import type { LiveInput, RunSource, SourceImages, SourceOptions } from './source.js';

/** Options of frames received by ZeroMQ; they are named like the flags of `ewald index`. */
export interface ZmqSourceOptions {
  /** The address, such as tcp://host:5002. */
  readonly zmqInput: string;
  /** Receives published messages that begin with one of these prefixes; default: all messages. */
  readonly zmqSubscribe?: readonly string[] | undefined;
  /** Requests each frame with this message. */
  readonly zmqRequest?: string | undefined;
  /** Receives pushed frames, as from DECTRIS detectors. Default false. */
  readonly zmqPull?: boolean | undefined;
  /** Seconds without a message after which the run ends; default 60. */
  readonly noDataTimeout?: number | undefined;
}

const { zmqInput, zmqSubscribe, zmqRequest, zmqPull } = sourceRows;
const rows = { zmqInput, zmqSubscribe, zmqRequest, zmqPull, noDataTimeout: runRows.noDataTimeout } as const;

/**
 * Frames received by ZeroMQ, as an input of `ctx.pipeline`: MessagePack in CrystFEL's form, or the stream of DECTRIS
 * detectors (V1, V2). Node only, with the package `zeromq`.
 *
 * Throws `Argument` for options that exclude each other.
 */
export function zmqSource(options: ZmqSourceOptions): LiveInput {
  const checked = checkedOptions('zmqSource', options, rows);
  const { zmqInput: address, zmqSubscribe, zmqRequest, zmqPull, noDataTimeout: timeoutS } = checked;
  if (typeof address !== 'string' || address === '')
    throw new EwaldError(
      'Argument',
      `zmqSource: zmqInput is ${inspect(address)}; expected an address such as tcp://host:5002`,
    );
  const kinds = Object.entries({ zmqSubscribe, zmqRequest, zmqPull: zmqPull || undefined }).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  if (kinds.length > 1)
    throw new EwaldError(
      'Argument',
      `zmqSource: ${kinds.join(' and ')} are different kinds of sockets; give one of them`,
    );
  const how = zmqRequest !== undefined ? 'request' : zmqPull ? 'pull' : 'subscribe';
  const words = zmqRequest !== undefined ? [zmqRequest] : [...(zmqSubscribe ?? [''])];
  const flags = [
    ...['--zmq-input', address],
    ...(how === 'pull' ? ['--zmq-pull'] : words.filter(Boolean).flatMap((word) => [`--zmq-${how}`, word])),
  ];
  return { address, flags, openLive: (run) => LiveSource.open({ ...run, address, how, words, timeoutS }) };
}

type LiveOptions = SourceOptions & Asking;

/** The keys in a message to which the geometry refers. */
function keysOf({ geometry, dataset, copyHeader, positions = [] }: SourceOptions): LiveKeys {
  const given = geometry ? [geometry.radiation?.given, geometry.distance, ...geometry.shift] : [];
  return {
    data: dataset ?? (geometry && statedDataset(geometry)),
    peakList: geometry?.peakList?.path,
    values: given.flatMap((one) => (one && 'path' in one ? [one.path] : [])),
    fields: [...new Set([...copyHeader, ...positions])],
  };
}

/** A frame, or the reason why a message contains no frame. */
type Received = LiveFrame | UnreadFrame;

/** Bytes of memory of what a message contained. */
const bytesOfReceived = (frame: Received): number => ('error' in frame ? 0 : frame.numbers.byteLength);

class LiveSource implements RunSource {
  readonly total = undefined;
  readonly identities: readonly string[] = [];
  readonly warnings: readonly string[] = [];
  readonly first: Dataset;
  readonly live: LiveFrame;
  /** Number of images of the first series; undefined if it is not known. */
  readonly announced: number | undefined;
  readonly kept: KeptFrames | undefined;
  readonly received: RunSource['received'];
  readonly findings: RunSource['findings'];
  readonly #options: LiveOptions;
  readonly #messages: Messages;
  /** Compares the header of each series with that of the first. */
  readonly #others: OtherFiles | undefined;
  readonly #frames: Beginning<Received>;
  /** The first frames as datasets, by name, until the run begins. */
  readonly #firstFrames = new Map<string, Dataset>();
  /** Frames that a viewer may show, by number, until their results are known. */
  readonly #viewed = new Map<number, LiveFrame>();
  /** What was received with frames whose results are not known yet, by number. */
  readonly #findings = new Map<number, StreamFindings>();
  /** Frames that are being searched, by name, under which the detector looks up their values. */
  readonly #underWay = new Map<string, LiveFrame>();

  private constructor(options: LiveOptions, messages: Messages, live: LiveFrame) {
    this.#options = options;
    this.#messages = messages;
    this.#others = options.geometry && new OtherFiles(options.geometry, options.warn);
    this.live = live;
    this.announced = messages.announced;
    this.kept = options.shown ? new KeptFrames() : undefined;
    this.findings = live.findings && ((event) => this.#takeFindings(event));
    this.received = options.viewed ? (event) => this.#takeViewed(event) : undefined;
    this.first = liveDataset(live, options.address);
    const limits = { ...keptInMemory, seconds: options.firstFramesTimeoutS ?? 0 };
    this.#frames = new Beginning<Received>(live, messages.frames(), bytesOfReceived, limits);
  }

  /** Connects and waits for the first frame, which determines the detector. Throws `Load`, `Argument`, `File`. */
  static async open(options: LiveOptions): Promise<LiveSource> {
    const messages = await Messages.open(options);
    try {
      for await (const frame of messages.frames()) {
        if ('error' in frame) options.warn(frame.error);
        else return new LiveSource(options, messages, frame);
      }
      checkSignal(options.signal);
      const { address, how, words, timeoutS } = options;
      const expected = {
        subscribe: words.join('') && `that starts with "${words.join('" or "')}"`,
        request: `to "${words[0]}"`,
        pull: '',
      }[how];
      throw argumentError(
        '',
        (said) =>
          `nothing ${expected ? `${expected} ` : ''}was received from ${address} in ${timeoutS} s; is it sending, and with ` +
          `this kind of socket (${['zmqSubscribe', 'zmqRequest', 'zmqPull'].map(said).join(', ')})?`,
        {},
        'File',
      );
    } catch (error) {
      await messages.close();
      throw error;
    }
  }

  /** The images that the detector has announced for the series with which the run begins. */
  get images(): SourceImages {
    const { image, series } = this.live;
    const { announced } = this;
    const of = `series ${series} of ${this.#options.address}`;
    const ranges = image === undefined || announced === undefined ? [] : [{ first: 0, last: announced - 1, of }];
    return { count: 'live', ranges };
  }

  get arrived(): number {
    return this.#frames.count;
  }

  get lost(): number {
    return this.#messages.lost;
  }

  get gone(): readonly string[] {
    return this.#messages.gone;
  }

  readonly openOther = async (file: string, path: string): Promise<Dataset> => {
    const frame = file === this.#options.address ? this.live : this.#underWay.get(file);
    return frame ? liveNumber(frame, file, path) : open(file, { dataset: path });
  };

  async *firstFrames(most: number): AsyncGenerator<{ dataset: Dataset; frames: number[] }> {
    for (let i = 0; i < most; i++) {
      const frame = await this.#frames.at(i);
      if (!frame) return;
      // The run reports messages that are no frames.
      if ('error' in frame) continue;
      const name = this.#nameOf(i);
      const dataset = this.#firstFrames.get(name) ?? liveDataset(frame, name);
      this.#firstFrames.set(name, dataset);
      this.#underWay.set(name, frame);
      yield { dataset, frames: [0] };
    }
  }

  readonly #nameOf = (number: number): string => `${this.#options.address} //${number}`;

  async #endFirstFrames(): Promise<void> {
    for (const [name, dataset] of this.#firstFrames) {
      this.#underWay.delete(name);
      await dataset.dispose();
    }
    this.#firstFrames.clear();
  }

  async *tasks(): AsyncGenerator<SearchTask> {
    const { address, serialStart } = this.#options;
    await this.#endFirstFrames();
    let number = 0;
    const task = (frame: Received): SearchTask => {
      const at = number++;
      if (!('error' in frame)) {
        if (frame.series !== undefined) this.#others?.compare(`series ${frame.series} of ${address}`, frame);
        this.kept?.put(at, frame);
        if (this.#options.viewed) this.#viewed.set(at, frame);
        if (this.findings && frame.findings) this.#findings.set(at, frame.findings);
      }
      const name = this.#nameOf(at);
      return { file: name, filename: address, frames: [at], serials: [serialStart + at], known: 0, live: [frame] };
    };
    for await (const frame of this.#frames.all()) yield task(frame);
  }

  async *jobs(ahead: number): AsyncGenerator<FrameJob> {
    const open: { readonly dataset: Dataset; readonly name: string }[] = [];
    try {
      for await (const {
        file: name,
        filename,
        frames: [frame = 0],
        serials: [serial = 0],
        live,
      } of this.tasks()) {
        const [one] = live ?? [];
        if (!one) continue;
        const origin = { filename, event: frame, serial, ...liveImage(one) };
        if ('error' in one) {
          yield { error: new EwaldError('Format', one.error), frame, origin };
          continue;
        }
        this.#underWay.set(name, one);
        const dataset = liveDataset(one, name);
        open.push({ dataset, name });
        yield { dataset, frame: 0, origin };
        // Results that have not been consumed yet belong to the frames that were requested last.
        if (open.length <= ahead + 1) continue;
        const done = open.shift();
        if (done) this.#underWay.delete(done.name);
        await done?.dataset.dispose();
      }
    } finally {
      for (const { dataset } of open) await dataset.dispose();
    }
  }

  /** Results arrive in order, so earlier frames are not requested again. */
  #takeViewed(event: number): LiveFrame | undefined {
    const frame = this.#viewed.get(event);
    for (const number of this.#viewed.keys()) if (number <= event) this.#viewed.delete(number);
    return frame;
  }

  #takeFindings(event: number): StreamFindings | undefined {
    const finding = this.#findings.get(event);
    for (const number of this.#findings.keys()) if (number <= event) this.#findings.delete(number);
    return finding;
  }

  reopen(): Promise<Dataset> {
    throw new EwaldError('Internal', 'frames that arrive by themselves are kept, not opened again');
  }

  letGo(dataset: Dataset): Promise<void> {
    return dataset.dispose();
  }

  async close(): Promise<void> {
    await this.#messages.close();
    await this.#endFirstFrames();
    await this.first.dispose();
  }
}

/** Decodes the messages of a socket. */
class Messages {
  readonly #options: LiveOptions;
  readonly #keys: LiveKeys;
  readonly #line: ZmqLine;
  readonly #codecs: Codecs;
  /** Whether images are numbered, so that those that did not arrive are known. */
  #isNumbered = false;
  #series: Series = unknownSeries;
  /** The number of the image that is being decoded. */
  #image: Pick<UnreadFrame, 'image' | 'series' | 'times'> = {};
  /** Number of images of the present series, if the detector has announced it. */
  announced: number | undefined;
  #count = 0;
  readonly #images = new SeriesCount();

  private constructor(options: LiveOptions, line: ZmqLine, codecs: Codecs) {
    this.#options = options;
    this.#keys = keysOf(options);
    this.#line = line;
    this.#codecs = codecs;
    options.signal?.addEventListener('abort', line.close);
  }

  static async open(options: LiveOptions): Promise<Messages> {
    // The codecs are opened first, so that no socket has to be closed if they are missing.
    const codecs = await openCodecs();
    try {
      return new Messages(options, await ZmqLine.open(options, options.warn), codecs);
    } catch (error) {
      await codecs.dispose();
      throw error;
    }
  }

  /** Yields frames until no more arrive; an unreadable message is yielded as an error. */
  async *frames(): AsyncGenerator<Received, void, undefined> {
    const { address, signal } = this.#options;
    while (!signal?.aborted) {
      const parts = await this.#line.receive();
      if (!parts) {
        this.#remark(this.#images.end({ isLeft: signal?.aborted === true }));
        return;
      }
      this.#image = {};
      try {
        const frame = await this.#decode(parts, `message ${++this.#count} of ${address}`);
        if (frame) yield frame;
      } catch (error) {
        if (!isEwaldError(error) || error.tag === 'Aborted') throw error;
        yield { error: error.message, ...this.#image };
      }
    }
  }

  /** Images of a detector that did not arrive. */
  get lost(): number {
    return this.#images.lost;
  }

  /** The address, if it was away and nothing tells which frames have been lost. */
  get gone(): readonly string[] {
    return this.#line.gaps > 0 && !this.#isNumbered ? [this.#options.address] : [];
  }

  async #decode(parts: readonly Uint8Array[], name: string): Promise<LiveFrame | undefined> {
    const dectris = dectrisMessage(parts);
    if (dectris) return this.#dectris(dectris, name);
    // A prefix is a separate part.
    const bytes = parts.at(-1) ?? new Uint8Array(0);
    // The first byte of a MessagePack map or array. Only one file format can start with such a byte, and there it is
    // followed by `HDF`.
    const [begin = 0] = bytes;
    const isMsgpack = (begin >= 0x80 && begin < 0xa0) || (begin >= 0xdc && begin <= 0xdf);
    const isHdf5 = new TextDecoder('latin1').decode(bytes.subarray(1, 4)) === 'HDF';
    return isMsgpack && !isHdf5 ? frameOfMsgpack(bytes, this.#keys, name) : this.#fileOf(bytes);
  }

  async #dectris(message: DectrisMessage, name: string): Promise<LiveFrame | undefined> {
    const { kind, series } = message;
    this.#isNumbered = true;
    if (kind === 'start') {
      this.#remark(this.#images.begin(series, message.frames));
      this.announced = message.frames;
      this.#series = await message.open(this.#codecs, this.#options.thresholdChannel);
      const { channels, channel } = this.#series;
      if (channels.length > 1) this.#remark(channelText(channels, channel));
    } else if (kind === 'image') {
      this.#remark(this.#images.image(series, message.index));
      const times = series === undefined ? 1 : this.#images.timesOf(series);
      this.#image = {
        image: message.index,
        ...(series === undefined ? {} : { series }),
        ...(times > 1 && { times }),
      };
    }
    if (kind === 'end') this.#remark(this.#images.end());
    if (message.kind !== 'image') return undefined;
    const image = this.#image;
    const { thresholdChannel: wanted } = this.#options;
    // Without the start of a series, its channels are not known.
    const of =
      this.#series.channel === undefined && wanted !== undefined ? { ...this.#series, channel: wanted } : this.#series;
    return { ...(await message.open(of, this.#codecs, name, this.#keys.fields)), ...image };
  }

  #remark(text: string | undefined): void {
    if (text !== undefined) this.#options.warn(`${this.#options.address}: ${text}`);
  }

  /** A message that is a file: HDF5, CBF, … */
  async #fileOf(bytes: Uint8Array): Promise<LiveFrame> {
    const { data, values: paths, fields: names } = this.#keys;
    const dataset = await open(bytes, data === undefined ? {} : { dataset: data });
    try {
      const [height = 0, width = 0] = dataset.shape.sig;
      const values: Record<string, number> = Object.create(null);
      for (const path of paths) {
        const other = await open(bytes, { dataset: path });
        values[path] = Number((await other.read(0, 1))[0]);
        await other.dispose();
      }
      const fields: Record<string, FieldValues> = Object.create(null);
      for (const name of names) {
        // A field that cannot be read is reported as absent.
        const field = await fieldOf(dataset, name).catch(() => undefined);
        if (field) fields[name] = field;
      }
      return {
        fields,
        numbers: await dataset.read(0, 1),
        dtype: dataset.dtype,
        shape: [height, width],
        values,
        peaks: undefined,
        meta: { ...dataset.meta, header: {} },
        mask: await dataset.mask?.(),
      };
    } finally {
      await dataset.dispose();
    }
  }

  async close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#line.close);
    this.#line.close();
    await this.#codecs.dispose();
  }
}
