// The compared packages, each as a function that plans a case: (kind, shape) -> { run(), at(k) }. `run` transforms the
// same input every time; `at(k)` is complex number k of the result. Where a package works in place, `run` first copies
// the input, as a user of the package would have to.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../package.json', import.meta.url));
const product = (shape) => shape.reduce((a, b) => a * b, 1);
const interleaved = (out) => (k) => [out()[2 * k], out()[2 * k + 1]];
const parts = (input) =>
  [0, 1].map((part) => Float64Array.from({ length: input.length / 2 }, (_, i) => input[2 * i + part]));

const makers = {
  async '@echogarden/pffft-wasm'() {
    const { default: load } = await import(pathToFileURL(require.resolve('@echogarden/pffft-wasm/simd')).href);
    const m = await load();
    return (kind, [n], input) => {
      const setup = m._pffft_new_setup(n, kind === 'r2c' ? 0 : 1);
      const [from, to, work] = [0, 1, 2].map(() => m._pffft_aligned_malloc(8 * n));
      m.HEAPF32.set(input, from / 4);
      const out = () => m.HEAPF32.subarray(to / 4, to / 4 + 2 * n);
      const half = (k) => (k === 0 ? [out()[0], 0] : 2 * k === n ? [out()[1], 0] : [out()[2 * k], out()[2 * k + 1]]);
      return {
        run: () => m._pffft_transform_ordered(setup, from, to, work, 0),
        at: kind === 'r2c' ? half : interleaved(out),
        dispose() {
          for (const address of [from, to, work]) m._pffft_aligned_free(address);
          m._pffft_destroy_setup(setup);
        },
      };
    };
  },
  async webfft() {
    const { default: WebFft } = await import(pathToFileURL(require.resolve('webfft')).href);
    return (_kind, shape, input) => {
      const n = shape.at(-1);
      const fft = new WebFft(n, 'kissWasm', false);
      let out;
      if (shape.length === 1) {
        return { run: () => (out = fft.fft(input)), at: interleaved(() => out), dispose: () => fft.dispose() };
      }
      // Uses the default sub-library: the wasm ones return one shared buffer for every line, which fft2d of the package
      // does not copy.
      const plane = new WebFft(n, undefined, false);
      const rows = Array.from({ length: shape[0] }, (_, i) => input.slice(2 * n * i, 2 * n * (i + 1)));
      return {
        run: () => (out = plane.fft2d(rows)),
        at: (k) => [out[Math.floor(k / n)][2 * (k % n)], out[Math.floor(k / n)][2 * (k % n) + 1]],
      };
    };
  },
  async 'fft.js'() {
    const FFT = require('fft.js');
    return (_kind, [n], input) => {
      const fft = new FFT(n);
      const [from, out] = [Array.from(input), fft.createComplexArray()];
      return { run: () => fft.transform(out, from), at: interleaved(() => out) };
    };
  },
  async 'kissfft-js'() {
    const { FFT } = require('kissfft-js');
    return (_kind, [n], input) => {
      const fft = new FFT(n);
      let out;
      return { run: () => (out = fft.forward(input)), at: interleaved(() => out), dispose: () => fft.dispose() };
    };
  },
  async 'fftw-js'() {
    const { FFT } = require('fftw-js');
    return (_kind, [n], input) => {
      const fft = new FFT(n);
      let out;
      return { run: () => (out = fft.forward(input)), at: interleaved(() => out), dispose: () => fft.dispose() };
    };
  },
  async 'ml-fft'() {
    const { FFT } = require('ml-fft');
    return (_kind, shape, input) => {
      FFT.init(shape[0]);
      const [re, im] = parts(input);
      const [r, i] = [re.slice(), im.slice()];
      const run = () => {
        r.set(re);
        i.set(im);
        if (shape.length === 2) FFT.fft2d(r, i);
        else FFT.fft(r, i, 1);
      };
      return { run, at: (k) => [r[k], i[k]] };
    };
  },
  async 'ndarray-fft'() {
    const [fft, ndarray] = [require('ndarray-fft'), require('ndarray')];
    return (_kind, shape, input) => {
      const [re, im] = parts(input);
      const [r, i] = [re.slice(), im.slice()];
      // The forward exponent of this package is +2 pi i, so real and imaginary parts are swapped on both sides.
      const [x, y] = [ndarray(i, shape), ndarray(r, shape)];
      const run = () => {
        r.set(re);
        i.set(im);
        fft(1, x, y);
      };
      return { run, at: (k) => [r[k], i[k]] };
    };
  },
};

/** Loads one package; throws when it is not installed. */
export const load = (name) => makers[name]();

/** Input of a case: the same numbers for every contestant, complex numbers interleaved. */
export function makeInput(kind, shape) {
  let state = 1;
  return Float32Array.from({ length: product(shape) * (kind === 'r2c' ? 1 : 2) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

/**
 * Largest error of a few results against the definition in double precision, over the root mean square of all results.
 */
export function sampledError(kind, shape, input, at) {
  const real = kind === 'r2c';
  const [n, last] = [product(shape), shape.at(-1)];
  let power = 0;
  for (const x of input) power += x * x;
  let worst = 0;
  for (const share of [0.137, 0.411, 0.893]) {
    const index = shape.map((length, axis) =>
      Math.floor(share * (real && axis === shape.length - 1 ? length / 2 : length)),
    );
    const roots = shape.map((length, axis) =>
      Float64Array.from({ length: 2 * length }, (_, i) => {
        const phase = (-2 * Math.PI * (((i >> 1) * index[axis]) % length)) / length;
        return i % 2 === 0 ? Math.cos(phase) : Math.sin(phase);
      }),
    );
    let [re, im] = [0, 0];
    for (let line = 0; line < n / last; line++) {
      let [wr, wi, rest] = [1, 0, line];
      for (let axis = shape.length - 2; axis >= 0; axis--) {
        const j = rest % shape[axis];
        rest = (rest - j) / shape[axis];
        [wr, wi] = [
          wr * roots[axis][2 * j] - wi * roots[axis][2 * j + 1],
          wr * roots[axis][2 * j + 1] + wi * roots[axis][2 * j],
        ];
      }
      let [sr, si] = [0, 0];
      const w = roots.at(-1);
      for (let j = 0, k = line * last; j < last; j++, k++) {
        const [xr, xi] = real ? [input[k], 0] : [input[2 * k], input[2 * k + 1]];
        sr += xr * w[2 * j] - xi * w[2 * j + 1];
        si += xr * w[2 * j + 1] + xi * w[2 * j];
      }
      re += sr * wr - si * wi;
      im += sr * wi + si * wr;
    }
    const counts = shape.map((length, axis) =>
      real && axis === shape.length - 1 ? Math.floor(length / 2) + 1 : length,
    );
    const [gr, gi] = at(index.reduce((flat, k, axis) => flat * counts[axis] + k, 0));
    worst = Math.max(worst, Math.hypot(gr - re, gi - im) / Math.sqrt(power));
  }
  // Math.max would hide a result that is NaN.
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
}
