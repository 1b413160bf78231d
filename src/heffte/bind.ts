/** The two functions that make plans, bound to a platform. */
import type { Communicator } from '../parallel/communicator/communicator.js';
import type { Box } from './box.js';
import { type Fft3dPlan, type Fft3dPlatform, planFft3d } from './fft3d.js';
import type { HeffteBackend } from './names.js';
import type { Fft3dOptions } from './options.js';

/**
 * Plans a transform of the boxes of all ranks of a communicator; every rank calls it with its own boxes.
 *
 * `backend` selects the implementation: a name of ewald or of heFFTe (`stock wasm native webgpu cuda fftw mkl cufft
 * rocfft`, with `_cos`, `_sin`, `_cos1`, `_sin1` for its real transforms), or heFFTe's number. `inbox` is this rank's
 * part of the input, `outbox` its part of the output; together the inboxes contain every index from (0, 0, 0) exactly
 * once, and so do the outboxes.
 *
 * Throws on every rank: `Argument` when the boxes do not tile one world, naming an index, or when ranks disagree;
 * `Unsupported` without the backend; `Lost` when a rank has ended.
 */
export type MakeFft3d = (
  backend: HeffteBackend | string | number,
  inbox: Box,
  outbox: Box,
  comm: Communicator,
  options?: Fft3dOptions,
) => Promise<Fft3dPlan>;

/**
 * Like `fft3d`, from real numbers to the half of the spectrum that is not redundant: n / 2 + 1 numbers along the axis
 * `r2cDirection`. The outboxes tile `world.r2c(r2cDirection)`.
 */
export type MakeFft3dR2c = (
  backend: HeffteBackend | string | number,
  inbox: Box,
  outbox: Box,
  r2cDirection: number,
  comm: Communicator,
  options?: Fft3dOptions,
) => Promise<Fft3dPlan>;

/** Binds the functions to a platform. */
export const bindFft3d = (platform: Fft3dPlatform): { fft3d: MakeFft3d; fft3dR2c: MakeFft3dR2c } => ({
  fft3d: (backend, inbox, outbox, comm, options = {}) =>
    planFft3d(platform, { backend, inbox, outbox, comm, options, reduced: undefined }),
  fft3dR2c: (backend, inbox, outbox, r2cDirection, comm, options = {}) =>
    planFft3d(platform, { backend, inbox, outbox, comm, options, reduced: r2cDirection }),
});
