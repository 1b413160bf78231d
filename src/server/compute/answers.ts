/**
 * Answers what pages ask of a scan that is computed here, by GET: `compute/NAME?client=…&slot=…&after=…&room=…&q=JSON`. An
 * answer is a line of JSON and the bytes of its images (stem/images/sent-image.ts); it waits until there is something newer
 * than `after`, for some seconds at most, so that a page asks again until all is there.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { type Stacked, stackKinds } from '../../frames/stack.js';
import type { StatedOptics } from '../../stem/analyses/calibrated-run.js';
import { isCalibratedName } from '../../stem/analyses/calibrated-run.js';
import type { VirtualShape } from '../../stem/analyses/virtual-run.js';
import type { Calibration } from '../../stem/calibrate/calibration.js';
import { type SentHead, sentImage } from '../../stem/images/sent-image.js';
import type { AxisScale, NamedResult } from '../../stem/output/named-results.js';
import { messageOf } from '../../util/errors.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { sendWhole } from '../send.js';
import type { ComputedScan, ImageQuery } from './computed-scan.js';
import { type JobState, Jobs, type Work } from './jobs.js';
import { StackedFrames } from './stacked-frames.js';

const compress = promisify(gzip);
/** Differences have the bits of noise, in which longer repeats are searched for in vain. */
const packing = { level: 1, strategy: constants.Z_RLE };
/** An answer waits this long for news, ms. */
const waitMs = 10_000;
/** Bytes of an image that moves. */
const mostRoom = 300_000;

/** What an answer has beside its images. */
export interface ComputeHead {
  readonly version: number;
  readonly done: number;
  readonly isWhole: boolean;
  /** Why there is nothing. */
  readonly problem?: string | undefined;
  readonly notes?: readonly string[] | undefined;
  readonly calibration?: Calibration | undefined;
  readonly isResident?: boolean | undefined;
  readonly every?: number | undefined;
  readonly images: readonly (SentHead &
    Pick<NamedResult, 'name' | 'shape'> & { readonly isVectors: boolean; readonly scales?: readonly AxisScale[] })[];
}

/** What a job finds. */
interface Value extends Pick<ComputeHead, 'notes' | 'calibration' | 'isResident' | 'every'> {
  readonly results: readonly NamedResult[];
}

/** A request as it was understood. */
interface Question {
  readonly key: string;
  readonly work: Work<Value>;
  /** Only the results of this name. */
  readonly channel?: string | undefined;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** A shape as a page sends it. Throws for anything else. */
function shapeIn(given: unknown): VirtualShape {
  const { kind, cx, cy, outer, inner } = (given ?? {}) as VirtualShape;
  const isShape =
    ['disk', 'ring', 'square', 'point'].includes(kind) &&
    [cx, cy, outer, inner].every((one) => isNumber(one) && Math.abs(one) < 1e6);
  if (!isShape) throw new Error('The shape of the detector is not understood.');
  return { kind, cx, cy, outer, inner };
}

/** Optics as a page sends them; undefined: no calibration is used. */
function opticsIn(given: unknown): StatedOptics | undefined {
  if (given === undefined || given === null) return undefined;
  const { voltage, semiconv, dpix } = given as StatedOptics;
  const known = omitUndefined({ voltage, semiconv, dpix });
  if (Object.values(known).some((value) => !isNumber(value) || value <= 0))
    throw new Error('The optics are not understood.');
  return known;
}

const plane = (name: string, shape: readonly number[], data: Float64Array): NamedResult => ({
  ...{ name, shape, data, dtype: 'f64', navAxes: 0 },
});

/** How each question is answered. */
const questions: Readonly<Record<string, (scan: ComputedScan, given: Record<string, unknown>) => Question>> = {
  load(scan, { shape: given }) {
    const shape = shapeIn(given);
    const { nav } = scan.scan.shape;
    const found = ({ image, ...rest }: Awaited<ReturnType<ComputedScan['load']>>): Value => ({
      ...rest,
      results: image ? [plane('sum', nav, image)] : [],
    });
    return {
      // The first page says whose sums are shown meanwhile.
      key: 'load',
      work: async (signal, tell) =>
        found(await scan.load(shape, signal, (done, part) => tell(done, part && found(part)))),
    };
  },
  image(scan, { analysis, channel, shape: given, optics: stated, exact }) {
    const isLive = analysis === 'sum' || analysis === 'com' || analysis === 'icom';
    if (!isLive && !isCalibratedName(analysis)) throw new Error('There is no such image.');
    const shape = isLive ? shapeIn(given) : undefined;
    const optics = opticsIn(stated);
    const wanted = typeof channel === 'string' ? channel : undefined;
    const isPicture = isLive && exact !== true && scan.isHeld;
    const own = { analysis, shape, optics, exact: exact === true, channel: isPicture ? wanted : undefined };
    const query = own as ImageQuery;
    return {
      key: `image ${JSON.stringify(query)}`,
      channel: wanted,
      work: (signal, tell) => scan.image(query, signal, tell),
    };
  },
  calibration(scan, { optics: stated }) {
    const optics = opticsIn(stated) ?? {};
    return {
      key: `calibration ${JSON.stringify(optics)}`,
      work: async () => ({ results: [], calibration: await scan.calibration(optics) }),
    };
  },
  pattern(scan, { region: given }) {
    const { nav, sig } = scan.scan.shape;
    const [rows = 1, columns = 1] = nav;
    const region = given === undefined || given === null ? undefined : (given as number[]);
    const [y = 0, x = 0, h = 1, w = 1] = region ?? [];
    const isInside = [y, x, h, w].every(Number.isInteger) && y >= 0 && x >= 0 && h > 0 && w > 0;
    if (region && !(isInside && y + h <= rows && x + w <= columns)) throw new Error('The region is not in the scan.');
    return {
      key: `pattern ${JSON.stringify(region ?? null)}`,
      work: async (signal) => ({ results: [plane('pattern', sig, await scan.pattern(region, signal))] }),
    };
  },
};

/** Of frames, how many are combined. */
function stackQuestion(frames: StackedFrames, { first, count, kind }: Record<string, unknown>): Question {
  const { dataset } = frames;
  const isPart = [first, count].every(Number.isInteger) && (first as number) >= 0 && (count as number) >= 1;
  if (!isPart || (first as number) + (count as number) > dataset.frames)
    throw new Error(`There are no such frames; there are ${dataset.frames}.`);
  if (!stackKinds.some((stackKind) => stackKind === kind)) throw new Error('Frames are not combined in this way.');
  const stacked = { first, count, kind } as Stacked;
  return {
    key: `stack ${JSON.stringify(stacked)}`,
    async work(signal) {
      const data = Float64Array.from(await frames.stack(stacked, signal));
      return { results: [plane('stack', dataset.shape.sig, data)] };
    },
  };
}

/** What is asked of a scan, or of frames, by the name of the question; undefined for none of these. */
function questionOf(
  of: ComputedScan | StackedFrames,
  name: string,
): ((given: Record<string, unknown>) => Question) | undefined {
  if (of instanceof StackedFrames) return name === 'stack' ? (given) => stackQuestion(of, given) : undefined;
  const question = Object.hasOwn(questions, name) ? questions[name] : undefined;
  return question && ((given) => question(of, given));
}

export class ComputeAnswers {
  readonly #of: ComputedScan | StackedFrames;
  readonly #jobs: Jobs<Value>;
  #hasBegun = false;

  constructor(of: ComputedScan | StackedFrames, leaseMs?: number) {
    this.#of = of;
    this.#jobs = new Jobs(leaseMs);
  }

  /** Number of jobs that are not finished. */
  get running(): number {
    return this.#jobs.running;
  }

  /** Begins with what a page shows first, while its scripts are still on their way. */
  begin(): void {
    if (this.#of instanceof StackedFrames || this.#hasBegun) return;
    this.#hasBegun = true;
    const [height = 1, width = 1] = this.#of.scan.shape.sig;
    const [cx, cy] = [Math.floor(width / 2) + 0.5, Math.floor(height / 2) + 0.5];
    const shape = { kind: 'disk', cx, cy, outer: width / 10, inner: width / 20 };
    const { key, work } = (questions['load'] as NonNullable<(typeof questions)[string]>)(this.#of, { shape });
    const never = new AbortController().signal;
    // Pages that ask share it; it ends where none comes.
    void this.#jobs.ask(['a page that comes', key, 0], work, { left: never, late: never });
  }

  /** Answers a request; returns false for an address that is none of these. */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    asked: URLSearchParams,
  ): Promise<boolean> {
    const [, name = ''] = /^\/compute\/([a-z]+)$/.exec(path) ?? [];
    const question = questionOf(this.#of, name);
    if (!question) return false;
    const left = new AbortController();
    response.once('close', () => left.abort());
    const plainText = (status: number, text: string): Promise<void> => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
      return sendWhole(response, request.socket, Buffer.from(request.method === 'HEAD' ? '' : text));
    };
    let made: Question;
    try {
      const given: unknown = JSON.parse(asked.get('q') ?? '{}');
      made = question(Object(given) as Record<string, unknown>);
    } catch (error) {
      await plainText(400, messageOf(error));
      return true;
    }
    const holder = `${asked.get('client')} ${asked.get('slot')}`.slice(0, 200);
    const after = Number(asked.get('after') ?? 0) || 0;
    const jobState = await this.#jobs.ask([holder, made.key, after], made.work, {
      left: left.signal,
      late: AbortSignal.timeout(waitMs),
    });
    if (!jobState) await plainText(409, 'A newer request has taken the place of this one.');
    else {
      const room = Number(asked.get('room') ?? 0) || 0;
      const body = bodyOf(jobState, made.channel, room > 0 ? Math.min(mostRoom, room) : undefined);
      const zipped = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
      const sent = zipped ? await compress(body, packing) : body;
      response.writeHead(200, {
        'Content-Type': 'application/octet-stream',
        'Content-Length': sent.length,
        'Cache-Control': 'no-store',
        ...(zipped && { 'Content-Encoding': 'gzip' }),
      });
      await sendWhole(response, request.socket, request.method === 'HEAD' ? undefined : sent);
    }
    return true;
  }

  async close(): Promise<void> {
    this.#jobs.close();
    await this.#of.close();
  }
}

/** The numbers of one component of vectors. */
function everySecond(vectors: Float64Array, first: number): Float64Array {
  const out = new Float64Array(vectors.length >> 1);
  for (let i = 0; i < out.length; i++) out[i] = vectors[2 * i + first] as number;
  return out;
}

/** The line and the images of an answer; those of a part are rounded as well. */
function bodyOf({ value, failure, ...state }: JobState<Value>, channel: string | undefined, room?: number): Buffer {
  const { results = [], ...rest } = value ?? {};
  const chosen = results.filter(({ name }) => channel === undefined || name === channel);
  const wanted = chosen.length > 0 ? chosen : results.slice(0, 1);
  const images = wanted.flatMap((result) => {
    const { data: given } = result;
    const data = given instanceof Float64Array ? given : Float64Array.from(given as ArrayLike<number>);
    const width = (result.vectors ? result.shape.at(-2) : result.shape.at(-1)) ?? 1;
    const parts = result.vectors ? [0, 1].map((k) => everySecond(data, k)) : [data];
    return parts.map((part) => ({ result, ...sentImage(part, width, room && room / parts.length) }));
  });
  const head: ComputeHead = {
    ...state,
    ...rest,
    problem: failure === undefined ? undefined : messageOf(failure),
    images: images.map(({ head: one, result: { name, shape, scales, vectors, axes } }) => ({
      ...one,
      ...{ name, shape, isVectors: vectors ?? false },
      ...(scales && {
        scales: scales.map((scale, k) => scale ?? { name: axes?.[k] ?? '', unit: '', first: 0, step: 1 }),
      }),
    })),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...images.map(({ body }) => body)]);
}
