/**
 * The file writer that all commands share: complete files or none, links followed, devices written to directly, files
 * of other programs kept.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOutput, openOutput, writeWhole } from '../../dist/shell.node.js';
import { visible, visibleJson, visibleLines } from '../../src/cli/visible.js';
import { ewald, interruptedAtWork } from '../support/cli.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-write-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...name: string[]): string => join(folder, ...name);
const anything = { replaces: () => true };

describe('writeWhole', () => {
  it('writes, replaces a result, keeps its mode, and leaves no temporary file', async () => {
    await writeWhole(at('a'), 'one');
    chmodSync(at('a'), 0o640);
    await writeWhole(at('a'), new Uint8Array([0x74, 0x77, 0x6f]), { replaces: (head) => head[0] === 0x6f });
    expect(readFileSync(at('a'), 'utf8')).toBe('two');
    expect(statSync(at('a')).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  it('removes the .part of an interrupted run, if ewald wrote it', async () => {
    const interrupt = async (name: string, options: { replaces?: () => boolean; left?: () => boolean }) => {
      const output = await openOutput(at(name), options);
      await output.write('half');
      await output.keep();
      expect(existsSync(at(`${name}.part`))).toBe(true);
      await writeWhole(at(name), 'whole', { ...options, force: true });
      return existsSync(at(`${name}.part`));
    };
    expect(await interrupt('own', anything)).toBe(false);
    expect(await interrupt('known', { left: () => true })).toBe(false);
    expect(await interrupt('unknown', {})).toBe(true);
    // An interrupted run that had written nothing leaves an empty file, which is nobody's.
    writeFileSync(at('empty.part'), '');
    await writeWhole(at('empty'), 'whole');
    expect(existsSync(at('empty.part'))).toBe(false);
    for (const name of ['own', 'known', 'unknown', 'unknown.part', 'empty']) rmSync(at(name));
  });

  it('refuses to replace other files unless forced; an empty file may be replaced', async () => {
    writeFileSync(at('mine'), 'precious');
    // One after the other: a second promise would reject before anything waits for it.
    for (const refuse of [() => writeWhole(at('mine'), 'x'), () => checkOutput(at('mine'))])
      await expect(refuse()).rejects.toMatchObject({
        tag: 'Argument',
        message: expect.stringContaining('force: true'),
      });
    await expect(writeWhole(at('mine'), 'x', { replaces: () => false, otherwise: 'is no cake' })).rejects.toThrow(
      'mine exists and is no cake; choose another name, or pass force: true',
    );
    expect(readFileSync(at('mine'), 'utf8')).toBe('precious');
    await writeWhole(at('mine'), 'x', { force: true });
    expect(readFileSync(at('mine'), 'utf8')).toBe('x');
    writeFileSync(at('empty'), '');
    await writeWhole(at('empty'), 'full');
    expect(readFileSync(at('empty'), 'utf8')).toBe('full');
  });

  it('follows links, also to a file that does not exist yet', async () => {
    mkdirSync(at('elsewhere'));
    writeFileSync(at('elsewhere', 'real'), 'old');
    symlinkSync(join('elsewhere', 'real'), at('link'));
    symlinkSync(at('link'), at('link2'));
    await writeWhole(at('link2'), 'new', anything);
    expect(readFileSync(at('elsewhere', 'real'), 'utf8')).toBe('new');
    expect(lstatSync(at('link')).isSymbolicLink() && lstatSync(at('link2')).isSymbolicLink()).toBe(true);
    symlinkSync(join('elsewhere', 'later'), at('dangling'));
    await writeWhole(at('dangling'), 'made');
    expect(readFileSync(at('elsewhere', 'later'), 'utf8')).toBe('made');
    expect(lstatSync(at('dangling')).isSymbolicLink()).toBe(true);
    symlinkSync('round', at('round'));
    await expect(writeWhole(at('round'), 'x')).rejects.toMatchObject({ tag: 'File' });
  });

  it('writes to devices and pipes without replacing them', async () => {
    await writeWhole('/dev/null', 'gone');
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
    symlinkSync('/dev/null', at('null'));
    await writeWhole(at('null'), 'gone');
    expect(lstatSync('/dev/null').isCharacterDevice() && lstatSync(at('null')).isSymbolicLink()).toBe(true);
    execFileSync('mkfifo', [at('pipe')]);
    const reader = spawn('cat', [at('pipe')]);
    let read = '';
    reader.stdout.on('data', (chunk) => {
      read += chunk;
    });
    const ended = new Promise((resolve) => reader.on('close', resolve));
    await writeWhole(at('pipe'), 'through');
    await ended;
    expect(read).toBe('through');
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
  });

  it('reports a full disk, and keeps the older file', async () => {
    await expect(writeWhole('/dev/full', 'x')).rejects.toMatchObject({
      tag: 'File',
      message: '/dev/full cannot be written: the disk is full',
    });
  });

  it('also reports it for standard output', { tags: 'all' }, () => {
    const cli = join(import.meta.dirname, '../../dist/cli.js');
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${cli}" devices --json > /dev/full`]);
    expect([status, `${stderr}`]).toEqual([1, 'ewald: standard output cannot be written: the disk is full\n']);
  });

  it('names the file once, in a plain sentence', async () => {
    const refusals: [string, string][] = [
      [at('no', 'x'), `the folder ${at('no')} does not exist; make it first`],
      [folder, 'it is a folder, not a file'],
      [at('a', 'x'), 'part of its path is a file, not a folder'],
    ];
    for (const [name, why] of refusals) {
      for (const refused of [() => writeWhole(name, 'x', anything), () => checkOutput(name, anything)])
        await expect(refused()).rejects.toMatchObject({ tag: 'File', message: `${name} cannot be written: ${why}` });
    }
  });

  it('leaves no file when it is discarded, and none before it is closed', async () => {
    const before = readdirSync(folder);
    const output = await openOutput(at('unfinished'));
    await output.write('half');
    expect(existsSync(at('unfinished'))).toBe(false);
    await output.discard();
    await output.discard();
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('on a full disk', () => {
  let mounted = false;
  beforeAll(() => {
    mkdirSync(at('small'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', at('small')], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Only root can mount: otherwise the test reports that it is absent.
    }
  });
  afterAll(() => {
    if (mounted) execFileSync('umount', [at('small')]);
  });

  it('keeps the older file complete and leaves no other (absent if no file system can be mounted)', async ({
    skip,
  }) => {
    if (!mounted) skip();
    await writeWhole(at('small', 'x'), 'old');
    await expect(writeWhole(at('small', 'x'), new Uint8Array(2 ** 20), anything)).rejects.toThrow('the disk is full');
    expect(readFileSync(at('small', 'x'), 'utf8')).toBe('old');
    expect(readdirSync(at('small'))).toEqual(['x']);
  });
});

describe('commands', () => {
  it('do not overwrite files of other programs', { tags: 'all' }, async () => {
    writeFileSync(at('package.json'), '{"name": "mine"}');
    writeFileSync(at('k.h'), 'int f(int x);\n');
    const { code, err } = await ewald(['ffi', at('k.h'), '-o', at('package.json')]);
    expect([code, err]).toEqual([2, expect.stringContaining('was not written by ewald ffi')]);
    expect(readFileSync(at('package.json'), 'utf8')).toBe('{"name": "mine"}');
    for (let twice = 0; twice < 2; twice++) expect((await ewald(['ffi', at('k.h'), '-o', at('k.json')])).code).toBe(0);
    expect((await ewald(['validate', 'pi:count', '--html', at('package.json')])).err).toContain(
      'another format; expected .html',
    );
  });

  it('refuse an empty name by the name of its flag', async () => {
    for (const words of [
      ['simulate', 'spots', '-o', ''],
      ['merge', at('x.stream'), '-y', 'mmm', '-o', ''],
    ]) {
      const { code, err } = await ewald(words);
      expect([code, err]).toEqual([2, expect.stringContaining('ewald: -o is empty, as a variable that is not set')]);
    }
  });

  it('escape control characters of a file instead of sending them to the terminal', { tags: 'all' }, async () => {
    writeFileSync(at('evil.txt'), '\u001b]0:owned\u0007\u001b[2J 1 2\n');
    const { out } = await ewald(['index', at('evil.txt')]);
    expect(out).toContain('\\x1b]0:owned');
    const name = at('a\u001b[31mb.txt');
    const missing = await ewald(['index', name, '-p', name]);
    expect(missing.out + missing.err).toContain('a\\x1b[31mb.txt');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it searches for control characters
    expect(out + missing.out + missing.err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    const json = await ewald(['index', at('evil.txt'), '--json']);
    expect(JSON.parse(json.out).error).toContain('\u001b]0:owned');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it searches for control characters
    expect(json.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('end with 130, 143 or 129, by the signal', async () => {
    const pi = ['pi', '--points', '1e13', '--backend', 'wasm'];
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const)
      expect((await ewald(pi, { ...interruptedAtWork, signal })).code).toBe(code);
  });
});

it('control characters in text are made visible', () => {
  expect(visible('a\u001b[1m\n\u009b\u202eb\u{1f600}\ud800')).toBe('a\\x1b[1m\\x0a\\x9b\\u{202e}b\u{1f600}\\u{d800}');
  expect(visibleLines('a\nb\r')).toBe('a\nb\\x0d');
  expect(JSON.parse(visibleJson(JSON.stringify('\u009b\u007f\u202e')))).toBe('\u009b\u007f\u202e');
});
