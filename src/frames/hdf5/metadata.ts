/** The metadata of NeXus, Eiger and CXI files, as `Metadata`. */

import { attributeText, type Catalog, numberAt, numbersAt, rangeOf, textAt } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { type Hdf5File, Hdf5Group } from '../../hdf5/file.js';
import { sixDigits } from '../../util/amounts.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { photonAeV } from '../../util/photons.js';
import { type QuantityName, unitFactor } from '../../util/units.js';
import { countMarkers } from '../count-limits.js';
import type { DetectorPanel, Metadata, Note, XY } from '../dataset.js';
import { armOf, withoutPlace } from '../turned-detector.js';
import type { Frames } from './dialects.js';
import { readField } from './field.js';
import { beamOn, flatPlace, modulesOf } from './modules.js';
import { type Chain, chainFrom, dependency, notesOnAxes } from './transformations.js';

/** Reads numbers of a file with their units; what cannot be understood becomes a note. */
class Numbers {
  readonly file: Hdf5File;
  /** Number of frames of the file. */
  readonly #frames: number;
  readonly notes: Note[] = [];

  constructor(file: Hdf5File, frames: number) {
    this.file = file;
    this.#frames = frames;
  }

  /**
   * Whether a path has a number for each frame, and these differ; false if they all are the first one. Numbers that
   * differ and cannot be taken frame by frame become a warning with their range.
   */
  async isOfEachFrame({ path, unit }: Pick<StatedNumber, 'path' | 'unit'>, isUsed: boolean): Promise<boolean> {
    const all = (await numbersAt(this.file, path)) ?? [];
    if (all.every((one) => one === all[0])) return false;
    if (isUsed && all.length === this.#frames) return true;
    this.notes.push({
      kind: 'warning',
      text: `${path} has ${all.length} numbers for ${this.#frames} frames, ${rangeOf(all, unit)}; the first one is used`,
    });
    return false;
  }

  /** The first number found at some paths, in metres, electron volts, …; `unit` is that of numbers without one. */
  async in(quantity: QuantityName, unit: string, ...paths: string[]): Promise<StatedNumber | undefined> {
    for (const path of paths) {
      const value = await numberAt(this.file, path);
      if (value === undefined) continue;
      const object = await this.file.get(path);
      const said = object ? await attributeText(object, 'units') : undefined;
      const factor = unitFactor(quantity, said ?? unit);
      if (factor !== undefined) return { value: value * factor, factor, path, unit: said ?? unit };
      const known = `${quantity === 'energy' ? 'an' : 'a'} ${quantity}`;
      this.notes.push({
        kind: 'warning',
        text: `${path} has the unit "${said}", which is not ${known}; it is not used`,
      });
    }
    return undefined;
  }

  /** The first length found; those that differ from frame to frame are a warning. */
  async metres(...paths: string[]): Promise<number | undefined> {
    const statedNumber = await this.in('length', 'm', ...paths);
    if (statedNumber) await this.isOfEachFrame(statedNumber, false);
    return statedNumber?.value;
  }

  /** The first number found. */
  async plain(...paths: string[]): Promise<number | undefined> {
    for (const path of paths) {
      const value = await numberAt(this.file, path);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The same for a limit, which a run has for all frames. */
  async limit(...paths: string[]): Promise<number | undefined> {
    for (const path of paths) {
      const value = await numberAt(this.file, path);
      if (value !== undefined) await this.isOfEachFrame({ path, unit: '' }, false);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

interface StatedNumber {
  readonly value: number;
  readonly factor: number;
  readonly path: string;
  readonly unit: string;
}

/** The information that is found in addition to the frames. */
export interface Beside {
  readonly meta: Metadata;
  readonly notes: readonly Note[];
  /** The file's own mask. */
  readonly mask: Hdf5Dataset | undefined;
}

/** Reads the metadata in the entry of the frames. */
export async function readMetadata(catalog: Catalog, frames: Frames, count: number): Promise<Beside> {
  const { file } = catalog;
  const { entry, dialect } = frames;
  if (entry === undefined) {
    const { microscope } = await import('./microscope.js');
    return { meta: await microscope(catalog, frames), notes: [], mask: undefined };
  }
  const numbers = new Numbers(file, count);
  const { notes } = numbers;
  const groups = await groupsOf(catalog, frames, dialect === 'CXI', notes);
  const { detector } = groups;
  const { radiation, ...beam } = await readWavelength(numbers, groups);
  const distance = await numbers.in('length', 'm', `${detector}/detector_distance`, `${detector}/distance`);
  const stated = omitUndefined({ distanceM: distance?.value, ...(await readDetector(numbers, detector)) });
  const { notes: placeNotes, isStated, isPlaced = false, ...place } = await placeOf(catalog, frames, detector, stated);
  notes.push(...placeNotes.map((note) => ({ ...note, isOfPlace: true }) as const));
  const isEachDistance = distance && (await numbers.isOfEachFrame(distance, isStated));
  const ofEachFrame: OfEachFrame = omitUndefined({
    radiation,
    distance: isEachDistance ? { path: distance.path, unit: distance.unit } : undefined,
  });
  const about = await textAt(file, `${detector}/description`);
  const meta: Metadata = omitUndefined({
    detector: about,
    serial: await textAt(file, `${detector}/detector_number`),
    date: await textAt(file, `${entry}/start_time`),
    ...beam,
    ...stated,
    ...place,
    ...(await readOptics(numbers, groups)),
    ofEachFrame: Object.keys(ofEachFrame).length > 0 ? ofEachFrame : undefined,
    ...(await validValues(numbers, detector, frames, about ?? '')),
  });
  if (/mx|master|CXI/i.test(dialect))
    for (const [name, value] of [
      ['wavelength', meta.wavelengthA],
      ['detector distance', meta.panels ?? meta.distanceM],
      ['beam centre', meta.panels ?? meta.beamCentrePx],
      ['pixel size', meta.panels ?? meta.pixelSizeM],
    ] as const)
      if (value === undefined)
        notes.push({ kind: 'missing', text: `the file does not state the ${name}; use a geometry file` });
  const turned = isPlaced ? [] : await armsOf(numbers, detector);
  return { ...withoutPlace({ meta, notes }, turned), mask: await findMask(catalog, frames, detector, notes) };
}

/** The arm of the detector in files of DECTRIS, which have no axes for it. */
async function armsOf(numbers: Numbers, detector: string): Promise<string[]> {
  const paths = ['two_theta', 'two_theta_start'].map((name) => `${detector}/goniometer/${name}`);
  const statedNumber = await numbers.in('angle', 'deg', ...paths);
  return statedNumber ? armOf(statedNumber.path, (statedNumber.value * 180) / Math.PI) : [];
}

/** Paths of the groups of an entry. */
interface Groups {
  readonly instrument: string;
  readonly detector: string;
  readonly beam: string;
  readonly cxi: boolean;
}

/** Finds the groups of an entry: NeXus states their class, CXI their names. */
async function groupsOf(catalog: Catalog, frames: Frames, cxi: boolean, notes: Note[]): Promise<Groups> {
  const { entry = '' } = frames;
  const ofClass = async (kind: string): Promise<string[]> => {
    const found: string[] = [];
    for (const { path, object } of catalog.entries)
      if (object instanceof Hdf5Group && path.startsWith(`${entry}/`))
        if ((await attributeText(object, 'NX_class')) === kind) found.push(path);
    return found;
  };
  const [instrument = cxi ? `${entry}/instrument_1` : `${entry}/instrument`] = cxi ? [] : await ofClass('NXinstrument');
  if (cxi) return { instrument, detector: `${instrument}/detector_1`, beam: `${instrument}/source_1`, cxi };
  const detectors = await ofClass('NXdetector');
  const [beam = `${instrument}/beam`] = await ofClass('NXbeam');
  const detector = (await detectorOf(catalog, frames, detectors, notes)) ?? `${instrument}/detector`;
  return { instrument, detector, beam, cxi };
}

/** The detector that recorded the frames, of several: the one that contains them, or that is named as their group is. */
async function detectorOf(
  { file }: Catalog,
  { parts, path: framesPath }: Frames,
  detectors: readonly string[],
  notes: Note[],
): Promise<string | undefined> {
  const [first, second] = detectors;
  if (second === undefined) return first;
  const [frames] = parts;
  for (const path of detectors) {
    if (frames && (frames.path.startsWith(`${path}/`) || framesPath.startsWith(`${path}/`))) return path;
    if (frames && (await file.get(`${path}/data`).catch(() => undefined)) === frames) return path;
  }
  const group = framesPath.split('/').at(-2);
  const named = detectors.find((path) => path.split('/').at(-1) === group);
  if (named === undefined)
    notes.push({
      kind: 'warning',
      text:
        `the file has ${detectors.length} detectors and does not say which of them recorded the frames; ` +
        `${first} is taken`,
    });
  return named ?? first;
}

type OfEachFrame = NonNullable<Metadata['ofEachFrame']>;

/** The wavelength, and where the file has one for each frame. */
async function readWavelength(
  numbers: Numbers,
  { instrument, detector, beam, cxi }: Groups,
): Promise<Pick<Metadata, 'wavelengthA'> & Pick<OfEachFrame, 'radiation'>> {
  const wavelength = await numbers.in(
    'length',
    'angstrom',
    `${beam}/incident_wavelength`,
    `${beam}/wavelength`,
    `${instrument}/monochromator/wavelength`,
  );
  if (wavelength) {
    const weighted = await weightedMean(numbers.file, wavelength.path, `${beam}/incident_wavelength_weights`);
    if (weighted !== undefined) return { wavelengthA: weighted * wavelength.factor * 1e10 };
  }
  // A wavelength of 0 was not set, and the energy may have been.
  if (wavelength && wavelength.value > 0) {
    const wavelengthA = wavelength.value * 1e10;
    const radiation = await eachOf(numbers, 'wavelength', wavelength);
    return { wavelengthA: Number(wavelengthA.toPrecision(15)), ...radiation };
  }
  // CXI states the energy in joules.
  const energy =
    (cxi ? await numbers.in('energy', 'J', `${beam}/energy`) : undefined) ??
    (await numbers.in('energy', 'eV', `${beam}/incident_energy`, `${detector}/photon_energy`));
  if (!energy || !(energy.value > 0)) return {};
  const radiation = await eachOf(numbers, 'photonEnergy', energy);
  return { wavelengthA: photonAeV / energy.value, ...radiation };
}

/** Where the file has a number for each frame, if they differ. */
async function eachOf(
  numbers: Numbers,
  kind: 'wavelength' | 'photonEnergy',
  statedNumber: StatedNumber,
): Promise<Pick<OfEachFrame, 'radiation'>> {
  const { path, unit } = statedNumber;
  return (await numbers.isOfEachFrame(statedNumber, true)) ? { radiation: { kind, path, unit } } : {};
}

/** The mean of the wavelengths of a spectrum, if the file has one. */
async function weightedMean(file: Hdf5File, path: string, weightsPath: string): Promise<number | undefined> {
  const [values, weights] = await Promise.all(
    [path, weightsPath].map(async (one) => (await readField(file, one).catch(() => undefined))?.values.map(Number)),
  );
  if (!values || !weights || values.length !== weights.length || values.length < 2) return undefined;
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = values.reduce((sum, value, i) => sum + value * (weights[i] as number), 0) / whole;
  return mean > 0 && Number.isFinite(mean) ? mean : undefined;
}

/** What an electron microscope states, in NXem's group for its optics. */
async function readOptics(numbers: Numbers, { instrument }: Groups): Promise<Partial<Metadata>> {
  const optics = `${instrument}/optical_system`;
  const angle = async (name: string): Promise<number | undefined> =>
    (await numbers.in('angle', 'rad', `${optics}/${name}`))?.value;
  const rotation = await angle('scan_rotation');
  return omitUndefined({
    cameraLengthM: await numbers.metres(`${optics}/camera_length`),
    convergenceRad: await angle('semi_convergence_angle'),
    scanRotationDeg: rotation === undefined ? undefined : (rotation * 180) / Math.PI,
  });
}

async function readDetector(numbers: Numbers, detector: string): Promise<Partial<Metadata>> {
  const number = (...names: string[]): Promise<number | undefined> =>
    numbers.plain(...names.map((name) => `${detector}/${name}`));
  const length = (...names: string[]): Promise<number | undefined> =>
    numbers.metres(...names.map((name) => `${detector}/${name}`));
  const xy = (x: number | undefined, y: number | undefined): XY | undefined =>
    x === undefined || y === undefined ? undefined : { x, y };
  const material = await textAt(numbers.file, `${detector}/sensor_material`);
  const thickness = await length('sensor_thickness');
  const pixel = xy(await length('x_pixel_size'), await length('y_pixel_size'));
  const sensor = omitUndefined({ material, thicknessM: thickness });
  return omitUndefined({
    pixelSizeM: pixel,
    beamCentrePx: await readCentre(numbers, detector, pixel),
    exposureS: (await numbers.in('time', 's', `${detector}/count_time`, `${detector}/frame_time`))?.value,
    bitDepth: await number('detectorSpecific/bit_depth_image', 'bit_depth_readout', 'bit_depth_image'),
    sensor: Object.keys(sensor).length > 0 ? sensor : undefined,
  });
}

/** The stated beam centre in pixels; some files state it as a length. */
async function readCentre(numbers: Numbers, detector: string, pixel: XY | undefined): Promise<XY | undefined> {
  const along = async (axis: 'x' | 'y'): Promise<number | undefined> => {
    const path = `${detector}/beam_center_${axis}`;
    const value = await numberAt(numbers.file, path);
    const object = value === undefined ? undefined : await numbers.file.get(path);
    const unit = object ? ((await attributeText(object, 'units')) ?? 'pixel') : 'pixel';
    if (value !== undefined) await numbers.isOfEachFrame({ path, unit }, false);
    if (value === undefined || /^(pixels?|px)?$/i.test(unit.trim())) return value;
    const length = unitFactor('length', unit);
    if (length !== undefined && pixel) return (value * length) / pixel[axis];
    numbers.notes.push({ kind: 'warning', text: `${path} has the unit "${unit}"; it is not used` });
    return undefined;
  };
  const [x, y] = [await along('x'), await along('y')];
  return x === undefined || y === undefined ? undefined : { x, y };
}

/** The least limit of the modules of an Eiger, where older firmware states it: that of each of them, and of no other. */
async function leastOfModules({ file }: Numbers, path: string): Promise<number | undefined> {
  const group = await file.get(path).catch(() => undefined);
  if (!(group instanceof Hdf5Group)) return undefined;
  const modules = [...group.links.keys()].filter((name) => /^detectorModule_\d+$/.test(name));
  const limits: number[] = [];
  for (const name of modules.slice(0, 256)) {
    const limit = await numberAt(file, `${path}/${name}/countrate_correction_count_cutoff`);
    if (limit !== undefined && limit > 0) limits.push(limit);
  }
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** Which values are counts, and where they end. */
async function validValues(
  numbers: Numbers,
  detector: string,
  { parts: [first], dialect }: Frames,
  about: string,
): Promise<Pick<Metadata, 'saturation' | 'underload' | 'markers'>> {
  const number = (...names: string[]): Promise<number | undefined> =>
    numbers.limit(...names.map((name) => `${detector}/${name}`));
  const ofDetector = await number('saturation_value', 'detectorSpecific/countrate_correction_count_cutoff');
  const saturation = ofDetector ?? (await leastOfModules(numbers, `${detector}/detectorSpecific`));
  const underload = await number('underload_value');
  const error = await number('error_value');
  const dtype = first?.numbers?.dtype;
  const isCounter = /master$/.test(dialect) || /eiger|pilatus|jungfrau/i.test(about);
  const markers = [...(isCounter && dtype ? countMarkers(dtype) : []), ...(error === undefined ? [] : [error])];
  // Where their numbers are signed, gaps are −1 and dead pixels −2; a Jungfrau has negative counts.
  const isPhotonCounter = /eiger|pilatus/i.test(about) || (dialect === 'Eiger master' && !/jungfrau/i.test(about));
  const isSigned = isPhotonCounter && (dtype === 'i16' || dtype === 'i32');
  return omitUndefined({
    saturation,
    underload: underload ?? (isSigned ? 0 : undefined),
    markers: markers.length > 0 ? markers : undefined,
  });
}

/** Differences below these are those of rounding and of stages: pixels, and a part of the distance. */
const usual = { centrePx: 1, distance: 0.01 } as const;

type HeaderDetector = Pick<Metadata, 'panels' | 'distanceM' | 'pixelSizeM' | 'beamCentrePx'> & {
  readonly notes: readonly Note[];
  /** Whether the distance is the one that the header states. */
  readonly isStated: boolean;
  /** Whether axes place the panels. */
  readonly isPlaced?: boolean;
};

/**
 * Where the panels are. The chain of transformations says it, if the file has one; what the header states besides is
 * compared with it.
 */
async function placeOf(
  catalog: Catalog,
  { parts: [first], signalAxes = 2 }: Frames,
  detector: string,
  stated: Partial<Metadata>,
): Promise<HeaderDetector> {
  const modules = await modulesOf(catalog, detector, first?.shape.slice(-signalAxes) ?? []);
  if (!modules) {
    if (stated.distanceM !== undefined) return { distanceM: stated.distanceM, notes: [], isStated: true };
    return { ...(await alongBeam(catalog, detector)), isStated: false };
  }
  const { panels } = modules;
  const notes = [...modules.notes];
  const isStated = false;
  if (panels.length === 0) return { notes, isStated: true };
  const warn = (what: string, chain: string, used: string): void =>
    void notes.push({ kind: 'warning', text: `the file states ${what}, but its transformations ${chain}; ${used}` });
  const { beamCentrePx: centre, distanceM: distance } = stated;
  const flat = flatPlace(panels);
  const hit = panels.map(beamOn).find((at, i) => at && isOn(at, panels[i] as DetectorPanel)) ?? flat?.beamCentrePx;
  const said = centre && `a beam centre of ${shortXY(centre)}`;
  if (flat && centre && flat.beamCentrePx.x === 0 && flat.beamCentrePx.y === 0 && (centre.x !== 0 || centre.y !== 0)) {
    // Writers that know no positions leave them at 0.
    warn(said as string, 'put the beam on the corner of the first pixel', 'the beam centre is used');
    return { ...flat, beamCentrePx: centre, distanceM: distance ?? flat.distanceM, notes, isStated: true };
  }
  if (
    centre &&
    (centre.x !== 0 || centre.y !== 0) &&
    !(hit && Math.hypot(hit.x - centre.x, hit.y - centre.y) <= usual.centrePx)
  )
    warn(said as string, hit ? `put it at ${shortXY(hit)}` : 'put the beam beside the detector', 'these are used');
  if (!flat) return { panels, notes, isStated, isPlaced: true };
  if (distance !== undefined && Math.abs(distance / flat.distanceM - 1) > usual.distance)
    warn(
      `a distance of ${sixDigits(1000 * distance)} mm`,
      `one of ${sixDigits(1000 * flat.distanceM)} mm`,
      'these are used',
    );
  return { ...flat, notes, isStated, isPlaced: true };
}

const shortXY = ({ x, y }: XY): string => `${Number(x.toFixed(2))}, ${Number(y.toFixed(2))} pixels`;

const isOn = ({ x, y }: XY, { first, width, height }: DetectorPanel): boolean =>
  x >= first.x && y >= first.y && x <= first.x + width && y <= first.y + height;

/** The distance from a chain of NeXus transformations without modules: the sum of translations along the beam. */
async function alongBeam(
  { file, entries }: Catalog,
  detector: string,
): Promise<Pick<HeaderDetector, 'distanceM' | 'notes'>> {
  const start = await dependency(file, detector, await textAt(file, `${detector}/depends_on`), detector);
  try {
    if (start !== undefined) return distanceOf(await chainFrom(file, start, detector), (shift) => Math.hypot(...shift));
    for (const { path, object } of entries) {
      if (!path.startsWith(`${detector}/`) || !(object instanceof Hdf5Dataset)) continue;
      const attributes = await object.attributes();
      if (attributes.get('transformation_type') !== 'translation') continue;
      const vector = attributes.get('vector') as ArrayLike<number> | undefined;
      if (!vector || !(Math.abs(Number(vector[2])) > 0.99) || /module|pixel_direction/.test(path)) continue;
      return distanceOf(await chainFrom(file, path, detector), ([, , z]) => Math.abs(z));
    }
  } catch (error) {
    if (!isEwaldError(error) || error.tag === 'Aborted') throw error;
  }
  return { notes: [] };
}

const distanceOf = (
  chain: Chain,
  along: (shiftM: Chain['shiftM']) => number,
): Pick<HeaderDetector, 'distanceM' | 'notes'> => ({
  ...omitUndefined({ distanceM: along(chain.shiftM) || undefined }),
  notes: notesOnAxes(chain.remarks),
});

async function findMask(
  catalog: Catalog,
  frames: Frames,
  detector: string,
  notes: Note[],
): Promise<Hdf5Dataset | undefined> {
  const signal = frames.parts[0]?.shape.slice(-2) ?? [];
  let other: string | undefined;
  for (const path of [
    `${detector}/pixel_mask`,
    `${detector}/detectorSpecific/pixel_mask`,
    `${detector}/mask`,
    `${frames.entry}/data_1/mask`,
    frames.path.replace(/[^/]*$/, 'mask'),
  ]) {
    const hdf5Object = await catalog.file.get(path).catch((error) => {
      if (!isEwaldError(error) || error.tag === 'Aborted') throw error;
      // Without it, bad pixels would be taken for good ones.
      throw new EwaldError(error.tag, `the mask ${path} cannot be read: ${error.message}`, { cause: error });
    });
    if (hdf5Object === undefined) other ??= await danglingMask(catalog.file, path);
    if (!(hdf5Object instanceof Hdf5Dataset) || hdf5Object.numbers === undefined) continue;
    const tail = hdf5Object.shape.slice(-2);
    if (tail.length === 2 && tail.every((n, axis) => n === signal[axis])) return hdf5Object;
    other ??= `the mask ${path} is not used: it is ${hdf5Object.shape.join(' x ')}, and the frames are ${signal.join(' x ')}`;
  }
  if (other !== undefined) notes.push({ kind: 'warning', text: other });
  return undefined;
}

/** Says of a mask that is a link to nothing that it is not used; undefined if there is no such link. */
async function danglingMask(file: Hdf5File, path: string): Promise<string | undefined> {
  const [, above = '', name = ''] = /^(.*)\/([^/]*)$/.exec(path) ?? [];
  const group = await file.get(above);
  const link = group instanceof Hdf5Group ? group.links.get(name) : undefined;
  return link?.kind === 'soft'
    ? `there is no mask: ${path} is a link to ${link.path}, which does not exist`
    : undefined;
}
