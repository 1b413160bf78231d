/** The operations of measuring: where the detector is taken to be, and what its pixels measure from there. */
import { type Beam, formatGeometry, type Geometry, meanDistance } from '../../entries/index.js';
import { beamOfFrame } from './beam-of-frame.js';
import { arcOn, beamPlace, placedPanels } from './detector-plane.js';
import type { Adjustment, OfFrame, PixelPlace, ShownRing } from './protocol.js';
import type { Session } from './session.js';
import { detectorOf, type Workspace } from './workspace.js';

type Region = Geometry['badRegions'][number];

/** The geometry with the adjustment of the page: that of the user if there is one, otherwise that of the file. */
function adjusted(of: Session, { distanceM, shiftM }: Beam): Geometry {
  // Not that of the detector as it was moved before.
  const base = of.given ?? (of.stated ?? detectorOf(of)).geometry;
  const { moved: [x, y] = [0, 0], distanceM: away } = of.adjustment ?? {};
  return {
    ...base,
    // What was not moved stays a number of the files, where each frame may have its own.
    distance: away === undefined && base.distance ? base.distance : { value: distanceM },
    shift: x === 0 && y === 0 && base.shift ? base.shift : [{ value: shiftM[0] }, { value: shiftM[1] }],
  };
}

/** The painted pixels of each panel as rectangles: runs of a row that are equal in the next rows are put together. */
export function paintedRegions({ panels }: Geometry, painted: Uint8Array, width: number): Region[] {
  const found: Region[] = [];
  for (const { name, minFs, maxFs, minSs, maxSs, firstRow = 0 } of panels) {
    let open = new Map<string, [number, number, number, number]>();
    const close = (kept: Map<string, unknown>): void => {
      for (const [key, [left, right, top, bottom]] of open)
        if (!kept.has(key))
          found.push({
            name: `bad_painted_${found.length + 1}`,
            panel: name,
            minFs: left,
            maxFs: right,
            minSs: top - firstRow,
            maxSs: bottom - firstRow,
          });
    };
    for (let ss = minSs; ss <= maxSs; ss++) {
      const runs: typeof open = new Map();
      for (let fs = minFs; fs <= maxFs; fs++) {
        if (!painted[ss * width + fs]) continue;
        const left = fs;
        while (fs < maxFs && painted[ss * width + fs + 1]) fs++;
        const key = `${left} ${fs}`;
        runs.set(key, [left, fs, open.get(key)?.[2] ?? ss, ss]);
      }
      close(runs);
      open = runs;
    }
    close(new Map());
  }
  return found;
}

/** Measures with the detector at its adjusted place. */
export function toolOperations(work: Workspace) {
  return {
    /** Moves the beam for what is measured and drawn; returns its place in the displayed plane. */
    async adjust({ frame, ...adjustment }: Adjustment & OfFrame) {
      const of = work.current;
      const { geometry } = detectorOf(of);
      of.adjustment = adjustment;
      const now = await beamOfFrame(of, frame);
      return { place: beamPlace(geometry, now), distanceM: meanDistance(geometry, now) };
    },

    /** Searches with the detector as it is adjusted, without the painted pixels; returns its .geom. */
    async settle({ painted, frame }: OfFrame & { painted: Uint8Array | undefined }): Promise<string> {
      const of = work.current;
      const { width, geometry: own } = detectorOf(of);
      const geometry = adjusted(of, await beamOfFrame(of, frame));
      const regions = painted ? paintedRegions(own, painted, width) : [];
      const before = of.searcher;
      of.detector = await (await work.context()).detector(of.dataset, {
        geometry,
        ...(painted ? { bad: painted } : {}),
        ...(of.tuning?.openOther ? { openOther: of.tuning.openOther } : {}),
      });
      of.searcher = undefined;
      // Frames are marked with the mask of the detector.
      of.latest = [];
      await (await before)?.dispose();
      return formatGeometry({ ...geometry, badRegions: [...geometry.badRegions, ...regions] });
    },

    /** The bin of each pixel by the length of its reciprocal vector, of `count` equal bins up to `greatest`, 1/Å. */
    async radialBins({ count, frame }: OfFrame & { count: number }) {
      const of = work.current;
      const { geometry, width, height } = detectorOf(of);
      const { wavelengthA, distanceM, shiftM } = await beamOfFrame(of, frame);
      const lengths = new Float32Array(width * height).fill(Number.NaN);
      let greatest = 0;
      for (const { minFs, maxFs, minSs, maxSs, corner, fs: f, ss: s, resolution, offsetM } of geometry.panels)
        for (let ss = minSs; ss <= maxSs; ss++)
          for (let fs = minFs; fs <= maxFs; fs++) {
            const [i, j] = [fs - minFs + 0.5, ss - minSs + 0.5];
            const x = (corner[0] + i * f[0] + j * s[0]) / resolution + shiftM[0];
            const y = (corner[1] + i * f[1] + j * s[1]) / resolution + shiftM[1];
            const z = distanceM + offsetM + (i * f[2] + j * s[2]) / resolution;
            // |q|² = 2 (1 − cos 2θ) / λ²; the difference is written so that small angles keep their digits.
            const rho = x * x + y * y;
            const r = Math.sqrt(rho + z * z);
            const q = Math.sqrt((2 * rho) / (r * (r + z))) / wavelengthA;
            lengths[ss * width + fs] = q;
            if (q > greatest) greatest = q;
          }
      const bins = new Uint16Array(lengths.length);
      const factor = count / Math.max(greatest, 1e-12);
      // Pixels between panels are in the bin behind the last one.
      for (let i = 0; i < bins.length; i++) {
        const q = lengths[i] as number;
        bins[i] = q >= 0 ? Math.min(count - 1, q * factor) : count;
      }
      return { bins, greatest };
    },

    /** The distance in real space, Å, that two pixels are apart in reciprocal space; undefined between panels. */
    async apart({ ends, frame }: OfFrame & { ends: readonly [PixelPlace, PixelPlace] }): Promise<number | undefined> {
      const [[fs, ss], [toFs, toSs]] = ends;
      const of = work.current;
      const detector = detectorOf(of);
      const beam = await beamOfFrame(of, frame);
      const [from, to] = [detector.reciprocalOf(fs, ss, beam), detector.reciprocalOf(toFs, toSs, beam)];
      return from && to && 1 / Math.hypot(to[0] - from[0], to[1] - from[1], to[2] - from[2]);
    },

    async rings({ resolutionsA, frame }: OfFrame & { resolutionsA: readonly number[] }): Promise<ShownRing[]> {
      const { detector } = work.current;
      if (!detector) return [];
      const panels = placedPanels(detector.geometry);
      // A pulse that was not there has no wavelength, and no rings.
      const beam = await beamOfFrame(work.current, frame).catch(() => undefined);
      if (!beam) return [];
      return resolutionsA.map((resolutionA) => ({
        resolutionA,
        arcs: detector.ring(resolutionA, beam).flatMap((arc) => arcOn(panels[arc.panel], arc)),
      }));
    },
  };
}
