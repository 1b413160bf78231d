/** The same in browsers. */

import type { DataInput } from '../bytes/source-of.js';
import { absoluteAddress } from '../util/addresses.js';
import { separateInputs } from './left-out.js';
import type { OpenOptions } from './open.js';
import { openPlatform } from './open-platform.browser.js';

/** See `separateInputs`. */
export const separated = (inputs: readonly DataInput[], options: OpenOptions): ReturnType<typeof separateInputs> =>
  separateInputs(
    inputs.map((input) => (typeof input === 'string' ? absoluteAddress(input) : input)),
    options,
    openPlatform,
  );
