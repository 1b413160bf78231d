// The timed cases and their goals. All cases are in float unless the case says f64.

/**
 * Comparison with FFTW (MEASURE, one thread; the faster of Debian's library and a build with AVX-512): time of FFTW
 * over time of ewald, [native, wasm].
 */
export const fftw = {
  'c2c:f32:64': [1.0, 0.35],
  'c2c:f32:256': [1.0, 0.35],
  'c2c:f32:512': [1.0, 0.35],
  'c2c:f32:1000': [1.0, 0.4],
  'c2c:f32:1009': [1.0, 0.7],
  'c2c:f32:1024': [1.0, 0.35],
  'c2c:f32:2048': [1.0, 0.35],
  'c2c:f32:2520': [1.0, 0.4],
  'c2c:f32:3125': [1.0, 0.4],
  'c2c:f32:4096': [1.0, 0.35],
  'c2c:f32:4999': [1.0, 0.7],
  'c2c:f32:45360': [1.0, 0.4],
  'c2c:f32:65536': [1.0, 0.65],
  'c2c:f32:1048576': [1.0, 1.0],
  'c2c:f32:512x512': [1.0, 0.7],
  'c2c:f32:64x64x64': [1.0, 0.65],
  'c2c:f32:100x100x100': [1.0, 0.6],
  'c2c:f32:128x128x128': [1.0, 1.0],
  'c2c:f32:256x256x256': [1.0, 1.0],
};

/** The same comparison for cases without a goal. */
export const more = [
  'c2r:f32:128x128x128',
  'dct2:f32:64x64x64',
  'c2c:f64:1024',
  'c2c:f64:65536',
  'c2c:f64:128x128x128',
];

/** Time of r2c over time of c2c, natively and in wasm: an upper limit. */
export const halves = {
  most: 0.55,
  shapes: ['4096', '65536', '1048576', '512x512', '64x64x64', '128x128x128', '256x256x256'],
};

/**
 * Milliseconds to make a plan: an upper limit. 1048573 and 1000003 are prime, 1048575 has factors of 31 and 41, 720720
 * is smooth.
 */
export const plans = { most: 10, lengths: [1024, 1009, 65536, 65537, 720720, 1000003, 1048573, 1048575, 1048576] };

/**
 * Wall time of one native thread over that of two. It has no goal, because it depends on the machine as much as on the
 * code.
 */
export const threads = ['c2c:f32:1048576', 'c2c:f32:128x128x128', 'c2c:f32:256x256x256', 'r2c:f32:256x256x256'];

const powers = ['256', '1024', '4096', '65536'];

/** Packages from npm, each compared with the wasm core: time of the package over time of ewald. */
export const packages = {
  '@echogarden/pffft-wasm': {
    c2c: ['16', '64', '256', '480', '960', '1024', '2400', '4096', '10240', '65536', '1048576'],
    r2c: ['1024', '4096', '65536'],
    least: 1,
    aim: 1.3,
  },
  webfft: { c2c: powers, nd: ['512x512'], least: 1 },
  'fft.js': { c2c: powers, least: 1 },
  'kissfft-js': { c2c: [...powers, '1000', '1009', '2520', '45360'], least: 1 },
  'fftw-js': { r2c: [...powers, '1000', '1009', '45360'], least: 1 },
  'ml-fft': { c2c: powers, nd: ['512x512'], least: 1 },
  'ndarray-fft': { c2c: ['1000', '1024'], nd: ['512x512', '64x64x64', '128x128x128'], least: 1 },
};
/** The smallest acceptable ratio in two and three dimensions. */
export const leastND = 10;

/**
 * Short lines through the public interface, [length, batch]: the overhead of promises, checks and copies over the core.
 */
export const facade = [256, 1024, 4096].flatMap((n) => [1, 64].map((batch) => [n, batch]));
