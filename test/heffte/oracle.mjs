// Transforms of a whole world by direct sums in double precision, with x varying fastest. Every distributed transform
// is compared with them. Uses nothing of the package.

/** A number from 0 to 1 determined by an index and a part (0 real, 1 imaginary): the same on every rank. */
export function sample(x, y, z, part, batch = 0) {
  let h = (x * 73856093) ^ (y * 19349663) ^ (z * 83492791) ^ ((part + 2 * batch + 1) * 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** The factor of input element j for output element k in a real transform of length n. */
const realFactor = {
  dct1: (n, k, j) => (j === 0 || j === n - 1 ? 1 : 2) * Math.cos(Math.PI * turn(j * k, n - 1)),
  dct2: (n, k, j) => 2 * Math.cos(Math.PI * turn((2 * j + 1) * k, 2 * n)),
  dst1: (n, k, j) => 2 * Math.sin(Math.PI * turn((j + 1) * (k + 1), n + 1)),
  dst2: (n, k, j) => 2 * Math.sin(Math.PI * turn((2 * j + 1) * (k + 1), 2 * n)),
};
/** a / n modulo 2, because small angles have small errors. */
const turn = (a, n) => (a % (2 * n)) / n;

/** Sums along one axis: `rows` contains the real and imaginary factors of all inputs for each output. */
function along(data, size, axis, factors) {
  const n = size[axis];
  const stride = size.slice(0, axis).reduce((a, b) => a * b, 1);
  const out = new Float64Array(data.length);
  const total = data.length / 2;
  for (let i = 0; i < total; i++) {
    const k = Math.floor(i / stride) % n;
    const base = i - k * stride;
    const [re, im] = factors[k];
    let [a, b] = [0, 0];
    for (let j = 0; j < n; j++) {
      const p = 2 * (base + j * stride);
      a += data[p] * re[j] - data[p + 1] * im[j];
      b += data[p] * im[j] + data[p + 1] * re[j];
    }
    out[2 * i] = a;
    out[2 * i + 1] = b;
  }
  return out;
}

function factorsOf(n, kind) {
  return Array.from({ length: n }, (_, k) => {
    const [re, im] = [new Float64Array(n), new Float64Array(n)];
    for (let j = 0; j < n; j++) {
      const angle = (-2 * Math.PI * ((j * k) % n)) / n;
      re[j] = kind ? realFactor[kind](n, k, j) : Math.cos(angle);
      im[j] = kind ? 0 : Math.sin(angle);
    }
    return [re, im];
  });
}

const kept = new Map();
/** Interleaved complex input and spectrum of a world; kinds are those of real transforms, for x, y, z. */
export function wholeWorld(size, { real = false, kinds, batch = 0 } = {}) {
  const key = JSON.stringify([size, real, kinds, batch]);
  if (kept.has(key)) return kept.get(key);
  const input = new Float64Array(2 * size[0] * size[1] * size[2]);
  let at = 0;
  for (let z = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++)
      for (let x = 0; x < size[0]; x++) {
        input[at++] = Math.fround(sample(x, y, z, 0, batch));
        input[at++] = real ? 0 : Math.fround(sample(x, y, z, 1, batch));
      }
  let spectrum = input;
  for (let axis = 0; axis < 3; axis++)
    if (kinds || size[axis] > 1) spectrum = along(spectrum, size, axis, factorsOf(size[axis], kinds?.[axis]));
  const made = { input, spectrum };
  kept.set(key, made);
  return made;
}

/** The elements of a box in a whole world, in its memory order; complex numbers, or the real parts only. */
export function cut(whole, size, box, complex) {
  const count = box.count;
  const out = new Float64Array((complex ? 2 : 1) * count);
  if (count === 0) return out;
  const [a, b, c] = box.order;
  const index = [0, 0, 0];
  let at = 0;
  for (let k = 0; k < box.size[c]; k++)
    for (let j = 0; j < box.size[b]; j++)
      for (let i = 0; i < box.size[a]; i++) {
        index[a] = box.low[a] + i;
        index[b] = box.low[b] + j;
        index[c] = box.low[c] + k;
        const p = 2 * (index[0] + size[0] * (index[1] + size[1] * index[2]));
        out[at++] = whole[p];
        if (complex) out[at++] = whole[p + 1];
      }
  return out;
}
