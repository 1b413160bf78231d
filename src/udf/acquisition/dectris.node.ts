/** Receives frames of a DECTRIS detector: stream V2, pushed by ZeroMQ. */
import { EwaldError, isEwaldError, messageOf } from '../../base/errors.js';
import type { PlatformSignal } from '../../base/globals.js';
import { elementBytes } from '../../data/dtype.js';
import { openCodecs } from '../../data/opening.node.js';
import { frameOfDectris, isDectris, readDectris, type Series, seriesOf } from '../../live/dectris.js';
import type { LiveFrame } from '../../live/frame.js';
import { loadZmq, type Zmq } from '../../live/zeromq.node.js';
import type { Acquisition, Announcement, FrameFormat } from './acquisition.js';
import type { DetectorDriver } from './connection.js';

type Message = ReadonlyMap<string, unknown>;
type Pull = InstanceType<Zmq['Pull']>;
type Codecs = Awaited<ReturnType<typeof openCodecs>>;

/** Messages that ZeroMQ keeps before the detector has to wait. */
const waiting = 100;

export class DectrisDriver implements DetectorDriver {
  readonly kind = 'dectris';
  readonly name: string;
  readonly #address: string;
  #socket: Pull | undefined;
  #codecs: Codecs | undefined;
  #closed = false;
  /** The series that the detector is sending, and its start message. */
  #series: Series = { meta: {}, mask: undefined, channel: undefined };
  #start: Message | undefined;
  /** A series was announced, and has no scan yet. */
  #pending = false;
  #format: FrameFormat | undefined;
  #scan: Acquisition | undefined;
  #failure: EwaldError | undefined;
  /** Called when a scan or memory has become available, or no more is needed. */
  #resume: (() => void) | undefined;
  #wake: (() => void) | undefined;
  #receiving: Promise<void> | undefined;

  constructor({ host, port }: { readonly host: string; readonly port: number }) {
    this.name = `dectris://${host}:${port}`;
    this.#address = `tcp://${host}:${port}`;
  }

  async connect(_signal?: PlatformSignal): Promise<void> {
    if (this.#socket) return;
    const { Pull } = await loadZmq();
    this.#codecs ??= await openCodecs();
    this.#failure = undefined;
    const socket = new Pull({ receiveHighWaterMark: waiting, linger: 0 });
    try {
      socket.connect(this.#address);
    } catch (cause) {
      socket.close();
      throw new EwaldError('File', `${this.name} cannot be reached: ${messageOf(cause)}`, { cause });
    }
    this.#socket = socket;
    this.#receiving = this.#receive(socket, this.#codecs);
  }

  async announced(signal: AbortSignal): Promise<Announcement> {
    await this.#until(() => this.#pending, signal);
    const start = this.#start as Message;
    const frames = start.get('number_of_images');
    return {
      frames: Number.isSafeInteger(frames) && (frames as number) > 0 ? (frames as number) : undefined,
      scan: undefined,
      header: Object.fromEntries(start),
    };
  }

  async format(signal: AbortSignal): Promise<FrameFormat> {
    await this.#until(() => this.#format !== undefined, signal);
    return this.#format as FrameFormat;
  }

  deliver(acquisition: Acquisition): void {
    this.#scan = acquisition;
    this.#pending = false;
    this.#format = undefined;
    const resume = (): void => this.#resume?.();
    acquisition.onRoom = resume;
    acquisition.onEnd = resume;
    resume();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#socket?.close();
    this.#wake?.();
    this.#resume?.();
    await this.#receiving;
    await this.#codecs?.dispose();
    this.#codecs = undefined;
  }

  /** Receives messages until the socket is closed. */
  async #receive(socket: Pull, codecs: Codecs): Promise<void> {
    try {
      while (!this.#closed) {
        const bytes = (await socket.receive()).at(-1);
        if (bytes) await this.#take(bytes, codecs);
      }
    } catch (error) {
      if (this.#closed) return;
      const failure = isEwaldError(error)
        ? error
        : new EwaldError('Lost', `${this.name}: ${messageOf(error)}`, { cause: error });
      this.#failure = failure;
      this.#socket = undefined;
      socket.close();
      this.#scan?.fail(failure);
      this.#pending = false;
      this.#wake?.();
    }
  }

  async #take(bytes: Uint8Array, codecs: Codecs): Promise<void> {
    if (!isDectris(bytes))
      throw new EwaldError(
        'Format',
        `${this.name}: a message of ${bytes.length} bytes is not one of the stream V2 of DECTRIS; select stream V2 ` +
          'at the detector, whose usual port is 31001',
      );
    const { type, message } = readDectris(bytes);
    if (type === 'start') {
      // Another series: the previous one was ended at the detector.
      this.#scan?.end();
      this.#scan = undefined;
      this.#series = await seriesOf(message, codecs);
      this.#start = message;
      this.#format = undefined;
      this.#pending = true;
      this.#wake?.();
    } else if (type === 'image') await this.#image(message, codecs);
    else if (type === 'end') {
      this.#scan?.end();
      this.#scan = undefined;
      this.#start = undefined;
    }
  }

  async #image(message: Message, codecs: Codecs): Promise<void> {
    // Images before the first start message belong to a series that began before the connection.
    if (!this.#start) return;
    const id = message.get('image_id');
    if (!Number.isSafeInteger(id) || (id as number) < 0)
      throw new EwaldError('Format', `${this.name}: an image has the number ${id}; expected image_id from 0`);
    if (!this.#pending && !this.#scan?.open) return;
    let frame: LiveFrame;
    try {
      frame = await frameOfDectris(message, this.#series, codecs, `image ${id} of ${this.name}`);
    } catch (error) {
      if (!isEwaldError(error, 'Format')) throw error;
      // It is counted as lost when the next one arrives; a series cannot begin with it.
      return;
    }
    if (this.#pending) {
      const { dtype, shape, meta } = frame;
      this.#format ??= { dtype, signal: shape, meta };
      this.#wake?.();
      while (this.#pending && !this.#closed) await this.#changed();
    }
    await this.#store(frame, id as number);
  }

  /** Copies a frame into the memory of the scan, when there is some. */
  async #store({ dtype, shape, numbers }: LiveFrame, index: number): Promise<void> {
    for (;;) {
      const scan = this.#scan;
      if (this.#closed || !scan?.open) return;
      const { format } = scan;
      if (dtype !== format.dtype || shape.some((n, i) => n !== format.signal[i])) {
        scan.fail(
          new EwaldError(
            'Format',
            `${this.name}: image ${index} has ${shape.join(' × ')} pixels of ${dtype}; the series began with ` +
              `${format.signal.join(' × ')} of ${format.dtype}`,
          ),
        );
        return;
      }
      if (index < scan.next) {
        scan.fail(new EwaldError('Format', `${this.name}: image ${index} arrived after image ${scan.next - 1}`));
        return;
      }
      const place = scan.place(index);
      if (place === 'skip') return;
      if (place) {
        place.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.length * elementBytes(dtype)));
        scan.commit(index);
        return;
      }
      await this.#changed();
    }
  }

  /** Waits until a scan takes over, until it has memory again, or until it ends. */
  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = () => {
        this.#resume = undefined;
        resolve();
      };
    });
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
