// `node benchmarks/fft/kinds.mjs [--f64]`: every kind of transform in one line of three sizes beside FFTW (MEASURE, one
// thread) and SciPy, in turns; lines with a stride; primes; what a plan takes, and how soon it is given up.
import { spawnSync } from 'node:child_process';
import koffi from 'koffi';
import { createContext } from '../../dist/index.node.js';

const isDouble = process.argv.includes('--f64');
const precision = isDouble ? 'f64' : 'f32';
const Reals = isDouble ? Float64Array : Float32Array;
const name = isDouble ? 'fftw' : 'fftwf';
const lib = koffi.load(`libfftw3${isDouble ? '' : 'f'}.so.3`);
const dft = lib.func(`void *${name}_plan_dft_1d(int n, void *in, void *out, int sign, uint flags)`);
const many = lib.func(
  `void *${name}_plan_many_dft(int rank, int *n, int howmany, void *in, int *inembed, int istride, int idist, void *out, int *onembed, int ostride, int odist, int sign, uint flags)`,
);
const r2c = lib.func(`void *${name}_plan_dft_r2c_1d(int n, void *in, void *out, uint flags)`);
const c2r = lib.func(`void *${name}_plan_dft_c2r_1d(int n, void *in, void *out, uint flags)`);
const r2r = lib.func(`void *${name}_plan_r2r_1d(int n, void *in, void *out, int kind, uint flags)`);
const execute = lib.func(`void ${name}_execute(void *plan)`);
const fftwKinds = { dct1: 3, dct3: 4, dct2: 5, dct4: 6, dst1: 7, dst3: 8, dst2: 9, dst4: 10 };

const ctx = await createContext({ backend: 'native' });
/** Seconds of a call, the least of rounds in which the contestants take turns. */
function turns(contestants, atLeast = 0.15) {
  const best = contestants.map(() => Number.POSITIVE_INFINITY);
  const counts = contestants.map((call) => {
    call();
    let n = 1;
    for (;;) {
      const start = performance.now();
      for (let i = 0; i < n; i++) call();
      if (performance.now() - start > 2) return n;
      n *= 2;
    }
  });
  const end = performance.now() + 1000 * atLeast;
  for (let round = 0; round < 5 || performance.now() < end; round++)
    for (const [c, call] of contestants.entries()) {
      const start = performance.now();
      for (let i = 0; i < counts[c]; i++) call();
      best[c] = Math.min(best[c], (performance.now() - start) / 1000 / counts[c]);
    }
  return best;
}

const [measure] = [0];
async function caseOf(kind, n, stride = 1) {
  const isComplex = kind === 'c2c';
  const from = new Reals(2 * (n + 2) * stride).map((_, i) => Math.sin(i * i));
  const to = new Reals(2 * (n + 2) * stride);
  const sizes = new Int32Array([n]);
  const planned =
    kind === 'c2c'
      ? stride === 1
        ? dft(n, from, to, -1, measure)
        : many(1, sizes, 1, from, sizes, stride, 1, to, sizes, stride, 1, -1, measure)
      : kind === 'r2c'
        ? r2c(n, from, to, measure)
        : kind === 'c2r'
          ? c2r(n, from, to, measure)
          : r2r(n, from, to, fftwKinds[kind], measure);
  const options = isComplex
    ? { shape: [n], precision, threads: 1, ...(stride > 1 && { inputStrides: [stride], outputStrides: [stride] }) }
    : kind === 'r2c' || kind === 'c2r'
      ? { shape: [n], precision, threads: 1, kind: 'r2c' }
      : { shape: [n], precision, threads: 1, kind: 'r2r', r2r: [kind] };
  const began = performance.now();
  const plan = await ctx.fft(options);
  const made = performance.now() - began;
  const { now } = plan;
  const [input, output] = [now.input, now.output];
  const isBack = kind === 'c2r';
  (isBack ? output : input).fill(0.5);
  const [fftw, ours] = turns([
    () => execute(planned),
    isBack ? () => now.backward(output, input) : () => now.forward(input, output),
  ]);
  plan.dispose();
  return { fftw, ours, made };
}

export { caseOf, ctx, fftwKinds };

const kinds = ['c2c', 'r2c', 'c2r', ...Object.keys(fftwKinds).sort()];
const scipy = `
import sys, time, numpy as np, scipy.fft as f
real = np.float64 if ${isDouble ? 1 : 0} else np.float32
def t(call):
    call(); n = 1
    while True:
        s = time.perf_counter()
        for _ in range(n): call()
        if time.perf_counter() - s > .002: break
        n *= 2
    best = 1e9
    for _ in range(12):
        s = time.perf_counter()
        for _ in range(n): call()
        best = min(best, (time.perf_counter() - s) / n)
    return best
for line in sys.stdin:
    k, n = line.split(); n = int(n)
    x = np.sin(np.arange(n)**2).astype(real)
    c = x.astype(np.complex128 if real == np.float64 else np.complex64)
    call = {'c2c': lambda: f.fft(c), 'r2c': lambda: f.rfft(x), 'c2r': lambda: f.irfft(c[:n//2+1], n)}.get(k)
    if call is None:
        of = f.dct if k[:3] == 'dct' else f.dst
        call = lambda: of(x, type=int(k[3]))
    print(t(call), flush=True)
`;
const cases = kinds.flatMap((kind) =>
  [1024, 16384, 262144].map((n) => [kind, n + (kind === 'dct1' ? 1 : kind === 'dst1' ? -1 : 0)]),
);
const { stdout } = spawnSync('/usr/bin/python3', ['-c', scipy], {
  input: cases.map((c) => c.join(' ')).join('\n'),
  encoding: 'utf8',
});
const theirs = stdout.trim().split('\n').map(Number);
const us = (s) => (1e6 * s).toPrecision(3);
console.log(`| ${precision} | points | FFTW us | SciPy us | ewald us | FFTW / ewald | SciPy / ewald | plan ms |`);
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const [i, [kind, n]] of cases.entries()) {
  const { fftw, ours, made } = await caseOf(kind, n);
  console.log(
    `| ${kind} | ${n} | ${us(fftw)} | ${us(theirs[i])} | ${us(ours)} | ${(fftw / ours).toFixed(2)} | ${(theirs[i] / ours).toFixed(2)} | ${made.toFixed(2)} |`,
  );
}
for (const [n, stride] of [
  [64, 5],
  [1024, 4],
  [4096, 5],
  [16384, 4],
  [262144, 3],
]) {
  const { fftw, ours } = await caseOf('c2c', n, stride);
  console.log(`| c2c, stride ${stride} | ${n} | ${us(fftw)} | | ${us(ours)} | ${(fftw / ours).toFixed(2)} | | |`);
}
let last = 0;
for (const n of [65537, 1048573, 16777213]) {
  const began = process.cpuUsage();
  const plan = await ctx.fft({ shape: [n], precision });
  const { user, system } = process.cpuUsage(began);
  const ms = (user + system) / 1000;
  console.log(
    `| plan of prime ${n}: ${ms.toFixed(1)} ms${last ? `, ${(ms / last).toFixed(0)} times for 16 times the length` : ''} | | | | | | | |`,
  );
  last = ms;
  plan.dispose();
}
await ctx.dispose?.();
