/** `simulateDectris`: the stream of a DECTRIS detector, which sends the frames of a file by ZeroMQ. */

import type { Codecs } from '../bytes/codecs/codecs.js';
import { bytesOfArray } from '../bytes/dtype.js';
import type { Dataset } from '../frames/dataset.js';
import { open, openCodecs } from '../frames/opening.node.js';
import { loadZmq, type Zmq } from '../frames/streams/zeromq.node.js';
import { checkedOptions, row } from '../options/call-options.js';
import { EwaldError, messageOf } from '../util/errors.js';
import { pause } from '../util/pace.js';
import { disposableServer, type MaybeAsyncDisposable } from '../util/resource.js';
import { dectrisStreams, type SimulatedSeries } from './dectris-messages.js';
import type { DectrisSimulator, SimulateDectrisOptions } from './dectris-options.js';
import { dectrisSimulationRows } from './parameters.js';

/** Messages that wait in ZeroMQ. */
const waiting = 100;
/** Compressed images are kept for the next series if they take no more memory than this. */
const keptBytes = 2 ** 29;

type Push = InstanceType<Zmq['Push']>;

/**
 * Listens as a DECTRIS detector does and pushes the frames of a file to the clients that connect: the start of a
 * series, its images, and the end. A series begins when the first client connects.
 *
 * Throws `Unsupported` for frames that are not u8, u16 or u32 of two axes, `File` if the port is in use, `Load` without
 * the package zeromq, and as `open`.
 */
export async function simulateDectris(
  path: string,
  options: SimulateDectrisOptions = {},
): Promise<DectrisSimulator & MaybeAsyncDisposable> {
  const rows = { ...dectrisSimulationRows, open: row.any };
  const {
    streamVersion: stream,
    encoding,
    dwellUs,
    repeat,
    lose = [],
    host,
    ...given
  } = checkedOptions('simulateDectris', options, rows);
  const port = given.port ?? (stream === 'v1' ? 9999 : 31001);
  const { Push } = await loadZmq();
  const dataset = await open(path, options.open ?? {});
  const held: (() => Promise<void> | void)[] = [() => dataset.dispose()];
  try {
    const codecs = await openCodecs();
    held.push(() => codecs.dispose());
    const socket = new Push({ linger: 0, sendHighWaterMark: waiting });
    held.push(() => socket.close());
    try {
      await socket.bind(`tcp://${host}:${port === 0 ? '*' : port}`);
    } catch (cause) {
      throw new EwaldError('File', `${host}:${port} cannot be listened on: ${messageOf(cause)}`, { cause });
    }
    const bound = Number(new URL(socket.lastEndpoint ?? '').port);
    const series = { ...(await seriesOf(dataset)), encoding };
    return disposableServer(
      new Simulator({ host, port: bound, stream, series, dwellUs, repeat, lose, dataset, codecs, socket }),
    );
  } catch (error) {
    for (const release of held.reverse()) await release();
    throw error;
  }
}

/** The series that a file is sent as. Throws `Unsupported`. */
async function seriesOf(dataset: Dataset): Promise<Omit<SimulatedSeries, 'encoding'>> {
  const { dtype, shape, meta, frames } = dataset;
  const [height, width] = shape.sig;
  const isCounts = dtype === 'u8' || dtype === 'u16' || dtype === 'u32';
  if (!isCounts || shape.sig.length !== 2 || height === undefined || width === undefined)
    throw new EwaldError(
      'Unsupported',
      `${dataset.name} has frames of ${shape.sig.join(' × ')} ${dtype}; a DECTRIS detector sends u8, u16 or u32 ` +
        'of two axes',
    );
  if (dataset.maskVaries)
    throw new EwaldError(
      'Unsupported',
      `the mask of ${dataset.name} differs from frame to frame; a DECTRIS detector sends one mask for its series`,
    );
  return { series: 1, frames, dtype, shape: [height, width], meta, mask: await dataset.mask?.() };
}

interface Simulation {
  readonly host: string;
  readonly port: number;
  readonly stream: keyof typeof dectrisStreams;
  readonly series: SimulatedSeries;
  readonly dwellUs: number;
  readonly repeat: number;
  readonly lose: readonly number[];
  readonly dataset: Dataset;
  readonly codecs: Codecs;
  readonly socket: Push;
}

class Simulator implements Omit<DectrisSimulator, 'dispose'> {
  readonly host: string;
  readonly port: number;
  sent = 0;
  readonly #of: Simulation;
  readonly #sending: Promise<void>;
  readonly #packed = new Map<number, Uint8Array>();
  #bytes = 0;
  #closed = false;
  /** Ends the wait for the time of a frame. */
  readonly #closing = new AbortController();

  constructor(of: Simulation) {
    this.#of = of;
    this.host = of.host;
    this.port = of.port;
    // Reading failed, or the simulator was closed: clients see that no further frames arrive.
    this.#sending = this.#send().catch(() => undefined);
  }

  async #send(): Promise<void> {
    const { socket, repeat, lose, series: first, stream, dwellUs } = this.#of;
    const { start, image, end } = dectrisStreams[stream];
    const send = (parts: readonly Uint8Array[]): Promise<void> => socket.send([...parts] as Buffer[]);
    for (let i = 0; i < repeat && !this.#closed; i++) {
      const series = { ...first, series: first.series + i };
      await send(start(series));
      const started = performance.now();
      for (let index = 0; index < series.frames && !this.#closed; index++) {
        const wait = started + (dwellUs * (index + 1)) / 1000 - performance.now();
        if (lose.includes(index)) continue;
        if (wait > 1) await pause(wait, this.#closing.signal);
        if (this.#closed) return;
        await send(image(await this.#image(index), index, series));
        this.sent++;
      }
      await send(end(series));
    }
  }

  async #image(index: number): Promise<Uint8Array> {
    const known = this.#packed.get(index);
    if (known) return known;
    const { dataset, series, stream, codecs } = this.#of;
    const pixels = bytesOfArray(await dataset.read(index, 1));
    const packed = await dectrisStreams[stream].pack(pixels, series, codecs);
    this.#bytes += packed.length;
    if (this.#bytes < keptBytes) this.#packed.set(index, packed);
    return packed;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing.abort();
    this.#of.socket.close();
    await this.#sending;
    await this.#of.codecs.dispose();
    await this.#of.dataset.dispose();
  }
}
