/** The metadata of NeXus, Eiger and CXI files, as `Metadata`. */
import type { Metadata, Note, XY } from '../dataset.js';
import { attributeText, type Catalog, numberAt, textAt } from './catalog.js';
import { Hdf5Dataset } from './dataset.js';
import type { Frames } from './dialects.js';
import { type Hdf5File, Hdf5Group } from './file.js';
import { microscope } from './microscope.js';

/** Å · eV: a photon's wavelength is this divided by its energy. */
const photonAeV = 12398.41984332;

const lengths: Readonly<Record<string, number>> = {
  m: 1,
  metre: 1,
  meter: 1,
  meters: 1,
  metres: 1,
  cm: 1e-2,
  mm: 1e-3,
  millimeter: 1e-3,
  um: 1e-6,
  µm: 1e-6,
  micron: 1e-6,
  microns: 1e-6,
  nm: 1e-9,
  angstrom: 1e-10,
  a: 1e-10,
  å: 1e-10,
};

/** The first number found at some paths, converted from its unit to metres; `unit` is the default. */
const metres = (file: Hdf5File, unit: string, ...paths: string[]): Promise<number | undefined> =>
  lengthIn(1, file, unit, ...paths);

/** Like `metres`, in units of `base` metres. */
async function lengthIn(base: number, file: Hdf5File, unit: string, ...paths: string[]): Promise<number | undefined> {
  for (const path of paths) {
    const value = await numberAt(file, path);
    if (value === undefined) continue;
    const object = await file.get(path);
    const said = object ? ((await attributeText(object, 'units')) ?? unit) : unit;
    const factor = lengths[said.trim().toLowerCase()] ?? lengths[unit];
    if (factor !== undefined) return value * (factor / base);
  }
  return undefined;
}

async function firstNumber(file: Hdf5File, ...paths: string[]): Promise<number | undefined> {
  for (const path of paths) {
    const value = await numberAt(file, path);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The information that is found in addition to the frames. */
export interface Beside {
  readonly meta: Metadata;
  readonly notes: readonly Note[];
  /** The file's own mask. */
  readonly mask: Hdf5Dataset | undefined;
}

/** Reads the metadata in the entry of the frames. */
export async function readMetadata(catalog: Catalog, frames: Frames): Promise<Beside> {
  const { file } = catalog;
  const { entry, dialect } = frames;
  if (entry === undefined) return { meta: await microscope(catalog, frames), notes: [], mask: undefined };
  const groups = await groupsOf(catalog, entry, dialect === 'CXI');
  const { detector } = groups;
  const size = frames.parts[0]?.type.size ?? 0;
  const meta: Metadata = {
    ...given('detector', await textAt(file, `${detector}/description`)),
    ...given('serial', await textAt(file, `${detector}/detector_number`)),
    ...given('date', await textAt(file, `${entry}/start_time`)),
    ...given('wavelengthA', await readWavelength(file, groups)),
    ...(await readDetector(catalog, detector)),
    // The largest number of the element type marks gaps and bad pixels.
    ...(/master$/.test(dialect) && (size === 2 || size === 4) ? { markers: [2 ** (8 * size) - 1] } : {}),
  };
  const notes: Note[] = [];
  if (/mx|master|CXI/i.test(dialect))
    for (const [name, value] of [
      ['wavelength', meta.wavelengthA],
      ['detector distance', meta.distanceM],
      ['beam centre', meta.beamCentrePx],
      ['pixel size', meta.pixelSizeM],
    ] as const)
      if (value === undefined)
        notes.push({ kind: 'missing', text: `the file does not state the ${name}; use a geometry file` });
  return { meta, notes, mask: await findMask(catalog, frames, detector) };
}

/** Paths of the groups of an entry. */
interface Groups {
  readonly instrument: string;
  readonly detector: string;
  readonly beam: string;
  readonly cxi: boolean;
}

/** Finds the groups of an entry: NeXus states their class, CXI their names. */
async function groupsOf({ entries }: Catalog, entry: string, cxi: boolean): Promise<Groups> {
  const ofClass = async (kind: string, fallback: string): Promise<string> => {
    for (const { path, object } of entries)
      if (object instanceof Hdf5Group && path.startsWith(`${entry}/`))
        if ((await attributeText(object, 'NX_class')) === kind) return path;
    return fallback;
  };
  const instrument = cxi ? `${entry}/instrument_1` : await ofClass('NXinstrument', `${entry}/instrument`);
  const detector = cxi ? `${instrument}/detector_1` : await ofClass('NXdetector', `${instrument}/detector`);
  const beam = cxi ? `${instrument}/source_1` : await ofClass('NXbeam', `${instrument}/beam`);
  return { instrument, detector, beam, cxi };
}

async function readWavelength(
  file: Hdf5File,
  { instrument, detector, beam, cxi }: Groups,
): Promise<number | undefined> {
  const wavelength = await lengthIn(
    1e-10,
    file,
    'angstrom',
    `${beam}/incident_wavelength`,
    `${beam}/wavelength`,
    `${instrument}/monochromator/wavelength`,
  );
  const energy = await firstNumber(file, `${beam}/incident_energy`, `${detector}/photon_energy`);
  // CXI states the energy in joules.
  const joules = cxi ? await firstNumber(file, `${beam}/energy`) : undefined;
  const electronVolts = joules === undefined ? energy : joules / 1.602176634e-19;
  return wavelength ?? (electronVolts ? photonAeV / electronVolts : undefined);
}

async function readDetector(catalog: Catalog, detector: string): Promise<Partial<Metadata>> {
  const { file } = catalog;
  const number = (...names: string[]): Promise<number | undefined> =>
    firstNumber(file, ...names.map((name) => `${detector}/${name}`));
  const length = (...names: string[]): Promise<number | undefined> =>
    metres(file, 'm', ...names.map((name) => `${detector}/${name}`));
  const xy = (x: number | undefined, y: number | undefined): XY | undefined =>
    x === undefined || y === undefined ? undefined : { x, y };
  const material = await textAt(file, `${detector}/sensor_material`);
  const thickness = await length('sensor_thickness');
  const centre = xy(await number('beam_center_x'), await number('beam_center_y'));
  const distance = await length('detector_distance', 'distance');
  return {
    ...given('distanceM', distance ?? (await alongBeam(catalog, detector))),
    ...given('pixelSizeM', xy(await length('x_pixel_size'), await length('y_pixel_size'))),
    ...given('beamCentrePx', centre ?? (await centreOfModule(catalog, detector))),
    ...given('exposureS', await number('count_time', 'frame_time')),
    ...given('bitDepth', await number('detectorSpecific/bit_depth_image', 'bit_depth_readout', 'bit_depth_image')),
    ...given('saturation', await number('saturation_value', 'detectorSpecific/countrate_correction_count_cutoff')),
    ...given('underload', await number('underload_value')),
    ...(material !== undefined || thickness !== undefined
      ? { sensor: { ...given('material', material), ...given('thicknessM', thickness) } }
      : {}),
  };
}

const given = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  (value === undefined ? {} : { [key]: value }) as Partial<Record<K, V>>;

/** The distance from a chain of NeXus transformations: the sum of translations along the beam. */
async function alongBeam(catalog: Catalog, detector: string): Promise<number | undefined> {
  for (const { path, object } of catalog.entries) {
    if (!path.startsWith(`${detector}/`) || !(object instanceof Hdf5Dataset) || object.shape.length > 1) continue;
    const attributes = await object.attributes();
    if (attributes.get('transformation_type') !== 'translation') continue;
    const vector = attributes.get('vector') as ArrayLike<number> | undefined;
    if (vector && Math.abs(Number(vector[2])) > 0.99 && !/module|pixel_direction/.test(path)) {
      const value = await metres(catalog.file, 'm', path);
      if (value !== undefined) return Math.abs(value * Number(vector[2]));
    }
  }
  return undefined;
}

/** The beam centre of a detector with one module, from the position of the module's corner. */
async function centreOfModule(catalog: Catalog, detector: string): Promise<XY | undefined> {
  const modules = catalog.entries.filter(
    ({ path }) => path.startsWith(`${detector}/`) && path.endsWith('/module_offset'),
  );
  const [only] = modules;
  if (modules.length !== 1 || !(only?.object instanceof Hdf5Dataset)) return undefined;
  const { file } = catalog;
  const offset = (await only.object.attributes()).get('offset') as ArrayLike<number> | undefined;
  const fast = await file.get(only.path.replace(/module_offset$/, 'fast_pixel_direction'));
  const slow = await file.get(only.path.replace(/module_offset$/, 'slow_pixel_direction'));
  if (!offset || !(fast instanceof Hdf5Dataset) || !(slow instanceof Hdf5Dataset)) return undefined;
  const f = (await fast.attributes()).get('vector') as ArrayLike<number> | undefined;
  const s = (await slow.attributes()).get('vector') as ArrayLike<number> | undefined;
  const [pf, ps] = [await metres(file, 'm', fast.path), await metres(file, 'm', slow.path)];
  if (!f || !s || !pf || !ps) return undefined;
  const along = (v: ArrayLike<number>): number =>
    Number(offset[0]) * Number(v[0]) + Number(offset[1]) * Number(v[1]) + Number(offset[2]) * Number(v[2]);
  return { x: -along(f) / pf, y: -along(s) / ps };
}

async function findMask(catalog: Catalog, frames: Frames, detector: string): Promise<Hdf5Dataset | undefined> {
  const signal = frames.parts[0]?.shape.slice(-2) ?? [];
  for (const path of [
    `${detector}/pixel_mask`,
    `${detector}/detectorSpecific/pixel_mask`,
    `${detector}/mask`,
    `${frames.entry}/data_1/mask`,
    frames.path.replace(/[^/]*$/, 'mask'),
  ]) {
    const found = await catalog.file.get(path).catch(() => undefined);
    if (!(found instanceof Hdf5Dataset) || found.numbers === undefined) continue;
    const tail = found.shape.slice(-2);
    if (tail.length === 2 && tail.every((n, axis) => n === signal[axis])) return found;
  }
  return undefined;
}
