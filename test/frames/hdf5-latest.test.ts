/** What current versions of HDF5 and h5py write, and those of the machine that makes the corpus do not. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { memorySource } from '../../src/bytes/sources/memory.js';
import { Hdf5Dataset } from '../../src/hdf5/dataset.js';
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

/**
 * By h5py 3.16 with its default libver: a and b, u16[4, 3, 5] of 7 i mod 251 and 1000 more, and virtual datasets: v of
 * their frames in turn, and w with the frames of a at 0, 1, 3 and 4, and 9 at 2.
 */
const virtual =
  'H4sIAId9DGsC/+1YX4hMURz+7j3fzF5rrbGiNVEjZKPGUjSK0M7srrV211q1oiyKXSIKO+VfEXZFKUpRilL7oDwoD4pS+7DlQXlQ' +
  'HpQ39oV5QR5Y9849Z/bMHTMmpfXnfC/fnO/8zr/f/Z3fmXMGm5ONUyqjlfDgOCAi0DEmgWigLNEj2ZI8IHnIVrqVrauV+jTZf9Cu' +
  'qzOV8qzHAlDj1NPnGAz+RzSn1nV43C3LdZJH7Hy7nZJ3ST4muT8Qp/Vljmsh5LexVDnhs/AFGZYQkkOSi+nCjX+vpbcL/KlHZL2T' +
  '1W3bznbsyB3jDuP4LdOBmR2akO+wua09abmrk5NCTJS2V9kkHSptp/LDQLi0ndr/mdq/O54nPq7Sf1RcWQiX9IdTZN3Or/pDKH/4' +
  'OkXG0TNEjezZK104WbUf6P1HM2sFqjEDszEPi7DU9foaNGIjurDNzaF9bjT04xTO4RKu4gZuYwj38RCPMYxneIFXeIO3eI+P8NLU' +
  'VMzEHMzHYizDSqxFE9qwBduxG/tw2I2z0ziPy7iGm7iDd+KD+CS+CnIyaziLMS5knMu5ig1s4SZ2cwf38ACP8DjPcJBXeJ23eJf3' +
  '+ICP+JQjfM6XfM1RkRGfxTcRYhWnM8q5rOMSruBqJrmBndzKHu7lQR7lCZ7lRTY1tLdaWmJS58EC9UOdJ3H3KBGagapT5V4ZdPyB' +
  'S22p2wFN6Xobarqe+8KaHnc/RblzsfI21Xgfep4Wmq7n5ZCmV+SFyLieGm15oi2tD4GD9Wd+S2jjo4y56v6JflnfGmiWqDb/jQwM' +
  'DAwMDAwMDAwMDAwKYbmX2VLvTCHtiqyXi+nF35kiuXcmT5+Uu846uauupxW+P/m9FL4/dfwWf3wHQU4TeQAaAAA=';

test('virtual datasets of boxes that are equally far apart', async () => {
  const opened = await openHdf5(memorySource(gunzipSync(Buffer.from(virtual, 'base64')), 'virtual.h5'));
  const read = async (name: string): Promise<Uint16Array> => {
    const found = await opened.need(name);
    if (!(found instanceof Hdf5Dataset)) throw new Error(`${name} is no dataset`);
    return new Uint16Array((await readAll(found)).buffer);
  };
  const turns = Array.from({ length: 120 }, (_, i) => {
    const [frame, pixel] = [Math.floor(i / 15), i % 15];
    return (values[15 * (frame >> 1) + pixel] as number) + 1000 * (frame % 2);
  });
  expect([...(await read('v'))]).toEqual(turns);
  const frames = [0, 1, undefined, 2, 3].flatMap((frame) =>
    frame === undefined ? Array.from({ length: 15 }, () => 9) : values.slice(15 * frame, 15 * (frame + 1)),
  );
  expect([...(await read('w'))]).toEqual(frames);
});
