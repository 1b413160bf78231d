/**
 * What a file names is not opened because the file says so: each input of each room, given as an upload (a File) and as
 * a path, names a file of another folder and an address. SECURITY.md promises it.
 */
import fs from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Context, createContext, mergeStream, readCell } from 'ewald';
import { open } from 'ewald/data';

import { Context as UdfContext } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { readCalibration } from '../../src/stem/calibrate/read-calibration.node.js';
import { MadeFile, space, u8, virtual } from '../frames/hdf5-made.js';
import { codecsHere } from '../frames/hdf5-support.js';

/**
 * The names of the files that are opened, by whichever function of the system. The functions are replaced before the
 * package is loaded, which may keep those that it finds.
 */
const opened = vi.hoisted(() => {
  const names: string[] = [];
  const [fs, { syncBuiltinESMExports }] = [
    process.getBuiltinModule('node:fs'),
    process.getBuiltinModule('node:module'),
  ];
  for (const [module, functions] of [
    [fs, ['open', 'openSync', 'readFile', 'readFileSync', 'createReadStream']],
    [fs.promises, ['open', 'readFile']],
  ] as const)
    for (const name of functions) {
      const of = module as unknown as Record<string, (...args: unknown[]) => unknown>;
      const original = of[name] as (...args: unknown[]) => unknown;
      of[name] = function (this: unknown, ...args: unknown[]) {
        names.push(String(args[0] instanceof URL ? args[0].pathname : args[0]));
        return original.apply(this, args);
      };
    }
  syncBuiltinESMExports();
  return names;
});

const words = 'what nobody may see';
const root = fs.mkdtempSync(join(tmpdir(), 'ewald-uploads-'));
const [folder, secret] = [join(root, 'given'), join(root, 'secret')];
const at = (name: string): string => join(folder, name);
/** Requests that arrived. */
const requests: string[] = [];
/** Files of the secret folder that were opened since the last call, and requests that arrived. */
const seen = (): string[] => [
  ...opened.splice(0).filter((name) => resolve(name).startsWith(secret)),
  ...requests.splice(0),
];
let server: Server;
let address = '';
/** What the server answers. */
let listed = words;
let codecs: Codecs;
let ctx: Context;
let udf: UdfContext;

async function hdf5(name: string, tree: (writer: Hdf5Writer) => Promise<Record<string, WriteNode>>): Promise<void> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    pieces.push(Uint8Array.from(bytes));
    length += bytes.length;
  };
  const patch = async (place: number, bytes: Uint8Array): Promise<void> => {
    const all = Buffer.concat(pieces, length);
    all.set(bytes, place);
    pieces.splice(0, pieces.length, all);
  };
  const writer = await Hdf5Writer.create({ append, patch }, codecs);
  await writer.finish(await tree(writer), {});
  fs.writeFileSync(name, Buffer.concat(pieces, length));
}

async function frames(writer: Hdf5Writer): Promise<WriteNode> {
  const series = writer.series({ frames: 2, signal: [8, 8], dtype: 'u16', packing: 'none' });
  await series.write(new Uint16Array(128));
  return { frames: series };
}

const geometry = (...lines: string[]): string =>
  `${['wavelength = 1 A', 'clen = 0.1', 'res = 10000', 'data = /data', 'dim0 = %', 'dim1 = ss', 'dim2 = fs'].join('\n')}
${lines.join('\n')}
p/min_fs = 0
p/max_fs = 7
p/min_ss = 0
p/max_ss = 7
p/corner_x = -4
p/corner_y = -4
p/fs = x
p/ss = y
`;

beforeAll(async () => {
  for (const one of [folder, secret]) fs.mkdirSync(one);
  codecs = await codecsHere('wasm');
  await hdf5(join(secret, 'a.h5'), async (writer) => ({ data: await frames(writer), mask: await frames(writer) }));
  await hdf5(at('frames.h5'), async (writer) => ({ data: await frames(writer) }));
  for (const name of ['a.raw', 'a.hdr', 'a.mib', 'a.bin', 'a.json', 'a.cell'])
    fs.writeFileSync(join(secret, name), words.padEnd(4096));
  server = createServer((request, response) => {
    requests.push(`${request.url}`);
    response.end(listed);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  address = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
  udf = new UdfContext({ context: { backend: 'wasm' } });
  seen();
});
afterAll(async () => {
  await udf.close();
  await codecs.dispose();
  await ctx.dispose();
  server.close();
  fs.rmSync(root, { recursive: true });
});

/** The names by which an input may ask for a file elsewhere. */
const elsewhere = (name: string): string[] => [
  join(secret, name),
  `../${basename(secret)}/${name}`,
  `file://${join(secret, name)}`,
  `${address}${name}`,
];

async function searched(inputs: unknown, given: string = geometry()): Promise<void> {
  const options = { inputs: inputs as string, geometry: new Blob([given]), cells: [] };
  for await (const { error } of ctx.pipeline(options)) if (error) throw error;
}

async function read(input: string | File, how: { dataset?: string } = {}): Promise<void> {
  const dataset = await open(input, how);
  try {
    await dataset.read(0, 1);
  } finally {
    await dataset.dispose();
  }
}

async function scanned(input: string | File): Promise<void> {
  const scan = await udf.load(input);
  await udf.run(udf.createSumAnalysis(scan));
}

const stream = (name: string): string => `CrystFEL stream format 2.3
Generated by CrystFEL 0.11.0
----- Begin geometry file -----
${geometry()}----- End geometry file -----
----- Begin chunk -----
Image filename: ${name}
Event: //0
Image serial number: 1
hit = 1
indexed_by = none
photon_energy_eV = 12398.4
num_peaks = 0
Peaks from peak search
  fs/px   ss/px (1/d)/nm^-1   Intensity  Panel
End of peak list
----- End chunk -----
`;

const csr = (name: string): string => `[params]
filetype = "raw_csr"
nav_shape = [1, 2]
sig_shape = [8, 8]
[raw_csr]
${['indptr', 'indices', 'data'].map((one) => `${one}_file = "${name}"\n${one}_dtype = "<i4"\n`).join('')}`;

type Case = readonly [
  what: string,
  file: string,
  /** The text that names a file, or writes it. */
  content: (named: string) => string | Promise<void>,
  use: (input: string | File) => Promise<unknown>,
  named?: string,
];

const cases: readonly Case[] = [
  ['a list of frames', 'run.lst', (named) => `${named}\n`, (input) => searched([input])],
  ['a list that is named as frames', 'run.h5', (named) => `${named}\n`, (input) => searched([input])],
  ['a stream given as frames', 'run.stream', stream, (input) => searched([input])],
  ['a stream that is merged', 'run.stream', stream, (input) => mergeStream(ctx, input, { symmetry: '1' })],
  [
    'an external link',
    'linked.h5',
    (named) => hdf5(at('linked.h5'), async () => ({ data: { link: { file: named, path: '/data' } } })),
    (input) => read(input, { dataset: '/data' }),
  ],
  [
    'the parts of a virtual data set',
    'virtual.h5',
    async (named) => {
      const file = new MadeFile();
      const part = { file: named, path: '/data', source: 'all', target: 'all' } as const;
      const data = file.object([space([2, 8, 8]), u8, virtual(file, [part])]);
      fs.writeFileSync(at('virtual.h5'), file.finish(file.group({ data })));
    },
    (input) => read(input, { dataset: '/data' }),
  ],
  [
    'the links of a master',
    'run_master.h5',
    (named) =>
      hdf5(at('run_master.h5'), async () => ({
        entry: { children: { data: { children: { data_000001: { link: { file: named, path: '/data' } } } } } },
      })),
    (input) => searched([input]),
  ],
  ['the raw file of an EMPAD', 'scan.xml', (named) => `<root><raw_file filename="${named}"/></root>`, scanned, 'a.raw'],
  ['the parts of a sparse scan', 'scan.toml', csr, scanned, 'a.bin'],
  [
    'a cell file',
    'x.cell',
    (named) => `CrystFEL unit cell file version 1.0\ninclude ${named}\n`,
    async (input) =>
      readCell(await (typeof input === 'string' ? fs.promises.readFile(input, 'utf8') : input.text()), 'x.cell'),
    'a.cell',
  ],
  [
    'a CIF',
    'x.cif',
    (named) => `data_x\n_audit_link_block_code '${named}'\n_refln_include_file '${named}'\n`,
    (input) => read(input),
  ],
  [
    'an image of imgCIF',
    'x.cbf',
    (named) =>
      `###CBF: VERSION 1.5\ndata_x\n_array_data.external_path '${named}'\n_array_data.external_location_uri '${named}'\n`,
    (input) => read(input),
  ],
  [
    'a calibration',
    'x.cal.json',
    (named) => JSON.stringify({ ewald: 1, source: named, badPixels: named, template: { file: named } }),
    (input) => (typeof input === 'string' ? readCalibration(input) : Promise.resolve()),
    'a.json',
  ],
];

describe('what a file names is not opened', () => {
  test('the watch sees what is opened, and what is requested', async () => {
    const named = join(secret, 'a.h5');
    await hdf5(at('linked.h5'), async () => ({ data: { link: { file: named, path: '/data' } } }));
    await (await open(at('linked.h5'), { allowOutside: true, dataset: '/data' })).dispose();
    expect(seen()).toContain(join(secret, 'a.h5'));
    await read(`${address}a.h5`).catch(() => undefined);
    expect(seen()).toContain('/a.h5');
  });

  test.for(cases)('%s', async ([, file, content, use, named = 'a.h5']) => {
    for (const other of elsewhere(named)) {
      const text = await content(other);
      if (typeof text === 'string') fs.writeFileSync(at(file), text);
      const upload = new File([new Uint8Array(fs.readFileSync(at(file)))], file);
      for (const input of [upload, at(file)]) {
        // A stream that is a path is merged as it is; whatever else happens, nothing elsewhere is opened.
        const error = await use(input).then(
          () => undefined,
          (thrown: Error) => thrown,
        );
        expect(seen(), `${other} as ${typeof input}: ${error}`).toEqual([]);
        expect(`${error?.message} ${error?.cause}`).not.toContain(words);
      }
    }
  });

  test.for([
    ['the mask', 'mask0_file', 'mask0_data'],
    ['the map of saturation', 'saturation_map_file', 'saturation_map'],
  ] as const)('%s of a geometry, given as a text, a Blob or a path', async ([, file, path]) => {
    for (const named of elsewhere('a.h5')) {
      const text = geometry(`${file} = ${named}`, `${path} = /mask`);
      fs.writeFileSync(at('run.geom'), text);
      for (const given of [text, new Blob([text]), at('run.geom')])
        for (const input of [
          at('frames.h5'),
          new File([new Uint8Array(fs.readFileSync(at('frames.h5')))], 'frames.h5'),
        ]) {
          const run = ctx.pipeline({ inputs: input, geometry: given, cells: [] });
          const error = await (async () => {
            for await (const { error: one } of run) if (one) throw one;
          })().catch((thrown: Error) => thrown);
          expect(error, `${named}`).toBeInstanceOf(Error);
          expect(seen(), `${named}: ${error}`).toEqual([]);
        }
    }
  });

  test('an address in a list is requested only below that of the list', async () => {
    seen();
    const error = await searched({ list: `${address}down/run.lst` }).catch((thrown: Error) => thrown);
    expect(new Set(seen())).toEqual(new Set(['/down/run.lst', `/down/${encodeURI(words)}`]));
    expect(error).toBeInstanceOf(Error);
    for (const name of [`${address}a.h5`, '../a.h5', '/a.h5']) {
      listed = name;
      const refusal = await searched({ list: `${address}down/run.lst` }).catch((thrown: Error) => thrown);
      expect(`${refusal}`).toContain('which is not in its folder');
      expect(new Set(seen()), name).toEqual(new Set(['/down/run.lst']));
    }
    listed = words;
  });

  test('the .hdr beside a .mib is that of its own folder, whatever the upload is called', async () => {
    for (const name of elsewhere('a.mib')) {
      const upload = new File([new Uint8Array(fs.readFileSync(at('frames.h5')))], name);
      await open(upload, { format: 'mib' }).catch(() => undefined);
      await udf.load(upload).catch(() => undefined);
      expect(seen(), name).toEqual([]);
    }
  });
});
