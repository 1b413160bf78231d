/**
 * Mistakes in the transforms, in the format of mutants.mjs. On `webgpu` and in `script` they change the TypeScript and
 * WGSL as compiled into dist/.
 */

const c2c = (n) => `fft:c2c:f32:n=${n}`;
const r2c = (n) => `fft:r2c:f32:n=${n}`;
const r2r = (kind, ...lengths) => lengths.map((n) => `fft:r2r:f32:n=${n}:r2r=${kind}`);

/** On a core that contains only the transforms, which links in a second. */
const core = [
  ['a cosine of 7 has four digits', 'isa/butterfly.h', '0.623489801858733530525', '0.6235', [c2c(7)]],
  ['a sine of 11 has two digits', 'isa/butterfly.h', '0.9096319953545183714117', '0.91', [c2c(11)]],
  [
    'a cosine of 13 has the wrong sign',
    'isa/butterfly.h',
    '-0.3546048870425356259696',
    '0.3546048870425356259696',
    [c2c(13)],
  ],
  [
    'radix 4 turns one result the wrong way',
    'isa/butterfly.h',
    'd = {q.re - t.im, q.im + t.re};',
    'd = {q.re + t.im, q.im - t.re};',
    [c2c(64)],
  ],
  [
    'factors between stages forget the stage',
    'lines.cpp',
    'twiddles.get(uint64_t(p) * j * step, w);',
    'twiddles.get(uint64_t(p) * j, w);',
    [c2c('64x64'), c2c(512)],
  ],
  [
    'squares of the chirp go around too soon',
    'bluestein.cpp',
    'twiddles.get(k % circle, pair);',
    'twiddles.get(k % n, pair);',
    [c2c(17)],
  ],
  [
    'the filter of a convolution is not conjugated',
    'isa/real.cpp',
    'times_conjugate<T, W>(load_interleaved<T, W, false>(a + 2 * j), w.re, w.im)',
    'times<T, W>(load_interleaved<T, W, false>(a + 2 * j), w.re, w.im)',
    [c2c(17)],
  ],
  [
    'squares of the chirp in double go around too soon',
    'bluestein.cpp',
    'square -= 2 * uint64_t(n);',
    'square -= uint64_t(n);',
    ['fft:c2c:f64:n=61'],
  ],
  [
    'an axis takes the table of another length',
    'tables.h',
    'entry->n == n',
    'entry->n >= n',
    ['fft:c2c:f32:n=13x17x19'],
  ],
  [
    'a convolution across lines is too short',
    'lines.cpp',
    'good_length(2 * n - 1, 4)',
    'good_length(n + 1, 4)',
    ['fft:c2c:f32:n=13x17x19'],
  ],
  ['a quarter of the roots has the wrong sign', 'twiddles.cpp', 'minus_re = true;', 'minus_re = false;', [c2c(12)]],
  [
    'roots in single precision lose a product',
    'twiddles.cpp',
    'root[1] = float(a.re * b.im + a.im * b.re);',
    'root[1] = float(a.re * b.im);',
    [c2c(100), c2c(210)],
  ],
  [
    '2 pi has twelve digits',
    'twiddles.cpp',
    'two_pi = {6.283185307179586, 2.4492935982947064e-16}',
    'two_pi = {6.28318530718, 0.0}',
    ['fft:c2c:f64:n=1024'],
  ],
  [
    'the mirrored half of a spectrum is not conjugated',
    'run.cpp',
    '= -in[2 * k + 1];',
    '= in[2 * k + 1];',
    ['fft:r2c:f32:n=9:scale=full:inverse'],
  ],
  [
    'the halves of an even real line are added twice',
    'run.cpp',
    'false, scale / 2, team);',
    'false, scale, team);',
    [r2c(64), r2c(256)],
  ],
  [
    'an inner loop is not taken back',
    'run.cpp',
    'at_in -= pass.loop[i].in * pass.loop[i].count;',
    '',
    ['fft:c2c:f32:n=3x4x5x6', 'fft:c2c:f32:n=2x3x2x3x2x3x2x3'],
  ],
  [
    'the last block is as wide as the others',
    'run.cpp',
    'left < pass.width ? left : pass.width, work',
    'pass.width, work',
    ['fft:c2c:f32:n=6x8x10:axes=0', c2c('17x13')],
  ],
  [
    'every pass scales',
    'run.cpp',
    'return pass + 1 == program.passes ? scale : T(1);',
    'return scale;',
    ['fft:c2c:f32:n=10x12:scale=full'],
  ],
  [
    'the mirror image of a sine is even',
    'isa/trig.cpp',
    'm < half ? T(1) : T(-1)',
    'm < half ? T(1) : T(1)',
    r2r('dst1', 5, 8),
  ],
  [
    'dct4 turns rows by the wrong root',
    'isa/trig.cpp',
    'table + 2 * (n + m)',
    'table + 2 * (n + j)',
    r2r('dct4', 5, 9),
  ],
  [
    'dst3 has the signs of dct3',
    'isa/trig.cpp',
    'number<T, W>(a, width, n - 1 - m), sine ? T(-1) : T(1),',
    'number<T, W>(a, width, n - 1 - m), T(1),',
    r2r('dst3', 4, 8),
  ],
  [
    'the halves of a real line are put together wrongly',
    'isa/complex.h',
    'times<T, W>({x.im + y.im, y.re - x.re}, re, im)',
    'times<T, W>({x.im + y.im, y.re + x.re}, re, im)',
    ['fft:r2c:f32:n=8x12:batch=5', 'fft:r2c:f32:n=8x6x10:reducedAxis=0'],
  ],
  [
    'the highest frequency is the lowest',
    'isa/real.cpp',
    'z[2 * half] = first - second;',
    'z[2 * half] = first + second;',
    [r2c(64)],
  ],
  [
    'a short row reads overlapping vectors',
    'isa/rows.cpp',
    'first_butterfly<T, W, R, swap>(in, 2 * W, plan.first_twiddle, c);',
    'first_butterfly<T, W, R, swap>(in, 2 * (W - 1), plan.first_twiddle, c);',
    [c2c(16)],
  ],
  ['a short row is not scaled', 'isa/rows.cpp', 'scales ? scaled<T, W>(c[j], factor) : c[j]', 'c[j]', [c2c(16)]],
  [
    'the halves of short rows are only added',
    'isa/complex.h',
    'difference = low - high;',
    'difference = low + high;',
    [c2c(8)],
  ],
  [
    'both halves of short rows are turned',
    'lines.cpp',
    'lane_column<T>(l, lanes) < first ? 0 : p * (n / lanes)',
    'p * (n / lanes)',
    [c2c(8)],
  ],
  [
    'the far factor of a long line forgets its block',
    'isa/split.cpp',
    'end ? blocks1 : block;',
    'end ? blocks1 : 0;',
    [c2c(1155)],
  ],
  [
    'the last columns of a long line take the far factor of their block',
    'isa/split.cpp',
    'end ? blocks1 : block;',
    'block;',
    [c2c(2401)],
  ],
  [
    'the last results of a long line do not overlap those before them',
    'isa/split.cpp',
    'overlap && (kb + 1) * W > n1 ? n1 - W : kb * W;',
    'kb * W;',
    [c2c(2401)],
  ],
  [
    'a pass reads numbers where the one before it left vectors',
    'plan.cpp',
    'pass.to_vectors = next.from_vectors = gives_vectors(pass)',
    'pass.to_vectors = gives_vectors(pass)',
    [c2c('64x64'), c2c('32x32x32')],
  ],
  [
    'columns that read vectors turn all results by the first root',
    'isa/vectors.cpp',
    'w + 2 * (j - 1)',
    'w',
    [c2c('64x64'), c2c('32x32x32')],
  ],
  [
    'what lies behind the data is not zero',
    'run.cpp',
    'std::memset(a + end * row, 0, (w.whole - end) * row * sizeof(T));',
    '',
    ['fft:c2c:f32:n=64x64:inputShape=32-32', 'fft:c2c:f32:n=32x48:inputShape=20-17:keep=-5+11-9'],
  ],
  [
    'frequencies below zero are left out',
    'run.cpp',
    'if (parts.around > 0) pass.engine->scatter(',
    'if (parts.around > w.whole) pass.engine->scatter(',
    ['fft:c2c:f32:n=32x48:inputShape=20-17:keep=-5+11-9'],
  ],
].map(([name, file, find, replace, ids]) => ({
  name: `fft: ${name}`,
  file: `fft/${file}`,
  find,
  replace,
  ids,
  on: 'fft',
}));

const native = [
  {
    name: 'fft: a thread leaves its last block to nobody',
    file: 'fft/run.cpp',
    find: 'job.buffers.target(job.pass->target) + job.out, begin, end,',
    replace: 'job.buffers.target(job.pass->target) + job.out, begin, end - 1,',
    ids: ['fft:c2c:f32:n=30x40x20:threads=3'],
    on: 'native',
  },
  ...[
    ['a plane is read where it would lie in the output', 'plan.cpp', 'if (k > 0) pass[k].loop[i].in = 0;', ''],
    [
      'blocks past the cache forget that the first one was narrower',
      'run.cpp',
      'block == 0 ? 0 : block * pass.width - shift,',
      'block == 0 ? 0 : block * pass.width,',
    ],
    [
      'the first row is stored past the cache for all',
      'isa/columns.cpp',
      'swap, true>(from, step, to, out_step, factor);',
      'swap, true>(x + q, step, to, out_step, factor);',
    ],
    [
      'the end of a row is omitted where it ends within a line',
      'isa/columns.cpp',
      'begin = q > 0 ? place(q - unit) + unit - place(q) : 0,',
      'begin = q > 0 ? unit : 0,',
    ],
  ].map(([name, file, find, replace]) => ({
    name: `fft: ${name}`,
    file: `fft/${file}`,
    find,
    replace,
    ids: ['fft:large:c2c:f32:n=32x256x256'],
    on: 'native',
  })),
  ...[
    ['half of each cache line is lost past the cache', 'isa/past.cpp', 'k < line; k += W', 'k + W < line; k += W'],
    [
      'a real line is stored past the cache before it is complete',
      'run.cpp',
      'pass.engine->copy_past(work, out, numbers);',
      'pass.engine->copy_past(work + staged_numbers(numbers), out, numbers);',
    ],
  ].map(([name, file, find, replace]) => ({
    name: `fft: ${name}`,
    file: `fft/${file}`,
    find,
    replace,
    ids: ['fft:large:r2c:f32:n=32x256x256'],
    on: 'native',
  })),
  ...[
    [
      'a number is combined with the one beside its mirror image',
      'FromLanes<T, W>::at(W - column)',
      'FromLanes<T, W>::at(W - 1 - column)',
    ],
    ['the mirror image of the first point is that of another result', 'low[(j + 1) % R]', 'low[j]'],
    ['the points in the middle are turned the wrong way', 'dr * w[0] - di * w[1]', 'dr * w[0] + di * w[1]'],
  ].map(([name, find, replace]) => ({
    name: `fft: ${name}`,
    file: 'fft/isa/fold.cpp',
    find,
    replace,
    // The length whose last pass folds depends on the width of vectors: 1024 with AVX-512, 2048 with AVX2.
    ids: [r2c(1024), r2c(2048)],
    on: 'native',
  })),
];

const webgpu = [
  [
    'radix 4 exchanges two results',
    'wgsl/fft/radix.wgsl',
    '(s + t, d + u, s - t, d - u)',
    '(s + t, d - u, s - t, d + u)',
    [c2c(4)],
  ],
  [
    'halves of a real line are joined wrongly',
    'wgsl/fft/ends.wgsl',
    'table[HALVES + k], z - y)',
    'table[HALVES + k], z + y)',
    [r2c(8)],
  ],
  ['the highest frequency is left out', 'wgsl/fft/ends.wgsl', '2u * k <= AXIS', '2u * k < AXIS', [r2c(8)]],
  [
    'a sine of kind I loses its first number',
    'wgsl/fft/ends.wgsl',
    'k >= 1u && k <= AXIS',
    'k >= 2u && k <= AXIS',
    r2r('dst1', 5),
  ],
  [
    'a sine of kind III keeps its signs',
    'wgsl/fft/ends.wgsl',
    'select(v.x, -v.x, SINE && odd)',
    'select(v.x, v.x, SINE && odd)',
    r2r('dst3', 5),
  ],
  [
    'angles of a prime are not brought back',
    'src/fft/kernels/webgpu/shader.ts',
    'u) { angle -= ',
    'u) { angle += 0u * ',
    [c2c(17)],
  ],
  [
    'a convolution ends without exchanging parts',
    'src/fft/kernels/webgpu/shader.ts',
    'vec2f { return times(v.yx, ',
    'vec2f { return times(v, ',
    [c2c(97)],
  ],
  [
    'factors between pieces are those of another digit',
    'src/fft/kernels/webgpu/program.ts',
    'n: elementAt(this.#lengths, i) * elementAt(this.#place, i), step: 1',
    'n: elementAt(this.#lengths, i) * elementAt(this.#place, i), step: 2',
    [c2c(1024)],
  ],
  [
    'the filter of a convolution is not conjugated',
    'src/fft/kernels/webgpu/tables.ts',
    'out[2 * at + 1] = -im / length;',
    'out[2 * at + 1] = im / length;',
    [c2c(97)],
  ],
  [
    'what lies beyond the data is read',
    'src/fft/kernels/webgpu/shader.ts',
    'count < whole ? ',
    'count < 0 ? ',
    ['fft:c2c:f32:n=16:inputShape=5'],
  ],
  [
    'gaps are not kept',
    'src/fft/kernels/webgpu/fft.ts',
    'this.#gaps = descriptor.strided ||',
    'this.#gaps = false && descriptor.strided ||',
    ['fft:c2c:f32:n=6x10:*'],
  ],
  [
    'the full scale is a root',
    'src/fft/kernels/webgpu/fft.ts',
    "scale === 'full' ? 1 / this.#points",
    "scale === 'full' ? 1 / Math.sqrt(this.#points)",
    ['fft:c2c:f32:n=10x12:scale=full'],
  ],
].map(([name, file, find, replace, ids]) => ({
  name: `fft on webgpu: ${name}`,
  file,
  find,
  replace,
  ids,
  on: 'webgpu',
}));

const script = [
  ['a product of spectra is conjugated', 'x[i + 1] = p * s + q * r;', 'x[i + 1] = p * s - q * r;', ['fft:convolve:*']],
  [
    'correlation is convolution',
    "name === 'correlate' ? b.data.slice().reverse() : b.data",
    'b.data',
    ['fft:correlate:*'],
  ],
  ['the middle of a fold is a place off', 'same: (m - 1) >> 1', 'same: m >> 1', ['fft:convolve:*']],
  [
    'odd lengths are shifted too far',
    "'fftshift', array, shape, options, (n) => n >> 1",
    "'fftshift', array, shape, options, (n) => (n + 1) >> 1",
    ['fft:shift:*'],
  ],
  ['negative frequencies begin too soon', 'k < (n + 1) >> 1 ? k', 'k < n >> 1 ? k', ['fft:fftfreq:*']],
].map(([name, find, replace, ids]) => ({
  name: `fft helpers: ${name}`,
  file: 'src/fft/helpers.ts',
  find,
  replace,
  ids,
  on: 'script',
}));

const planned = [
  ['kinds belong to sorted axes', 'wanted.r2r, wanted.kind, named', 'wanted.r2r, wanted.kind, named.toSorted()', 'r2r'],
  ['the fastest axis is halved', 'wanted, wanted.kind, named', 'wanted, wanted.kind, named.toSorted()', 'r2c'],
].map(([name, find, replace, kind]) => ({
  name: `fft plans: ${name}`,
  file: 'src/fft/parameters.ts',
  find,
  replace,
  ids: [`fft:${kind}:f32:n=*:axes=1-0*`],
  on: 'script',
}));

export const fftMutants = [...core, ...native, ...webgpu, ...script, ...planned];
