/** The components that the offline pack detects on a machine, and those that it reports as missing. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './support.js';

interface Host {
  readonly driver: string | null;
  readonly driverLibrary: string | null;
  readonly hasNvidia: boolean;
  readonly gpusWhy: string;
  readonly computeSanitizer: object | null;
  readonly cufft: string | null;
  readonly cupy: string | null;
}
interface Step {
  readonly name: string;
  absent?(run: object): string | undefined;
  act(run: object, seconds: number): Promise<{ readonly outcome: string; readonly why: string }>;
}
const script = async <T>(name: string): Promise<T> =>
  (await import(/* @vite-ignore */ join(root, 'scripts/offline/host', name))) as T;
const { findHost, missingHere } = await script<{
  findHost(env: Record<string, string | undefined>, home?: string): Promise<Host>;
  missingHere(host: Partial<Host>, needs?: { cuda: string; driver: number }): string[];
}>('find.mjs');
const { pageOf } = await script<{ pageOf(summary: object, bench: object): string }>('page.mjs');
const { groups, steps } = await script<{
  groups: Readonly<Record<string, readonly string[]>>;
  steps: readonly Step[];
}>('steps.mjs');
const { extras } = await script<{
  extras: readonly { readonly name: string; args?(run: object): readonly string[] }[];
}>('extras.mjs');

describe.runIf(process.platform === 'linux')('the offline pack finds', () => {
  let place = '';
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'ewald-offline-host-'));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  test("cuFFT in the user's own packages, although programs get a different home", async () => {
    const home = join(place, 'user');
    const library = join(home, '.local/lib/python3.12/site-packages/nvidia/cufft/lib/libcufft.so.99');
    mkdirSync(join(library, '..'), { recursive: true });
    writeFileSync(library, '');
    const env = { PATH: join(place, 'nothing'), HOME: join(place, 'other') };
    expect((await findHost({ ...env }, home)).cufft).toBe(library);
    expect((await findHost({ ...env }, undefined)).cufft).not.toBe(library);
  });

  test('the Python that has CuPy, or none if no Python has it', async () => {
    const bin = join(place, 'venv/bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'python3'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const without = join(place, 'without');
    mkdirSync(without);
    writeFileSync(join(without, 'python3'), '#!/bin/sh\nexit 4\n', { mode: 0o755 });
    expect((await findHost({ PATH: without, VIRTUAL_ENV: join(place, 'venv') })).cupy).toBe(join(bin, 'python3'));
    expect((await findHost({ PATH: without })).cupy).toBeNull();
  });

  test('unusable CuPy is reported as absent, not as a pass', async () => {
    const work = join(place, 'work');
    mkdirSync(join(work, 'extras'), { recursive: true });
    cpSync(join(root, 'scripts/offline/extras/cupy.mjs'), join(work, 'extras/cupy.mjs'));
    const python = join(place, 'python3');
    writeFileSync(python, `#!/bin/sh\necho '{"absent": "CuPy: no device"}'\n`, { mode: 0o755 });
    const step = steps.find(({ name }) => name === 'cupy');
    const run = {
      work,
      node: process.execPath,
      env: { PATH: process.env.PATH, EWALD_PYTHON: python },
      available: [],
      bench: { extras: {} },
      results: { log: () => {}, json: () => {} },
    };
    expect(await step?.act(run, 20)).toEqual({ outcome: 'absent', why: 'absent: CuPy: no device' });
    const host = { driverLibrary: '/usr/lib/libcuda.so.1', hasNvidia: true, cupy: null };
    expect(step?.absent?.({ host })).toBe('no Python on this machine has CuPy');
  });

  test('a validation that its time cut short is partial, and says how many rows are left', async () => {
    const fake = join(place, 'node');
    const row = { id: 'pi:a', backend: 'cuda', outcome: 'pass' };
    const document = { pass: true, interrupted: false, left: 1032, rows: [row] };
    writeFileSync(fake, `#!/bin/sh\necho '${JSON.stringify(document)}'\n`, { mode: 0o755 });
    const run = {
      ...{ work: place, node: fake, env: { PATH: process.env.PATH }, available: ['cuda'], cases: [], devices: [] },
      results: { path: (name: string) => join(place, name), log: () => {}, json: () => {}, files: new Set() },
    };
    const ended = await steps.find(({ name }) => name === 'validate')?.act(run, 20);
    expect(ended).toMatchObject({ outcome: 'partial', why: 'cuda: 1 pass, 1032 not checked' });
  });

  test('every step that a name of several stands for, and what each needs of a rehearsal', () => {
    const names = steps.map(({ name }) => name);
    for (const group of Object.values(groups)) expect(names).toEqual(expect.arrayContaining([...group]));
    const shapes = (name: string): readonly string[] =>
      extras
        .find((extra) => extra.name === 'fft-aims')
        ?.args?.({ host: { cufft: null }, devices: [{ backend: 'cuda', name }] })
        .filter((word) => word !== '--shape') ?? [];
    // The same lengths: an emulator takes smaller batches of them.
    expect(shapes('NVIDIA H200')).toContain('1000x1000*8');
    const lengths = (name: string): string[] => shapes(name).map((shape) => shape.split('*')[0] as string);
    expect(lengths('emulated CUDA device')).toEqual(lengths('NVIDIA H200'));
    expect(shapes('emulated CUDA device')).not.toEqual(shapes('NVIDIA H200'));
  });

  test('reports what is missing: the driver, a recent enough driver, tools and libraries', () => {
    const whole: Host = {
      driver: '580.65.06',
      driverLibrary: '/usr/lib/libcuda.so.1',
      hasNvidia: true,
      gpusWhy: '',
      computeSanitizer: {},
      cufft: '/usr/lib/libcufft.so.12',
      cupy: '/usr/bin/python3',
    };
    const needs = { cuda: '13.0', driver: 580 };
    expect(missingHere(whole, needs)).toEqual([]);
    expect(missingHere({ ...whole, driver: '550.54.15' }, needs)).toEqual([
      expect.stringMatching(/^a newer driver: found 550\.54\.15, .* CUDA 13\.0 and needs 580/),
    ]);
    const bare = { ...whole, driver: null, driverLibrary: null, hasNvidia: false, computeSanitizer: null };
    expect(missingHere({ ...bare, cufft: null, cupy: null }, needs).map((text) => text.split(' ')[0])).toEqual([
      "NVIDIA's",
      'compute-sanitizer',
      'cuFFT',
      'CuPy',
    ]);
  });

  test('writes a page that divides each rate by the bound of its memory, and says what is missing', () => {
    const host = { os: 'Rocky', glibc: '2.28', processors: 8, processor: 'some', gpusWhy: 'none seen' };
    const summary = {
      ...{ host, gpus: [], missing: ['cuFFT'], steps: [{ name: 'bounds', outcome: 'pass', seconds: 1, why: 'a|b' }] },
      ...{ date: 'today', seconds: 5, budget: 600, pass: true, pack: { version: '1', commit: 'c', leftOut: ['CUDA'] } },
    };
    const bounds = {
      rows: [
        { name: 'memcpy, all threads', gbps: 20 },
        { name: 'copy in device memory', gbps: 2000 },
        { name: 'page-locked to device', gbps: 50 },
      ],
    };
    const row = { what: 'sum', rate: 1000, unit: 'frames/s', gbps: 10 };
    const rooms = {
      rows: [
        { ...row, backend: 'native' },
        { ...row, backend: 'cuda', resident: false },
        { ...row, backend: 'cuda', resident: true, gbps: 1000 },
      ],
    };
    const aims = { rows: [{ name: '1009*8192', ewaldMs: 2, gigabytesPerSecond: 500, ratio: 0.5 }] };
    const page = pageOf(summary, { cases: null, extras: { bounds, rooms, 'fft-aims': aims } });
    expect(page).toContain('| 1009*8192 | 2 | 500 | 25 % | 0.5 × |');
    expect(page).toContain('| sum | native | 1,000 frames/s | 10 | memcpy, all threads | 50 % |');
    expect(page).toContain('| 10 | page-locked to device | 20 % |');
    expect(page).toContain('| 1,000 | copy in device memory | 50 % |');
    expect(page).toContain('- cuFFT\n- in this pack: CUDA\n');
    expect(page).toContain('| bounds | pass | 1.0 | a/b |');
    expect(pageOf(summary, { cases: null, extras: {} })).toContain('## Bounds\n\nNot measured.');
  });
});
