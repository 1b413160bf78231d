/** The operations on a scan in memory. */
import { checkCalibration, integrateMeasured, mapInto } from '../../entries/pages.js';
import {
  type ComImages,
  fourierMagnitude,
  type ResidentScan,
  residentBytes,
  residentScan,
  robustLimits,
  VirtualCom,
  VirtualDetector,
  vectorsToRgba,
} from '../../entries/udf.js';
import type { FrameData } from './contrast.js';
import { binnedShape, detectorMask } from './detector-mask.js';
import { pictureBytes, wheel } from './field-wheel.js';
import type {
  FieldNotesRequest,
  LoadedScan,
  LoadingReport,
  Optics,
  ScanImage,
  ScanImageRequest,
  ScanLoading,
  ScanRegion,
  ShiftAxes,
  ShownCalibration,
  VirtualShape,
} from './protocol.js';
import type { LiveQuantity, ScanQuantity, ScanUnits } from './scan-quantities.js';
import type { Session } from './session.js';
import { showable } from './shown.js';
import { shownCalibration, statedBy } from './shown-calibration.js';
import type { Workspace } from './workspace.js';

const bins = [1, 2, 4, 8, 16, 32];

/** The operations on the open scan. */
export function scanOperations(work: Workspace) {
  const current = (): Session => work.current;
  return {
    /** Reads the scan of the open file into memory; pixels are summed in squares until it takes at most `maxBytes`. */
    async loadScan({ maxBytes, shape, where }: ScanLoading, report: LoadingReport): Promise<LoadedScan> {
      const of = current();
      const { dataset } = of;
      of.virtual = undefined;
      const there = where === 'there' && of.compute?.kind === 'scan' ? of.compute.at : undefined;
      of.there = there === undefined ? undefined : new (await import('./scan-there.js')).ScanThere(of, there);
      if (of.there) return of.there.load({ maxBytes, shape, where }, report);
      const stated = statedBy(dataset);
      const calibration = givenCalibration(of, stated.units);
      const fileBytes = residentBytes(dataset);
      const least = Math.min(dataset.shape.sig[0] ?? 1, dataset.shape.sig[1] ?? 1);
      const fitting = bins.filter((n) => n <= least && residentBytes(dataset, n) <= maxBytes);
      for (const bin of fitting) {
        const scan = await readScan(of, bin, { maxBytes, shape }, report).catch((error: unknown) => {
          // The tab has less memory than that: more pixels are summed.
          if (error instanceof RangeError && bin !== fitting.at(-1)) return undefined;
          throw error;
        });
        if (!scan) continue;
        scan.measured = dataset.measured;
        of.virtual = { scan, detector: new VirtualDetector(scan), centres: new VirtualCom(scan), com: undefined };
        const { width, height, planes } = scan;
        return { bin, width, height, fileBytes, bytes: planes.byteLength, ...stated, calibration };
      }
      const size = (fileBytes / 2 ** 30).toFixed(1);
      throw new Error(
        `The scan takes ${size} GiB and does not fit into the memory of this page, even with squares of ` +
          `${bins.at(-1)} × ${bins.at(-1)} pixels summed into one. Its frames are shown one by one; ` +
          'outside of a browser, a run analyses the scan from the file.',
      );
    },

    /** An image of the scan, with one number for each position. */
    async virtual(request: ScanImageRequest, report: (part: ScanImage) => void = () => undefined): Promise<ScanImage> {
      const { there } = current();
      if (there) return there.virtual(request, report);
      const { shape, quantity, fourier, rim, axes } = request;
      const virtual = virtualOf(current());
      const { scan, detector } = virtual;
      const start = performance.now();
      const com = quantity === 'sum' ? undefined : comOf(virtual, shape, axes);
      // The image is copied, because the detector keeps its own for the next move.
      const sum = (): Float64Array => {
        const { used, times } = detectorMask(shape, scan, axes);
        const image = detector.set(used);
        return times === 1 ? image.slice() : image.map((value) => value * times);
      };
      const image = com ? ofField(com, quantity, scan) : sum();
      const shown = fourier ? fourierMagnitude(image, scan.nav) : image;
      const most = com && quantity === 'field' && !fourier ? (rim ?? robustLimits(image)[1]) : undefined;
      return {
        image: shown,
        vectors: com && quantity === 'field' && !fourier ? vectorsOf(com.field, scan.bin) : undefined,
        rgba: com && most !== undefined ? pictureBytes(vectorsToRgba(com.field, { most: most / scan.bin })) : undefined,
        wheel: most === undefined ? undefined : wheel(),
        rim: most,
        ms: performance.now() - start,
      };
    },

    /** Gives up an image that takes long where the data are, since another one is wanted. */
    async giveUp(): Promise<void> {
      current().there?.giveUp();
    },

    /** What an image that follows the detector should be read with, as `ewald run` says it. */
    async fieldNotes(request: FieldNotesRequest): Promise<string[]> {
      const { dataset } = current();
      const virtual = virtualOf(current());
      const { shape, axes, quantity } = request;
      const mask = detectorMask(shape, virtual.scan, axes);
      const { fieldNotes, overloadNotes, sumNotes } = await import('./field-notes.js');
      const overloads = overloadNotes(dataset, virtual.scan);
      if (quantity === 'sum') return [...overloads, ...sumNotes(mask, request)];
      const found = fieldNotes(
        { scan: virtual.scan, dtype: dataset.dtype },
        comOf(virtual, shape, axes),
        mask,
        request,
      );
      return [...overloads, ...found];
    },

    /** Finds centre, radius, rotation and drift in the frames. */
    async calibrate(optics: Optics): Promise<ShownCalibration> {
      const { there } = current();
      if (there) return there.calibrate(optics);
      return (await analysesOf(current())).calibrate(optics);
    },

    /** A result of an analysis of whole frames with the calibration, which is made when it is needed. */
    async analysed({ quantity, optics }: { quantity: ScanQuantity; optics: Optics }) {
      const { there } = current();
      if (there) return there.analysed(quantity, optics);
      const start = performance.now();
      const { image, plane, notes, calibration } = await (await analysesOf(current())).result(quantity, optics);
      return { image, plane, notes, calibration, rgba: undefined, wheel: undefined, ms: performance.now() - start };
    },

    /** The mean pattern of a region of the scan; undefined: of all positions. */
    async pattern(region: ScanRegion | undefined): Promise<{ readonly data: FrameData }> {
      const { there } = current();
      if (there) return there.pattern(region);
      const { scan } = virtualOf(current());
      const { without, measured } = scan;
      // What stands for a count in a gap is not drawn as one.
      const shown = (values: ArrayLike<number>, times = 1): { readonly data: Float32Array } => ({
        data: mapInto(new Float32Array(values.length), values, (value, i) =>
          without?.[i] ? Number.NaN : value / times,
        ),
      });
      if (region === undefined) return shown(scan.sum, measured ? total(measured) : scan.positions);
      const { x, y, w, h } = region;
      const [rows = 1, columns = 1] = scan.nav;
      const at = y * columns + x;
      if (w * h === 1 && measured?.[at] !== 0)
        return without ? shown(scan.frame(at)) : { data: showable(scan.frame(at)) };
      const inside = regionMask(region, rows, columns);
      if (measured) for (const [i, isMeasured] of measured.entries()) if (!isMeasured) inside[i] = 0;
      return shown(scan.sumOver(inside), total(inside));
    },
  };
}

const total = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + mark, 0);

/** The calibration that was given with the file. Throws an Error if it is of other frames. */
function givenCalibration({ calibration, dataset }: Session, units: ScanUnits): ShownCalibration | undefined {
  if (calibration === undefined) return undefined;
  const [, , ...frame] = checkCalibration('the calibration', calibration).shape;
  const { sig } = dataset.shape;
  if (frame.join() === sig.join()) return shownCalibration(calibration, units);
  throw new Error(
    `The calibration is of frames of ${frame.join(' × ')}, and those of this file are ${sig.join(' × ')}: calibrate ` +
      'this scan. Its frames are shown one by one.',
  );
}

/** Reads a scan into memory, and reports its image while it grows. */
async function readScan(
  of: Session,
  bin: number,
  { maxBytes, shape }: ScanLoading,
  report: LoadingReport,
): Promise<ResidentScan> {
  const { frames, measured } = of.dataset;
  /** The sums of the frames that are there; NaN at the other positions. */
  const image = new Float64Array(frames).fill(Number.NaN);
  let [reported, summed] = [0, 0];
  let pixels: readonly number[] | undefined;
  return residentScan(of.dataset, {
    bin,
    maxBytes,
    signal: of.closing.signal,
    onProgress({ done: share, scan }) {
      if (share - reported < 0.02) return;
      reported = share;
      const { planes, positions } = scan;
      const { all } = detectorMask(shape, scan);
      pixels ??= Array.from(all.entries())
        .filter(([, isInside]) => isInside)
        .map(([pixel]) => pixel);
      for (const read = Math.round(share * positions); summed < read; summed++) {
        if (measured?.[summed] === 0) continue;
        let sum = 0;
        for (const pixel of pixels) sum += planes[pixel * positions + summed] as number;
        image[summed] = sum;
      }
      report({ share, image: { image: image.slice(), rgba: undefined, wheel: undefined, ms: 0 } });
    },
  });
}

/** The analyses of a file, whose code is loaded with the first one. */
async function analysesOf(of: Session): Promise<NonNullable<Session['analyses']>> {
  const { ScanAnalyses } = await import('./scan-analyses.js');
  of.analyses ??= new ScanAnalyses(of.dataset, of.calibration, of.closing.signal);
  return of.analyses;
}

/** The images of the centres within a shape, which several panes show. */
function comOf(virtual: NonNullable<Session['virtual']>, shape: VirtualShape, axes: ShiftAxes): ComImages {
  const of = JSON.stringify([shape, axes]);
  const { scanRotation, flipY } = axes;
  if (virtual.com?.of !== of) {
    const { scan } = virtual;
    const { used } = detectorMask(shape, scan, axes);
    // The reference of a run is its centre: a frame without counts has a shift of 0 from there.
    const { cx, cy } = binnedShape(shape, scan.bin);
    const reference = { cx: cx - 0.5, cy: cy - 0.5 };
    virtual.com = { of, images: virtual.centres.set(used, { ...reference, regression: 0, scanRotation, flipY }) };
  }
  return virtual.com.images;
}

/** A copy of an image of the field of shifts. Pixels that were summed make shifts of several pixels of the file. */
function ofField(
  com: ComImages,
  quantity: LiveQuantity,
  { nav: navigation, bin, measured }: ResidentScan,
): Float64Array {
  const image =
    quantity === 'icom'
      ? integrateMeasured(com.fieldY, com.fieldX, navigation, measured)
      : com[quantity === 'field' ? 'magnitude' : (quantity as 'curl')];
  return image.map((value) => value * bin);
}

/** A copy of the vectors of a field, in pixels of the file. */
const vectorsOf = (field: Float64Array, bin: number): Float64Array =>
  mapInto(new Float64Array(field.length), field, (value) => value * bin);

function regionMask({ x, y, w, h }: ScanRegion, rows: number, columns: number): Uint8Array {
  const inside = new Uint8Array(rows * columns);
  for (let row = y; row < y + h; row++) inside.fill(1, row * columns + x, row * columns + x + w);
  return inside;
}

function virtualOf({ virtual }: Session): NonNullable<Session['virtual']> {
  if (!virtual) throw new Error('The scan is not in memory.');
  return virtual;
}
