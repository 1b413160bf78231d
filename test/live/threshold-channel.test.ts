/** Detectors of DECTRIS with several thresholds: all are named, and one is chosen, in streams and in files. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, expect, test } from 'vitest';
import { dectrisMessage } from '../../src/frames/streams/dectris.js';
import { unknownSeries } from '../../src/frames/streams/dectris-message.js';
import { codecsHere } from '../frames/hdf5-support.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dectrisMessages } from '../support/dectris.js';

const image = Uint16Array.from({ length: 12 }, (_, i) => i);

test('an image of stream V2 is that of the channel that was asked for, and never of another one', async () => {
  const codecs = await codecsHere();
  const channels = ['threshold_1', 'threshold_2', 'difference_image'];
  const [start, first] = (await dectrisMessages([image], [3, 4], { channels })).map((bytes) => dectrisMessage([bytes]));
  if (start?.kind !== 'start' || first?.kind !== 'image') return expect.fail();
  for (const [wanted, channel, more] of [
    [undefined, 'threshold_1', 0],
    ['threshold_2', 'threshold_2', 1000],
    ['2', 'threshold_2', 1000],
    ['difference_image', 'difference_image', 2000],
  ] as const) {
    const series = await start.open(codecs, wanted);
    expect(series).toMatchObject({ channels, channel });
    const { numbers } = await first.open(series, codecs, 'image 0', []);
    expect([...numbers], channel).toEqual([...image].map((n) => n + more));
  }
  const refused = /thresholdChannel is 4; expected one of threshold_1, threshold_2, difference_image/;
  await expect(start.open(codecs, '4')).rejects.toThrow(refused);
  const other = { ...unknownSeries, channel: 'threshold_3' };
  await expect(first.open(other, codecs, 'image 0', [])).rejects.toThrow(
    /image 0: the image message has the channels threshold_1, .*; expected threshold_3/,
  );
});

const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import h5py, numpy']).status === 0,
);
const folder = mkdtempSync(join(tmpdir(), 'ewald-thresholds-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.runIf(python)('thresholds in HDF5 are named, and one is chosen by its name or number', async () => {
  const script = [
    'import h5py, numpy as np',
    'with h5py.File("links_master.h5", "w") as f:',
    '    for k in (1, 2):',
    '        for part in (1, 2): f[f"entry/data/threshold_{k}/data_{part:06}"] = np.full((2, 4, 4), k, "u2")',
    '    for module, limit in enumerate((3000, 2000, 2500)):',
    '        name = f"entry/instrument/detector/detectorSpecific/detectorModule_{module:03}"',
    '        f[f"{name}/countrate_correction_count_cutoff"] = limit',
    'with h5py.File("arrays.h5", "w") as f:',
    '    for k in (1, 2): f[f"entry/data/threshold_{k}_data"] = np.full((2, 4, 4), k, "u2")',
  ];
  execFileSync(python as string, ['-c', script.join('\n')], { cwd: folder });
  const firstValue = async (name: string, thresholdChannel?: string) => {
    const dataset = await open(join(folder, name), { thresholdChannel });
    try {
      const notes = dataset.notes.map(({ text }) => text).join('\n');
      return {
        value: (await dataset.read(0, 1))[0],
        frames: dataset.frames,
        notes,
        saturation: dataset.meta.saturation,
      };
    } finally {
      await dataset.dispose();
    }
  };
  const said = (channel: string) =>
    expect.stringContaining(`the channels threshold_1, threshold_2: ${channel} is read`);
  // The limit of an Eiger is that of its modules in files of older firmware: the least of them.
  const master = { frames: 4, saturation: 2000 };
  expect(await firstValue('links_master.h5')).toMatchObject({ ...master, value: 1, notes: said('threshold_1') });
  for (const name of ['2', 'threshold_2'])
    expect(await firstValue('links_master.h5', name)).toMatchObject({
      ...master,
      value: 2,
      notes: said('threshold_2'),
    });
  await expect(firstValue('arrays.h5')).rejects.toThrow(/threshold_1_data.*threshold_2_data/);
  expect(await firstValue('arrays.h5', '2')).toMatchObject({ value: 2, frames: 2 });
  for (const name of ['links_master.h5', 'arrays.h5'])
    await expect(firstValue(name, '3'), name).rejects.toThrow(
      /thresholdChannel is 3; expected one of threshold_1, threshold_2/,
    );
  const shown = await ewald(['info', join(folder, 'links_master.h5'), '--threshold-channel', '2']);
  expect(shown).toMatchObject({ code: 0, out: expect.stringMatching(/2 … 2.*--threshold-channel overrides/s) });
  const refused = await ewald(['run', 'sum', join(folder, 'arrays.h5'), '--threshold-channel=3']);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('--threshold-channel is 3; expected one of') });
});
