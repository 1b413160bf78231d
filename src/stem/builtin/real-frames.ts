/** Functions of real frames alone. */

import type { UdfMeta } from '../../udf/functions/udf.js';
import { EwaldError } from '../../util/errors.js';

/** Throws `Unsupported` for complex frames, whose real and imaginary parts would be taken for pixels. */
export function requireReal(what: string, { inputDtype }: UdfMeta): void {
  if (inputDtype.startsWith('c'))
    throw new EwaldError('Unsupported', `${what}: frames are complex (${inputDtype}); expected real ones`);
}
