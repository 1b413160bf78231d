/** `ewald info` and `ewald convert` through the command, with what users type. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

let folder: string;
const at = (...name: string[]): string => join(folder, ...name);
const sample = (file: string): string => join(dataFolder ?? '', 'formats-em', file);
const numbers = Uint16Array.from({ length: 6 * 20 }, (_, i) => i);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-data-'));
  writeFileSync(at('plain.raw'), numbers);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plain = ['--dtype', 'u16', '--sig-shape', '4,5'];

describe('ewald info', () => {
  it('tells what plain numbers are once it is told', async () => {
    const bare = await ewald(['info', at('plain.raw')]);
    expect(bare).toMatchObject({ code: 1, out: '' });
    expect(bare.err).toMatch(/is in no format known here: .*--dtype u16 --sig-shape 512,512/);
    const { code, out } = await ewald(['info', at('plain.raw'), ...plain, '--nav-shape', '2x3']);
    expect(code).toBe(0);
    expect(out).toMatch(/2 × 3 = 6 frames of 4 × 5 u16, 40 bytes each, 240 bytes in all/);
    expect(out).toMatch(/first frame\s+0 … 19, mean 9.5/);
    expect(out).toMatch(/not told\s+wavelength, distance, pixel size, beam centre/);
  });

  it('names what is wrong with an option', async () => {
    for (const [args, says] of [
      [[...plain, '--nav-shape', '2,x'], /--nav-shape is "2,x"; needed are lengths/],
      [[...plain, '--nav-shape', '5'], /holds 6 frames; navShape 5 would need 5. These would fit: 2 × 3, 1 × 6/],
      [[...plain, '--offset', 'many'], /--offset is "many"/],
      [['--format', 'tif', ...plain], /did you mean "tiff"/],
    ] as const)
      expect((await ewald(['info', at('plain.raw'), ...args])).err).toMatch(says);
  });

  it('goes on with the next file, and ends with an error', async () => {
    const { code, out, err } = await ewald(['info', at('none.mib'), at('plain.raw'), ...plain]);
    expect(code).toBe(1);
    expect(err).toMatch(/none.mib is not there/);
    expect(out).toMatch(/6 frames/);
    const json = await ewald(['info', '--json', at('none.mib'), at('plain.raw'), ...plain]);
    expect(JSON.parse(json.out)).toMatchObject([
      { file: at('none.mib'), error: { tag: 'File' } },
      { format: 'raw', frames: 6, frameBytes: 40, missing: ['wavelength', 'distance', 'pixel size', 'beam centre'] },
    ]);
    expect(json).toMatchObject({ code: 1, err: '' });
  });

  it.skipIf(!dataFolder)('tells of a scan: why, shape, guesses, sizes, geometry', async () => {
    const { code, out } = await ewald(['info', sample('mib_002_4x2_6bit_roi128.mib'), sample('phi_scan_001.cbf')]);
    expect(code).toBe(0);
    for (const line of [
      /Merlin \/ Medipix \(MIB\): a frame header that begins with MQ1/,
      /2 × 4 = 8 frames of 128 × 256 u8/,
      /guessed\s+lines of 4 by the pauses between frames; --nav-shape overrides/,
      /size\s+frames: 8, as expected/,
      /beam\s+wavelength 0.68937 Å = 17.9851 keV photons/,
      /16592 pixels outside the valid range/,
      /warning\s+the beam centre \(2000, 2000\) lies outside the picture/,
      /stored\s+byte offset/,
    ])
      expect(out).toMatch(line);
  });

  it.skipIf(!dataFolder)('lists the arrays of a file, and shows its header', async () => {
    const { out } = await ewald(['info', sample('dm_multi_signal.dm3'), '--dataset', 'Plot', '--header']);
    expect(out).toMatch(/● Plot\s+512 f32/);
    expect(out).toMatch(/header\s+name = Plot/);
    const { err, code } = await ewald(['info', sample('dm_multi_signal.dm3'), '--dataset', '7']);
    expect(err).toMatch(/has no image 7; there are 0 \(HAADF\), 1 \(Plot\)/);
    expect(code).toBe(2);
  });
});

describe('ewald convert', () => {
  it('writes npy, raw and mrc that say the same', async () => {
    for (const ending of ['npy', 'raw', 'mrc']) {
      const file = at(`out.${ending}`);
      const made = await ewald(['convert', at('plain.raw'), ...plain, '--nav-shape', '2,3', '-o', file]);
      expect(made).toMatchObject({ code: 0, err: '' });
      expect(made.out).toMatch(/2 × 3 × 4 × 5 u16/);
      const again = await ewald(['convert', file, ...(ending === 'raw' ? plain : []), '-o', at(`again-${ending}.raw`)]);
      expect(again.code, again.err).toBe(0);
      expect(readFileSync(at(`again-${ending}.raw`))).toEqual(Buffer.from(numbers.buffer));
    }
    expect((await ewald(['convert', at('plain.raw'), ...plain, '-o', at('said.raw')])).out).toMatch(
      /to open it: --format raw --dtype u16 --sig-shape 4,5/,
    );
  });

  it('writes some frames only', async () => {
    const { out } = await ewald(['convert', at('out.npy'), '--frames', '2:4', '-o', at('some.raw'), '--json']);
    expect(JSON.parse(out)).toMatchObject({ shape: { navigation: [2], signal: [4, 5] }, frames: 2, bytes: 80 });
    expect(readFileSync(at('some.raw'))).toEqual(Buffer.from(numbers.buffer, 80, 80));
    const bad = await ewald(['convert', at('out.npy'), '--frames', '4:2', '-o', at('bad.raw')]);
    expect(bad.code).toBe(2);
    expect(bad.err).toMatch(/--frames is "4:2"; needed is first:end within 0:6/);
  });

  it('leaves nothing half-written: other endings, files that are there, input that fails', async () => {
    for (const [args, says] of [
      [['-o', at('x.tif')], /should end in \.npy or \.raw or \.mrc/],
      [['-o', at('out.npy')], /exists and .*--force/],
      [['-o', at('nowhere', 'x.npy')], /nowhere/],
    ] as const) {
      const { code, err } = await ewald(['convert', at('plain.raw'), ...plain, ...args]);
      expect(code).not.toBe(0);
      expect(err).toMatch(says);
    }
    const before = readdirSync(folder).sort();
    const cut = at('cut.npy');
    writeFileSync(cut, readFileSync(at('out.npy')).subarray(0, 200));
    expect((await ewald(['convert', cut, '-o', at('never.npy')])).err).toMatch(
      /needs 240 bytes of data, the file holds 72/,
    );
    expect(existsSync(at('never.npy'))).toBe(false);
    rmSync(cut);
    expect(readdirSync(folder).sort()).toEqual(before);
    expect((await ewald(['convert', at('plain.raw'), ...plain, '-o', at('out.npy'), '--force'])).code).toBe(0);
  });

  it('is interrupted by Ctrl-C without leaving a file', async () => {
    // A sparse file of 8 GiB costs no disk, and longer than the interruption takes.
    const big = at('big.raw');
    writeFileSync(big, '');
    truncateSync(big, 2 ** 33);
    const run = await ewald(['convert', big, '--dtype', 'u8', '--sig-shape', '1024,1024', '-o', at('big.npy')], {
      interruptAfterMs: 1500,
    });
    expect(run.code).toBe(130);
    expect(readdirSync(folder).filter((name) => name.includes('big.npy'))).toEqual([]);
    rmSync(big);
  });
});
