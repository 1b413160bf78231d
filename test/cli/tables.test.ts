// @module-tag all: many commands.
/** Tables on a terminal of 80 columns: no line is broken by it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulateStream } from '../merging/simulated.js';
import { ewald, ewaldTogether } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-tables-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  const { text } = simulateStream({ crystals: 30, symmetry: '222', parameters: [24, 28, 33, 90, 90, 90] });
  writeFileSync(join(folder, 'a.stream'), text);
  writeFileSync(
    join(folder, 'lib.h'),
    '/** Adds two numbers, and says at some length what the sum of two numbers is and how it is rounded. */\n' +
      'int add(int first_summand_of_the_sum, int second_summand_of_the_sum, const char *what_is_added);\n',
  );
  for (const line of [
    'simulate frames -o . --images 4 --size 512,512',
    'merge a.stream -y 222 -o reference.hkl --min-measurements 1',
    'index run.h5 -g run.geom -p run.cell -o run.stream',
  ])
    expect((await ewaldTogether(line.split(' '), { cwd: folder })).err).not.toContain('ewald:');
}, 120_000);

// The size of a terminal that a test does not have.
const asTerminal = 'process.stdout.isTTY=true;process.stdout.columns=80';
const env = { NO_COLOR: '1', NODE_OPTIONS: `--import=data:text/javascript,${asTerminal}` };

test.for([
  // The widest one: mates that are merged separately, with a reference.
  ['merge a.stream -y 222 --reference reference.hkl --min-measurements 1', 'Rano %'],
  ['stream info run.stream', 'gamma'],
  ['stream compare run.stream run.truth.json', 'misorientation'],
  ['index run.h5 -g run.geom -p run.cell -o again.stream --profile', 'ms per frame'],
  // A signature that no column holds.
  ['ffi lib.h', '    Adds two numbers'],
  ['pi --points 1e6 --backend wasm', 'error bar'],
  ['devices', '--json has all details'],
  ['validate pi:single --verbose', 'outcome'],
  ['bench pi:single:first=0:points=256 --seconds 0.01', 'half spread'],
  ['cell run.h5 -g run.geom', 'reuse it with'],
] as const)('%s', async ([line, column]) => {
  const { out, err } = await ewald(line.split(' '), { cwd: folder, env });
  expect(out, err).toContain(column);
  expect(out.split('\n').filter((one) => [...one].length > 80)).toEqual([]);
});
