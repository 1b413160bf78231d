// @module-tag nightly: builds and unpacks the offline pack.
/** The offline pack: its size, and its command in an environment without Node, a registry or a home. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, node, root, run } from './support.js';

interface Step {
  readonly name: string;
  readonly outcome: 'pass' | 'fail' | 'partial' | 'absent';
  readonly why: string;
  readonly seconds: number;
  /** The number of seconds granted to it; absent if it did not run. */
  readonly limit?: number;
}
interface Summary {
  readonly pass: boolean;
  readonly why?: string;
  readonly seconds: number;
  readonly gpus: readonly unknown[];
  readonly host: Record<string, unknown>;
  readonly missing: readonly string[];
  readonly pack: { readonly version: string; readonly leftOut: readonly string[] };
  readonly steps: readonly Step[];
}

const place = process.platform === 'linux' && process.arch === 'x64';
const hasCard = existsSync('/dev/nvidia0') || existsSync('/proc/driver/nvidia/version');
const unpackers = ['gzip', 'tar'];
const tools = ['sh', 'dirname', 'uname', 'tr', 'sed', 'mkdir', 'chmod', 'head', 'rm', 'env', ...unpackers];

let site = '';
const at = (...names: string[]): string => join(site, ...names);
const listing = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => `${name} ${statSync(join(folder, name)).size}`);

/** A PATH that contains only these programs. */
function pathOf(name: string, programs: readonly string[], scripts: Record<string, string> = {}): string {
  const folder = at(name);
  mkdirSync(folder);
  for (const program of programs) {
    const found = (process.env.PATH ?? '').split(delimiter).find((entry) => existsSync(join(entry, program)));
    if (!found) throw new Error(`${program} is not on the PATH`);
    symlinkSync(join(found, program), join(folder, program));
  }
  for (const [script, text] of Object.entries(scripts))
    writeFileSync(join(folder, script), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return folder;
}

/** Runs the pack's command in an environment with only a PATH and a folder for temporary files. */
function offline(path: string, args: readonly string[], { pack = at('pack'), seconds = 150 } = {}): Promise<Ended> {
  return run('/usr/bin/env', ['-i', `PATH=${path}`, `TMPDIR=${at('tmp')}`, '/bin/sh', join(pack, 'run.sh'), ...args], {
    cwd: site,
    seconds,
  });
}
const summaryOf = (out: string): Summary => JSON.parse(readFileSync(at(out, 'summary.json'), 'utf8'));
const documentOf = (out: string, name: string) => JSON.parse(readFileSync(at(out, name), 'utf8'));

describe.runIf(place)('the offline pack', () => {
  let path = '';
  beforeAll(async () => {
    site = mkdtempSync(join(tmpdir(), 'ewald-offline-test-'));
    mkdirSync(at('tmp'));
    path = pathOf('bin', tools);
    const { code, err } = await node(['scripts/pack-offline.mjs', '--no-build', '-o', at('pack')], { seconds: 250 });
    expect(code, err).toBe(0);
    for (const name of readdirSync(at('pack'))) chmodSync(at('pack', name), 0o444);
    chmodSync(at('pack'), 0o555);
  });
  afterAll(() => {
    if (existsSync(at('pack'))) chmodSync(at('pack'), 0o755);
    rmSync(site, { recursive: true, force: true });
  });

  test('is one flat folder under 60 MB with a list of its contents', () => {
    expect(readdirSync(at('pack')).sort()).toEqual(['README.md', 'app.tar.gz', 'node.gz', 'offline.json', 'run.sh']);
    const bytes = readdirSync(at('pack')).reduce((sum, name) => sum + statSync(at('pack', name)).size, 0);
    expect(bytes).toBeLessThan(60e6);
    const manifest = documentOf('pack', 'offline.json');
    expect(manifest).toMatchObject({
      version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version,
      node: process.versions.node,
    });
    // The same as Node itself; the addons require less.
    const glibc = /^Linux x86_64 with glibc 2\.(\d+) or newer$/.exec(manifest.needs)?.[1];
    expect(Number(glibc)).toBeLessThanOrEqual(28);
    expect(manifest.files['app.tar.gz'].bytes).toBe(statSync(at('pack/app.tar.gz')).size);
  });

  test('runs without Node, registry or home, and writes the documented results', async () => {
    const before = listing(at('pack'));
    const { code, out, err, leftovers } = await offline(path, ['--seconds', '60', '--out', 'results', '--cases', 'pi']);
    const summary = summaryOf('results');
    const told = `${out}${err}`;
    const outcomes = Object.fromEntries(summary.steps.map(({ name, outcome }) => [name, outcome]));
    // On a busy machine the budget ends a step early, and may be used up before the last one.
    expect(outcomes, told).toMatchObject({ devices: 'pass', validate: expect.stringMatching(/pass|partial/) });
    const openings = summary.steps.find(({ name }) => name === 'openings');
    expect(`${openings?.outcome}: ${openings?.why}`, told).toMatch(
      /^pass|^partial|^absent: \d+ s of the budget are left/,
    );
    expect(['pass', 'partial'], told).toEqual(expect.arrayContaining([outcomes.pi, outcomes.bench]));
    // A validation that its budget cut short has not passed.
    const pass = outcomes.validate === 'pass';
    expect({ code, leftovers, pass: summary.pass }, told).toEqual({ code: pass ? 0 : 1, leftovers: false, pass });
    // The time granted to each step fits the budget; its actual duration depends on the machine.
    const limits = summary.steps.flatMap(({ limit }) => limit ?? []);
    expect(limits.length).toBeGreaterThan(2);
    expect(Math.max(...limits)).toBeLessThanOrEqual(58);

    const validated = documentOf('results', 'validate.json');
    const passed = (backend: string): number =>
      validated.rows.filter(
        (row: { backend: string; outcome: string }) => row.backend === backend && row.outcome === 'pass',
      ).length;
    expect(passed('wasm')).toBeGreaterThan(5);
    if (pass) {
      expect(passed('native')).toBe(passed('wasm'));
      expect(readFileSync(at('results/validate.html'), 'utf8')).toMatch(/^<!doctype html>/i);
    }
    expect(documentOf('results', 'pi.json')).toMatchObject({ agree: true });
    expect(documentOf('results', 'bench.json').cases.rows.length).toBeGreaterThan(0);
    if (!hasCard) {
      expect(validated.backends).toContainEqual(
        expect.objectContaining({
          backend: 'cuda',
          available: false,
          reason: expect.stringMatching(/no NVIDIA driver|no CUDA addon/),
        }),
      );
      for (const name of ['cuda-check', 'memcheck', 'racecheck', 'initcheck', 'synccheck']) {
        expect(summary.steps.find((step) => step.name === name)).toMatchObject({
          outcome: 'absent',
          why: expect.stringMatching(/no NVIDIA driver|not in this pack/),
        });
      }
      expect(summary.gpus).toEqual([]);
    }
    // Missing components of this machine are reported before the first step.
    const beforeSteps = out.slice(0, out.indexOf('\npass    devices'));
    const { missing } = summary;
    expect(missing.length).toBeGreaterThan(hasCard ? -1 : 0);
    for (const text of missing) expect(beforeSteps).toContain(`offline: not on this machine: ${text}`);
    // It leaves results within their size limits, and nothing else.
    const written = readdirSync(at('results'));
    expect(written.length).toBeLessThanOrEqual(8);
    expect(written.every((name) => /^[\w.-]+$/.test(name) && statSync(at('results', name)).isFile())).toBe(true);
    expect(listing(at('pack'))).toEqual(before);
    expect(readdirSync(at('tmp'))).toEqual([]);
  });

  test.runIf(existsSync('/usr/bin/python3'))('is unpacked by python3 if there is no tar', async () => {
    const python = pathOf(
      'python',
      tools.filter((tool) => !unpackers.includes(tool)),
    );
    symlinkSync('/usr/bin/python3', join(python, 'python3'));
    const { code, out, err } = await offline(python, ['--seconds', '30', '--out', 'by-python', '--only', 'devices']);
    expect(code, out + err).toBe(0);
  });

  test.skipIf(hasCard)('a card that is visible but unusable is a failure', async () => {
    const card = pathOf('card', tools, {
      'nvidia-smi': 'echo "NVIDIA Imaginary 9000, 580.01, 1 MiB, 9.0, 00000000:00:00.0"',
    });
    const { code } = await offline(card, ['--seconds', '30', '--out', 'seen', '--only', 'devices']);
    const { pack, gpus, steps } = summaryOf('seen');
    expect(gpus).toEqual([
      { name: 'NVIDIA Imaginary 9000', driver: '580.01', memory: '1 MiB', computeCapability: '9.0' },
    ]);
    // Without an addon in the pack nothing else can be required.
    const hasAddon = !pack.leftOut.some((text) => text.startsWith('CUDA'));
    expect(steps[0]).toMatchObject(
      hasAddon
        ? { outcome: 'fail', why: expect.stringMatching(/^missing cuda; cuda: no NVIDIA driver/) }
        : { outcome: 'pass' },
    );
    expect(code).toBe(hasAddon ? 1 : 0);
  });

  test('an external termination keeps the results so far and cleans up', async () => {
    // A busy machine unpacks for longer than these seconds.
    const started = 'i=0; until [ -e ended/log.txt ] || [ $i -gt 600 ]; do sleep 0.1; i=$((i + 1)); done; sleep 2';
    const end = 'kill -TERM $child; wait $child; code=$?; exit $code';
    const kill = `sh "$0" --out ended --only validate,pi & child=$!; ${started}; ${end}`;
    const { code, leftovers } = await run(
      '/usr/bin/env',
      ['-i', 'PATH=/usr/bin:/bin', `TMPDIR=${at('tmp')}`, '/bin/sh', '-c', kill, at('pack/run.sh')],
      {
        cwd: site,
      },
    );
    expect(code).not.toBe(0);
    expect(leftovers).toBe(false);
    await expect.poll(() => readdirSync(at('tmp')), { timeout: 60_000 }).toEqual([]);
    const summary = summaryOf('ended');
    expect(summary.pass).toBe(false);
    expect(summary.steps.some(({ why }) => /^interrupted/.test(why))).toBe(true);
  });

  test('wrong usage and a truncated pack are reported', async () => {
    for (const args of [
      ['--secnods', '3'],
      ['--only', 'nothing'],
      ['--out', '/dev/null/results'],
    ]) {
      const { code, err } = await offline(path, args);
      expect({ args, code }, err).toEqual({ args, code: 2 });
      expect(err).toMatch(/^offline: .*\nusage: bash run\.sh/);
    }
    mkdirSync(at('cut'));
    for (const name of readdirSync(at('pack'))) writeFileSync(at('cut', name), readFileSync(at('pack', name)));
    truncateSync(at('cut/node.gz'), 1e6);
    const { code, err } = await offline(path, ['--out', 'cut-off'], { pack: at('cut') });
    expect(code).toBe(1);
    expect(err).toMatch(
      /Node of this pack could not be started: .*unexpected end of file.*expected Linux x86_64 with glibc/,
    );
    expect(summaryOf('cut-off')).toMatchObject({ pass: false, why: expect.stringMatching(/unexpected end of file/) });
    expect(readdirSync(at('tmp'))).toEqual([]);
  });
});
