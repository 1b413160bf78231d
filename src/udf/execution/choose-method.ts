/** The method and the tiles that a UDF chooses for a run, by its parameters and the frames. */
import { EwaldError } from '../../base/errors.js';
import { type AnyUdf, frameMethods, type Tiling, type UdfMeta } from '../functions/udf.js';
import { callMethod } from './running.js';

/** The UDF with `getMethod` and `tiling` replaced by what they return. Throws `Argument` for an undefined method. */
export function withMethod(udf: AnyUdf, params: unknown, meta: UdfMeta): AnyUdf {
  const { definition } = udf;
  const { name, getMethod, tiling } = definition;
  if (getMethod === undefined && typeof tiling !== 'function') return udf;
  const scope = { params, meta };
  const changed: Record<string, unknown> = {};
  if (typeof tiling === 'function') changed.tiling = callMethod(name, 'tiling', () => tiling(scope) as Tiling);
  if (getMethod !== undefined) {
    const method = callMethod(name, 'getMethod', () => getMethod.call(definition, scope));
    const defined = frameMethods.filter((frameMethod) => definition[frameMethod] !== undefined);
    if (!defined.includes(method as (typeof frameMethods)[number]))
      throw new EwaldError(
        'Argument',
        `the UDF ${name}: getMethod returned ${JSON.stringify(method)}; expected one of the methods that it defines, ` +
          defined.join(', '),
        { detail: { udf: name, method: 'getMethod' } },
      );
    for (const other of defined) if (other !== method) changed[other] = undefined;
  }
  return {
    definition: { ...definition, ...changed },
    params: udf.params,
    withParams: (given) => udf.withParams(given),
  };
}
