/** The metadata of electron microscopy files: Velox, hspy, DM5, py4DSTEM, as `Metadata`. */

import { type Catalog, numberAt, textAt } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { Hdf5Group } from '../../hdf5/file.js';
import type { Hdf5Value } from '../../hdf5/values.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { unitOf } from '../axis-words.js';
import type { Axis, Metadata, XY } from '../dataset.js';
import { electronWavelengthA } from '../units.js';
import type { Frames } from './dialects.js';

const positive = (value: unknown): number | undefined => {
  const first = ArrayBuffer.isView(value) ? (value as unknown as ArrayLike<unknown>)[0] : value;
  const number = typeof first === 'string' && first.trim() === '' ? Number.NaN : Number(first);
  return number > 0 && Number.isFinite(number) ? number : undefined;
};
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

/** Reads the metadata that belong to the frames. */
export async function microscope(catalog: Catalog, frames: Frames): Promise<Metadata> {
  const { file } = catalog;
  const metadata =
    frames.dialect === 'Velox EMD'
      ? await velox(catalog, frames)
      : { ...(await hspy(catalog, frames)), ...(await py4dstem(catalog, frames)) };
  return omitUndefined({
    ...metadata,
    maker: metadata.maker ?? (await textAt(file, '/Info/Software')),
    wavelengthA: metadata.voltageV && electronWavelengthA(metadata.voltageV),
  });
}

/** Velox: a JSON text for each image, [characters, frames] of bytes. */
async function velox({ file }: Catalog, { path, parts }: Frames): Promise<Metadata> {
  const beside = await file.get(path.replace(/\/Data$/, '/Metadata')).catch(() => undefined);
  if (!(beside instanceof Hdf5Dataset) || beside.type.size !== 1 || beside.shape.length !== 2) return {};
  const [length = 0] = beside.shape;
  if (length > 2 ** 24) return {};
  type Json = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  let said: Json;
  try {
    const bytes = await beside.read({ start: [0, 0], count: [length, 1] }, new Uint8Array(length));
    const end = bytes.indexOf(0);
    said = JSON.parse(new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))) as Json;
  } catch {
    // Metadata that are not valid JSON are ignored.
    return {};
  }
  const optics = said?.Optics ?? {};
  const picture = said?.BinaryResult ?? {};
  const scan = said?.Scan ?? {};
  const detector = text(picture.Detector);
  const detectors = Object.values(said?.Detectors ?? {}) as Record<string, unknown>[];
  const own = detectors.find((one) => text(one?.DetectorName) === detector);
  const started = positive((said?.Acquisition?.AcquisitionStartDatetime as Record<string, unknown>)?.DateTime);
  const exposure = positive(own?.ExposureTime);
  return omitUndefined({
    voltageV: positive(optics.AccelerationVoltage),
    cameraLengthM: positive(optics.CameraLength),
    // Negative in some files, where it means nothing.
    convergenceRad: positive(optics.BeamConvergence),
    scanRotationDeg: degrees(scan.ScanRotation),
    scanStepM: veloxStep(optics, scan),
    maker: text(said?.Instrument?.InstrumentModel),
    detector,
    date: started === undefined ? undefined : new Date(started * 1000).toISOString(),
    exposureS: exposure,
    axes: veloxAxes(picture, parts[0]?.shape ?? [], exposure),
  });
}

const degrees = (radians: unknown): number | undefined => {
  const value = text(radians) === undefined ? radians : Number(radians);
  return typeof value === 'number' && Number.isFinite(value) ? (value * 180) / Math.PI : undefined;
};

/** The full field of view divided by the positions of the full scan. */
function veloxStep(optics: Readonly<Record<string, unknown>>, scan: Readonly<Record<string, unknown>>): XY | undefined {
  const [field, positions] = [optics.FullScanFieldOfView, scan.ScanSize] as (Record<string, unknown> | undefined)[];
  const step = (axis: string, side: string): number =>
    (positive(field?.[axis]) ?? Number.NaN) / (positive(positions?.[side]) ?? Number.NaN);
  const found = { x: step('x', 'width'), y: step('y', 'height') };
  return Number.isFinite(found.x) && Number.isFinite(found.y) ? found : undefined;
}

/** Axes of the array as it is read: frames first. The offset is that of the first pixel. */
function veloxAxes(
  { PixelSize, PixelUnitX, PixelUnitY, Offset }: Readonly<Record<string, unknown>>,
  shape: readonly number[],
  exposure: number | undefined,
): Axis[] | undefined {
  const [size, offset] = [PixelSize, Offset] as (Record<string, unknown> | undefined)[];
  const [scaleX, scaleY] = [positive(size?.width), positive(size?.height)];
  if (scaleX === undefined || scaleY === undefined) return undefined;
  const axis = (name: string, n: number, scale: number, from: unknown, unit: unknown): Axis =>
    omitUndefined({
      ...{ name, size: n, scale },
      offset: Number.isFinite(Number(from)) ? Number(from) : undefined,
      unit: unitOf(text(unit)),
    });
  const [height = 0, width = 0, count = 1] = shape;
  return [
    ...(shape.length === 3
      ? [{ name: 'time', size: count, ...(exposure ? { offset: 0, scale: exposure, unit: 's' } : {}) }]
      : []),
    axis('y', height, scaleY, offset?.y, PixelUnitY),
    axis('x', width, scaleX, offset?.x, PixelUnitX),
  ];
}

/** hspy: a tree of attributes under metadata/Acquisition_instrument of each experiment. */
async function hspy({ entries }: Catalog, { path: data }: Frames): Promise<Metadata> {
  const experiment = /^\/Experiments\/[^/]+\//.exec(data)?.[0] ?? '/';
  const attributes = async (end: RegExp): Promise<ReadonlyMap<string, Hdf5Value>> => {
    const found = entries.find(
      ({ path, object }) => object instanceof Hdf5Group && path.startsWith(experiment) && end.test(path),
    );
    const group = found?.object;
    return group ? group.attributes() : new Map();
  };
  let column: ReadonlyMap<string, Hdf5Value> = new Map();
  // Files of versions 1 and 2 have an empty SEM in addition to TEM.
  for (const kind of ['TEM', 'SEM'])
    if (!column.has('beam_energy')) column = await attributes(new RegExp(`/Acquisition_instrument/${kind}$`));
  const kilovolts = positive(column.get('beam_energy'));
  const millimetres = positive(column.get('camera_length'));
  const camera = await attributes(/\/Acquisition_instrument\/TEM\/Detector\/Camera$/);
  const general = await attributes(/^\/Experiments\/[^/]+\/metadata\/General$/);
  const date = [text(general.get('date')), text(general.get('time'))].filter((part) => part !== undefined);
  return omitUndefined({
    voltageV: kilovolts && kilovolts * 1000,
    cameraLengthM: millimetres && millimetres / 1000,
    maker: text(column.get('microscope')),
    exposureS: positive(camera.get('exposure')),
    date: date.join('T') || undefined,
  });
}

/**
 * py4DSTEM: the calibration beside the data. Its x is the first axis, its pixel centres are at whole numbers, its angle
 * turns (x, y) by [[cos, −sin], [sin, cos]] after an exchange of both if flipped, and ours (y, x) by [[cos, sin],
 * [−sin, cos]] after y → −y.
 */
async function py4dstem({ file, entries }: Catalog, { path }: Frames): Promise<Metadata> {
  const root = /^\/[^/]+/.exec(path)?.[0] ?? '';
  const found = entries.find(
    (entry) => entry.path.startsWith(root) && /\/metadatabundle\/calibration$/.test(entry.path),
  );
  if (!found) return {};
  const number = (name: string): Promise<number | undefined> => numberAt(file, `${found.path}/${name}`);
  const [first, second] = [await number('qx0_mean'), await number('qy0_mean')];
  const [degrees, flip] = [await number('QR_rotation_degrees'), await number('QR_flip')];
  const flipY = flip === 1;
  const turn = degrees === undefined ? undefined : (flipY ? 90 : 0) - degrees;
  return omitUndefined({
    beamCentrePx: first === undefined || second === undefined ? undefined : { x: second + 0.5, y: first + 0.5 },
    detectorAxes: flip === undefined ? undefined : { flipY, degrees: turn },
  });
}
