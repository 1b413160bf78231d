/**
 * Answers the requests of browsers about a run in progress. The run only writes 56 bytes per frame, and four for each
 * of its regions, and keeps a
 * reference to its newest frames; everything else is done when a page requests it, so that no page can slow down the
 * run.
 *
 * | path | answer |
 * |---|---|
 * | `/live/events` | server-sent events: facts about the run, its status, and the statistics of all its frames |
 * | `/live/newest?client=…&only=hits&after=12` | the newest frame of a kind: where it is, and its chunk of a stream |
 * | `/live/frame/12` | where a frame is, by its number in the order of arrival |
 * | `/live/received/12?client=…` | a frame that was received over the network, as .npy |
 * | `/live/powder`, `/live/peakogram` | counts of all peaks, as numbers of 32 bits |
 * | `/live/profile` | the radial profiles of the last ten minutes, as float32 |
 * | `/live/panes` | answers to what is wanted and what they were, alarms, numbers of the last minute, as JSON |
 * | `/live/statistics` | the statistics of all frames so far |
 * | `/live/image/0` | an image of a run over a scan, as float32 |
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, resolve } from 'node:path';
import { bytesOfArray } from '../bytes/dtype.js';
import { npyHeadOf } from '../frames/npy.js';
import { numpyTypeOf } from '../frames/numpy-types.js';
import type { LiveFrame } from '../frames/streams/frame.js';
import type { FrameGrid } from '../pipeline/chip/grid.js';
import type { RunEvent } from '../pipeline/events.js';
import type { ProfileRecord } from '../pipeline/profile/radial-profile.js';
import type { FrameFailure, FrameRecord } from '../pipeline/record.js';
import type { ViewedRun } from '../pipeline/sinks/run-view.js';
import type { FrameSink } from '../pipeline/sinks/sink.js';
import type { FrameOrigin } from '../pipeline/streams/chunk.js';
import type { ScanView, ViewedScan } from '../udf/live/scan-view.js';
import { counted } from '../util/amounts.js';
import { EventStreams } from './event-streams.js';
import { LiveChips, measuredOf } from './live-chips.js';
import { LiveHistory } from './live-history.js';
import { LivePanes } from './live-panes.js';
import { LiveProfiles } from './live-profiles.js';
import { ScanImages } from './scan-images.js';
import type { SharedFiles } from './shared-files.js';
import { type FrameStatistics, statisticsBytesOf, writeStatistics, writeWell } from './watch/frame-statistics.js';
import { PeakMaps } from './watch/peak-maps.js';

/** Kinds of frames of which the newest can be shown. */
const kinds = ['all', 'hits', 'unindexed'] as const;
type Kind = (typeof kinds)[number];
const isKind = (text: string): text is Kind => (kinds as readonly string[]).includes(text);

/** A frame that a page may show. */
interface NewestFrame {
  /** Its number in the order of arrival. */
  readonly index: number;
  readonly file: number;
  readonly event: number | undefined;
  readonly serial: number;
  /** Its results; undefined if it has not been searched. */
  readonly record: FrameRecord | undefined;
  /** Its pixels, if they are not in a file. */
  readonly received: LiveFrame | undefined;
  readonly ms: number;
}

/** Least time between two remarks on frames that cannot be read, ms. */
const noteEveryMs = 1000;

/** Statistics are stored in blocks, so that adding a frame never copies the others. */
const blockFrames = 4096;

/** Longest wait for pages that ask for the answers of a run that has ended, ms. */
const lastAnswersMs = 1000;

/** A run that pages follow. */
export class LiveRun {
  readonly #files: SharedFiles;
  readonly #began = performance.now();
  readonly #blocks: DataView[] = [];
  #count = 0;
  /** The newest frame of each kind. */
  readonly #newest = new Map<Kind, NewestFrame>();
  /** The frame that a page is showing, if its pixels are not in a file: one for each event stream. */
  readonly #shown = new Map<string, NewestFrame>();
  #run: ViewedRun | undefined;
  /** The files of the results of a run over a scan that has ended. */
  #saved: readonly string[] | undefined;
  /** What the results of a run over a scan should be read with, and how many images pages asked for after its end. */
  #notes: readonly string[] | undefined;
  #imagesAtEnd = 0;
  #scan: { readonly viewed: ViewedScan; readonly images: ScanImages } | undefined;
  #maps: PeakMaps | undefined;
  readonly #profiles = new LiveProfiles();
  #state: 'waiting' | 'starting' | 'running' | 'ended' | 'stopped' = 'waiting';
  /** What a run does with its first frames before it searches any. */
  #start: { readonly text: string; readonly source: { readonly arrived?: number | undefined } } | undefined;
  /** Whether the frames are searched by a run; otherwise pages search those that they show. */
  #searches = true;
  #note: string | undefined;
  #notedMs = Number.NEGATIVE_INFINITY;
  readonly #chips = new LiveChips();
  readonly #streams: EventStreams;
  readonly #history = new LiveHistory({
    now: () => this.now,
    count: () => this.#count,
    status: () => this.#run?.status?.() ?? [],
    means: () => this.#sampled(),
  });
  readonly #panes = new LivePanes();
  /** How often pages have asked for the panes since the run has ended. */
  #panesAtEnd = 0;
  /** What the pages know that there is. */
  #offered = '';

  constructor(files: SharedFiles) {
    this.#files = files;
    this.#streams = new EventStreams({
      count: () => this.#count,
      facts: () => JSON.stringify(this.facts),
      status: () => JSON.stringify((this.#run ?? this.#scan?.viewed)?.status?.() ?? this.#arrivedSoFar()),
      moments: (since) => this.#history.since(since),
      statistics: (first, end) => this.statistics(first, end),
      now: () => this.now,
      gone: (client) => void this.#shown.delete(client),
    });
  }

  /** Milliseconds since the server was started. */
  get now(): number {
    return performance.now() - this.#began;
  }

  /** Number of frames so far. */
  get count(): number {
    return this.#count;
  }

  /** Facts about the run that change rarely. */
  get facts(): object {
    const run = this.#run;
    const { offered } = this.#panes;
    const hasProfiles = {
      ...(this.#profiles.isEmpty ? {} : { profiles: true }),
      ...(offered.length > 0 && { panes: offered }),
    };
    const state = {
      now: Math.round(this.now),
      state: this.#state,
      searches: this.#searches,
      note: this.#note,
      ...(this.#count === 0 && this.#start && { doing: this.#start.text }),
      ...hasProfiles,
    };
    if (this.#scan) {
      const { viewed, images } = this.#scan;
      return {
        ...state,
        name: basename(viewed.name),
        scan: { images: images.facts, done: images.done, ms: images.ms, saved: this.#saved, notes: this.#notes },
      };
    }
    if (!run) return state;
    const { name, geometry, dataset, cells, peaks, size, total, wells } = run;
    const known = wells ?? this.#chips.found;
    const chip = known && { ...known, names: this.#chips.names };
    const regions = this.#regions.length > 0 ? { regions: this.#regions } : {};
    return {
      ...state,
      name: basename(name),
      geometry,
      dataset,
      cells,
      peaks: peaks ?? null,
      size,
      total,
      chip,
      ...regions,
    };
  }

  get #regions(): readonly string[] {
    return this.#run?.rois ?? [];
  }

  /** The statistics of frames `first` … `end − 1`. */
  statistics(first: number, end: number): Uint8Array {
    const statisticsBytes = statisticsBytesOf(this.#regions.length);
    const bytes = new Uint8Array(statisticsBytes * Math.max(0, end - first));
    for (let at = first; at < end; ) {
      const block = this.#blocks[Math.floor(at / blockFrames)] as DataView;
      const from = at % blockFrames;
      const to = Math.min(blockFrames, from + end - at);
      const part = new Uint8Array(block.buffer, from * statisticsBytes, (to - from) * statisticsBytes);
      bytes.set(part, (at - first) * statisticsBytes);
      at += to - from;
    }
    return bytes;
  }

  /** The sink through which a run reports its frames. */
  sink(run: ViewedRun): FrameSink {
    const [width, height] = run.size;
    this.#run = run;
    this.#maps = new PeakMaps(width, height);
    this.#panes.begin(run);
    this.#history.begin();
    this.#change('running');
    return {
      add: async (record) => this.#add(record),
      fail: (failure) => this.#fail(failure),
      close: async (isWhole) => {
        this.#change(isWhole ? 'ended' : 'stopped');
        return '';
      },
      discard: async () => this.#change('stopped'),
    };
  }

  /** Notes what happens to the run. */
  happened(event: RunEvent): void {
    this.#history.happened(event);
    if (event.kind !== 'progress' || event.stage !== 'start' || this.#run) return;
    this.#start = event;
    this.#history.begin();
    this.#change('starting');
  }

  /** How many frames wait for a run that begins. */
  #arrivedSoFar(): string[] {
    const arrived = this.#start?.source.arrived;
    return arrived === undefined ? [] : [`${counted(arrived, 'frame')} arrived`];
  }

  /** Starts to show the images of a run over a scan. */
  scan(viewed: ViewedScan): ScanView {
    const images = new ScanImages();
    this.#scan = { viewed, images };
    this.#searches = false;
    this.#note = undefined;
    this.#change('running');
    let isAnnounced = false;
    return {
      show: (picture) => {
        images.put(picture, this.now);
        if (isAnnounced) return;
        isAnnounced = true;
        // Results of a run are shown one after the other, and announced together.
        setImmediate(() => {
          isAnnounced = false;
          this.#streams.changed();
        });
      },
      end: (isWhole, why, files, notes) => {
        this.#saved = files ?? this.#saved;
        this.#notes = notes ?? this.#notes;
        this.finish(isWhole ? 'ended' : 'stopped', why);
      },
    };
  }

  /** Announces frames that are not searched in this process. */
  expect(): void {
    this.#searches = false;
    this.#streams.changed();
  }

  /** Starts to follow frames that are not searched in this process; the first of them describes the detector. */
  begin(run: ViewedRun): void {
    this.#run = run;
    this.#panes.begin(run);
    this.#searches = false;
    this.#note = undefined;
    this.#change('running');
  }

  /** Adds a frame that has arrived, and is not searched in this process. */
  arrive(origin: FrameOrigin, received?: LiveFrame): void {
    this.#put(undefined, origin, received, {
      searched: false,
      ...this.#placed(this.#run?.placeOf?.(origin) ?? received),
    });
  }

  /** Counts a frame that has arrived, and cannot be read. */
  unreadable(origin: FrameOrigin, why: string): void {
    this.#put(undefined, origin, undefined, {
      searched: false,
      failed: true,
      ...this.#placed(this.#run?.placeOf?.(origin)),
    });
    // A detector may send thousands of them, each with another text.
    if (this.now - this.#notedMs < noteEveryMs) return;
    this.#notedMs = this.now;
    this.note(why);
  }

  /** Ends the frames that are not searched in this process. */
  finish(state: 'ended' | 'stopped', why?: string): void {
    this.#note = why ?? this.#note;
    this.#change(state);
  }

  /** Tells the pages something that their users should know. */
  note(text: string): void {
    if (text === this.#note) return;
    this.#note = text;
    this.#streams.changed();
  }

  #change(state: 'starting' | 'running' | 'ended' | 'stopped'): void {
    this.#state = state;
    if (state === 'ended' || state === 'stopped') {
      this.#refit(true);
      this.#history.end();
    }
    this.#streams.changed();
  }

  #add(record: FrameRecord): void {
    const { origin, hit, peaks, crystals, spots, profile } = record;
    const [first] = crystals;
    if (profile) this.#addProfile(profile);
    this.#panes.add(record, this.now);
    this.#maps?.add(peaks, (i) =>
      Math.hypot(spots[3 * i] as number, spots[3 * i + 1] as number, spots[3 * i + 2] as number),
    );
    const received = this.#run?.received?.(origin.event ?? 0);
    this.#put(record, origin, received, {
      searched: true,
      hit,
      peaks: peaks.count,
      crystals: crystals.length,
      cell: first && [...first.lengths, ...first.angles],
      resolutionA: first && 1 / first.resolution,
      ...measuredOf(record, this.#regions),
      ...this.#placed(record.grid ?? received),
    });
  }

  /** The number of an image and its well; a chip that begins is announced. */
  #placed(of: Partial<FrameGrid> | LiveFrame | undefined): Partial<FrameStatistics> {
    const before = this.#chips.names.length;
    const found = this.#chips.place(of, this.#run?.wells, this.#count);
    if (this.#chips.names.length > before) setImmediate(() => this.#streams.changed());
    return found;
  }

  #addProfile(profile: ProfileRecord): void {
    const isFirst = this.#profiles.isEmpty;
    this.#profiles.add(profile, this.now);
    // Pages offer a tab.
    if (isFirst) this.#streams.changed();
  }

  #fail({ origin }: FrameFailure): void {
    this.#run?.received?.(origin.event ?? 0);
    this.#put(undefined, origin, undefined, {
      searched: true,
      failed: true,
      ...this.#placed(this.#run?.placeOf?.(origin)),
    });
  }

  #put(
    record: FrameRecord | undefined,
    { filename, event, serial }: FrameOrigin,
    received: LiveFrame | undefined,
    found: Partial<FrameStatistics>,
  ): void {
    const index = this.#count;
    // The file of a frame may still be written.
    const file = received || this.#run?.received ? 0 : this.#files.share(resolve(filename), { growing: true });
    const ms = this.now;
    const frame: FrameStatistics = {
      serial,
      event,
      file,
      ms,
      searched: false,
      hit: false,
      failed: false,
      peaks: 0,
      crystals: 0,
      cell: undefined,
      resolutionA: undefined,
      ...found,
    };
    const statisticsBytes = statisticsBytesOf(this.#regions.length);
    if (index % blockFrames === 0) this.#blocks.push(new DataView(new ArrayBuffer(blockFrames * statisticsBytes)));
    const block = this.#blocks[Math.floor(index / blockFrames)] as DataView;
    writeStatistics(block, (index % blockFrames) * statisticsBytes, frame, this.#regions.length);
    this.#count++;
    if (!frame.failed) {
      const newest: NewestFrame = { index, file, event, serial, record, received, ms };
      this.#newest.set('all', newest);
      if (frame.hit) this.#newest.set('hits', newest);
      if (frame.hit && frame.crystals === 0) this.#newest.set('unindexed', newest);
    }
    this.#refit();
    this.#streams.grown();
  }

  /** Writes wells anew when rows and columns have been determined from positions. */
  #refit(isEnd = false): void {
    const wells = this.#chips.positions.refit(isEnd);
    if (wells.length === 0) return;
    const statisticsBytes = statisticsBytesOf(this.#regions.length);
    for (const [index, well] of wells) {
      const block = this.#blocks[Math.floor(index / blockFrames)] as DataView;
      writeWell(block, (index % blockFrames) * statisticsBytes, well);
    }
    this.#streams.changed();
  }

  /** Answers a request; returns false if it is not about a run. */
  answer(request: IncomingMessage, response: ServerResponse, url: string): boolean {
    // The class URL rejects some of the addresses that clients may send, such as two slashes.
    const [pathname = '', query = ''] = url.split('?', 2);
    if (!pathname.startsWith('/live/')) return false;
    const searchParams = new URLSearchParams(query);
    const json = (value: unknown): void => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify(value));
    };
    const client = searchParams.get('client') ?? '';
    if (pathname === '/live/events') {
      const last = request.headers['last-event-id'] ?? searchParams.get('from') ?? '0';
      const since = Number(searchParams.get('since') ?? -1);
      this.#streams.open(request, response, { client, from: Number(last), since });
      return true;
    }
    if (pathname === '/live/newest') {
      const only = searchParams.get('only') ?? 'all';
      const after = Number(searchParams.get('after') ?? -1);
      const newest = isKind(only) ? this.#newest.get(only) : undefined;
      if (!newest || newest.index <= after) response.writeHead(204).end();
      else json(this.#show(newest, client));
      return true;
    }
    const [, what = '', number = ''] = /^\/live\/(frame|received)\/(\d{1,9})$/.exec(pathname) ?? [];
    if (what === 'frame' && Number(number) < this.#count) {
      const held = [...this.#newest.values()].find(({ index }) => index === Number(number));
      json(held ? this.#show(held, client) : this.#placeOf(Number(number)));
      return true;
    }
    const [, image] = /^\/live\/image\/(\d{1,4})$/.exec(pathname) ?? [];
    if (image !== undefined && this.#isOver) this.#imagesAtEnd++;
    if (image !== undefined) return this.#scan?.images.answer(request, response, Number(image)) ?? false;
    const received = what === 'received' ? this.#receivedOf(Number(number), client) : undefined;
    if (received) {
      sendArray(request, response, received);
      return true;
    }
    if (pathname === '/live/panes') {
      if (this.#isOver) this.#panesAtEnd++;
      return this.#panes.answer(response, request.method === 'HEAD', this.now);
    }
    if (pathname === '/live/statistics') return this.#answerStatistics(response, request.method === 'HEAD');
    if (pathname === '/live/profile') return this.#profiles.answer(response, request.method === 'HEAD');
    const counts = pathname === '/live/powder' ? this.#maps?.powder : undefined;
    const bins = pathname === '/live/peakogram' ? this.#maps?.peakogram : counts;
    if (!bins || !this.#maps) return false;
    const { width, height, step, frames } = this.#maps;
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': bins.byteLength,
      'Cache-Control': 'no-store',
      'X-Shape': counts ? `${height},${width}` : '',
      'X-Step': String(step),
      'X-Frames': String(frames),
    });
    response.end(request.method === 'HEAD' ? undefined : bytesOfArray(bins.slice()));
    return true;
  }

  /** What is sampled about once a second; pages learn of panes that there are now. */
  #sampled(): (readonly [name: string, value: number])[] {
    const { means, offered } = this.#panes.sample(this.now);
    const names = offered.join();
    if (names !== this.#offered) this.#streams.changed();
    this.#offered = names;
    return means;
  }

  /** All statistics so far, for a page whose wells have changed. */
  #answerStatistics(response: ServerResponse, isHead: boolean): boolean {
    const bytes = this.statistics(0, this.#count);
    const revision = String(this.#chips.found?.revision ?? 0);
    const about = { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' };
    response.writeHead(200, { ...about, 'Content-Length': bytes.length, 'X-Revision': revision });
    response.end(isHead ? undefined : bytes);
    return true;
  }

  /** Describes a frame to a page, and keeps its pixels for the page if they are not in a file. */
  #show(frame: NewestFrame, client: string): object {
    const { index, file, event, serial, record, received, ms } = frame;
    if (received && this.#streams.has(client)) this.#shown.set(client, frame);
    const place = received
      ? { path: `live/received/${index}?client=${encodeURIComponent(client)}`, values: received.values }
      : this.#files.at(file);
    return { index, serial, event, ...place, ageMs: this.now - ms, chunk: record?.chunk };
  }

  /** States where an earlier frame is, whose results are no longer kept. */
  #placeOf(index: number): object {
    const block = this.#blocks[Math.floor(index / blockFrames)] as DataView;
    const at = (index % blockFrames) * statisticsBytesOf(this.#regions.length);
    const event = block.getUint32(at + 4, true);
    const known = { index, serial: block.getUint32(at, true), event: event === 0xffffffff ? undefined : event };
    if (this.#run?.received) return { ...known, gone: true };
    return { ...known, ...this.#files.at(block.getUint32(at + 8, true)) };
  }

  #receivedOf(index: number, client: string): LiveFrame | undefined {
    const shown = this.#shown.get(client);
    if (shown?.index === index) return shown.received;
    return [...this.#newest.values()].find((frame) => frame.index === index)?.received;
  }

  /** Ends all event streams, once the pages have the answers of the end, for which they do not wait long. */
  async close(): Promise<void> {
    const pages = this.#streams.size;
    const until = this.now + lastAnswersMs;
    const isWaiting = (): boolean =>
      (this.#panes.offered.length > 0 && this.#panesAtEnd < pages) ||
      ((this.#scan?.images.facts.length ?? 0) > 0 && this.#imagesAtEnd < pages);
    while (this.#isOver && isWaiting() && this.now < until)
      await new Promise((resolve) => setTimeout(resolve, lastAnswersMs / 50));
    await this.#streams.close();
  }

  get #isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'stopped';
  }
}

/** Sends a frame as .npy: a header that states the type and shape, followed by the unchanged numbers. */
function sendArray(request: IncomingMessage, response: ServerResponse, { numbers, dtype, shape }: LiveFrame): void {
  const bytes = bytesOfArray(numbers);
  const head = npyHeadOf(numpyTypeOf(dtype), shape);
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': head.length + bytes.length,
    'Cache-Control': 'no-store',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.write(head);
  response.end(bytes);
}
