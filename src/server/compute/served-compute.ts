/** What computes for the pages of a server: the scan is opened when the first page asks. */
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { elementBytes } from '../../bytes/dtype.js';
import { freeMemory, machineName } from '../../compute/backends/system.js';
import { argumentError } from '../../options/parameters.js';
import type { DisposableUdfContext } from '../../stem/bind.js';
import type { ComputeAnswers } from './answers.js';
import type { ComputedScanOptions } from './computed-scan.js';

/** What a page is told. */
export interface ComputeFacts {
  /** What of the files is computed: images of a scan, or sums of frames. */
  readonly kind: 'scan' | 'frames';
  /** Where images are computed at first. */
  readonly where: 'here' | 'there';
  /** The name of this computer. */
  readonly host: string;
  readonly bytes: number;
  /** Whether the scan fits into the memory that it may take. */
  readonly fits: boolean;
}

/** What is asked of `ServedCompute`. */
export interface ServedComputeOptions extends Omit<ComputedScanOptions, 'maxBytes'> {
  readonly context: () => Promise<DisposableUdfContext>;
  readonly where: 'here' | 'there' | 'auto';
  /** Bytes that a scan may take; undefined: half of what is free. */
  readonly maxBytes: number | undefined;
  /** Its share of what is free if `maxBytes` is undefined, 0 to 1: scans that are open beside it take the rest. */
  readonly share: number;
  /** Whether browsers may be on other computers. */
  readonly isRemote: boolean;
  /** A .geom file of the frames. */
  readonly geometry: string | undefined;
  /** Whether these are shown frame by frame, whatever their shape. */
  readonly areFrames: boolean;
}

/** Sizes from which on a scan is computed here, for browsers of this computer and of others. */
const [largeBytes, remoteBytes] = [2 ** 30, 2 ** 25];

export class ServedCompute {
  readonly #options: ServedComputeOptions;
  #opened: Promise<{ readonly facts: ComputeFacts; readonly answers: ComputeAnswers } | undefined> | undefined;

  constructor(options: ServedComputeOptions) {
    this.#options = options;
  }

  /** Opens what is to be computed here, before a page asks. Throws `Argument` for files that are no scan and no frames. */
  async check(): Promise<void> {
    const { where, input } = this.#options;
    if (where !== 'there' || (await this.#open())) return;
    throw argumentError(
      'serveView',
      (said) =>
        `${said('compute')} there is for scans and frames of real numbers, and ${[input].flat()[0]} has none; omit it`,
    );
  }

  /** What pages are told; undefined for files that are no scan, or that only a page can say what is wrong with. */
  async facts(): Promise<ComputeFacts | undefined> {
    const opened = await this.#open().catch(() => undefined);
    if (opened?.facts.where === 'there') opened.answers.begin();
    return opened?.facts;
  }

  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    asked: URLSearchParams,
  ): Promise<boolean> {
    if (!path.startsWith('/compute/')) return false;
    const opened = await this.#open().catch(() => undefined);
    return (await opened?.answers.answer(request, response, path, asked)) ?? false;
  }

  async close(): Promise<void> {
    await (await this.#opened?.catch(() => undefined))?.answers.close();
  }

  #open() {
    this.#opened ??= (async () => {
      const { where, isRemote } = this.#options;
      let why: unknown;
      const scan = await this.#scan().catch((error: unknown) => {
        why = error;
      });
      const opened = scan ?? (await this.#frames().catch((error: unknown) => Promise.reject(why ?? error)));
      if (!opened) return undefined;
      const { bytes } = opened.facts;
      const isThere = where === 'there' || (where === 'auto' && bytes > (isRemote ? remoteBytes : largeBytes));
      return { ...opened, facts: { ...opened.facts, where: isThere ? 'there' : 'here', host: machineName() } };
    })();
    return this.#opened;
  }

  async #scan() {
    const { context, areFrames, share, ...options } = this.#options;
    if (areFrames) return undefined;
    const [{ ComputedScan }, { ComputeAnswers }] = await Promise.all([
      import('./computed-scan.js'),
      import('./answers.js'),
    ]);
    const ctx = await context();
    const maxBytes = options.maxBytes ?? (freeMemory() * share) / 2;
    const scan = await ComputedScan.open(ctx, { ...options, maxBytes }).catch(async (error: unknown) => {
      await ctx.close();
      throw error;
    });
    if (!scan) return void (await ctx.close());
    const { bytes, fits } = scan;
    return { facts: { kind: 'scan' as const, bytes, fits }, answers: new ComputeAnswers(scan) };
  }

  async #frames() {
    const [{ StackedFrames }, { ComputeAnswers }] = await Promise.all([
      import('./stacked-frames.js'),
      import('./answers.js'),
    ]);
    const frames = await StackedFrames.open(this.#options);
    if (!frames) return undefined;
    const { dataset } = frames;
    const bytes = dataset.frames * dataset.frameLength * elementBytes(dataset.dtype);
    return { facts: { kind: 'frames' as const, bytes, fits: false }, answers: new ComputeAnswers(frames) };
  }
}

/** Entries of a folder whose scans stay open. */
const maxEntries = 2;

/** What computes the entries of a folder: the last ones that pages have asked for, each with its share of the memory. */
export class ComputedEntries {
  readonly #make: (files: readonly string[], share: number) => ServedCompute | undefined;
  readonly #kept = new Map<string, ServedCompute>();

  constructor(make: (files: readonly string[], share: number) => ServedCompute | undefined) {
    this.#make = make;
  }

  /** What computes the files of an entry; a file that has changed is another one. */
  async of(files: readonly string[]): Promise<ServedCompute | undefined> {
    const stamps = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
    const key = [...files, ...stamps.map((stamp) => `${stamp?.size} ${stamp?.mtimeMs}`)].join('\n');
    const servedCompute = this.#kept.get(key) ?? this.#make(files, 1 / maxEntries);
    if (!servedCompute) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, servedCompute);
    for (const [oldest, one] of this.#kept) {
      if (this.#kept.size <= maxEntries) break;
      this.#kept.delete(oldest);
      void one.close();
    }
    return servedCompute;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map((servedCompute) => servedCompute.close()));
  }
}
