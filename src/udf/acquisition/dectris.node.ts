/** Receives frames of a DECTRIS detector, pushed by ZeroMQ: stream V1 or V2. */

import { bytesOfArray } from '../../bytes/dtype.js';
import { openCodecs } from '../../frames/opening.node.js';
import { dectrisMessage } from '../../frames/streams/dectris.js';
import {
  type DectrisImage,
  type DectrisStart,
  type Series,
  unknownSeries,
} from '../../frames/streams/dectris-message.js';
import type { LiveFrame } from '../../frames/streams/frame.js';
import { loadZmq, type Zmq } from '../../frames/streams/zeromq.node.js';
import { channelText } from '../../frames/threshold-channel.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { Acquisition, Announcement, FrameFormat } from './acquisition.js';
import type { DetectorDriver } from './connection.js';
import { Handover } from './handover.js';

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
  readonly #handover: Handover;
  /** The start of the series that the detector is sending, and what it states. */
  #start: DectrisStart | undefined;
  #series: Series = unknownSeries;
  /** Why the first image of the series could not be decoded. */
  #damaged: EwaldError | undefined;
  /** Called when a scan or memory has become available, or no more is needed. */
  #resume: (() => void) | undefined;
  #receiving: Promise<void> | undefined;

  readonly #wanted: string | undefined;

  /** `channel`: which threshold of a detector with several is received; default: the first one. */
  constructor({ host, port, channel }: { readonly host: string; readonly port: number; readonly channel?: string }) {
    this.#wanted = channel;
    this.name = `dectris://${host}:${port}`;
    this.#address = `tcp://${host}:${port}`;
    this.#handover = new Handover(this.name);
  }

  async connect(_signal?: PlatformSignal): Promise<void> {
    if (this.#socket) return;
    const { Pull } = await loadZmq();
    this.#codecs ??= await openCodecs();
    this.#handover.connected();
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

  announced(signal: AbortSignal): Promise<Announcement> {
    return this.#handover.announced(() => {
      const { frames, header } = this.#start as DectrisStart;
      const { channels, channel } = this.#series;
      return {
        frames,
        scan: undefined,
        header,
        ...(channels.length > 1 && { channel: channelText(channels, channel) }),
      };
    }, signal);
  }

  format(signal: AbortSignal): Promise<FrameFormat> {
    return this.#handover.format(signal);
  }

  deliver(acquisition: Acquisition): void {
    this.#handover.deliver(acquisition);
    const resume = (): void => this.#resume?.();
    acquisition.onRoom = resume;
    acquisition.onEnd = resume;
    resume();
  }

  async close(): Promise<void> {
    this.#handover.close();
    this.#socket?.close();
    this.#resume?.();
    await this.#receiving;
    await this.#codecs?.dispose();
    this.#codecs = undefined;
  }

  /** Receives messages until the socket is closed. */
  async #receive(socket: Pull, codecs: Codecs): Promise<void> {
    try {
      while (!this.#handover.closed) await this.#take(await socket.receive(), codecs);
    } catch (error) {
      if (this.#handover.closed) return;
      this.#socket = undefined;
      this.#start = undefined;
      socket.close();
      this.#handover.fail(this.#named(error));
    }
  }

  /** An error with the address of the detector. */
  #named(error: unknown): EwaldError {
    const message = messageOf(error);
    const tag = isEwaldError(error) ? error.tag : 'Lost';
    return new EwaldError(tag, message.includes(this.name) ? message : `${this.name}: ${message}`, { cause: error });
  }

  async #take(parts: readonly Uint8Array[], codecs: Codecs): Promise<void> {
    const message = dectrisMessage(parts);
    if (!message) {
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      throw new EwaldError(
        'Format',
        `a message of ${bytes} bytes is not one of DECTRIS; expected stream V1 (usual port 9999) or V2 (31001)`,
      );
    }
    if (message.kind === 'start') await this.#begin(message, codecs);
    else if (message.kind === 'image') await this.#image(message, codecs);
    else if (message.kind === 'end' && this.#isCurrent(message.series)) this.#end();
  }

  async #begin(start: DectrisStart, codecs: Codecs): Promise<void> {
    this.#handover.end('the detector began another series');
    this.#start = undefined;
    this.#series = await start.open(codecs, this.#wanted);
    this.#start = start;
    this.#damaged = undefined;
    this.#handover.announce();
  }

  #end(): void {
    this.#start = undefined;
    const none = (): EwaldError => new EwaldError('Lost', `${this.name}: the series ended without an image`);
    if (this.#handover.pending) this.#handover.refuse(this.#damaged ?? none());
    else this.#handover.end('the detector ended the series');
  }

  /** Whether a message belongs to the series that was started last. */
  #isCurrent(series: number | undefined): boolean {
    const started = this.#start?.series;
    return series === undefined || started === undefined || series === started;
  }

  async #image(image: DectrisImage, codecs: Codecs): Promise<void> {
    // Images before the first start message belong to a series that began before the connection.
    if (!this.#start) return;
    const { index, series } = image;
    const { pending, scan } = this.#handover;
    if (!this.#isCurrent(series)) {
      scan?.fail(
        new EwaldError(
          'Format',
          `${this.name}: image ${index} belongs to series ${series}, whose start was not received; the scan is of ` +
            `series ${this.#start.series}`,
        ),
      );
      return;
    }
    if (!pending && !scan?.open) return;
    let frame: LiveFrame;
    try {
      frame = await image.open(this.#series, codecs, `image ${index} of ${this.name}`, []);
    } catch (error) {
      if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'Unsupported')) throw error;
      // It is counted as lost when the next one arrives; a series cannot begin with it.
      this.#damaged ??= this.#named(error);
      // None of its images can be decoded.
      if (error.tag === 'Unsupported') {
        scan?.fail(this.#damaged);
        if (pending) this.#end();
      }
      return;
    }
    if (pending) {
      const { dtype, shape, meta } = frame;
      this.#handover.first({ dtype, signal: shape, meta });
      while (this.#handover.pending && !this.#handover.closed) await this.#changed();
    }
    await this.#store(frame, index);
  }

  /** Copies a frame into the memory of the scan, when there is some. */
  async #store({ dtype, shape, numbers }: LiveFrame, index: number): Promise<void> {
    for (;;) {
      const { scan, closed } = this.#handover;
      if (closed || !scan?.open || !scan.continues(index, { dtype, signal: shape }, index)) return;
      const place = scan.place(index);
      if (place === 'skip') return;
      if (place) {
        place.set(bytesOfArray(numbers));
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
}
