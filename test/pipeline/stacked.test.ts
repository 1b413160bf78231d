/** Frames of several modules, as in imgCIF and many HDF5 files: panels that give their module by `dim1 = 3`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStream, type StreamChunk } from '../../dist/index.node.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const at = (name: string): string => join(dataFolder ?? '', 'real', 'frames', name);

let folder = '';
let modules = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-stacked-'));
  modules = join(folder, 'modules.geom');
  if (dataFolder) writeFileSync(modules, geometry());
});
afterAll(() => rm(folder, { recursive: true }));

/**
 * The geometry of the HDF5 copies, whose 64 panels form a column, rewritten for [4, 8, 185, 388]: two panels in each
 * module.
 */
function geometry(): string {
  const lines = ['photon_energy = 9742.54 eV'];
  for (const line of readFileSync(at('cspad_thermolysin.geom'), 'utf8').split('\n')) {
    if (/^(mask|dim|photon_energy)/.test(line)) continue;
    const [, panel = '', end = '', axis = '', value = ''] = /^p(\d+)\/(min|max)_(fs|ss) = (\d+)/.exec(line) ?? [];
    const i = Number(panel);
    if (panel === '') lines.push(line);
    else lines.push(`p${i}/${end}_${axis} = ${Number(value) + (axis === 'fs' ? 194 * (i & 1) : -185 * i)}`);
    if (end === 'min' && axis === 'fs')
      lines.push(`p${i}/dim0 = ${i >> 4}`, `p${i}/dim1 = ${(i >> 1) & 7}`, `p${i}/dim2 = ss`, `p${i}/dim3 = fs`);
  }
  return lines.join('\n');
}

async function streamOf(frames: readonly string[], geom: string, name: string) {
  const stream = join(folder, name);
  const words = [
    '-p',
    at('cspad_thermolysin.cell'),
    '--threshold=36',
    '--int-radius=3,4,6',
    '-j',
    '1',
    '--backend=wasm',
  ];
  const { code, err } = await ewald(['index', ...frames, '-g', geom, ...words, '-o', stream]);
  expect(code, err).toBe(0);
  const reader = await readStream(readFileSync(stream, 'utf8').split('\n'));
  for await (const chunk of reader.chunks()) return chunk;
  throw new Error('no chunk');
}

describe.skipIf(!dataFolder)(`frames of several modules${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  let searched: StreamChunk['peaks'];
  test('the CBF of CSPAD, [4, 8, 185, 388], gives the same result as its copy in one column of panels', {
    tags: 'all',
  }, async () => {
    const list = join(folder, 'copy.lst');
    writeFileSync(list, `${at('cspad_thermolysin_dev.h5')} //0\n`);
    const [copy, cbf] = await Promise.all([
      streamOf(['-i', list, '--allow-outside'], at('cspad_thermolysin.geom'), 'copy.stream'),
      streamOf([at('idx-20130301060858401.cbf')], modules, 'cbf.stream'),
    ]);
    searched = cbf.peaks;
    expect(copy.peaks?.length).toBeGreaterThan(100);
    expect(copy.crystals).toHaveLength(1);
    const reflections = (chunk: typeof copy) => chunk.crystals[0]?.reflections ?? [];
    expect(reflections(copy).length).toBeGreaterThan(500);
    // The pixels are the same, but positions within the module are rounded differently in float32: the last digits
    // differ.
    for (const [i, x] of copy.crystals[0]?.parameters.entries() ?? [])
      expect(cbf.crystals[0]?.parameters[i]).toBeCloseTo(x, 3);
    // The CBF alone says which values are no counts: a reflection with one is not measured there.
    const key = ({ h, k, l }: ReturnType<typeof reflections>[number]) => `${h} ${k} ${l}`;
    const measured = new Set(reflections(cbf).map(key));
    const both = reflections(copy).filter((one) => measured.has(key(one)));
    expect(reflections(copy).length - both.length).toBeLessThan(3);
    for (const [ours, theirs, digit] of [
      [cbf.peaks ?? [], copy.peaks ?? [], 0.01],
      [reflections(cbf), both, 0.1],
    ] as const) {
      const rest = ({ panel, ...one }: (typeof ours)[number]) => ({
        panel,
        ...('h' in one ? [one.h, one.k, one.l] : []),
      });
      expect(ours.map(rest)).toEqual((theirs as typeof ours).map(rest));
      for (const [i, { panel, fs, ss }] of ours.entries()) {
        const number = Number(panel.slice(1));
        const { fs: column = 0, ss: row = 0 } = theirs[i] ?? {};
        expect(Math.abs(fs - column - 194 * (number & 1))).toBeLessThan(1.01 * digit);
        expect(Math.abs(ss - row + 185 * number)).toBeLessThan(1.01 * digit);
      }
    }
  });

  test('an HDF5 file of the same shape is opened according to the geometry, not as a scan', {
    tags: 'all',
  }, async () => {
    const copy = join(folder, 'modules.h5');
    expect((await ewald(['convert', at('idx-20130301060858401.cbf'), '-o', copy])).code).toBe(0);
    const hdf5 = await streamOf([copy], modules, 'other.stream');
    expect(hdf5.peaks).toEqual(searched);
    // The converted file is a stack with a single frame.
    expect(hdf5.event).toBe('//0');
  });

  test.for([
    [
      'a missing module',
      /p0\/dim1 = 0/,
      'p0/dim1 = 9',
      /panel p0 \(dim0 = 0, dim1 = 9, .*4 x 8 modules of 388 x 185 pixels/,
    ],
    [
      'events behind pixels',
      /dim2 = ss\n(p\d+)\/dim3 = fs/g,
      'dim2 = ss\n$1/dim3 = fs\n$1/dim4 = %',
      /dim3 = fs, dim4 = % for panel p0; only frames/,
    ],
    [
      'panels unlike',
      /p5\/dim0 = 0\n/,
      'p5/dim0 = %\n',
      /dim0 = 0, .* for panel p0 but dim0 = %, .* for panel p5; all panels must have the same/,
    ],
    [
      'panels of several datasets',
      /p5\/dim0/,
      'p5/data = /entry/other\np5/dim0',
      /p0 in \/entry\/data\/data and panel p5 in \/entry\/other/,
    ],
    [
      'panels of one column',
      /p\d+\/dim\d = .*\n/g,
      '',
      /a frame is \[4, 8, 185, 388\]; .*geometry \(-g\) whose panels name their modules: dim0 = 0, dim1 = 0, dim2 = ss/,
    ],
    [
      'frames of a scan',
      /(p\d+)\/dim2 = ss\n/g,
      '$1/dim2 = 0\n$1/dim4 = fs\n$1/dim3 = ss\n',
      /frames are \[4, 8, 185, 388\], but the geometry .* frames of 5 axes/,
    ],
  ] as const)('%s: rejected', async ([name, from, to, message]) => {
    const expected = /only frames|must have|p5 in/.test(message.source) ? 2 : 1;
    const bad = join(folder, `${name.replaceAll(' ', '-')}.geom`);
    const text = readFileSync(modules, 'utf8')
      .replace(from, to)
      .replace(/(p\d+\/dim4 = fs\n)(p\d+\/dim3 = ss\n)p\d+\/dim3 = fs\n/g, '$2$1');
    expect(text).not.toBe(readFileSync(modules, 'utf8'));
    writeFileSync(bad, text);
    const { code, err } = await ewald(['index', at('idx-20130301060858401.cbf'), '-g', bad, '-p', 'none', '-j', '1']);
    expect(code).toBe(expected);
    expect(err).toMatch(message);
  });
});
