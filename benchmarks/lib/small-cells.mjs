// Small cells and beams of the benchmarks of few spots: parameters, centring, and the resolution in angstrom.
export const cells = {
  aP: [[5.13, 7.21, 9.34, 77.6, 83.9, 70.8], 'P', 0.91],
  hR: [[13.92, 13.92, 9.41, 90, 90, 120], 'H', 0.91],
  mC: [[5.938, 7.325, 29.202, 90, 95.44, 90], 'C', 0.91],
  po: [[9.02, 9.11, 13.42, 90, 90, 90], 'P', 0.91],
  oP: [[6.83, 10.94, 17.42, 90, 90, 90], 'P', 0.91],
  mP: [[8.12, 12.31, 15.24, 90, 98.4, 90], 'P', 0.91],
  hP: [[18.41, 18.41, 7.52, 90, 90, 120], 'P', 1.11],
  oA: [[12.16, 19.83, 13.41, 90, 90, 90], 'P', 1.11],
  cF: [[25.83, 25.83, 25.83, 90, 90, 90], 'F', 1.25],
};
export const beams = {
  mono: { wavelengthA: 1, bandwidth: 0.001, mosaicityRad: 0.0015, domainA: 3300, distanceMm: 80, pixelMm: 0.075 },
  electrons: {
    wavelengthA: 0.02508,
    bandwidth: 1e-5,
    mosaicityRad: 0.002,
    domainA: 333,
    distanceMm: 1140,
    pixelMm: 0.055,
  },
  pink: { wavelengthA: 1, bandwidth: 0.008, mosaicityRad: 0.0008, domainA: 3300, distanceMm: 80, pixelMm: 0.075 },
};
