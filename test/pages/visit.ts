/** The viewer in Chromium, used as a person would: a server, a browser, and a page with the actions of a visitor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { startChromium } from '../support/chromium.js';
import { dataFolder, dataRequired } from '../support/data.js';

let browser: Browser | undefined;
const servers: ChildProcess[] = [];
const contexts: BrowserContext[] = [];

/**
 * Starts Chromium for the tests of a file, and closes pages and servers after each of them; returns a function that
 * returns the path of a file in the temporary folder of the tests.
 */
export function browsing(): (name: string) => string {
  let folder = '';
  beforeAll(async () => {
    if (!dataFolder && dataRequired) throw new Error('the data with known answers is absent');
    folder = mkdtempSync(join(tmpdir(), 'ewald-view-page-'));
    browser = await startChromium();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) {
      // A route that still fetches a file would fail after its context.
      await context.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
    }
    for (const server of servers.splice(0)) server.kill('SIGINT');
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  return (name) => join(folder, name);
}

/** Paths of a set of frames with its geometry and cell, as arguments of a command. */
export function filesOf(path: string, geometry: string): string[] {
  const at = (name: string): string => join(dataFolder ?? '', name);
  return [at(path), '-g', at(`${geometry}.geom`), '-p', at(`${geometry}.cell`)];
}

/** Starts `ewald view` with arguments; returns the address of its page. */
export async function serve(words: readonly string[]): Promise<string> {
  const server = spawn(process.execPath, ['dist/cli.js', 'view', '--json', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.push(server);
  const line = await new Promise<string>((resolve, reject) => {
    server.stdout?.once('data', (data) => resolve(String(data)));
    server.once('exit', (code) => reject(new Error(`ewald view ended with ${code}`)));
  });
  return JSON.parse(line).url as string;
}

/** Ends the server that was started last, and waits until it has ended. */
export async function endServer(): Promise<void> {
  const server = servers.pop();
  const ended = new Promise((resolve) => server?.once('exit', resolve));
  server?.kill('SIGINT');
  await ended;
}

/** An address whose page draws with WebGL, or with the processor. */
export function drawnBy(who: 'gpu' | 'cpu', url: string): string {
  const address = new URL(url);
  address.searchParams.set('draw', who);
  return address.href;
}

/** The viewer object that the page provides for the console. */
export interface Shown {
  frame: number;
  stackName?: string;
  peaks?: { frame: number; count: number; fs: Float32Array; ss: Float32Array };
  crystals: {
    lengths: number[];
    angles: number[];
    reflections: { count: number; hkl: Int16Array; fs: Float32Array; ss: Float32Array };
  }[];
  locked: boolean;
  readonly show: Set<string>;
  colours: string;
  summaries: ({ peaks: number; crystals: number } | undefined)[];
  opened?: {
    name: string;
    format: string;
    width: number;
    frames: number;
    cell?: number[];
    navigation: number[];
  };
  engine: { call(name: 'stack', argument?: unknown): Promise<unknown>; end(reason: string): void };
  stream?: Blob;
  workers: number;
  running: boolean;
  open(files: { name: string; blob: Blob }[]): Promise<void>;
  pane: {
    layout: { placeOf(fs: number, ss: number): [number, number] | undefined };
    viewport: { toCanvas(place: [number, number]): [number, number]; zoom: number; centre: [number, number] };
    picture: {
      limits: [number, number];
      frame?: {
        data: ArrayLike<number>;
        width: number;
        height: number;
        bad?: Uint8Array;
        validRange: [number, number];
      };
    };
    overlay: HTMLCanvasElement;
  };
  toggle(name: string, shown?: boolean): void;
  go(frame: number): Promise<void>;
}

/** A virtual detector. */
export interface Shape {
  kind: 'disk' | 'ring' | 'square' | 'point';
  cx: number;
  cy: number;
  outer: number;
  inner: number;
}

/** The scan object that the page provides for the console. */
export interface ShownScan {
  shape: Shape;
  image?: Float64Array;
  region?: { x: number; y: number; w: number; h: number };
  quantity: string;
  fourier: boolean;
  idle: boolean;
  maxBytes: number;
  average(region: { x: number; y: number; w: number; h: number }): Promise<void>;
  move(dx: number, dy: number): Promise<void>;
  change(shape: Partial<Shape>): Promise<void>;
}

declare const viewer: Shown;

/** In a page, before its scripts: records the workers that are started. */
export function recordWorkers(): void {
  const Original = globalThis.Worker;
  const workers: Worker[] = [];
  globalThis.Worker = class extends Original {
    constructor(...words: ConstructorParameters<typeof Original>) {
      super(...words);
      workers.push(this);
    }
  };
  Object.assign(globalThis, { workers });
}

/** In such a page: ends the worker that was started last, as a browser reports one that has run out of memory. */
export function killWorker(): void {
  const { workers } = globalThis as unknown as { workers: Worker[] };
  workers.at(-1)?.dispatchEvent(new ErrorEvent('error', { message: 'out of memory', cancelable: true }));
}

/** A page with helpers for the actions of a person. */
export class Visit {
  readonly page: Page;
  readonly faults: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.faults.push(String(error)));
    // Violations of the content security policy appear as console messages.
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text());
    });
  }

  static async open(
    url: string,
    size = { width: 1300, height: 900 },
    options: BrowserContextOptions = {},
  ): Promise<Visit> {
    const context = await (browser as Browser).newContext({ viewport: size, acceptDownloads: true, ...options });
    contexts.push(context);
    // For machines that do other things as well: everything waits for its word.
    context.setDefaultTimeout(120_000);
    const visit = new Visit(await context.newPage());
    await visit.page.goto(url);
    return visit;
  }

  /** Opens a page whose workers `killWorker` can end. */
  static async mortal(url: string): Promise<Visit> {
    const visit = await Visit.open('about:blank');
    await visit.page.addInitScript(recordWorkers);
    await visit.page.goto(url);
    return visit;
  }

  killWorker(): Promise<void> {
    return this.page.evaluate(killWorker);
  }

  /** Waits for the peaks of a frame. */
  async peaks(frame = 0): Promise<void> {
    await this.page.waitForFunction((n) => viewer.frame === n && viewer.peaks !== undefined, frame, {
      timeout: 120_000,
    });
  }

  async message(pattern: RegExp): Promise<string> {
    const line = this.page.locator('#message');
    await expect.poll(() => line.textContent(), { timeout: 120_000 }).toMatch(pattern);
    return (await line.textContent()) ?? '';
  }

  async index(): Promise<void> {
    await this.page.keyboard.press('x');
    await this.message(/^Frame \d+: /);
  }

  /** Waits until the page has drawn what was requested. */
  async drawn(): Promise<void> {
    await this.page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
  }

  /** The content of the pane, as a checksum of a screenshot. */
  async picture(): Promise<string> {
    await this.drawn();
    return createHash('sha256')
      .update(await this.page.locator('#pane').screenshot())
      .digest('hex');
  }
}

/** The head of a .npy file. */
export function npyHead(shape: readonly number[], dtype: string): Uint8Array {
  const words = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const text = `${words.padEnd(117)}\n`;
  return new Uint8Array([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    1,
    0,
    text.length,
    0,
    ...new TextEncoder().encode(text),
  ]);
}
