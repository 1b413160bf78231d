/** What each command prints with --json is what docs/json.schema.json says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';
import { definitions, differences } from '../support/json-schema.js';
import { NatsServer, natsPresent } from '../support/nats.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-json-'));
const at = (name: string): string => join(folder, name);
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Checks every line of an output. */
function check(name: string, out: string): void {
  const lines = out.trim().split('\n');
  expect(lines[0]).not.toBe('');
  for (const line of lines)
    expect(differences(definitions[name] as never, JSON.parse(line)), `${name}: ${line.slice(0, 300)}`).toEqual([]);
}

writeFileSync(at('k.h'), 'double cos(double x);\n');
/** Definitions that others refer to. */
const shared = ['numbers', 'texts', 'vectors', 'likely', 'relativeScale', 'wanted'];
const pixels = ['--backend', 'wasm'];
const written = ['-o', at('r.stream'), '--html', at('r.html')];
const simulated = ['-g', at('d/run.geom'), '-p', at('d/run.cell')];
/** The command of a definition, of which a command may have several. */
const commandOf = (name: string): string[] => (name.split(/ of | --/)[0] ?? '').split(' ');
/** The commands that end, in the order in which they use each other's files. */
const ending: readonly (readonly [name: string, words: readonly string[]])[] = [
  // With fewer images the refined geometry has no cells.
  ['simulate frames', ['-o', at('d'), '--images', '6', '--size', '256,256']],
  ['simulate scan', ['-o', at('s')]],
  ['simulate spots', ['-o', at('l'), '--images', '2', '--seed', '1']],
  ['index', [at('d/run.h5'), ...simulated, ...written, '--executor=inline', ...pixels]],
  ['index of lists', [at('l/spots-001.txt'), at('absent.txt'), ...pixels]],
  ['cell', [at('l/spots-001.txt'), at('l/spots-002.txt'), ...pixels]],
  ['cell compare', [at('d/run.cell'), at('d/run.cell')]],
  ['cell transform', [at('d/run.cell'), 'a,b,-c']],
  ['cell rings', [at('d/run.cell'), '--highres', '20', '--wavelength', '1.3']],
  ['cell ambiguities', [at('d/run.cell'), '-y', '1']],
  ['info', [at('d/run.h5'), at('s/scan.h5'), at('r.stream')]],
  ['reduce', [at('d/run.h5'), '-o', at('hits.cxi'), '--executor=inline', ...pixels]],
  ['convert', [at('s/scan.h5'), '-o', at('c.npy')]],
  // It does not say what its axes are.
  ['info', [at('c.npy')]],
  ['fft', [at('c.npy'), '-o', at('f.npy'), ...pixels]],
  ['run', ['com', at('s/scan.h5'), '-o', at('com.npy'), ...pixels]],
  ['calibrate', [at('s/scan.h5'), '-o', at('scan.cal.json'), ...pixels]],
  ['stream info', [at('r.stream')]],
  ['stream compare', [at('r.stream'), at('r.stream')]],
  ['stream compare', [at('r.stream'), at('d/run.truth.json')]],
  ['geometry check', [at('d/run.geom')]],
  ['geometry refine', [at('r.stream'), '-o', at('refined.geom')]],
  [
    'merge',
    [
      at('r.stream'),
      '-y',
      '-1',
      '--min-measurements',
      '1',
      '-o',
      at('m.hkl'),
      '--wanted',
      'complete=95%@8A',
      ...pixels,
    ],
  ],
  ['reflections check', [at('m.hkl'), '-p', at('d/run.cell')]],
  ['reflections compare', [at('m.hkl'), at('m.hkl1'), '-p', at('d/run.cell')]],
  ['reflections convert', [at('m.hkl'), '-p', at('d/run.cell'), '-o', at('m.cif')]],
  ['pi', ['--points', '1000', ...pixels]],
  ['devices', []],
  ['validate', ['pi:count:points=1', ...pixels]],
  ['validate --list', ['--list', 'pi:count:points=1']],
  ['bench', ['pi:count:points=1', ...pixels]],
  ['ffi', [at('k.h')]],
  ['udf new', ['brightest']],
];

test.each(ending)('ewald %s', { tags: 'all' }, async (name, words) => {
  const ended = await ewaldTogether([...commandOf(name), ...words, '--json'], { cwd: folder });
  expect(ended.code, ended.err).toBeLessThan(2);
  check(name, ended.out);
});

test.skipIf(process.platform !== 'linux')('ewald ffi with a library, and a call', async () => {
  const words = ['ffi', at('k.h'), '--lib', 'libm.so.6', '--json'];
  check('ffi', (await ewaldTogether(words)).out);
  check('ffi --call', (await ewaldTogether([...words, '--call', 'cos', '0'])).out);
});

/** The first line that a command prints, which then ends by a signal. */
async function firstLine(...words: string[]): Promise<string> {
  const child = spawn(process.execPath, [cli, ...words, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
  child.kill('SIGINT');
  await ended;
  return String(line);
}

const scan = [at('served-scan/scan.h5'), '--port', '0'];
const serving: readonly (readonly [name: string, words: readonly string[]])[] = [
  ['page', ['--port', '0']],
  ['view', ['--port', '0', at('served/run.h5')]],
  ['simulate merlin', scan],
  ['simulate dectris', scan],
];
describe('while they serve', { tags: 'all' }, () => {
  // In the second tier the commands above do not run.
  beforeAll(async () => {
    await ewaldTogether(['simulate', 'frames', '-o', at('served'), '--images', '1', '--size', '256,256']);
    await ewaldTogether(['simulate', 'scan', '-o', at('served-scan')]);
  });
  test.each(serving)('ewald %s, once it is ready', async (name, words) => {
    check(name, await firstLine(...name.split(' '), ...words));
  });
});

describe.skipIf(!natsPresent)('a cluster', { tags: 'all' }, () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await new NatsServer().start();
  });
  afterAll(() => server?.stop());

  test('its worker and its list', async () => {
    check('worker', await firstLine('worker', '--connect', server.url, '-j', '1', ...pixels));
    check('cluster', (await ewaldTogether(['cluster', '--connect', server.url, '--json'])).out);
  });
});

test('each command with --json has a definition, and each definition a command', async () => {
  const leaves: string[] = [];
  const walk = async (words: readonly string[]): Promise<void> => {
    const { out } = await ewaldTogether([...words, '--help']);
    const [, list = ''] = out.split(/^Commands:$/m);
    const names = [...list.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = '']) => name);
    for (const name of names) await walk([...words, name]);
    if (/ --json\b/.test(out)) leaves.push(words.join(' '));
  };
  await walk([]);
  expect(leaves.length).toBeGreaterThan(20);
  expect(leaves.filter((name) => !Object.hasOwn(definitions, name))).toEqual([]);
  const checked = ['ffi --call', 'worker', 'cluster', ...[...ending, ...serving].map(([name]) => name)];
  expect(Object.keys(definitions).filter((name) => !leaves.includes(commandOf(name).join(' ')))).toEqual(shared);
  expect(Object.keys(definitions).filter((name) => !checked.includes(name))).toEqual(shared);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));
