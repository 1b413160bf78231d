/** The table of all formats. If two have the same confidence for a file, the earlier one is chosen. */
import type { Format } from '../format.js';
import { blo } from './blo.js';
import { cbf } from './cbf.js';
import { dm } from './dm.js';
import { edf } from './edf.js';
import { emi } from './emi.js';
import { empad } from './empad.js';
import { frms6 } from './frms6.js';
import { hdf5 } from './hdf5.js';
import { k2is } from './k2is.js';
import { mib } from './mib.js';
import { mrc } from './mrc.js';
import { npy } from './npy.js';
import { npz } from './npz.js';
import { oxd } from './oxd.js';
import { raw } from './raw.js';
import { rawCsr } from './raw-csr.js';
import { seq } from './seq.js';
import { ser } from './ser.js';
import { smv } from './smv.js';
import { tiff } from './tiff.js';
import { tvips } from './tvips.js';
import { zarr } from './zarr.js';

/** The formats of frames, in the order in which a file is tried. */
export const formats: readonly Format[] = [
  blo,
  cbf,
  dm,
  edf,
  emi,
  empad,
  frms6,
  hdf5,
  k2is,
  mib,
  mrc,
  npy,
  npz,
  oxd,
  raw,
  rawCsr,
  seq,
  ser,
  smv,
  tiff,
  tvips,
  zarr,
];
