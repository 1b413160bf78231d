/**
 * The socket of the Merlin readout (Quantum Detectors): its messages, and its commands.
 *
 * Commands are accepted on one port (6341) and frames are sent on another (6342). Each message is `MPX,`, ten digits, a
 * comma and a payload; the number counts the payload and the comma. An acquisition starts with a payload that is the
 * text of a .hdr; each of the following payloads is a frame of a MIB file. Source: the manual of the Merlin software.
 */

import { badFile, defaultFrameBytes } from '../../bytes/bad-file.js';
import { swapBytes } from '../../bytes/byte-order.js';
import { type DataType, numberBytes } from '../../bytes/dtype.js';
import { EwaldError } from '../../util/errors.js';
import { littleEndianMachine } from '../../util/number-bytes.js';
import { decodeLatin1 } from '../cursor.js';
import { type Acquisition, acquisitionOf, frameHeaderOf, framePixels, type MibHeader } from '../formats/mib.js';
import { rawDecoder } from '../formats/mib-raw.js';

/** Bytes before a payload: `MPX,`, ten digits and a comma. */
export const envelopeBytes = 15;
/** Headers of acquisitions have about a kilobyte. */
const maxHeaderBytes = 2 ** 20;
/** The number of the frame and the length of its header are within the first bytes of a frame. */
const startBytes = 64;

/** A message with this payload, as text of one byte per character. */
export const merlinMessage = (payload: string): string =>
  `MPX,${String(payload.length + 1).padStart(10, '0')},${payload}`;

/** The pixels of a frame: their dtype and [height, width]. */
export interface MerlinPixels {
  readonly dtype: DataType;
  readonly signal: readonly [height: number, width: number];
}

/** What happens to the messages of the data socket. */
export interface MerlinReceiver {
  /** An acquisition starts. */
  acquisition(header: Acquisition): void;
  /**
   * A frame arrives. Returns memory for its numbers, in the byte order of the machine; 'skip' to discard the frame;
   * undefined if there is no memory yet: the stream then consumes nothing until `feed` is called again.
   */
  frame(header: MibHeader, pixels: MerlinPixels): Uint8Array | 'skip' | undefined;
  /** The frame has arrived as a whole. */
  received(header: MibHeader): void;
}

type FramePixels = ReturnType<typeof framePixels>;

type Stage = 'envelope' | 'start' | 'acquisition' | 'frame header' | 'frame' | 'pixels' | 'skip';

/** Decodes the data socket: takes bytes in pieces of any size, and passes frames to a receiver. */
export class MerlinStream {
  /** Messages that have arrived as a whole. */
  messages = 0;
  readonly #source: { readonly name: string };
  readonly #receiver: MerlinReceiver;
  #stage: Stage = 'envelope';
  /** Bytes of the current message before its pixels. */
  #head = new Uint8Array(2 ** 12);
  #held = 0;
  #wanted = envelopeBytes;
  /** Bytes of the payload, and of its part that has not arrived. */
  #payload = 0;
  #left = 0;
  #header: MibHeader | undefined;
  #pixels: FramePixels | undefined;
  #decode: ((stored: Uint8Array, into: Uint8Array) => void) | undefined;
  /** Where the bytes of the frame go, and where its numbers go if they have to be decoded. */
  #into: Uint8Array = new Uint8Array(0);
  #numbers: Uint8Array | undefined;
  #scratch: Uint8Array = new Uint8Array(0);

  /** `name` is that of the socket, for messages. */
  constructor(name: string, receiver: MerlinReceiver) {
    this.#source = { name };
    this.#receiver = receiver;
  }

  /** Whether the bytes so far end with a complete message. */
  get between(): boolean {
    return this.#stage === 'envelope' && this.#held === 0;
  }

  /**
   * Takes bytes and returns how many of them were consumed: all, unless the receiver had no memory for a frame. Throws
   * `Format`; the stream cannot be continued then.
   */
  feed(bytes: Uint8Array): number {
    let at = 0;
    for (;;) {
      if (this.#stage === 'pixels' || this.#stage === 'skip') {
        const taken = Math.min(this.#left, bytes.length - at);
        if (this.#stage === 'pixels') this.#into.set(bytes.subarray(at, at + taken), this.#into.length - this.#left);
        this.#left -= taken;
        at += taken;
        if (this.#left > 0) return at;
        if (this.#stage === 'pixels') this.#complete();
        this.#next();
      } else if (this.#stage === 'frame') {
        if (!this.#place()) return at;
      } else {
        const taken = Math.min(this.#wanted - this.#held, bytes.length - at);
        this.#head.set(bytes.subarray(at, at + taken), this.#held);
        this.#held += taken;
        at += taken;
        if (this.#held < this.#wanted) return at;
        this.#advance();
      }
    }
  }

  #want(stage: Stage, bytes: number): void {
    this.#stage = stage;
    this.#wanted = bytes;
    if (bytes <= this.#head.length) return;
    const larger = new Uint8Array(bytes);
    larger.set(this.#head.subarray(0, this.#held));
    this.#head = larger;
  }

  #next(): void {
    this.messages++;
    this.#held = 0;
    this.#want('envelope', envelopeBytes);
  }

  /** The part of a message before its pixels that was wanted is complete. */
  #advance(): void {
    const source = this.#source;
    const text = decodeLatin1(this.#head.subarray(0, this.#held));
    switch (this.#stage) {
      case 'envelope': {
        const length = /^MPX,(\d{10}),$/.exec(text)?.[1];
        if (length === undefined)
          throw badFile(source, `message ${this.messages} starts with ${quoted(text)}; expected MPX, and ten digits`);
        this.#payload = Number(length) - 1;
        if (this.#payload < 4 || this.#payload > defaultFrameBytes)
          throw badFile(source, `message ${this.messages} claims ${this.#payload} bytes`);
        this.#held = 0;
        this.#want('start', Math.min(startBytes, this.#payload));
        return;
      }
      case 'start':
        if (text.startsWith('HDR,')) {
          if (this.#payload > maxHeaderBytes)
            throw badFile(source, `the header of an acquisition claims ${this.#payload} bytes`);
          this.#want('acquisition', this.#payload);
          return;
        }
        {
          const bytes = Number(/^MQ1,\d{6,},(\d{5}),/.exec(text)?.[1] ?? Number.NaN);
          if (!(bytes >= startBytes && bytes <= this.#payload))
            throw badFile(
              source,
              `message ${this.messages} starts with ${quoted(text)}; expected HDR, or the header of a frame, MQ1,`,
            );
          this.#want('frame header', bytes);
        }
        return;
      case 'acquisition':
        this.#receiver.acquisition(acquisitionOf(text));
        this.#next();
        return;
      default:
        this.#frameHeader(text);
    }
  }

  #frameHeader(text: string): void {
    const source = this.#source;
    const header = frameHeaderOf(text, source, 0);
    const before = this.#header;
    // All frames of an acquisition have the same pixels.
    const same = before && alike.every((name) => before[name] === header[name]);
    if (!same || !this.#pixels) {
      this.#pixels = framePixels(header, source);
      this.#decode = this.#pixels.raw && rawDecoder(this.#pixels.raw);
    }
    this.#header = header;
    const { storedBytes } = this.#pixels;
    if (this.#payload !== header.bytes + storedBytes)
      throw badFile(
        source,
        `frame ${header.number} has ${this.#payload - header.bytes} bytes; its header describes ${header.width} × ` +
          `${header.height} ${header.type}, which are ${storedBytes}`,
        { number: header.number },
      );
    this.#left = storedBytes;
    this.#stage = 'frame';
  }

  /** Asks for memory; returns false if the receiver has no room. */
  #place(): boolean {
    const pixels = this.#pixels as FramePixels;
    const place = this.#receiver.frame(this.#header as MibHeader, pixels);
    if (place === undefined) return false;
    if (place === 'skip') {
      this.#stage = 'skip';
      return true;
    }
    this.#stage = 'pixels';
    this.#numbers = place;
    this.#into = place;
    if (this.#decode) {
      if (this.#scratch.length !== pixels.storedBytes) this.#scratch = new Uint8Array(pixels.storedBytes);
      this.#into = this.#scratch;
    }
    if (this.#into.length !== pixels.storedBytes)
      throw new EwaldError('Internal', `a frame of ${pixels.storedBytes} bytes was given ${this.#into.length}`);
    return true;
  }

  /** The pixels have arrived: decodes them. */
  #complete(): void {
    const numbers = this.#numbers as Uint8Array;
    if (this.#decode) this.#decode(this.#scratch, numbers);
    // Counters of raw frames are decoded to little-endian numbers, those of other frames are big-endian.
    const little = this.#decode !== undefined;
    if (little !== littleEndianMachine) swapBytes(numbers, numberBytes((this.#pixels as MerlinPixels).dtype), {});
    this.#numbers = undefined;
    this.#receiver.received(this.#header as MibHeader);
  }
}

const alike = ['bytes', 'width', 'height', 'type', 'layout', 'bits'] as const;

/** The start of a text, for messages. */
const quoted = (text: string): string => JSON.stringify(text.slice(0, 24));

/** The kinds of commands. */
export type MerlinVerb = 'GET' | 'SET' | 'CMD';

/** An answer to a command. */
export interface MerlinAnswer {
  readonly verb: string;
  readonly name: string;
  readonly value: string | undefined;
  /** 0 if it was accepted. */
  readonly code: number;
}

const codes: Readonly<Record<number, string>> = {
  1: 'it is busy',
  2: 'it does not know it',
  3: 'the value is out of range',
};

/** What a code other than 0 means. */
export const merlinCode = (code: number): string => codes[code] ?? `code ${code}`;

/** The messages with which answers and commands end; bytes of an incomplete one remain. Throws `Format`. */
export function takeMerlinText(held: string, name: string): { readonly payloads: string[]; readonly rest: string } {
  const payloads: string[] = [];
  let rest = held;
  while (rest.length >= envelopeBytes) {
    const length = Number(/^MPX,(\d{10}),/.exec(rest)?.[1] ?? Number.NaN) - 1;
    if (!(length >= 0 && length <= maxHeaderBytes))
      throw badFile({ name }, `a message starts with ${quoted(rest)}; expected MPX, and ten digits`);
    if (rest.length < envelopeBytes + length) break;
    payloads.push(rest.slice(envelopeBytes, envelopeBytes + length));
    rest = rest.slice(envelopeBytes + length);
  }
  if (rest.length > 0 && !'MPX,'.startsWith(rest.slice(0, 4)))
    throw badFile({ name }, `a message starts with ${quoted(rest)}; expected MPX, and ten digits`);
  return { payloads, rest };
}

/** The answer in a payload: `GET,name,value,code`, `SET,name,code` or `CMD,name,code`. Throws `Format`. */
export function merlinAnswer(payload: string, source: string): MerlinAnswer {
  const fields = payload.split(',');
  const [verb = '', name = ''] = fields;
  const code = Number(fields.at(-1));
  if (!['GET', 'SET', 'CMD'].includes(verb) || fields.length < 3 || !Number.isInteger(code))
    throw badFile({ name: source }, `the answer is ${quoted(payload)}; expected a command, its name and a code`);
  return { verb, name, value: verb === 'GET' ? fields.slice(2, -1).join(',') : undefined, code };
}
