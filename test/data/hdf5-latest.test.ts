/** What the latest version of HDF5 writes, and the one of the machine that makes the corpus does not. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Hdf5Dataset } from '../../src/io/data/hdf5/dataset.js';
import { memorySource } from '../../src/io/data/sources/memory.js';
import { openHdf5, readAll } from './hdf5-support.js';

/**
 * By h5py 3.16 (HDF5 2.0.0) with libver='latest': four arrays u16[4, 3, 5] of 7 i mod 251, compressed by gzip in chunks
 * that each kind of index finds. Their layout messages are of version 5.
 */
const file =
  'H4sIAKNiDGsC/+v0cHHj5ZLiYubgYICB/1DAIAHhG0DFHTs72f09XIKYGCqYhJAVwgAXEwMjAwObAAOQYk3LrEhN2QzVyiYIEmMr' +
  'zsxLz0m1ZYIKioIEuVIrSlLzijOTclI9maES/CAJlpKi1NTvrFATIFL3j7NuATuBkYGR0YSBgYmZkZEFRQUDA0wHLnFmHgZGoBMZ' +
  'IK4QYGAFupqZmxsoysQINBZkM1CcQ5gBJMPCyMjMysTMtZ8RqrudYbCAyX36390cPVwYGEW4YH69DXVm5zn3p26OLk4MjHCHQ+NX' +
  'DckENaiYOpKYLxZ1xVjEsi8ypNEpJuRAMcHEwsgCjAnGbCQ3zISl2ZqBjYnu7S9XExsWsLxCZliII6VKFgUWFgGuUJhNzYMiVa7e' +
  'fO2SKyRVKrAIsHARUs+CRs+FMr7Nm7HC1dETmIJhHmThxEyFWpyYKTgQi7pyLGL/RygQmCa+kNTUCgMEUqsYMLUyMYFTK0gGKd1K' +
  'wNItEysTK6gsStFgZocaVjFwqVX2SrKHUwgwtXKD3KTDAHIXgwCswIQVL1va9EsZhieoiEtOSEh/kCyQOiExIO1CkkHKhoQN6QXJ' +
  'H1I5EjvSPJIYGOT2MT2oiDudopGgkb4iOSP1ReKMMwbdiYqHudq+8tyW+GYkk2hxloGhUY+TvSJu95GCyQ8ZDxe3lfPES0pIWkj8' +
  'kDwikSIZIrFFskdCR5KhO4EtuiKuOKEg/UMyR2pHokfaiSSNlBUJK9Izkl+kzjhkMDtRkJkhah/bgoo41oOKDAeBTtzgqSLU6aI0' +
  '0QNOnbw8X2+iie9lCMpVWZr6VHRq6FXTraVfeXt9z+quzX3bmuSeLh5uXs7vr58vH2/PqSlpyaoqasqrK2vLrCxszK0tbd144uBJ' +
  '+ZT1EvcHcRgkJzwXnhp4zWjLhvQGZgaBp4w2QJ2feTv9khxYGWTDGJcCXaWjsT777Uyb7IdcbBYMDAEVrGEVcdH7c99PvMyzgoHB' +
  'yYF5E9BNJZ8Pfi6Pl7T8cVTiAQNDPCtrS0Xc5NCLZptSgAbxvWG4ATS34Dt3r+c5rTUrQHaZL2XeUxGX/XquUbUgsxYDg/E1pqcM' +
  'o2AUjIJRMAqGC3AK8XFj4J4LbR6LEKFjI1QtPxY5RjT+AahaUTxqYOAqVK0AFrXoep5iMZcJh7m/sLiXCYe5nFyY4cCMq+nIhele' +
  'Zhzmfg+5KT+a1kbBKBgFo2AUDB4AAGyWKY0AGAAA';

const values = Array.from({ length: 60 }, (_, i) => (i * 7) % 251);

test.each(['fixed', 'single', 'extensible', 'tree'])('compressed chunks of HDF5 2.0: %s', async (name) => {
  const opened = await openHdf5(memorySource(gunzipSync(Buffer.from(file, 'base64')), 'latest.h5'));
  const found = await opened.need(name);
  if (!(found instanceof Hdf5Dataset)) throw new Error(`${name} is no dataset`);
  const bytes = await readAll(found);
  expect([...new Uint16Array(bytes.buffer)]).toEqual(values);
});
