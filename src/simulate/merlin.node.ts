/** `simulateMerlin`: the sockets of a Merlin readout, which send the frames of a file. */
import { createServer, type Server, type Socket } from 'node:net';
import { swapBytes } from '../bytes/byte-order.js';
import { type DataType, numberBytes } from '../bytes/dtype.js';
import type { Dataset } from '../frames/dataset.js';
import { open } from '../frames/opening.node.js';
import { envelopeBytes, merlinMessage, takeMerlinText } from '../frames/streams/merlin.js';
import { checkedOptions, row } from '../options/call-options.js';
import { EwaldError, messageOf } from '../util/errors.js';
import { littleEndianMachine } from '../util/number-bytes.js';
import { pause } from '../util/pace.js';
import { disposableServer, type MaybeAsyncDisposable } from '../util/resource.js';
import type { MerlinFault, MerlinSimulator, SimulateMerlinOptions } from './merlin-options.js';
import { merlinSimulationRows } from './parameters.js';

const headerBytes = 384;
const slowMs = 150;
/** Free ports that are tried until the next one is free as well. */
const maxAttempts = 16;
/** Bytes that are sent at a time. */
const blockBytes = 2 ** 21;
/** Messages are kept for the next acquisition if they take no more memory than this. */
const keptBytes = 2 ** 29;
const typeOf: Partial<Record<DataType, string>> = { u8: 'U08', u16: 'U16', u32: 'U32' };

const most = Number.MAX_SAFE_INTEGER;
const rows = {
  ...merlinSimulationRows,
  ...row.others('open', 'faults'),
  frames: row.integer(1, most),
  pieceBytes: row.integer(1, most, most),
} as const;

/**
 * Listens as a Merlin readout does and sends the frames of a file: a header, then each frame as a MIB frame. Without
 * `trigger`, an acquisition starts when a client connects; with it, the command STARTACQUISITION sends the header, and
 * SOFTTRIGGER the frames.
 *
 * Throws `Unsupported` for frames that are not u8, u16 or u32 of two axes, `File` if a port is in use, and as `open`.
 */
export async function simulateMerlin(
  path: string,
  options: SimulateMerlinOptions = {},
): Promise<MerlinSimulator & MaybeAsyncDisposable> {
  const { port, dataPort, host, frames, faults = [], ...settings } = checkedOptions('simulateMerlin', options, rows);
  const dataset = await open(path, options.open ?? {});
  try {
    const simulator = new Simulator(dataset, {
      ...settings,
      frames: frames ?? dataset.frames,
      faults,
    });
    await simulator.listen(host, port, dataPort);
    return disposableServer(simulator);
  } catch (error) {
    await dataset.dispose();
    throw error;
  }
}

interface Settings {
  readonly frames: number;
  readonly dwellUs: number;
  readonly repeat: number;
  readonly pieceBytes: number;
  readonly continuous: boolean;
  readonly trigger: boolean;
  readonly faults: readonly MerlinFault[];
}

class Simulator implements Omit<MerlinSimulator, 'dispose'> {
  host = '';
  port = 0;
  dataPort = 0;
  sent = 0;
  readonly #dataset: Dataset;
  readonly #settings: Settings;
  readonly #type: string;
  readonly #signal: readonly [number, number];
  readonly #servers: Server[] = [];
  readonly #clients = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  readonly #values = new Map<string, string>();
  /** Blocks of messages by the index of their first frame. */
  readonly #blocks = new Map<number, Uint8Array>();
  #running = false;
  #closed = false;
  /** Ends the wait for the time of a frame. */
  readonly #closing = new AbortController();
  #triggered: (() => void) | undefined;
  #arrived: (() => void) | undefined;

  constructor(dataset: Dataset, settings: Settings) {
    this.#dataset = dataset;
    this.#settings = settings;
    const type = typeOf[dataset.dtype];
    const { sig: signal } = dataset.shape;
    const [height, width] = signal;
    if (!type || signal.length !== 2 || height === undefined || width === undefined)
      throw new EwaldError(
        'Unsupported',
        `${dataset.name} has frames of ${signal.join(' × ')} ${dataset.dtype}; a Merlin sends u8, u16 or u32 ` +
          'of two axes',
      );
    this.#type = type;
    this.#signal = [height, width];
    this.#values.set('NUMFRAMESTOACQUIRE', String(settings.frames));
  }

  /** Listens on both ports; without `dataPort` it is the next one, as clients expect. */
  async listen(host: string, port: number, dataPort: number | undefined): Promise<void> {
    this.host = host;
    for (let attempts = maxAttempts; ; attempts--)
      try {
        this.port = await this.#serve(host, port, (socket) => this.#command(socket));
        this.dataPort = await this.#serve(host, dataPort ?? this.port + 1, (socket) => this.#client(socket));
        return;
      } catch (error) {
        await this.#shut();
        this.#servers.length = 0;
        // The port after a free one may be in use.
        if (port !== 0 || dataPort !== undefined || attempts <= 1) throw error;
      }
  }

  #serve(host: string, port: number, connected: (socket: Socket) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = createServer((socket) => {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        // A client that disconnects is no error of the detector.
        socket.on('error', () => undefined);
        socket.on('close', () => this.#sockets.delete(socket));
        connected(socket);
      });
      this.#servers.push(server);
      server.once('error', (error) =>
        reject(new EwaldError('File', `${host}:${port} cannot be listened on: ${messageOf(error)}`)),
      );
      server.listen(port, host, () => {
        const address = server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  #client(socket: Socket): void {
    this.#clients.add(socket);
    socket.on('close', () => {
      this.#clients.delete(socket);
      this.#arrived?.();
    });
    socket.resume();
    this.#arrived?.();
    if (!this.#settings.trigger) this.#start();
  }

  #start(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    void this.#acquire()
      // Reading failed, or the simulator was closed: clients see the connection end.
      .catch(() => {
        for (const client of this.#clients) client.destroy();
      })
      .finally(() => {
        this.#running = false;
      });
  }

  #command(socket: Socket): void {
    let held = '';
    socket.on('data', (bytes) => {
      try {
        const { payloads, rest } = takeMerlinText(held + bytes.toString('latin1'), 'the client');
        held = rest;
        for (const payload of payloads) socket.write(merlinMessage(this.#answer(payload)), 'latin1');
      } catch {
        socket.destroy();
      }
    });
  }

  /** The answer to a command: code 2 for what it does not know. */
  #answer(payload: string): string {
    const [verb = '', name = '', ...value] = payload.split(',');
    if (verb === 'GET') return `GET,${name},${this.#values.get(name) ?? '0'},${this.#values.has(name) ? 0 : 2}`;
    if (verb === 'SET') {
      this.#values.set(name, value.join(','));
      return `SET,${name},0`;
    }
    if (verb !== 'CMD' || !['STARTACQUISITION', 'STOPACQUISITION', 'SOFTTRIGGER'].includes(name))
      return `${verb},${name},2`;
    if (name === 'STARTACQUISITION') {
      if (this.#running) return `CMD,${name},1`;
      this.#start();
    } else if (name === 'SOFTTRIGGER') this.#triggered?.();
    return `CMD,${name},0`;
  }

  async #acquire(): Promise<void> {
    const { repeat, trigger, frames, faults } = this.#settings;
    for (let acquisition = 0; acquisition < repeat && !this.#closed; acquisition++) {
      await this.#someone();
      await this.#send(Buffer.from(merlinMessage(this.#header()), 'latin1'));
      if (trigger)
        await new Promise<void>((resolve) => {
          this.#triggered = resolve;
        });
      this.#triggered = undefined;
      const started = performance.now();
      const left = acquisition === 0 ? [...faults].sort((a, b) => a.at - b.at) : [];
      let number = 1;
      for (let frame = 0; frame < frames && !this.#closed; ) {
        if (left[0]?.at === frame) {
          const fault = left.shift() as MerlinFault;
          const skipped = await this.#fail(fault, frame, number);
          frame += skipped;
          number = fault.kind === 'restart' ? 1 : number + skipped;
          continue;
        }
        const end = Math.min(frames, left[0]?.at ?? frames);
        const count = await this.#frames(frame, end, number, started);
        frame += count;
        number += count;
      }
    }
  }

  /** Sends some of the frames from `first` on, up to `end`, at the time they are due; returns their number. */
  async #frames(first: number, end: number, number: number, started: number): Promise<number> {
    const { dwellUs } = this.#settings;
    const wait = started + (dwellUs * (first + 1)) / 1000 - performance.now();
    if (wait > 1) await pause(wait, this.#closing.signal);
    await this.#someone();
    if (this.#closed) return end - first;
    const at = first % this.#dataset.frames;
    const perBlock = Math.max(1, Math.floor(blockBytes / this.#messageBytes));
    const due =
      dwellUs > 0 ? Math.max(1, Math.floor((performance.now() - started) / (dwellUs / 1000)) - first) : perBlock;
    const count = Math.min(end - first, this.#dataset.frames - at, perBlock, due);
    const block = await this.#block(at, count);
    this.#number(block, count, number);
    await this.#send(block);
    this.sent += count;
    return count;
  }

  async #fail({ kind, frames }: MerlinFault, frame: number, number: number): Promise<number> {
    const [height, width] = this.#signal;
    if (kind === 'gap') return frames ?? 1;
    if (kind === 'stall') await new Promise<void>((resolve) => this.#sockets.size === 0 || this.#onClose.push(resolve));
    if (kind === 'garbage') await this.#send(Buffer.from('GET / HTTP/1.1\r\nHost: example\r\n\r\n'.repeat(4)));
    if (kind === 'restart') await this.#send(Buffer.from(merlinMessage(this.#header()), 'latin1'));
    if (kind === 'shape') {
      const pixels = 2 * height * width * numberBytes(this.#dataset.dtype);
      const text = frameHeader(number, width, 2 * height, this.#type);
      await this.#send(Buffer.concat([Buffer.from(merlinMessage(text), 'latin1'), Buffer.alloc(pixels)]), pixels);
      return 1;
    }
    if (kind === 'half' || kind === 'slow') {
      const block = await this.#block(frame % this.#dataset.frames, 1);
      this.#number(block, 1, number);
      await this.#send(block.subarray(0, block.length >> 1));
      if (kind === 'slow') {
        await new Promise((resolve) => setTimeout(resolve, slowMs));
        await this.#send(block.subarray(block.length >> 1));
        return 1;
      }
    }
    if (kind === 'close' || kind === 'half') {
      const ended = [...this.#clients].map((client) => new Promise((resolve) => client.once('close', resolve)));
      for (const client of this.#clients) client.end();
      await Promise.all(ended);
      return frames ?? 0;
    }
    return 0;
  }
  readonly #onClose: (() => void)[] = [];

  get #messageBytes(): number {
    return envelopeBytes + headerBytes + this.#dataset.frameLength * numberBytes(this.#dataset.dtype);
  }

  /** Frames of the file as messages; the numbers of the frames are filled in later. */
  async #block(first: number, count: number): Promise<Uint8Array> {
    const key = first * 4096 + count;
    const known = this.#blocks.get(key);
    if (known) return known;
    const { dtype, frameLength } = this.#dataset;
    const bytes = frameLength * numberBytes(dtype);
    const frames = await this.#dataset.read(first, count);
    const pixels = new Uint8Array(frames.buffer as ArrayBuffer, frames.byteOffset, frames.byteLength);
    if (littleEndianMachine) swapBytes(pixels, numberBytes(dtype), {});
    const [height, width] = this.#signal;
    const payload = headerBytes + bytes + 1;
    const start = Buffer.from(
      `MPX,${String(payload).padStart(10, '0')},${frameHeader(1, width, height, this.#type)}`,
      'latin1',
    );
    const block = Buffer.alloc(count * this.#messageBytes);
    for (let i = 0; i < count; i++) {
      block.set(start, i * this.#messageBytes);
      block.set(pixels.subarray(i * bytes, (i + 1) * bytes), i * this.#messageBytes + start.length);
    }
    if ((this.#blocks.size + 1) * block.length < keptBytes) this.#blocks.set(key, block);
    return block;
  }

  #number(block: Uint8Array, count: number, first: number): void {
    for (let i = 0; i < count; i++)
      block.set(
        Buffer.from(String((first + i) % 1_000_000).padStart(6, '0'), 'latin1'),
        i * this.#messageBytes + envelopeBytes + 4,
      );
  }

  #header(): string {
    const { frames, continuous } = this.#settings;
    const { nav: navigation } = this.#dataset.shape;
    const [y, x] = navigation;
    const scan = navigation.length === 2 && frames === (y ?? 0) * (x ?? 0) ? [`ScanX:\t${x}`, `ScanY:\t${y}`] : [];
    const bits = { u8: 6, u16: 12, u32: 24 }[this.#dataset.dtype as 'u8'];
    return [
      'HDR,',
      `Frames in Acquisition (Number):\t${continuous ? 0 : frames}`,
      'Frames per Trigger (Number):\t1',
      `Counter Depth (number):\t${bits}`,
      ...scan,
      'End\t',
    ].join('\r\n');
  }

  /** Waits for a client. */
  async #someone(): Promise<void> {
    while (this.#clients.size === 0 && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
  }

  /** Sends bytes to all clients, no faster than they read. */
  async #send(bytes: Uint8Array, more = 0): Promise<void> {
    if (more > 0) {
      // The pixels belong to the message as well.
      const length = String(bytes.length - envelopeBytes + 1).padStart(10, '0');
      bytes.set(Buffer.from(length, 'latin1'), 4);
    }
    const { pieceBytes } = this.#settings;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, Math.min(bytes.length, at + pieceBytes));
      await Promise.all([...this.#clients].map((client) => written(client, piece)));
      if (pieceBytes < bytes.length) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing.abort();
    await this.#shut();
    await this.#dataset.dispose();
  }

  async #shut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const done of [...this.#onClose, this.#triggered, this.#arrived]) done?.();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** Writes to a socket; resolves when the bytes have been passed to the system, or the client is gone. */
function written(client: Socket, bytes: Uint8Array): Promise<void> {
  if (client.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      client.off('close', done);
      resolve();
    };
    client.once('close', done);
    client.write(bytes, done);
  });
}

/** The header of a MIB frame, filled up with zeros. */
function frameHeader(number: number, width: number, height: number, type: string): string {
  const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const fields = [
    'MQ1',
    pad(number % 1_000_000, 6),
    pad(headerBytes, 5),
    '01',
    pad(width, 4),
    pad(height, 4),
    type,
    '   1x1',
    '01',
    '2024-01-01 00:00:00.000000',
    '0.001000',
    '0',
    '0',
    '0',
    '1.200000E+2',
    ...Array.from({ length: 8 }, () => '0.000000E+0'),
    'MQ1A',
    '2024-01-01T00:00:00.000000000Z',
    '1000000ns',
    { U08: '6', U16: '12', U32: '24' }[type],
  ];
  return `${fields.join(',')},`.padEnd(headerBytes, '\0');
}
