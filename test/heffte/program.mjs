// One case of the distributed transform, executed by every rank of a communicator; throws at the first difference.
import { cut, wholeWorld } from './oracle.mjs';

const full = (size) => [[0, 0, 0], size.map((n) => n - 1)];

/** heFFTe's error bounds for individual numbers. */
const bounds = { f32: 5e-4, f64: 1e-11 };
const hard = (n) => {
  let rest = n;
  for (const p of [2, 3, 5, 7, 11, 13]) while (rest % p === 0) rest /= p;
  return rest > 1;
};
/**
 * The error bound over all numbers of a non-empty box: that of the kernels (cpp/fft), times four for lengths that use
 * Bluestein, plus the error of the oracle. It is relative to the numbers of the whole world: every number of a transform
 * carries the rounding of all, so a box without the large constant term has errors as large as the others'.
 */
const relativeBound = (size, precision) => {
  const unit = precision === 'f32' ? 2 ** -24 : 2 ** -53;
  const n = size.reduce((a, b) => a * b, 1);
  return (size.some(hard) ? 8 : 3) * unit * Math.sqrt(Math.log2(n) + 1) + 5e-15;
};

/** What a box of every world in a list holds, and the mean square of the numbers of the whole worlds. */
function exact(list, size, box, complex) {
  const sums = list.map(
    (whole) => whole.reduce((sum, x) => sum + x * x, 0) / (complex ? whole.length : whole.length / 2),
  );
  return {
    wanted: list.flatMap((whole) => Array.from(cut(whole, size, box, complex))),
    square: sums.reduce((a, b) => a + b, 0) / sums.length,
  };
}

function compareIn({ size: world, each }, found, { wanted, square }, precision, scale, what) {
  if (found.length !== wanted.length) throw new Error(`${what}: ${found.length} numbers, wanted ${wanted.length}`);
  let [worst, difference, size] = [0, 0, 0];
  for (let i = 0; i < wanted.length; i++) {
    const d = Math.abs(found[i] - wanted[i] * scale);
    if (!(d >= 0)) throw new Error(`${what}: number ${i} is ${found[i]}`);
    // heFFTe compares with single precision; we compare with the truth, which single precision cannot represent better
    // than this.
    worst = Math.max(worst, precision === 'f32' ? d - 2 ** -24 * Math.abs(wanted[i] * scale) : d);
    difference += d * d;
    size += (wanted[i] * scale) ** 2;
  }
  size = Math.max(size, wanted.length * square * scale ** 2);
  const relative = size === 0 ? Math.sqrt(difference) : Math.sqrt(difference / size);
  if (worst > (each ?? bounds[precision]) || (wanted.length >= 64 && relative > relativeBound(world, precision)))
    throw new Error(`${what}: differs by ${worst}, relatively ${relative}`);
  return relative;
}

/** Boxes of all ranks: a grid, shifted by some ranks; `shown` of them are non-empty. */
function boxesOf(heffte, size, { grid, shift = 0, order = [0, 1, 2], empty = 0 }, ranks) {
  const world = heffte.box3d(...full(size), order);
  const holding = ranks - empty;
  const parts = heffte.splitWorld(world, grid ?? heffte.procSetupMinSurface(world, holding));
  const nothing = heffte.box3d([0, 0, 0], [-1, -1, -1], order);
  return Array.from({ length: ranks }, (_, rank) => parts[(rank + shift) % ranks] ?? nothing);
}

/**
 * Runs a case on this rank: { size, kind, reduced, r2r, precision, input, output, options, batch, scales, backend }.
 * `input` and `output` are { grid, shift, order, empty }.
 */
export async function runCase(heffte, comm, c) {
  const { size, precision = 'f64', reduced, batch = 1, backend = 'stock', options = {} } = c;
  const kind = reduced !== undefined ? 'r2c' : c.options?.r2r || c.kinds ? 'r2r' : 'c2c';
  const { rank } = comm;
  const compare = (...given) => compareIn(c, ...given);
  const ArrayType = precision === 'f32' ? Float32Array : Float64Array;
  const outSize = size.map((n, axis) => (axis === reduced ? Math.floor(n / 2) + 1 : n));
  const inbox = boxesOf(heffte, size, c.input ?? {}, comm.size)[rank];
  const outbox = boxesOf(heffte, outSize, c.output ?? {}, comm.size)[rank];
  const name = JSON.stringify({ ...c, options: { ...options, context: undefined }, rank });
  const plan =
    reduced === undefined
      ? await heffte.fft3d(backend, inbox, outbox, comm, options)
      : await heffte.fft3dR2c(backend, inbox, outbox, reduced, comm, options);
  let worst = 0;
  try {
    if (plan.sizeInbox !== inbox.count || plan.sizeOutbox !== outbox.count) throw new Error(`${name}: sizes`);
    const real = kind !== 'c2c';
    const wholes = (isReal) =>
      Array.from({ length: batch }, (_, b) => wholeWorld(size, { real: isReal, kinds: c.kinds, batch: b }));
    const gather = (list, box, complex) => {
      const parts = list.map((whole) => cut(whole, size, box, complex));
      const out = new ArrayType(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts) {
        out.set(part, at);
        at += part.length;
      }
      return out;
    };
    const boxOf = (list, box, complex) => exact(list, size, box, complex);
    const world = wholes(real);
    const inputs = world.map(({ input }) => input);
    const spectra = world.map(({ spectrum }) => spectrum);
    const [inComplex, outComplex] = [kind === 'c2c', kind !== 'r2r'];
    const input = gather(inputs, inbox, inComplex);
    const start = boxOf(inputs, inbox, inComplex);
    const end = boxOf(spectra, outbox, outComplex);
    const workspace = new ArrayType(comm.allocate(2 * batch * plan.sizeWorkspace * ArrayType.BYTES_PER_ELEMENT));
    for (const [ahead, back] of c.scales ?? [['none', 'full']]) {
      const output = new ArrayType(end.wanted.length);
      await plan.forward(input, output, { scale: ahead, batch });
      worst = Math.max(worst, compare(output, end, precision, plan.scaleFactor(ahead), `${name} forward`));
      const given = new ArrayType(end.wanted.length);
      await plan.forward(input, given, { scale: ahead, batch, workspace });
      if (!given.every((x, i) => x === output[i])) throw new Error(`${name}: another result with a given workspace`);
      const again = new ArrayType(input.length);
      await plan.backward(output, again, { scale: back, batch, workspace });
      compare(again, start, precision, 1, `${name} backward`);
    }
    const unchanged = gather(inputs, inbox, inComplex);
    if (!input.every((x, i) => x === unchanged[i])) throw new Error(`${name}: the input was changed`);
    if (kind === 'c2c' && c.convert !== false) {
      // Real numbers on the side of complex ones, and one array for both sides.
      const reals = wholes(true);
      const realInput = gather(
        reals.map((whole) => whole.input),
        inbox,
        false,
      );
      const output = await plan.forward(realInput, undefined, { batch });
      compare(
        output,
        boxOf(
          reals.map((whole) => whole.spectrum),
          outbox,
          true,
        ),
        precision,
        1,
        `${name} of real numbers`,
      );
      const back = await plan.backward(output, new ArrayType(realInput.length), { scale: 'full', batch });
      const realStart = boxOf(
        reals.map((whole) => whole.input),
        inbox,
        false,
      );
      compare(back, realStart, precision, 1, `${name} to real numbers`);
      const both = new ArrayType(Math.max(input.length, end.wanted.length));
      both.set(input);
      await plan.forward(both.subarray(0, input.length), both.subarray(0, end.wanted.length), { batch });
      compare(both.subarray(0, end.wanted.length), end, precision, 1, `${name} in place`);
      await plan.backward(both.subarray(0, end.wanted.length), both.subarray(0, input.length), {
        scale: 'full',
        batch,
      });
      compare(both.subarray(0, input.length), start, precision, 1, `${name} in place, backward`);
    }
    comm.release(workspace.buffer);
  } finally {
    await plan.dispose();
  }
  return worst;
}

/** Runs all cases in order; returns their number. */
export async function runCases(heffte, comm, cases, openContext) {
  // One context for all cases of a backend; a plan that opens its own context is a separate case.
  const contexts = new Map();
  for (const c of cases) {
    const name = c.backend ?? (openContext ? 'native' : undefined);
    if (name && !contexts.has(name)) contexts.set(name, await openContext({ backend: name, strict: true }));
    const context = contexts.get(name);
    await runCase(heffte, comm, context ? { ...c, options: { ...c.options, context } } : c);
  }
  for (const context of contexts.values()) {
    if (context.liveBytes !== 0) throw new Error(`${context.liveBytes} bytes are left`);
    await context.dispose();
  }
  return cases.length;
}
