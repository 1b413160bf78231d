/** Every command with wrong input: what it prints, pinned as a file that people read before they change it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ewald } from '../support/cli.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-messages-'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'dir'));
  mkdirSync(join(folder, 'lists'));
  write('lists/spots-001.txt', '0.1 0 0\n');
  write('empty.txt', '');
  write('words.txt', '0.1 zwei 0.3\n');
  write('no-cell.txt', '0.1 0 0\n0 0.1 0\n');
  write('few.txt', '40 0 0 0 50 0 0 0 60\n0.1 0 0\n');
  write('nm.txt', `40 0 0 0 50 0 0 0 60\n${'2.1 0.3 1.7\n1.3 2.2 0.4\n0.5 1.9 2.6\n'.repeat(4)}`);
  write('bad.cell', 'CrystFEL unit cell file version 1.0\na = long A\n');
  write('typo.cell', 'CrystFEL unit cell file version 1.0\ncentring = P\n');
  write('bad.pdb', 'CRYST1    1.000    1.000    1.000  90.00  90.00  90.00 P 1           1\n');
  write('mine.txt', 'precious');
  write('bad.h', 'int f(unknown_type x);\n');
  write('good.h', 'int f(int x);\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = `
help nope
help indx
constructor
toString --help
indx
--nope
index
index --mult x
index absent.txt
index dir
index empty.txt
index words.txt
index no-cell.txt
index few.txt
index nm.txt --backend wasm
index nothing-*.txt
index few.txt -p absent.cell
index few.txt -p dir
index few.txt -p bad.cell
index few.txt -p typo.cell
index few.txt -p bad.pdb
index few.txt -p words.txt
index few.txt -p 1,2,3
index few.txt -p 40,50,60,90,90,0
index few.txt --unit nm
index few.txt --method fst
index few.txt --metric hold
index few.txt --accept 5
index few.txt --accept x
index few.txt --max-spots 2
index few.txt --max-spots 1e9
index few.txt --audit 2
index few.txt --backend natve
cell
cell absent.txt
cell words.txt
cell no-cell.txt
cell no-cell.txt --min 0
cell no-cell.txt --max 2
cell no-cell.txt --tolerance 3
cell no-cell.txt --unit A
simulate
simulate spot
simulate spots
simulate spots -o lists
simulate spots -o mine.txt
simulate spots -o new --images 0
simulate spots -o new --images x
simulate spots -o new --seed -1
simulate spots -o new --spurious 2
simulate spots -o new --crystals 9
simulate spots -o new --wavelength 0
simulate spots -o new --distance x
simulate spots -o new --d-min 0
simulate spots -o new --noise -1
simulate spots -o new --cell 1,2
fft
fft absent.npy -o x.npy
fft mine.txt -o x.npy
fft dir -o x.npy
page --port 70000
page --port x
devices --backend nope
validate nope:nope
validate --backend nope
validate pi:count --engine nope
validate pi:count --budget x
validate pi:count --html mine.txt
bench nope:nope
bench --seconds x
ffi
ffi absent.h
ffi dir
ffi bad.h
ffi good.h --call f 1
ffi good.h -o mine.txt
ffi good.h --lib absent
ffi good.h --lib absent --build-dir dir
worker
worker --connect localhost
worker --connect nats://127.0.0.1:9 --workers 0
worker --connect nats://127.0.0.1:9 --module mine
worker --connect nats://127.0.0.1:9 --cluster a.b
cluster
cluster --connect nats://127.0.0.1:9
cluster --connect nats://127.0.0.1:9 --creds absent
pi --points 0
pi --points many
pi --seed -1
pi --backend nope
pi x
`
  .trim()
  .split('\n');

it('is said in words that help', async () => {
  const told: string[] = [];
  for (const line of lines) {
    const { code, out, err } = await ewald(line.split(' '), { cwd: folder });
    const text = `${out}${err}`
      .replaceAll(folder, 'FOLDER')
      .replace(/\d+\.\d+ ms/g, 'T ms')
      .replace(/tried [^;]*;/g, 'tried …;');
    expect(text, line).not.toMatch(/\n\s+at |ENOENT|EISDIR|ENOTDIR|EACCES|defect|undefined|\[object/);
    // A name that is wrong stands there once.
    // A header is looked for in several folders.
    for (const word of line.startsWith('ffi')
      ? []
      : line.split(' ').filter((part) => /^(absent|dir|words|bad)\b/.test(part)))
      if (code !== 0) expect(err.split('\n')[0]?.split(word).length ?? 0, `${line}: ${err}`).toBeLessThanOrEqual(2);
    told.push(`$ ewald ${line}\n${text.trimEnd()}\n[${code}]\n`);
  }
  await expect(told.join('\n')).toMatchFileSnapshot('pinned/messages.txt');
}, 240_000);

it('help of a command is its own help, and each command has some', async () => {
  const names = (await ewald(['help'])).out.match(/^ {2}(\w+) /gm)?.map((word) => word.trim()) ?? [];
  expect(names).toContain('index');
  for (const name of names) {
    const [long, short] = [await ewald(['help', name]), await ewald([name, '--help'])];
    expect([long.code, long.out]).toEqual([0, short.out]);
    expect(long.out, name).toMatch(/--json|Commands:/);
  }
  expect((await ewald(['help', 'simulate', 'spots'])).out).toContain('--wavelength');
}, 120_000);
