/**
 * Files beside an output whose names nobody typed (NAME.part, NAME.frames, NAME.before, NAME.log.1, NAME.shards): one of
 * that name that ewald did not write, or a link to another file, is neither written, followed nor removed.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openOutput, writeWhole } from '../../dist/shell.node.js';
import { LogFile } from '../../src/frames/files/log-file.js';
import { openShardFolder } from '../../src/pipeline/shards/folder.node.js';
import { ewaldTogether } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-beside-'));
const at = (name: string): string => join(folder, name);
const ewald = (line: string) => ewaldTogether(line.split(' '), { cwd: folder });
const index = 'index f/run.h5 -g f/run.geom -p f/run.cell --threshold=8 --backend=wasm -j 1 -o';
beforeAll(async () => {
  const { code, err } = await ewald(
    'simulate frames -o f --images=1 --size=64,64 --distance=20 --cell=12,17,21,90,98,90',
  );
  expect(code, err).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What somebody has under the name of a side file; all of it is to be there afterwards. */
const precious: Readonly<Record<string, (path: string) => void>> = {
  'a file': (path) => writeFileSync(path, 'precious'),
  'a file of ewald of another kind': (path) => writeFileSync(path, '{"creator": "ewald 0.2.0"}\n'),
  'a link to a file': (path) => symlinkSync('elsewhere', path),
  'a link to nothing': (path) => symlinkSync('nowhere', path),
  'a folder': (path) => mkdirSync(path),
};
const stateOf = (path: string): unknown => {
  const there = lstatSync(path);
  return there.isSymbolicLink() ? readlinkSync(path) : there.isFile() ? readFileSync(path, 'utf8') : readdirSync(path);
};

beforeEach(() => {
  for (const name of readdirSync(folder)) if (name !== 'f') rmSync(at(name), { recursive: true });
  writeFileSync(at('elsewhere'), 'precious');
});

/** A run with something precious under the name of a side file of its stream. */
async function keeps(kind: string, ending: string, flags: string): Promise<void> {
  const side = at(`x.stream${ending}`);
  precious[kind]?.(side);
  const before = stateOf(side);
  const { code, err } = await ewald(`${index} x.stream${flags}`);
  const what = `${kind} ${ending} ${flags}`;
  expect(stateOf(side), what).toEqual(before);
  expect([readFileSync(at('elsewhere'), 'utf8'), existsSync(at('nowhere'))], what).toEqual(['precious', false]);
  // A run that needs the name says so, and one that does not runs.
  if (ending === '.frames' && !flags.includes('--html')) expect([0, 1], err).toContain(code);
  else expect([code, err], what).toEqual([2, expect.stringMatching(/x\.stream\.\w+ .*; move it away, or give/)]);
  for (const name of ['x.stream', `x.stream${ending}`, 'r.html']) rmSync(at(name), { recursive: true, force: true });
}
const asked = ['', ' --force', ' --resume', ' --html r.html', ' --html r.html --force', ' --html r.html --resume'];

test('a link under the name of a side file stays, and what it leads to', async () => {
  await keeps('a link to a file', '.frames', ' --html r.html');
  await keeps('a link to a file', '.part', ' --force');
});

test.each(Object.keys(precious))(
  '%s under the name of a side file stays, whatever is asked of the run',
  { tags: 'all' },
  async (kind) => {
    for (const ending of ['.frames', '.part']) for (const flags of asked) await keeps(kind, ending, flags);
  },
);

test('the results of frames that ewald has kept are replaced and removed', async () => {
  writeFileSync(at('x.stream.frames'), 'EWALDFR1 and what was left');
  const { code } = await ewald(`${index} x.stream --html r.html`);
  expect([0, 1]).toContain(code);
  expect(readdirSync(folder).sort()).toEqual(['elsewhere', 'f', 'r.html', 'x.stream']);
});

test('a file under the name of a part is passed by when an output is kept, and left when it is complete', async () => {
  for (const [kind, make] of Object.entries(precious)) {
    make(at('y.html.part'));
    const before = stateOf(at('y.html.part'));
    const own = (head: Uint8Array): boolean => head[0] === 0x68;
    const output = await openOutput(at('y.html'), { replaces: own });
    await output.write('half');
    expect(await output.keep(), kind).toBe(`${at('y.html')}.part2`);
    await writeWhole(at('y.html'), 'hole', { replaces: own, force: true });
    expect(stateOf(at('y.html.part')), kind).toEqual(before);
    for (const name of ['y.html', 'y.html.part', 'y.html.part2']) rmSync(at(name), { recursive: true });
  }
  expect(existsSync(at('nowhere'))).toBe(false);
});

test('a log does not move its lines over a file that is no log', () => {
  for (const [kind, make] of Object.entries(precious)) {
    make(at('run.log.3'));
    const before = stateOf(at('run.log.3'));
    expect(() => new LogFile(at('run.log'), 1000), kind).toThrow(/run\.log\.3 is no log that ewald wrote/);
    rmSync(at('run.log.3'), { recursive: true });
    const log = new LogFile(at('run.log'), 1000);
    make(at('run.log.1'));
    for (let i = 0; i < 40; i++) log.append(new Date(0), { text: 'x'.repeat(100) });
    expect([stateOf(at('run.log.1')), existsSync(at('run.log.2'))], kind).toEqual([before, false]);
    expect(readFileSync(at('run.log'), 'utf8').split('\n')).toHaveLength(41);
    for (const name of ['run.log', 'run.log.1']) rmSync(at(name), { recursive: true });
  }
});

test('a folder of shards that somebody else has made is refused, and one with a file of theirs stays', async () => {
  const head = 'CrystFEL stream format 2.3\nGenerated by ewald 0.2.0\n';
  mkdirSync(at('z.stream.shards'));
  writeFileSync(at('z.stream.shards/head'), 'precious');
  await expect(openShardFolder(at('z.stream'), { make: true, resume: false, force: true, head })).rejects.toThrow(
    /z\.stream\.shards .* also has the file "head"; move it away/,
  );
  expect(readFileSync(at('z.stream.shards/head'), 'utf8')).toBe('precious');
  rmSync(at('z.stream.shards'), { recursive: true });
  const shards = await openShardFolder(at('z.stream'), { make: true, resume: false, force: false, head });
  writeFileSync(at('z.stream.shards/notes'), 'precious');
  await shards?.close(false);
  expect(readdirSync(at('z.stream.shards'))).toEqual(['notes']);
});

test('nothing is written beside a device', { tags: 'all' }, async () => {
  await ewald('simulate frames -o g --images=4 --size=512,512 --seed 1');
  await ewald('index g/run.h5 -g g/run.geom -p g/run.cell -o x.stream');
  symlinkSync('/dev/null', at('null'));
  const before = readdirSync(folder);
  const { out, err } = await ewald('merge x.stream -y 4/mmm --nshells 4 --min-measurements 1 -o null');
  expect(out, err).toMatch(/^all +\d/m);
  expect(readdirSync(folder)).toEqual(before);
});
