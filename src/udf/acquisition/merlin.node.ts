/** Receives frames of a Merlin readout over TCP. */
import { connect as connectSocket, type NetConnectOpts, type Socket } from 'node:net';
import { type Acquisition as MerlinHeader, type MibHeader, mibMetadata } from '../../frames/formats/mib.js';
import {
  type MerlinAnswer,
  type MerlinPixels,
  type MerlinReceiver,
  MerlinStream,
  type MerlinVerb,
  merlinAnswer,
  merlinCode,
  merlinMessage,
  takeMerlinText,
} from '../../frames/streams/merlin.js';
import { argumentError, type NameOption } from '../../options/parameters.js';
import { abortError } from '../../util/aborted.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { Acquisition, Announcement, FrameFormat } from './acquisition.js';
import type { DetectorDriver } from './connection.js';
import type { DetectorControl } from './detector-control.js';
import { Handover } from './handover.js';

interface MerlinAddress {
  readonly host: string;
  /** Port for commands. */
  readonly port: number;
  readonly dataPort: number;
  /** Time to connect again if the connection ends during a scan. */
  readonly reconnectS: number;
}

/** Bytes that are read at a time. */
const readBytes = 2 ** 20;
/** Pause between two attempts to connect. */
const retryMs = 50;
const connectMs = 10_000;
const answerMs = 10_000;

/** Opens a connection; it closes when the signal fires. `advice` ends the message of its `File` error. */
function openSocket(
  {
    host,
    port,
    advice,
  }: { readonly host: string; readonly port: number; readonly advice?: (nameOption: NameOption) => string },
  onread: { buffer: Uint8Array; callback: (bytes: number, buffer: Uint8Array) => boolean } | undefined,
  signal?: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options: NetConnectOpts = { host, port, noDelay: true, ...(onread && { onread }) };
    const socket = connectSocket(options);
    const end = (error: EwaldError): void => {
      signal?.removeEventListener('abort', abort);
      socket.destroy();
      reject(error);
    };
    const fail = (reason: string): void => {
      const what = `${host}:${port} cannot be reached: ${reason}`;
      end(argumentError('', (said) => (advice ? `${what}; ${advice(said)}` : what), {}, 'File'));
    };
    const abort = (): void => end(abortError(signal as AbortSignal, `the connection to ${host}:${port}`));
    signal?.addEventListener('abort', abort, { once: true });
    socket.setTimeout(connectMs, () => fail(`no answer within ${connectMs / 1000} s`));
    socket.once('error', (error) => fail(messageOf(error)));
    socket.once('connect', () => {
      signal?.removeEventListener('abort', abort);
      socket.setTimeout(0);
      socket.removeAllListeners('error');
      socket.removeAllListeners('timeout');
      resolve(socket);
    });
  });
}

/** The acquisition that the detector is sending. */
interface Current {
  readonly header: MerlinHeader;
  /** Frames with this number and later ones belong to the scan; undefined before the first frame. */
  base: number | undefined;
  /** The number that is expected next. */
  next: number;
}

export class MerlinDriver implements DetectorDriver, MerlinReceiver {
  readonly kind = 'merlin';
  readonly name: string;
  readonly control: DetectorControl;
  readonly #address: MerlinAddress;
  readonly #commands: MerlinCommands;
  #socket: Socket | undefined;
  #stream: MerlinStream | undefined;
  /** Bytes that arrived while there was no memory for them. */
  #held: Uint8Array | undefined;
  #reconnecting = false;
  #current: Current | undefined;
  readonly #handover: Handover;
  /** Index in the scan's acquisition of the frame that is arriving. */
  #index = 0;

  constructor(address: MerlinAddress) {
    this.#address = address;
    this.name = `merlin://${address.host}:${address.port}`;
    this.#handover = new Handover(this.name);
    this.#commands = new MerlinCommands(address);
    this.control = {
      get: async (name) => (await this.#commands.send('GET', name)).value ?? '',
      set: async (name, value) => void (await this.#commands.send('SET', name, String(value))),
      command: async (name) => void (await this.#commands.send('CMD', name)),
    };
  }

  async start(): Promise<void> {
    await this.control.command('STARTACQUISITION');
  }

  async connect(signal?: PlatformSignal): Promise<void> {
    if (this.#socket) return;
    this.#handover.connected();
    const stream = new MerlinStream(this.name, this);
    const socket = await openSocket(
      {
        host: this.#address.host,
        port: this.#address.dataPort,
        advice: (said) =>
          `frames come from the port after that of the commands, ${this.#address.port}, unless ${said('dataPort')} ` +
          'names another one',
      },
      {
        buffer: new Uint8Array(readBytes),
        callback: (count, buffer) => this.#read(stream, buffer.subarray(0, count)),
      },
      signal as AbortSignal | undefined,
    );
    this.#socket = socket;
    this.#stream = stream;
    let reason = 'the detector closed the connection';
    socket.on('error', (error) => {
      reason = messageOf(error);
    });
    socket.on('close', () => this.#lost(socket, reason));
  }

  announced(signal: AbortSignal): Promise<Announcement> {
    // An acquisition without an end goes on with the next scan.
    return this.#handover.announced(() => {
      const { header } = this.#current as Current;
      return { frames: header.frames, scan: header.scan, header: Object.fromEntries(header.values) };
    }, signal);
  }

  format(signal: AbortSignal): Promise<FrameFormat> {
    return this.#handover.format(signal);
  }

  deliver(acquisition: Acquisition): void {
    this.#handover.deliver(acquisition);
    if (this.#current) this.#current.base = undefined;
    acquisition.onRoom = () => this.#resume();
    acquisition.onEnd = () => this.#ended(acquisition);
    this.#resume();
  }

  async close(): Promise<void> {
    this.#commands.close();
    this.#socket?.destroy();
    this.#handover.close();
  }

  // MerlinReceiver:

  acquisition(header: MerlinHeader): void {
    this.#current = { header, base: undefined, next: 0 };
    this.#handover.announce();
  }

  frame(header: MibHeader, pixels: MerlinPixels): Uint8Array | 'skip' | undefined {
    const current = this.#current;
    // Frames before the first header belong to an acquisition that began before the connection.
    if (!current) return 'skip';
    const { pending, scan } = this.#handover;
    if (pending) {
      this.#handover.first({ ...pixels, meta: mibMetadata(header, current.header) });
      return undefined;
    }
    if (!scan?.open) {
      if (current.header.frames !== undefined) return 'skip';
      this.#handover.proceed();
      return this.frame(header, pixels);
    }
    this.#index = this.#indexOf(header.number, current);
    if (!scan.continues(this.#index, pixels, header.number)) return 'skip';
    const place = scan.place(this.#index);
    if (place === 'skip') current.next = header.number + 1;
    return place;
  }

  received(header: MibHeader): void {
    if (this.#current) this.#current.next = header.number + 1;
    this.#handover.scan?.commit(this.#index);
  }

  /** Index of a frame in the acquisition of the scan. */
  #indexOf(number: number, current: Current): number {
    const { frames } = current.header;
    // Numbers start at 1; if the first frames are missing, they are a gap. Without an end, the first one is the start.
    current.base ??= frames !== undefined && number >= 1 && number <= frames ? 1 : number;
    // Six digits may start again.
    if (current.next === 1_000_000 && number <= 1) {
      current.base -= 1_000_000 - number;
      // A frame that finds no room is asked for again.
      current.next = number;
    }
    return number - current.base;
  }

  // The socket:

  /** Takes bytes that have arrived; returns false to read no further. */
  #read(stream: MerlinStream, bytes: Uint8Array): boolean {
    if (stream !== this.#stream) return true;
    try {
      const taken = stream.feed(bytes);
      if (taken === bytes.length) return true;
      this.#held = bytes.subarray(taken);
    } catch (error) {
      // Where the next message starts is unknown.
      this.#fail(isEwaldError(error) ? error : new EwaldError('Internal', messageOf(error), { cause: error }));
    }
    return false;
  }

  #resume(): void {
    const [held, stream] = [this.#held, this.#stream];
    if (!held || !stream) return;
    this.#held = undefined;
    if (this.#read(stream, held)) this.#socket?.resume();
  }

  #fail(error: EwaldError): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#stream = undefined;
    this.#held = undefined;
    socket?.destroy();
    this.#current = undefined;
    this.#handover.fail(error);
  }

  /** The scan needs no further frames. */
  #ended(scan: Acquisition): void {
    // Its remaining frames are read past.
    if (this.#handover.release(scan)) queueMicrotask(() => this.#resume());
  }

  /** The connection has ended. */
  #lost(socket: Socket, reason: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#stream = undefined;
    // Bytes that wait for memory have arrived, but the rest of their frame has not.
    const { scan, closed } = this.#handover;
    const error = new EwaldError('Lost', `${this.name}: ${reason}`, { detail: { address: this.name } });
    if (!scan?.open || closed) {
      this.#fail(error);
      return;
    }
    scan.abandon();
    void this.#reconnect(scan, error);
  }

  /** Connects again, so that a scan continues with a gap. */
  async #reconnect(scan: Acquisition, error: EwaldError): Promise<void> {
    if (this.#reconnecting) return;
    this.#reconnecting = true;
    const end = performance.now() + 1000 * this.#address.reconnectS;
    this.#held = undefined;
    try {
      while (performance.now() < end && scan.open && !this.#handover.closed) {
        await new Promise((resolve) => setTimeout(resolve, retryMs));
        try {
          await this.connect();
          return;
        } catch {
          // The error that ended the connection is reported.
        }
      }
    } finally {
      this.#reconnecting = false;
    }
    this.#fail(error);
  }
}

/** The command socket; commands are sent one after the other. */
class MerlinCommands {
  readonly #address: { readonly host: string; readonly port: number };
  #socket: Socket | undefined;
  #text = '';
  #answer: ((answer: MerlinAnswer | EwaldError) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#address = address;
  }

  /** Sends a command. Throws `Argument` if it is refused, `File`, `Lost`, `Format`. */
  send(verb: MerlinVerb, name: string, value?: string): Promise<MerlinAnswer> {
    const sent = this.#last.then(() => this.#send(verb, name, value));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  async #send(verb: MerlinVerb, name: string, value: string | undefined): Promise<MerlinAnswer> {
    const { host, port } = this.#address;
    const what = `${verb},${name}`;
    if (!/^[\x20-\x2b\x2d-\x7e]+$/.test(name) || (value !== undefined && !/^[\x20-\x7e]*$/.test(value)))
      throw new EwaldError('Argument', `${JSON.stringify(what)} is not a command: expected plain text without commas`);
    this.#socket ??= await this.#open();
    const socket = this.#socket;
    const answer = await new Promise<MerlinAnswer | EwaldError>((resolve) => {
      const timer = setTimeout(
        () => resolve(new EwaldError('Lost', `${host}:${port} did not answer ${what} within ${answerMs / 1000} s`)),
        answerMs,
      );
      this.#answer = (given) => {
        clearTimeout(timer);
        resolve(given);
      };
      socket.write(merlinMessage([verb, name, ...(value === undefined ? [] : [value])].join(',')), 'latin1');
    });
    this.#answer = undefined;
    if (answer instanceof EwaldError) {
      this.close();
      throw answer;
    }
    if (answer.code !== 0)
      throw new EwaldError('Argument', `${host}:${port} refused ${what}: ${merlinCode(answer.code)}`, {
        detail: { code: answer.code },
      });
    return answer;
  }

  async #open(): Promise<Socket> {
    const { host, port } = this.#address;
    const name = `${host}:${port}`;
    const socket = await openSocket(this.#address, undefined);
    this.#text = '';
    const fail = (error: EwaldError): void => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#answer?.(error);
    };
    socket.on('data', (bytes) => {
      try {
        const { payloads, rest } = takeMerlinText(this.#text + bytes.toString('latin1'), name);
        this.#text = rest;
        for (const payload of payloads) this.#answer?.(merlinAnswer(payload, name));
      } catch (error) {
        socket.destroy();
        fail(error as EwaldError);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => fail(new EwaldError('Lost', `${name} closed the connection for commands`)));
    return socket;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
