/** Receives frames of a Merlin readout over TCP. */
import { connect as connectSocket, type NetConnectOpts, type Socket } from 'node:net';
import { EwaldError, isEwaldError, messageOf } from '../../base/errors.js';
import type { PlatformSignal } from '../../base/globals.js';
import { type Acquisition as MerlinHeader, type MibHeader, mibMetadata } from '../../data/formats/mib.js';
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
} from '../../live/merlin.js';
import type { Acquisition, Announcement, FrameFormat } from './acquisition.js';
import type { DetectorDriver } from './connection.js';
import type { DetectorControl } from './detector-control.js';

export interface MerlinAddress {
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

/** Opens a connection; it closes when the signal fires. Throws `File`. */
function openSocket(
  { host, port }: { readonly host: string; readonly port: number },
  onread: { buffer: Uint8Array; callback: (bytes: number, buffer: Uint8Array) => boolean } | undefined,
  signal?: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options: NetConnectOpts = { host, port, noDelay: true, ...(onread && { onread }) };
    const socket = connectSocket(options);
    const fail = (reason: string): void => {
      signal?.removeEventListener('abort', abort);
      socket.destroy();
      reject(new EwaldError('File', `${host}:${port} cannot be reached: ${reason}`));
    };
    const abort = (): void => fail('interrupted');
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
  #closed = false;
  #reconnecting = false;
  #current: Current | undefined;
  /** An acquisition was announced, or goes on, and has no scan yet. */
  #pending = false;
  #format: FrameFormat | undefined;
  #scan: Acquisition | undefined;
  /** Index in the scan's acquisition of the frame that is arriving. */
  #index = 0;
  #wake: (() => void) | undefined;
  #failure: EwaldError | undefined;

  constructor(address: MerlinAddress) {
    this.#address = address;
    this.name = `merlin://${address.host}:${address.port}`;
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
    this.#failure = undefined;
    const stream = new MerlinStream(this.name, this);
    const socket = await openSocket(
      { host: this.#address.host, port: this.#address.dataPort },
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

  async announced(signal: AbortSignal): Promise<Announcement> {
    // An acquisition without an end goes on with the next scan.
    await this.#until(() => this.#pending, signal);
    const { header } = this.#current as Current;
    return { frames: header.frames, scan: header.scan, header: Object.fromEntries(header.values) };
  }

  async format(signal: AbortSignal): Promise<FrameFormat> {
    await this.#until(() => this.#format !== undefined, signal);
    return this.#format as FrameFormat;
  }

  deliver(acquisition: Acquisition): void {
    this.#scan = acquisition;
    this.#pending = false;
    this.#format = undefined;
    if (this.#current) this.#current.base = undefined;
    acquisition.onRoom = () => this.#resume();
    acquisition.onEnd = () => this.#ended(acquisition);
    this.#resume();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#commands.close();
    this.#socket?.destroy();
    this.#wake?.();
  }

  // MerlinReceiver:

  acquisition(header: MerlinHeader): void {
    // Another acquisition: the previous one was ended at the detector.
    this.#scan?.end();
    this.#scan = undefined;
    this.#current = { header, base: undefined, next: 0 };
    this.#format = undefined;
    this.#pending = true;
    this.#wake?.();
  }

  frame(header: MibHeader, pixels: MerlinPixels): Uint8Array | 'skip' | undefined {
    const current = this.#current;
    // Frames before the first header belong to an acquisition that began before the connection.
    if (!current) return 'skip';
    if (this.#pending) {
      this.#format ??= { ...pixels, meta: mibMetadata(header, current.header) };
      this.#wake?.();
      return undefined;
    }
    const scan = this.#scan;
    if (!scan?.open) {
      if (current.header.frames !== undefined) return 'skip';
      this.#pending = true;
      return this.frame(header, pixels);
    }
    const { format } = scan;
    if (pixels.dtype !== format.dtype || pixels.signal.some((n, i) => n !== format.signal[i])) {
      scan.fail(
        new EwaldError(
          'Format',
          `${this.name}: frame ${header.number} has ${pixels.signal.join(' × ')} pixels of ${pixels.dtype}; the ` +
            `acquisition began with ${format.signal.join(' × ')} of ${format.dtype}`,
        ),
      );
      return 'skip';
    }
    this.#index = this.#indexOf(header.number, current);
    if (this.#index < scan.next) {
      scan.fail(
        new EwaldError('Format', `${this.name}: frame ${header.number} arrived after frame ${current.next - 1}`),
      );
      return 'skip';
    }
    const place = scan.place(this.#index);
    if (place === 'skip') current.next = header.number + 1;
    return place;
  }

  received(header: MibHeader): void {
    if (this.#current) this.#current.next = header.number + 1;
    this.#scan?.commit(this.#index);
  }

  /** Index of a frame in the acquisition of the scan. */
  #indexOf(number: number, current: Current): number {
    const { frames } = current.header;
    // Numbers start at 1; if the first frames are missing, they are a gap. Without an end, the first one is the start.
    current.base ??= frames !== undefined && number >= 1 && number <= frames ? 1 : number;
    // Six digits may start again.
    if (current.next === 1_000_000 && number <= 1) current.base -= 1_000_000 - number;
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
    this.#failure = error;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#stream = undefined;
    this.#held = undefined;
    socket?.destroy();
    this.#scan?.fail(error);
    this.#forget();
    this.#wake?.();
  }

  #forget(): void {
    this.#scan = undefined;
    this.#current = undefined;
    this.#format = undefined;
    this.#pending = false;
  }

  /** The scan needs no further frames. */
  #ended(scan: Acquisition): void {
    if (this.#scan !== scan) return;
    this.#scan = undefined;
    // Its remaining frames are read past.
    queueMicrotask(() => this.#resume());
  }

  /** The connection has ended. */
  #lost(socket: Socket, reason: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#stream = undefined;
    // Bytes that wait for memory have arrived, but the rest of their frame has not.
    const scan = this.#scan;
    const error = new EwaldError('Lost', `${this.name}: ${reason}`, { detail: { address: this.name } });
    if (!scan?.open || this.#closed) {
      this.#failure = error;
      this.#held = undefined;
      this.#forget();
      this.#wake?.();
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
      while (performance.now() < end && scan.open && !this.#closed) {
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

  /** Waits for a condition. Throws the error of the connection, or of the signal. */
  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      if (condition()) return;
      if (signal.aborted) throw signal.reason;
      if (this.#closed) throw new EwaldError('Disposed', `the connection to ${this.name} was closed`);
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
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
