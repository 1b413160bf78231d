/** Centres of mass. Defaults are those of LiberTEM. */
import { EwaldError } from '../../base/errors.js';
import { knownOptions, real } from '../../base/options.js';
import { type ComParams, comUdf } from '../builtin/com.js';
import type { Scan } from '../scan.js';
import { type Analysis, type Channel, navChannel } from './analysis.js';
import { centreOf, radius } from './parameters.js';

/** Options of `createComAnalysis`. */
export interface ComOptions {
  readonly cx?: number;
  readonly cy?: number;
  /** Radius of the disk that is used; default: the whole frame. */
  readonly maskRadius?: number;
  readonly maskRadiusInner?: number;
  readonly flipY?: boolean;
  /** Degrees. */
  readonly scanRotation?: number;
  readonly regression?: ComParams['regression'];
}

/** Centre of mass: `field`, `magnitude`, `divergence`, `curl`, `x`, `y`. */
export function comAnalysis(
  scan: Scan,
  options: ComOptions = {},
): Analysis<'field' | 'magnitude' | 'divergence' | 'curl' | 'x' | 'y'> {
  const what = 'createComAnalysis';
  knownOptions(what, options, ['cx', 'cy', 'maskRadius', 'maskRadiusInner', 'flipY', 'scanRotation', 'regression']);
  const { cx, cy } = centreOf(scan, what, options);
  const { maskRadius, maskRadiusInner, flipY = false, scanRotation = 0, regression = -1 } = options;
  const params = {
    cx,
    cy,
    r: maskRadius === undefined ? null : radius(`${what}: maskRadius`, maskRadius, 0),
    ri: maskRadiusInner === undefined ? null : radius(`${what}: maskRadiusInner`, maskRadiusInner, 0),
    flipY,
    scanRotation: real(`${what}: scanRotation`, scanRotation, 0, -1e4, 1e4),
    regression,
  };
  if (params.ri !== null && !(params.ri < (params.r ?? Number.POSITIVE_INFINITY)))
    throw new EwaldError(
      'Argument',
      `${what}: maskRadiusInner is ${params.ri}, maskRadius ${params.r}; expected an inner radius below the outer one`,
    );
  return {
    name: 'com',
    scan,
    udf: comUdf.withParams(params),
    channels(results) {
      const of = (key: string, title: string, desc: string, data: ArrayLike<number>) =>
        navChannel(scan, key, title, desc, data) as never;
      return [
        {
          ...(of('field', 'field', 'shift of the centre of mass, length in pixels', results.magnitude.data) as Channel),
          vectors: results.field.data,
        } as never,
        of('magnitude', 'magnitude', 'length of the shift, pixels', results.magnitude.data),
        of('divergence', 'divergence', 'divergence of the shifts', results.divergence.data),
        of('curl', 'curl', 'curl of the shifts', results.curl.data),
        of('x', 'x', 'shift along x, pixels', results.fieldX.data),
        of('y', 'y', 'shift along y, pixels', results.fieldY.data),
      ];
    },
  };
}
