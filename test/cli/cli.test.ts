/** The command line: documented JSON, exit codes, messages without stack traces, clean exits. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellFrom, sameLattice } from '../../dist/index.node.js';
import type { Cell } from '../../src/crystal/cell.js';
import { ewald, interruptedAtWork, type Run } from '../support/cli.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A user's mistake: the exit code, the message, one paragraph, no stack trace. */
function mistaken({ code, out, err }: Run, expected: number, ...words: string[]): void {
  expect(code, err).toBe(expected);
  for (const word of words) expect(err).toContain(word);
  expect(err).not.toMatch(/\n\s+at /);
  expect(err).not.toContain('defect');
  expect(out).toBe('');
}

describe('ewald', () => {
  it('prints its version and help', { tags: 'all' }, async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await ewald(['--version'])).toMatchObject({ code: 0, out: `${version}\n`, err: '' });
    const help = await ewald(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['index', 'simulate', 'devices', 'pi', 'validate', 'bench'])
      expect(help.out).toContain(command);
    expect((await ewald(['index', '--help'])).out).toContain('--multi');
    expect((await ewald([])).code).toBe(2);
  });

  it('refuses unknown words with exit code 2', { tags: 'all' }, async () => {
    mistaken(await ewald(['indx']), 2, 'indx', 'index');
    mistaken(await ewald(['pi', '--pints', '3']), 2, '--pints', '--points');
    mistaken(await ewald(['pi', '--points', 'many']), 2, '--points is "many"', '1e6');
    mistaken(await ewald(['pi', '--points', '1e0.5']), 2, '1e0.5');
    mistaken(await ewald(['pi', '--points', '0']), 2, '--points is "0"');
    mistaken(await ewald(['pi', '--backend', 'natve']), 2, '"natve"', 'did you mean "native"');
    mistaken(await ewald(['pi'], { env: { EWALD_BACKEND: 'gpu' } }), 2, 'EWALD_BACKEND', '"gpu"');
    mistaken(await ewald(['index']), 2, 'lists');
    mistaken(await ewald(['simulate', 'spots']), 2, '--output');
  });

  it('reports a defect by its message and stack, without the line of the source', async () => {
    const thrown = 'process.once("beforeExit", () => { throw new Error("a defect", { cause: new Error("below") }); })';
    const module = `data:text/javascript,${encodeURIComponent(thrown)}`;
    const { code, err } = await ewald(['--version'], { env: { NODE_OPTIONS: `--import=${module}` } });
    expect(code, err).toBe(1);
    expect(err).toMatch(/^Error: a defect\n {4}at .*cause.*: Error: below/s);
    expect(err).not.toContain('throw new');
  });

  it('reports why a backend is absent', { tags: 'all' }, async () => {
    const rows = JSON.parse((await ewald(['devices', '--json'])).out);
    for (const { backend, available, reason } of rows) {
      if (!available) mistaken(await ewald(['pi', '--backend', backend]), 2, backend, reason);
    }
  });
});

describe('ewald devices', () => {
  it('prints one JSON array with the documented keys', { tags: 'all' }, async () => {
    const { out, err, code } = await ewald(['devices', '--json']);
    expect([code, err]).toEqual([0, '']);
    const rows = JSON.parse(out);
    expect(rows.map((row: { backend: string }) => row.backend)).toEqual(['cuda', 'webgpu', 'native', 'wasm']);
    for (const row of rows)
      expect(Object.keys(row)).toEqual([
        'backend',
        'available',
        'chosen',
        'name',
        'reason',
        'limits',
        'memory',
        'engines',
        'faults',
        'numbers',
        'works',
      ]);
    expect(rows.find((row: { chosen: boolean }) => row.chosen)).toBeDefined();
  });

  it('prints the same as text, without colour when piped', { tags: 'all' }, async () => {
    const { out } = await ewald(['devices']);
    for (const name of ['cuda', 'webgpu', 'native', 'wasm']) expect(out).toContain(name);
    expect(out).not.toContain('\u001b');
  });
});

describe('ewald pi', () => {
  it('gives exactly the same count on every backend, and prints the documented JSON', { tags: 'all' }, async () => {
    const { out, code } = await ewald(['pi', '--points', '1e7', '--seed', '7', '--backend', 'all', '--json']);
    expect(code).toBe(0);
    const answer = JSON.parse(out);
    expect(Object.keys(answer)).toEqual(['results', 'agree']);
    expect(answer.agree).toBe(true);
    expect(answer.results.length).toBeGreaterThan(0);
    for (const result of answer.results) {
      expect(Object.keys(result)).toEqual(['backend', 'points', 'hits', 'pi', 'seconds']);
      expect(result.hits).toBe(answer.results[0].hits);
      expect(result.pi).toBeCloseTo(Math.PI, 2);
      expect(result.backend).not.toBe('cuda-emulated');
    }
  });

  it('ends with 130 when it is interrupted', async () => {
    const { code, err } = await ewald(['pi', '--points', '1e13', '--backend', 'wasm'], interruptedAtWork);
    expect(code).toBe(130);
    expect(err).not.toContain('defect');
  });
});

describe('ewald bench', () => {
  it('prints the time of kernels on a GPU with a clock, and on no other backend', { tags: 'all' }, async () => {
    const args = ['bench', 'pi:count:points=2', '--backend', 'webgpu,wasm', '--seconds', '0.05'];
    const { out, code } = await ewald([...args, '--json']);
    expect(code).toBe(0);
    const { rows, backends } = JSON.parse(out);
    const driver = backends.find((one: { backend: string }) => one.backend === 'webgpu').device?.driver ?? '';
    for (const { backend, timing, kernels } of rows) {
      if (backend === 'webgpu' && driver.includes('timestamp-query')) {
        expect(kernels).toEqual([{ kernel: 'count', ms: expect.any(Number), passes: 1 }]);
        expect((await ewald(args)).out).toMatch(/points=2 on webgpu, device times: count [\d.e-]+ ms/);
      } else expect(kernels).toBeNull();
      if (backend === 'wasm') expect(timing.runs).toBeGreaterThan(6);
    }
  });
});

describe('ewald simulate spots and ewald index', () => {
  it('index simulated lists, in agreement with the truth', { tags: 'all' }, async () => {
    const dir = join(folder, 'two words');
    const made = await ewald([
      'simulate',
      'spots',
      '-o',
      dir,
      '--images',
      '6',
      '--seed',
      '5',
      '--cell',
      '50,62,73,82,77,71',
      '--json',
    ]);
    expect(made.code, made.err).toBe(0);
    const { lists, truth } = JSON.parse(made.out);
    expect(lists).toHaveLength(6);
    expect((await readdir(dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
    const known = JSON.parse(await readFile(truth, 'utf8'));
    const { out, code } = await ewald(['index', ...lists, '--json']);
    expect(code).toBe(0);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(6);
    for (const [i, line] of lines.entries()) {
      expect(Object.keys(line)).toEqual(['input', 'spots', 'indexed', 'crystals', 'method', 'backend', 'ms']);
      expect(line.input).toBe(lists[i]);
      expect(line.indexed).toBe(true);
      expect(Object.keys(line.crystals[0])).toEqual([
        'cell',
        'lengths',
        'angles',
        'indexedSpots',
        'score',
        'probability',
        'refined',
        'ambiguous',
        'rivals',
      ]);
      expect(sameLattice(line.crystals[0].cell as Cell, cellFrom(known.lists[i].lattices[0]))).toBe(true);
    }
    const again = await ewald([
      'simulate',
      'spots',
      '-o',
      join(folder, 'again'),
      '--images',
      '6',
      '--seed',
      '5',
      '--cell',
      '50,62,73,82,77,71',
      '--json',
    ]);
    expect(again.code).toBe(0);
    expect(await readFile(join(folder, 'again', 'spots-003.txt'), 'utf8')).toBe(
      await readFile(join(dir, 'spots-003.txt'), 'utf8'),
    );
    const people = await ewald(['index', ...lists]);
    expect(people.out).toContain('6 of 6 lists indexed');
  });

  it('reports lists that fail, and continues', { tags: 'all' }, async () => {
    const path = (name: string): string => join(folder, name);
    await writeFile(path('words.txt'), '40 0 0 0 50 0 0 0 60\n0.1 zwei 0.3\n');
    await writeFile(path('empty.txt'), '');
    await writeFile(path('flat.txt'), '40 0 0 80 0 0 0 0 60\n0.1 0.2 0.3\n');
    await writeFile(path('few.txt'), '40 0 0 0 50 0 0 0 60\n0.1 0.2 0.3\n');
    const good = join(folder, 'two words', 'spots-001.txt');
    const { out, code, err } = await ewald([
      'index',
      path('words.txt'),
      path('empty.txt'),
      path('flat.txt'),
      path('few.txt'),
      path('none.txt'),
      good,
      '--json',
    ]);
    expect(code).toBe(1);
    expect(err).toBe('');
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => Object.keys(line).join())).toEqual([
      ...Array(5).fill('input,error'),
      'input,spots,indexed,crystals,method,backend,ms',
    ]);
    expect(lines[0].error).toContain('words.txt:2: "zwei"');
    expect(lines[1].error).toContain('is empty');
    expect(lines[2].error).toContain('zero volume');
    expect(lines[3].error).toContain('1 spot; indexing requires at least 5');
    expect(lines[4].error).toContain('none.txt');
    expect(lines[5].indexed).toBe(true);
  });

  it('accept the known cell as a file or numbers, and refuse an invalid one', { tags: 'all' }, async () => {
    const good = join(folder, 'two words', 'spots-001.txt');
    await writeFile(join(folder, 'x.cell'), 'a = 50 A\nb = 62 A\nc = 73 A\nal = 82 deg\nbe = 77 deg\nga = 71 deg\n');
    for (const cell of ['50,62,73,82,77,71', join(folder, 'x.cell')]) {
      const [line] = (await ewald(['index', good, '-p', cell, '--json'])).out.split('\n');
      expect(JSON.parse(line ?? '').indexed).toBe(true);
    }
    mistaken(await ewald(['index', good, '-p', 'lyso.cell']), 1, 'lyso.cell', 'neither six or nine numbers');
    mistaken(await ewald(['index', good, '-p', '50,62,0,90,90,90']), 2, 'lengths must be positive');
    mistaken(await ewald(['index', good, '--method', 'slow']), 2, '"slow"', 'expected one of fast, exhaustive, turbo');
    mistaken(await ewald(['index', good, '--max-spots', '3']), 2, '--max-spots is "3"', 'from 6 to 4096');
  });
});
