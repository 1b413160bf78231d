// heFFTe's example from the documentation of its Python module: only imports and syntax are changed.
import * as heffte from 'ewald/heffte';

/** The documented behaviour, on each of two ranks of `comm`, with the backend `tag`. */
export async function example(tag, comm) {
  const me = comm.rank;
  const check = (what, found, wanted, bound) => {
    const off = wanted.findIndex((x, i) => !(Math.abs(found[i] - x) <= bound));
    if (found.length !== wanted.length || off >= 0)
      throw new Error(
        `${tag}, rank ${me}, ${what}: number ${off} of ${found.length} is ${found[off]}, wanted ${wanted[off]}`,
      );
  };

  // A world of 4 × 4 × 4, divided along the last axis.
  const inbox = heffte.box3d([0, 0, 2 * me], [3, 3, 2 * me + 1]);
  const outbox = heffte.box3d([0, 0, 2 * me], [3, 3, 2 * me + 1], [0, 1, 2]);
  const fft = await heffte.fft3d(tag, inbox, outbox, comm);
  if (fft.size_inbox() !== 32 || fft.size_outbox() !== 32 || !(fft.size_workspace() > 0)) throw new Error('sizes');

  for (const [ArrayType, bound] of [
    [Float32Array, 1e-3],
    [Float64Array, 1e-11],
  ]) {
    // Real numbers 0 … 31 on each rank.
    const inarray = ArrayType.from({ length: fft.size_inbox() }, (_, i) => i);
    const outarray = new ArrayType(2 * fft.size_outbox());
    await fft.forward(inarray, outarray, heffte.scale.none);
    const wanted = planes(me);
    // The number that heFFTe's own test checks: only this one is nonzero in the planes of the second rank.
    if (me === 1) check('known', wanted, [-512, ...Array(63).fill(0)], 0);
    check('forward', outarray, wanted, bound);
    const again = new ArrayType(fft.size_inbox());
    await fft.backward(outarray, again, heffte.scale.full);
    check('backward', again, inarray, bound);

    // A workspace of the user.
    const workspace = new ArrayType(2 * fft.size_workspace());
    const buffered = new ArrayType(outarray.length);
    await fft.forward_buffered(inarray, buffered, workspace, heffte.scale.symmetric);
    check(
      'forward_buffered',
      buffered,
      Array.from(wanted, (x) => x / 8),
      bound,
    );
    await fft.backward_buffered(buffered, again, workspace, heffte.scale.symmetric);
    check('backward_buffered', again, inarray, bound);

    // Complex numbers on both sides.
    const complex = ArrayType.from({ length: 2 * fft.size_inbox() }, (_, i) => (i % 2 === 0 ? i / 2 : 0));
    await fft.forward(complex, outarray, heffte.scale.full);
    check(
      'complex',
      outarray,
      Array.from(wanted, (x) => x / 64),
      bound,
    );
  }
  await fft.dispose();

  const half = me === 0 ? heffte.box3d([0, 0, 0], [3, 3, 1]) : heffte.box3d([0, 0, 2], [3, 3, 2]);
  const real = await heffte.fft3d_r2c(tag, inbox, half, 2, comm);
  if (real.size_inbox() !== 32 || real.size_outbox() !== (me === 0 ? 32 : 16)) throw new Error('sizes of r2c');
  const inarray = Float64Array.from({ length: 32 }, (_, i) => i);
  const outarray = await real.forward(inarray, new Float64Array(2 * real.size_outbox()), heffte.scale.none);
  check('r2c', outarray, Array.from(planes(me).slice(0, outarray.length)), 1e-11);
  const again = await real.backward(outarray, new Float64Array(32), heffte.scale.full);
  check('c2r', again, inarray, 1e-11);
  await real.dispose();

  // Invalid calls.
  const error = await heffte.fft3d(tag, inbox, inbox, comm).then(async (plan) => {
    const thrown = await plan.forward(new Float32Array(3)).catch((e) => e);
    await plan.dispose();
    return thrown;
  });
  if (!(error instanceof heffte.heffte_input_error)) throw new Error(`wrong input gave ${error}`);

  const world = heffte.box3d([0, 0, 0], [3, 3, 3]);
  const boxes = heffte.split_world(world, heffte.proc_setup(world, 2));
  if (boxes.length !== 2 || boxes[0].count !== 32) throw new Error('split_world');
  return 'as documented';
}

/** The spectrum of 0 … 31 twice, by direct sums: the two planes of this rank. */
function planes(me) {
  const out = [];
  for (let kz = 2 * me; kz < 2 * me + 2; kz++)
    for (let ky = 0; ky < 4; ky++)
      for (let kx = 0; kx < 4; kx++) {
        let [re, im] = [0, 0];
        for (let i = 0; i < 64; i++) {
          const turn = (kx * (i & 3) + ky * ((i >> 2) & 3) + kz * (i >> 4)) % 4;
          re += (i % 32) * [1, 0, -1, 0][turn];
          im -= (i % 32) * [0, 1, 0, -1][turn];
        }
        out.push(re, im);
      }
  return out;
}

export const onRank = (tag, { comm }) => example(tag, comm);
