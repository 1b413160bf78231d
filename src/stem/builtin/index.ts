/** The package's UDFs by name, by which workers find them. */

import type { AnyUdf } from '../../udf/functions/udf.js';
import { blockSumsUdf } from '../calibrate/block-sums.js';
import { braggUdf } from '../disks/bragg.js';
import { disksUdf } from '../disks/udf.js';
import { holoUdf } from '../holography/udf.js';
import { sideBandUdf } from '../ssb/udf.js';
import { comUdf } from './com.js';
import { comSumUdf } from './com-sum.js';
import { maxUdf, minUdf } from './extremes.js';
import { crystallinityUdf, femUdf } from './fluctuation.js';
import { masksUdf } from './masks.js';
import { pickUdf } from './pick.js';
import { pixelsUdf } from './pixels.js';
import { polarUdf } from './polar.js';
import { radialBinsUdf, radialFourierUdf } from './rings.js';
import { stddevUdf } from './stddev.js';
import { logSumUdf, sumSigUdf, sumUdf } from './sums.js';

export const builtinUdfs: readonly AnyUdf[] = [
  sumUdf,
  sumSigUdf,
  logSumUdf,
  stddevUdf,
  maxUdf,
  minUdf,
  masksUdf,
  comUdf,
  comSumUdf as AnyUdf,
  femUdf,
  crystallinityUdf,
  pickUdf,
  pixelsUdf,
  polarUdf as AnyUdf,
  radialBinsUdf as AnyUdf,
  radialFourierUdf as AnyUdf,
  disksUdf as AnyUdf,
  braggUdf as AnyUdf,
  sideBandUdf as AnyUdf,
  holoUdf as AnyUdf,
  blockSumsUdf as AnyUdf,
];
