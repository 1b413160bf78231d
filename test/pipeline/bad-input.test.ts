/** Likely mistakes of users and the messages for them: what was found, what is expected, what to do. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseGeometry } from '../../dist/index.node.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
let folder = '';
const at = (name: string): string => join(folder, name);
const geometry = (from: RegExp, to: string): string => {
  const text = readFileSync(sim('mono.geom'), 'utf8');
  expect(text).toMatch(from);
  return text.replace(from, to);
};
/** A geometry file with an error. */
const wrong = (name: string, from: RegExp, to: string): string => {
  writeFileSync(at(name), geometry(from, to));
  return at(name);
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-bad-'));
  if (!dataFolder) return;
  writeFileSync(at('one.lst'), `${sim('mono.h5')} //0\n`);
  writeFileSync(at('tiny.h5'), 'hello\n');
  writeFileSync(at('empty.cbf'), '');
  writeFileSync(at('pixels.raw'), new Uint8Array(512));
  writeFileSync(at('words.txt'), 'mine');
  copyFileSync(sim('mono.h5'), at('own.h5'));
  copyFileSync(sim('peers/mono.asdf.stream'), at('own.stream'));
});
afterAll(() => rm(folder, { recursive: true }));

type Case = readonly [words: () => string[], code: number, message: RegExp];

/** Two at a time: each is a process with little computation. */
async function told(cases: readonly Case[]): Promise<void> {
  const left = [...cases];
  const work = async (): Promise<void> => {
    for (let one = left.shift(); one; one = left.shift()) {
      const [words, code, message] = one;
      const run = await ewald(words());
      expect
        .soft([run.code, `${run.out}${run.err}`], words().join(' '))
        .toEqual([code, expect.stringMatching(message)]);
    }
  };
  await Promise.all([work(), work()]);
}

describe.skipIf(!dataFolder)(`bad input${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  const index = (...more: string[]) => [
    ...['index', '-i', at('one.lst'), '-p', sim('mono.cell'), '-j', '1', '--backend=wasm', '--threshold=12'],
    ...more,
  ];
  const geom = ['-g', sim('mono.geom')];

  test('incomplete geometries are refused before a frame is read, and strange ones get a remark', { tags: 'all' }, () =>
    told([
      [() => index('-g', wrong('nowl', /^wavelength.*/m, '')), 1, /^ewald: the geometry has no wavelength; expected/],
      [() => index('-g', wrong('noclen', /^clen.*/m, '')), 1, /^ewald: the geometry has no distance; expected a line/],
      [
        () => index('-g', wrong('path', /^clen.*/m, 'clen = /LCLS/z mm')),
        1,
        /^ewald: .*mono\.h5 has no \/LCLS\/z, which the geometry names; expected that dataset, or the number itself/,
      ],
      [
        () => index('-g', wrong('group', /^clen.*/m, 'clen = /entry/definition mm')),
        1,
        /^ewald: \/entry\/definition of .*mono\.h5, which the geometry names, is no number; expected one there, or the number itself/,
      ],
      [() => index('-g', wrong('behind', /^clen.*/m, 'clen = -0.06 m')), 1, /^ewald: the panel p0 is at -0\.06 m/],
      [
        () => index('-g', wrong('mask', /^res/m, 'mask0_data = /no\nmask0_badbits = 1\nres')),
        1,
        /^ewald: the mask \/no of .*mono\.h5, which the geometry names, cannot be read: .*remove its lines/,
      ],
      [
        () => index('-g', wrong('half', /max_ss = 1023/, 'max_ss = 511')),
        0,
        /warning: .*half: the panels end at 1024 x 512 pixels, frames have 1024 x 1024: the rest is not searched/,
      ],
      [
        () => index('-g', wrong('mm', /^clen.*/m, 'clen = 60')),
        1,
        /^ewald: the geometry cannot be right: at a distance of 60 m/,
      ],
      [() => ['cell', sim('mono.h5'), '-g', at('nowl'), '--threshold=12'], 1, /^ewald: the geometry has no wavelength/],
    ]),
  );

  test('texts that are not a geometry', () => {
    for (const [text, message] of [
      [geometry(/min_ss = 0/, 'min_ss = -5'), /starts at fs 0, ss -5; pixels of the file are counted from 0/],
      [geometry(/^clen.*/m, 'clen = NaN m'), /:2: clen is "NaN m"; expected a number or a path/],
      [geometry(/dim0 = %/, 'dim0 = ss'), /exactly one dimension ss; found are dim0 = ss, dim1 = ss, dim2 = fs/],
      [
        readFileSync(sim('mono.cell'), 'utf8'),
        /^a\.geom is a unit cell, which belongs to -p; expected a CrystFEL geometry/,
      ],
      [readFileSync(sim('mono.h5'), 'latin1'), /^a\.geom is not a text file; expected a CrystFEL geometry/],
    ] as const)
      expect(() => parseGeometry(text, 'a.geom')).toThrow(message);
  });

  test('files that are neither frames nor lists of spots', () =>
    told([
      [
        () => ['index', at('tiny.h5')],
        1,
        /^ewald: .*tiny\.h5 has none of the known frame formats .*is not a list of spots: (?!.*convert)/,
      ],
      [() => ['index', at('pixels.raw'), ...geom], 1, /is not a list of spots: .*: ewald convert FILE --dtype u16/],
      [() => ['index', at('empty.cbf'), ...geom], 1, /^ewald: .*empty\.cbf has none of .*: it is empty/],
      [() => ['index', at('gone.h5'), ...geom], 1, /^ewald: .*gone\.h5 cannot be read: there is no such file/],
      [
        () => ['index', sim('mono.cell'), '-p', 'none'],
        1,
        /^ewald: .*mono\.cell holds neither frames nor spots; it is a known cell/,
      ],
      [() => ['cell', at('tiny.h5'), ...geom], 1, /^ewald: .*tiny\.h5 has none of/],
      [
        () => ['index', '-i', sim('run.truth.json'), ...geom],
        1,
        /:1: "\{"args": .*…" is not the name of a file; expected a list/,
      ],
    ]));

  test('frames and streams are never replaced by their results; a refused run leaves nothing', async () => {
    await told([
      [() => ['index', at('own.h5'), ...geom, '--hdf5', at('own.h5'), '--force'], 2, /own\.h5 is the input itself/],
      [() => index(...geom, '--hdf5', at('own.h5')), 2, /own\.h5 exists and may hold frames of an experiment.*--force/],
      [
        () => ['stream', 'merge', at('own.stream'), '-o', at('own.stream'), '--force'],
        2,
        /is the input itself; choose/,
      ],
      [() => index(...geom, '-o', at('x.stream'), '--html', '/no/x.html'), 1, /\/no\/x\.html cannot be written/],
      [
        () => index(...geom, '-o', at('x.stream'), '--sol', at('words.txt')),
        2,
        /words\.txt exists and its format cannot say which program wrote it/,
      ],
    ]);
    expect(existsSync(at('x.stream.part'))).toBe(false);
    expect(readFileSync(at('own.h5')).equals(readFileSync(sim('mono.h5')))).toBe(true);
  });

  test(
    'a run without hits, and a cell search on frames without peaks, name the deciding parameter',
    { tags: 'all' },
    () =>
      told([
        [
          () => index(...geom).map((word) => word.replace('--threshold=12', '--threshold=60000')),
          1,
          /no frame is a hit: all have too few peaks\. --threshold, --min-snr/,
        ],
        [
          () => ['cell', sim('mono.h5'), ...geom, '--threshold=60000'],
          1,
          /no frame has the 15 peaks .*a lower --threshold/,
        ],
      ]),
  );
});
