// @module-tag house: pinned messages.
/** Every command with wrong input: its output is pinned in a file that is reviewed before it is changed. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ewaldTogether } from '../support/cli.js';

let folder: string;
const ewald = (args: readonly string[]) => ewaldTogether(args, { cwd: folder });
beforeAll(async () => {
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
  write('bad.geom', 'clen = 0.1\nfoo\n');
  write('words.stream', 'hello\n');
  write('torn.stream', 'CrystFEL stream format 2.3\n');
  write('list.lst', 'elsewhere.h5\n');
  write('zeros.bin', '\0'.repeat(1000));
  const simulation = ['--images=2', '--size=64,64', '--distance=20', '--cell=12,17,21,90,98,90'];
  await ewald(['simulate', 'frames', '-o', '.', ...simulation]);
  const frames = readFileSync(join(folder, 'run.h5'));
  writeFileSync(join(folder, 'cut.h5'), frames.subarray(0, frames.length >> 1));
  const run = ['index', 'run.h5', '-g', 'run.geom', '-p', 'run.cell', '--threshold=8', '-o', 'run.stream', '-j', '1'];
  await ewald(run);
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
cell no-cell.txt --min-length 0
cell no-cell.txt --max-length 2
cell no-cell.txt --max-length 20 --max-length=30
cell no-cell.txt --symmetry-tolerance 3
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
simulate spots -o new --highres 0
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
worker --connect nats://127.0.0.1:9 -j 0
worker --connect nats://127.0.0.1:9 --module mine
worker --connect nats://127.0.0.1:9 --cluster a.b
cluster
cluster --connect nats://127.0.0.1:9
cluster --connect nats://127.0.0.1:9 --creds absent
pi --points 0
pi --points many
pi --points 1e30
pi --seed -1
pi --backend nope
pi x
info
info absent.h5
info dir
info cut.h5
info mine.txt
info run.h5 --format nope
info run.h5 --dataset nope
info run.h5 --endian big
info zeros.bin --format raw
info zeros.bin --format raw --sig-shape 16,16 --dtype q8
info zeros.bin --format raw --sig-shape a,b --dtype u8
info zeros.bin --format raw --sig-shape 10,10 --dtype u8 --nav-shape 99
info run.h5 --order x
info absent*.tif
convert run.h5
convert run.h5 -o x.foo
convert absent.h5 -o x.h5
convert run.h5 -o run.h5
convert run.h5 -o nowhere/x.h5
convert run.h5 -o x.h5 --frames 9:2
convert run.h5 -o x.h5 --packing zip
convert run.h5 -o x.npy --packing gzip
run
run sum
run sum absent.h5
run nope run.h5
run run.h5
run run.h5 com,sum
run com run.h5 --nav-shape 7,7
run com run.h5 --nav-shape -1,7
run com run.h5 --file-dark
run sum run.h5 -o mine.txt
run disk run.h5 -r x
run disk run.h5 -r -1
run ring run.h5 --ri 5 --ro 2
run pick run.h5 --at 99,99
run masks run.h5
run masks run.h5 --mask mine.txt
run sum run.h5 --roi 0:99
run sum run.h5 --executor nope
run --udf absent.mjs run.h5
run --udf mine.txt run.h5
run sum run.h5 --channel nope
run sum run.h5 --n-bins 3
run com run.h5 --regression nope
merge run.stream --polarisation horiz --no-polarisation
stream merge run.stream
stream merge absent.stream -o x.stream
stream merge words.stream -o x.stream
stream merge run.stream -o mine.txt
stream info dir
stream compare run.stream run.cell
geometry check absent.geom
geometry check bad.geom
geometry check dir
index run.h5 -g absent.geom -p run.cell
index run.h5 -g bad.geom -p run.cell
index run.h5 -g run.geom -p absent.cell
index run.h5 -g run.geom -p run.cell --threshold x
index run.h5 -g run.geom -p run.cell --min-snr -1
index run.h5 -g run.geom -p run.cell --local-bg-radius 1.5
index run.h5 -g run.geom -p run.cell -j 0
index run.h5 -g run.geom -p run.cell --shard 3/2
index run.h5 -g run.geom -p run.cell --resume
index run.h5 -g run.geom -p run.cell --executor nope
index run.h5 -g run.geom -p run.cell --int-radius 3
index run.h5 -g run.geom -p run.cell --peaks nope
index run.h5 -g run.geom -p run.cell --peaks zaef --min-pix-count 3
index run.h5 -g run.geom -p run.cell --peaks zaef --peak-radius 4,5,99
index run.h5 -g run.geom -p run.cell --peaks dispersion --local-bg-radius 3
index run.h5 -g run.geom -p run.cell --peaks dispersion --kernel-size 1.5
index run.h5 -g run.geom -p run.cell --accept-by crystfel --tolerance 5
index run.h5 -g run.geom -p run.cell --threshold 8 -o mine.txt
index run.h5 -g run.geom -p run.cell --threshold 8 --html mine.txt
index cut.h5 -g run.geom -p run.cell
index dir -g run.geom -p run.cell
index -i absent.lst -g run.geom -p run.cell
index -i list.lst -g run.geom -p run.cell
index -i torn.stream -p run.cell
index run.stream --threshold 5
index run.stream mine.txt
simulate frames
simulate frames -o run.h5
simulate frames -o new --images 0
simulate frames -o new --size 5
simulate frames -o new --size 0,0
simulate frames -o new --modules 0,0
simulate frames -o new --radiation gamma
simulate frames -o new --voltage 200
simulate frames -o .
fft run.h5 -o x.npy
cell run.h5
cell dir
`
  .trim()
  .split('\n');

it('has a helpful message', async () => {
  const told: string[] = [];
  for (const line of lines) {
    const { code, out, err } = await ewald(line.split(' '));
    const text = `${out}${err}`
      .replaceAll(folder, 'FOLDER')
      .replace(/\d+\.\d+ ms/g, 'T ms')
      .replace(/tried [^;]*;/g, 'tried …;');
    expect(text, line).not.toMatch(/\n\s+at |ENOENT|EISDIR|ENOTDIR|EACCES|defect|undefined|\[object/);
    // An invalid name occurs only once in a message, except that of a header, which is searched in several folders.
    for (const word of line.startsWith('ffi')
      ? []
      : line.split(' ').filter((part) => /^(absent|dir|words|bad)\b/.test(part)))
      if (code !== 0) expect(err.split('\n')[0]?.split(word).length ?? 0, `${line}: ${err}`).toBeLessThanOrEqual(2);
    told.push(`$ ewald ${line}\n${text.trimEnd()}\n[${code}]\n`);
  }
  await expect(told.join('\n')).toMatchFileSnapshot('pinned/messages.txt');
}, 240_000);

it('help of an analysis has its flags, and those of every run', async () => {
  const [{ out: all }, { out: ssb }, { out: two }] = [
    await ewald(['run', '--help', 'all']),
    await ewald(['run', 'ssb', '--help']),
    await ewald(['run', 'ssb,radial-bins', 'run.h5', '--help']),
  ];
  for (const flag of ['--semiconv-pix', '--n-bins', '--output', '--roi', '--nav-shape', '--executor', '--json'])
    expect(
      [all, ssb, two].map((out) => out.includes(flag)),
      flag,
    ).toEqual([true, flag !== '--n-bins', true]);
  // Its own flags come first, and the other analyses are not described.
  expect(ssb.indexOf('--semiconv-pix')).toBeLessThan(ssb.indexOf('--output'));
  expect(ssb.slice(ssb.indexOf('Analyses:')).match(/^ {2}\S.*/gm)).toEqual([expect.stringContaining('ssb  ')]);
});

it('each command has help', async () => {
  const names = (await ewald(['help'])).out.match(/^ {2}(\w+) /gm)?.map((word) => word.trim()) ?? [];
  expect(names).toContain('index');
  for (const name of names) {
    const { code, out } = await ewald([name, '--help']);
    expect(code).toBe(0);
    expect(out, name).toMatch(/--json|Commands:/);
  }
  expect((await ewald(['simulate', 'spots', '--help'])).out).toContain('--wavelength');
}, 120_000);
