/**
 * Server-sent events of a run. Each client has a position in the statistics, and nothing is queued for it: the next
 * batch is written when it has read the previous one. A client that stops reading costs the memory of one batch. It
 * continues from its position, or from its `Last-Event-ID` after it has connected again.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SeriesMoment } from './watch/run-series.js';

/** The statistics that are sent. */
interface EventSourceOfRun {
  /** Number of frames so far. */
  readonly count: () => number;
  /** Facts about the run, as one line. */
  readonly facts: () => string;
  /** What the run has found so far, as one line. */
  readonly status: () => string;
  /** What has happened and was read later than this time. */
  readonly moments: (since: number) => readonly SeriesMoment[];
  readonly statistics: (first: number, end: number) => Uint8Array;
  /** Milliseconds since the server was started. */
  readonly now: () => number;
  /** Called when a client has disconnected. */
  readonly gone: (client: string) => void;
}

/** Maximum number of pages that can follow a run at the same time. */
const maxClients = 16;
/** Maximum number of frames in an event: 40 kB, which is 54 kB as text. */
const batchFrames = 1024;
/** Time for which statistics are collected into one event, ms. */
const everyMs = 100;
/** Interval at which the time is sent if there is nothing else, ms, so that a page notices when the server is gone. */
const idleMs = 2000;
/** A client that has not read anything for this time is disconnected, ms; it may connect again. */
const patienceMs = 60_000;

/** Longest wait for clients when the streams end, ms. */
const lastWordsMs = 500;

/** Where a client is: its next frame, and the time of the last moment that it knows. */
interface Position {
  readonly client: string;
  readonly from: number;
  readonly since: number;
}

interface Client {
  readonly name: string;
  readonly response: ServerResponse;
  /** The next frame to send. */
  next: number;
  knowsFacts: boolean;
  /** The time of the last moment that was sent. */
  knownTo: number;
  /** The last status that was sent. */
  status: string;
  /** Time since which the client has not read what was written; undefined if it has read everything. */
  blockedSince: number | undefined;
  sentAt: number;
}

export class EventStreams {
  readonly #source: EventSourceOfRun;
  readonly #clients = new Set<Client>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(source: EventSourceOfRun) {
    this.#source = source;
  }

  /** Number of clients. */
  get size(): number {
    return this.#clients.size;
  }

  /** Whether a client of this name is connected. */
  has(name: string): boolean {
    return [...this.#clients].some((client) => client.name === name);
  }

  /** Answers with events from a position on, until the client leaves. */
  open(request: IncomingMessage, response: ServerResponse, { client: name, from, since }: Position): void {
    const say = (status: number, text: string): void => {
      response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
    };
    if (!/^[\w-]{1,64}$/.test(name)) {
      say(400, 'A client gives itself a name: ?client=NAME');
      return;
    }
    if (this.#clients.size >= maxClients) {
      say(503, `${maxClients} pages follow this run already; close one of them.`);
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const next = Number.isSafeInteger(from) && from >= 0 ? Math.min(from, this.#source.count()) : 0;
    const client: Client = {
      name,
      response,
      next,
      knowsFacts: false,
      knownTo: Number.isFinite(since) ? since : -1,
      status: '[]',
      blockedSince: undefined,
      sentAt: 0,
    };
    this.#clients.add(client);
    response.on('drain', () => {
      client.blockedSince = undefined;
      this.#send(client);
    });
    response.once('close', () => {
      this.#clients.delete(client);
      this.#source.gone(name);
    });
    this.#send(client);
    this.#later();
  }

  /** Called when frames have been added. */
  grown(): void {
    if (this.#clients.size > 0) this.#later();
  }

  /** Called when the facts have changed. */
  changed(): void {
    for (const client of this.#clients) {
      client.knowsFacts = false;
      this.#send(client);
    }
  }

  /** Ends all streams after their last frames; it does not wait for a client that does not read them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const ended = [...this.#clients].map((client) => {
      this.#send(client);
      return new Promise<void>((resolve) => {
        client.response.once('finish', resolve).once('close', resolve).end();
      });
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lastWordsMs);
    });
    await Promise.race([Promise.all(ended), patience]);
    clearTimeout(timer);
  }

  #later(): void {
    if (this.#timer || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const client of this.#clients) this.#send(client);
      if (this.#clients.size > 0) this.#later();
    }, everyMs);
    // A viewer does not prevent the process of a finished run from ending.
    this.#timer.unref();
  }

  /** Writes what the client does not have yet, as long as it accepts more. */
  #send(client: Client): void {
    const { response } = client;
    // Its last words have been said.
    if (response.writableEnded) return;
    const now = this.#source.now();
    if (client.blockedSince !== undefined) {
      if (now - client.blockedSince > patienceMs) response.destroy();
      return;
    }
    const write = (event: string, data: string): void => {
      client.sentAt = now;
      if (!response.write(`id: ${client.next}\nevent: ${event}\ndata: ${data}\n\n`)) client.blockedSince = now;
    };
    if (!client.knowsFacts) {
      client.knowsFacts = true;
      write('run', this.#source.facts());
    }
    const status = this.#source.status();
    if (status !== client.status && client.blockedSince === undefined) {
      client.status = status;
      write('status', status);
    }
    const moments = client.blockedSince === undefined ? this.#source.moments(client.knownTo) : [];
    if (moments.length > 0) {
      client.knownTo = Math.max(...moments.map(({ at }) => at));
      write('moments', JSON.stringify(moments));
    }
    const count = this.#source.count();
    while (client.next < count && client.blockedSince === undefined) {
      const end = Math.min(count, client.next + batchFrames);
      const bytes = this.#source.statistics(client.next, end);
      client.next = end;
      write('frames', `${now.toFixed(0)} ${Buffer.from(bytes.buffer).toString('base64')}`);
    }
    if (now - client.sentAt >= idleMs && client.blockedSince === undefined) write('now', now.toFixed(0));
  }
}
