/**
 * Finds regions of a scan with similar frames: selects the pixels that vary most over the scan, and clusters their
 * values.
 */

import type { ResultBuffer } from '../../udf/functions/buffers.js';
import { ring } from '../../udf/pass/masks.js';
import { EwaldError } from '../../util/errors.js';
import { pixelsUdf } from '../builtin/pixels.js';
import { stddevUdf } from '../builtin/stddev.js';
import { localMaxima } from '../images/local-maxima.js';
import { wardLabels } from '../images/ward.js';
import { analysisRows } from '../parameters.js';
import { analysis, navChannel, type OptionsOfAnalysis } from './analysis.js';
import { leftOutOf, leftOutOfFrames } from './left-out.js';
import { centreOf, radii } from './parameters.js';

/** Options of `createClusterAnalysis`. */
export type ClusterOptions = OptionsOfAnalysis<'cluster'>;

/**
 * `labels`: clusters 1 … of the scan positions, NaN outside the region of interest. Takes two passes: first the
 * standard deviation of each pixel, whose local maxima are the pixels of the feature vectors; then these vectors, each
 * divided by its mean magnitude, are clustered by Ward's method among neighbours in the scan. Throws `Argument` if no
 * pixel varies.
 */
export const clusterAnalysis = /* @__PURE__ */ analysis('cluster', (scan, options, what) => {
  const { nPeaks: most = analysisRows.nPeaks.range.fallback, minDistance: distance = 1 } = options;
  const { clusters = analysisRows.clusters.range.fallback } = options;
  const { notes, ...centre } = centreOf(scan, what, options);
  const whole = options.ri === undefined && options.ro === undefined;
  const counts = whole
    ? undefined
    : ring({ ...centre, ...radii(what, options, 0, Math.min(centre.width, centre.height) / 2) });
  const leftOut = leftOutOf(scan, what, options);
  const { marks } = leftOut;
  return {
    notes: [...notes, ...leftOutOfFrames(leftOut, 'none of them is compared')],
    udf: stddevUdf,
    next({ std }: { readonly std: ResultBuffer<'f64'> }) {
      const picture =
        counts || marks ? std.data.map((value, i) => (counts?.[i] !== 0 && !marks?.[i] ? value : 0)) : std.data;
      const pixels = localMaxima(picture, centre, { distance, most });
      if (pixels.length === 0)
        throw new EwaldError(
          'Argument',
          `${what}: no pixel varies more over the scan of ${scan.name} than its surroundings; ` +
            `expected frames that differ${counts ? ', or another ring' : ''}`,
        );
      return {
        udf: pixelsUdf.withParams({ pixels }),
        channels({ intensity }: { readonly intensity: ResultBuffer<'f64'> }) {
          const desc = `cluster of each position, from ${pixels.length} pixels`;
          const labels = labelsOf(intensity, pixels.length, scan.shape.nav, clusters);
          return [navChannel(scan, 'labels', 'clusters', desc, labels)];
        },
      };
    },
  };
});

function labelsOf(
  intensity: ResultBuffer<'f64'>,
  columns: number,
  nav: readonly number[],
  clusters: number,
): Float64Array {
  const { data, validMask } = intensity;
  const features = data.map((value, i) => (validMask[Math.floor(i / columns)] ? value : 0));
  const count = validMask.reduce((sum, one) => sum + one, 0);
  for (let k = 0; k < columns; k++) {
    let size = 0;
    for (let i = k; i < features.length; i += columns) size += Math.abs(features[i] as number);
    // A pixel that is 0 everywhere carries no information and stays 0.
    const scale = size === 0 ? 1 : count / size;
    for (let i = k; i < features.length; i += columns) features[i] = (features[i] as number) * scale;
  }
  const labels = wardLabels(features, nav, validMask, clusters);
  return Float64Array.from(labels, (label) => (label === 0 ? Number.NaN : label));
}
