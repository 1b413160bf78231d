/**
 * The same fault ends every command in the same way: the table of src/cli/README.md, tested for all commands and
 * faults.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, formatNpy } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ewaldTogether } from '../support/cli.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ends-'));
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  write(
    'scan.npy',
    formatNpy({ shape: [4, 8, 8], complex: false, data: Float32Array.from({ length: 256 }, (_, i) => i) }),
  );
  write('words.txt', 'hello\n');
  write('mine.npy', 'precious');
  write('mine.html', 'precious');
  write(
    'throws.mjs',
    `export const bad = { name: 'bad', buffers: { n: { kind: 'nav', dtype: 'f32' } },
    processFrame() { throw new TypeError('no'); } };`,
  );
  write('bad.stream', 'hello\n');
  mkdirSync(join(folder, 'old'));
  write('old/truth.json', '{}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const end = async (words: string): Promise<{ code: number | null; err: string }> => {
  const { code, err, out } = await ewaldTogether(words.split(' '), { cwd: folder });
  expect(out + err, words).not.toContain('defect of ewald');
  return { code, err };
};

/** Faults, the exit code that each has in all commands, and the commands in which it can occur. */
const faults: readonly [fault: string, code: number, ...commands: string[]][] = [
  ['nothing is wrong', 0, 'info scan.npy', 'pi --points 100 --backend wasm', 'devices', 'fft --help'],
  [
    'a file that is not there',
    1,
    'info absent.npy',
    'convert absent.npy -o out.h5',
    'run sum absent.npy',
    'fft absent.npy -o out.npy',
    'geometry check absent.geom',
    'stream compare absent.stream absent.stream',
    'stream info absent.stream',
    'index absent.txt',
    'ffi absent.h',
    'run sum scan.npy --dark absent.npy',
    'run scan.npy --udf absent.mjs',
    'merge absent.stream -y 1',
  ],
  [
    'a file of another format',
    1,
    'info words.txt',
    'convert words.txt -o out.h5',
    'run sum words.txt',
    'fft words.txt -o out.npy',
    'geometry check words.txt',
    'stream compare bad.stream bad.stream',
    'stream info bad.stream',
  ],
  [
    'a flag that there is not',
    2,
    ...['info', 'convert', 'run', 'fft', 'geometry check', 'stream compare', 'simulate spots', 'simulate frames'],
    ...['udf new', 'pi', 'validate', 'bench', 'page', 'ffi', 'devices', 'worker', 'cluster', 'index', 'cell', 'merge'],
  ],
  [
    'a value out of range',
    2,
    'info scan.npy --dtype u7',
    'convert scan.npy -o out.h5 --packing zip',
    'convert scan.npy -o out.h5 --frames 9:1',
    'run disk scan.npy -r x',
    'run disk scan.npy -r -1',
    'run sum scan.npy --roi 9',
    'fft scan.npy -o out.npy --axes 7',
    'fft scan.npy -o out.npy --kind foo',
    'simulate spots -o new --images 0',
    'simulate frames -o new --size 1',
    'pi --points 0',
    'validate nosuch:row',
    'bench --seconds x',
    'udf new sums --language fortran',
    'udf new radial-variance',
    'page --port 99999',
  ],
  ['a flag that has no effect', 2, 'run sum scan.npy -r 3', 'fft scan.npy -o out.npy --length 7', 'pi --ri 3'],
  [
    'an unknown backend',
    2,
    'pi --backend gpu',
    'fft scan.npy -o out.npy --backend gpu',
    'run sum scan.npy --backend gpu',
    'devices --backend gpu',
    'validate pi:* --backend gpu',
    'bench pi:* --backend gpu',
  ],
  [
    'an output that is there',
    2,
    'convert scan.npy -o mine.npy',
    'run sum scan.npy -o mine.npy',
    'fft scan.npy -o mine.npy',
    'simulate spots -o old',
    'validate pi:* --html mine.html',
    'udf new sums --folder old',
  ],
  ['an output that is the input', 2, 'convert scan.npy -o scan.npy --force', 'fft scan.npy -o scan.npy --force'],
  ['an output by the name of another format', 2, 'convert scan.npy -o out.xyz', 'fft scan.npy -o out.npz'],
  [
    'a folder for outputs that is not there',
    1,
    'convert scan.npy -o no/out.h5',
    'fft scan.npy -o no/out.npy',
    'udf new sums --folder no/sums',
  ],
  ['a function of the user that throws', 1, 'run scan.npy --udf throws.mjs'],
  ['one of several that fails', 1, 'info scan.npy absent.npy', 'info scan.npy words.txt'],
];

test.for(faults)('%s: exit code %i', async ([fault, code, ...commands]) => {
  for (const command of commands) {
    const words = fault === 'a flag that there is not' ? `${command} --nosuchflag` : command;
    const { code: found, err } = await end(words);
    expect(`${words}: ${found}`, err).toBe(`${words}: ${code}`);
  }
});

test('a backend that is absent: exit code 2', async () => {
  const context = await createContext();
  const present = context.backends.map(({ name }) => name);
  await context.dispose();
  const absent = ['cuda', 'webgpu', 'native'].find((name) => !present.includes(name as 'native'));
  for (const words of ['pi --points 100', 'fft scan.npy -o gone.npy', 'run sum scan.npy'])
    if (absent) expect((await end(`${words} --backend ${absent}`)).code, words).toBe(2);
});
