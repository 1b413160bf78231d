// The same work for every executor: a count of pi and batches of stills, reduced to one hash of all bytes in order.
import { createHash } from 'node:crypto';

/** Random numbers in 0 … 1 that are the same everywhere. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Spots of a rotated lattice of 79 × 79 × 38 Å, and some spurious ones. */
function still(random) {
  const [a, b, c] = [79, 79, 38];
  const [u, v, w] = [2 * Math.PI * random(), Math.PI * random(), 2 * Math.PI * random()];
  const [cu, su, cv, sv, cw, sw] = [u, u, v, v, w, w].map((angle, i) => (i % 2 ? Math.sin(angle) : Math.cos(angle)));
  const turn = [
    [cu * cw - su * cv * sw, -cu * sw - su * cv * cw, su * sv],
    [su * cw + cu * cv * sw, -su * sw + cu * cv * cw, -cu * sv],
    [sv * sw, sv * cw, cv],
  ];
  const spots = [];
  for (let i = 0; i < 80; i++) {
    const hkl = [a, b, c].map((length) => Math.round(20 * (random() - 0.5)) / length);
    for (const row of turn) spots.push(row[0] * hkl[0] + row[1] * hkl[1] + row[2] * hkl[2] + 2e-4 * (random() - 0.5));
  }
  for (let i = 0; i < 60; i++) spots.push(0.4 * (random() - 0.5));
  return spots;
}

export function tasks() {
  const random = generator(7);
  const list = Array.from({ length: 8 }, (_, i) => ({
    module: 'pi',
    function: 'count',
    argument: { points: 30_000, first: i * 30_000, seed: 5 },
  }));
  for (let batch = 0; batch < 4; batch++) {
    const images = [still(random), still(random)];
    list.push({
      module: 'indexing',
      function: 'index',
      argument: {
        indexer: { maxSpots: 120, batch: 2 },
        input: {
          spots: Float32Array.from(images.flat()),
          offsets: Uint32Array.of(0, images[0].length / 3, (images[0].length + images[1].length) / 3),
          cells: Float32Array.of(79, 0, 0, 0, 79, 0, 0, 0, 38),
        },
      },
    });
  }
  return list;
}

/** Adds every byte of a value to the hash, in the order of its keys. */
function note(hash, value) {
  if (ArrayBuffer.isView(value)) hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  else if (value && typeof value === 'object')
    for (const key of Object.keys(value).sort()) note(hash.update(key), value[key]);
  else hash.update(`${typeof value} ${value}`);
}

/** Returns the hash, and whether lattices were found. */
export function digest(values) {
  const hash = createHash('sha256');
  for (const value of values) note(hash, value);
  const found = values.filter((value) => value?.found?.some((byte) => byte !== 0)).length;
  return `${hash.digest('hex')} ${found}`;
}

export async function bits(executor) {
  const values = [];
  for await (const { value } of executor.run(tasks())) values.push(value);
  return digest(values);
}
